"""`triald up`: the service as a user starts it."""

import asyncio
import re
import socket
import stat
from collections import Counter
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import orjson

from demo import process as demo
from demo.truth import clusters
from demo.world import World
from supervisor import demo_world
from supervisor.logins import Logins, Rules
from supervisor.roles import Role
from tests.postgres import Postgres
from tests.supervisor.commands.running import Triald, line_with

if TYPE_CHECKING:
    import asyncpg


async def test_the_demo_mirrors_its_registries_and_touches_no_other_database(
    triald: Triald, db: "asyncpg.Pool[Any]", tmp_path: Path
) -> None:
    """G12 (start, status): one command, from nothing to mirrors that are complete; exit code 0.

    DATABASE_URL is set, and stays as it was.
    """
    folder, registries = tmp_path / "demo", demo_world.mirrored()
    words = ("--data-dir", str(folder), "--listen", "127.0.0.1:0")
    beside = Triald({name: text for name, text in triald.environ.items() if name != "TRIALD_REGISTRIES"})
    ended = await beside("up", "--demo", "--once", "--trials", "300", *words)
    assert ended.code == 0, ended.err
    held = held_in(World(300, first_day=date.fromisoformat((folder / "first-day").read_text("utf-8"))))
    for registry in registries:
        assert f"{registry}: {held[registry]} trials are here, 0 of them gone at the source" in ended.out
        assert f"{held[registry]} new, 0 changed, 0 unchanged, 0 refused, 0 removed" in ended.out
    assert re.search(r"duplicates: \d+ records are of [1-9]\d* trials that are in several registries", ended.out)
    assert re.search(r"mesh: [1-9]\d* trials are coded", ended.out)
    assert await db.fetchval("SELECT count(*) FROM trials") == 0
    assert stat.S_IMODE((folder / "token").stat().st_mode) == 0o600
    own = Triald({name: text for name, text in beside.environ.items() if name != "DATABASE_URL"})
    status = (await own("status", "--json", "--data-dir", str(folder))).json
    assert {one["registry"]: one["present"] for one in status["registries"]} == {
        name: held[name] for name in registries
    }
    assert {one["state"] for one in status["scrapes"]} == {"done"}


def held_in(world: World) -> Counter[str]:
    """How many trials each registry has: submissions of one trial to CTIS are one."""
    return Counter(
        registry
        for cluster in clusters(world)
        for registry, _ in {
            (one.registry, one.id[:14] if one.registry == "ctis" else one.id) for one in cluster.records
        }
    )


async def test_the_service_starts_serves_scrapes_and_drains(
    triald: Triald, postgres: Postgres, db: "asyncpg.Pool[Any]"
) -> None:
    """G12 (start, scrape, status): the running service takes what the commands ask for; their counts equal SQL.

    N39: `listen` with port 0 takes a free port; `log_format` json makes every line JSON; `registry_bases` is asked.
    """
    async with demo.running(trials=1200) as world:
        given = (
            "--listen", "127.0.0.1:0", "--registry-bases", f"clinicaltrials.gov={world.url}",
            "--registry-per-min", "ctgov=6000", "--log-format", "json",
        )  # fmt: skip
        async with triald.started("up", *given) as service:
            password = (await line_with(service.stdout, "password: ")).split()[1]
            ready = orjson.loads(await line_with(service.stderr, "service.ready"))
            async with aiohttp.ClientSession() as session, session.get(f"{ready['url']}/live") as response:
                assert response.status == 200
            assert Role.of((await Logins(db, Rules()).by_password("admin", password)).role) is Role.ADMIN

            scraped = await triald("scrape", "--full", "--wait", "--json", "--timeout", "100")
            assert scraped.code == 0, scraped.err
            [told] = scraped.json
            counted = await db.fetchval("SELECT count(*) FROM trials")
            assert (told["state"], told["scrape"]["new"], counted) == ("done", 1200, 1200)

            status = (await triald("status", "--json")).json
            assert [one["pid"] for one in status["processes"]] == [service.pid]
            assert {actor["name"] for actor in status["processes"][0]["actors"]} >= {
                "worker",
                "scraper",
                "scheduler",
                "monitor",
            }
            assert [one["present"] for one in status["registries"]] == [counted]

            service.terminate()
            out, err = await service.communicate()
        assert service.returncode == 0
        assert password.encode() not in err
        assert all(orjson.loads(line)["event"] for line in err.splitlines())
        async with triald.started("up", *given) as again:
            await line_with(again.stderr, "service.ready")
            again.terminate()
            out, _ = await again.communicate()
        assert out == b""  # the token was shown once


async def test_a_port_that_is_taken_is_told_before_anything_starts(triald: Triald, db: "asyncpg.Pool[Any]") -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = await triald("up", "--listen", f"127.0.0.1:{taken.getsockname()[1]}")
    assert ended.code == 1
    assert re.search(r"127\.0\.0\.1:\d+: .*: give another by --listen", ended.err)
    assert await db.fetchval("SELECT count(*) FROM access_tokens") == 0


async def test_wrong_settings_end_the_start_with_2(triald: Triald) -> None:
    """N39: typo → exit ≠ 0 naming the nearest; a listener beyond this machine is refused by name."""
    typo, open_to_all = await asyncio.gather(triald("up", TRIALD_SLOT="3"), triald("up", "--listen", "0.0.0.0:80"))
    assert (typo.code, open_to_all.code) == (2, 2)
    assert "the nearest is TRIALD_SLOTS" in typo.err
    assert "listen: expected HOST:PORT with a loopback host" in open_to_all.err


def test_a_demo_begins_on_the_day_of_its_first_start_and_goes_on_from_there(tmp_path: Path) -> None:
    first = date(2026, 3, 1)
    assert demo_world.days_of(tmp_path, first) == (first, 0)
    assert demo_world.days_of(tmp_path, date(2026, 3, 8)) == (first, 7)
    assert demo_world.days_of(tmp_path, date(2026, 2, 1)) == (first, 0)
