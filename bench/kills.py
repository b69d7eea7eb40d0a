"""A sweep over five registries, killed with SIGKILL at random points again and again. Prints JSON.

    python -m bench.kills [--kills 200] [--trials 1500] [--seed 1] [--pg 15]

`triald up` mirrors the made-up world's five registries in full; it is killed while it does, started again, and so on.
Whenever all of it is there the world is a day older, and everything is asked for again. At the end what is held is
compared, record by record, with what a service holds that nobody killed: no row lost, none doubled, none other.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import uvloop

from actors.reading import known_registries
from actors.trials import store
from bench import server, triald
from bench.measure import Figures
from demo import process as demo
from demo.process import Demo
from supervisor.kinds import job_kinds
from supervisor.scraping import ask_for_scrapes

LATENCY_MS = 20.0  # of each answer, so that there is something to be killed in
LONGEST_S = 2.5  # from being ready to being killed
DONE_WITHIN_S = 600.0
MOST_ATTEMPTS = 1000  # how often it may die is not at stake
LOOK_EVERY_S = 0.1
GONE_AFTER_S = 0.2
HELD = """
select registry, registry_id, encode(content_sha256, 'hex') as content, removed_at is not null as removed from trials
"""
# Versions that are missing, or are there without their trial's number of them; records without their bytes.
UNEVEN = """
select count(*) from trials t where t.version <> (select count(*) from trial_versions v where v.trial_id = t.id)
    or not exists (select from trial_raw r where r.trial_id = t.id)
"""
BUSY = "select count(*) from scrapes where state = 'running'"


def settings_of(dsn: str, world: Demo) -> dict[str, str]:
    known = known_registries()
    served = [name for name in known if name in world.urls]
    bases = [f"{host}={world.urls[name]}" for name in served for host in known[name].hosts]
    return {
        "database_url": dsn,
        "registries": ",".join(served),
        "registry_bases": ",".join(bases),
        "registry_per_min": ",".join(f"{name}=600000" for name in served),
        "scrapers": "3",
        "beat_every_s": "0.2",
        "dead_after_s": "1",
        "max_attempts": str(MOST_ATTEMPTS),
        "retry_first_s": "0.1",
        "retry_longest_s": "1",
    }


async def asked(db: "asyncpg.Connection[Any]", registries: Sequence[str]) -> list[int]:
    kinds = job_kinds(MOST_ATTEMPTS)
    return [one.job for one in await ask_for_scrapes(db, registries, mode="full", kinds=kinds)]


async def all_ended(db: "asyncpg.Connection[Any]", jobs: Sequence[int]) -> bool:
    """Raises RuntimeError for a scrape that ended otherwise than well."""
    rows = await db.fetch("select state, error from scrapes where job_id = any($1::bigint[])", list(jobs))
    if bad := [dict(row) for row in rows if row["state"] in ("failed", "cancelled")]:
        raise RuntimeError(f"scrapes ended otherwise than well: {bad}")
    return len(rows) == len(jobs) and all(row["state"] == "done" for row in rows)


async def swept(db: "asyncpg.Connection[Any]", world: Demo, dsn: str) -> None:
    """A sweep to its end by a service that nobody kills."""
    settings = settings_of(dsn, world)
    with tempfile.TemporaryDirectory(prefix="triald-bench-") as folder:
        async with triald.up(Path(folder), **settings), asyncio.timeout(DONE_WITHIN_S):
            jobs = await asked(db, settings["registries"].split(","))
            while not await all_ended(db, jobs):
                await asyncio.sleep(LOOK_EVERY_S)


async def killed(db: "asyncpg.Connection[Any]", world: Demo, dsn: str, *, kills: int, dice: random.Random) -> Figures:
    """How many kills fell into a running scrape, and how many sweeps came to their end between them."""
    settings = settings_of(dsn, world)
    registries, day = settings["registries"].split(","), 0
    jobs = await asked(db, registries)
    hit: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="triald-bench-") as folder:
        while hit["while_scraping"] < kills:
            with suppress(triald.Ended):
                async with triald.up(Path(folder), **settings) as service:
                    await asyncio.sleep(dice.uniform(0, LONGEST_S))
                    hit["while_scraping" if await db.fetchval(BUSY) else "while_idle"] += 1
                    os.kill(service.pid, signal.SIGKILL)
                    await asyncio.sleep(GONE_AFTER_S)
            if await all_ended(db, jobs):
                day += 1
                await on(world, day)
                jobs = await asked(db, registries)
            print(f"{hit['while_scraping']} kills, day {day}", end="\r", file=sys.stderr, flush=True)
    return {"kills_while_scraping": hit["while_scraping"], "kills_while_idle": hit["while_idle"], "sweeps_ended": day}


async def on(world: Demo, day: int) -> None:
    for name in world.urls:
        await world.registry(name).switch(day=day)


async def held(db: "asyncpg.Connection[Any]") -> dict[tuple[str, str], tuple[str, bool]]:
    rows = await db.fetch(HELD)
    if len({(row["registry"], row["registry_id"]) for row in rows}) != len(rows):
        raise RuntimeError("rows are doubled")
    return {(row["registry"], row["registry_id"]): (row["content"], row["removed"]) for row in rows}


async def measure(ours: str, theirs: str, *, kills: int, trials: int, seed: int) -> Figures:
    async with demo.running(trials=trials, seed=seed) as world:
        for name in world.urls:
            await world.registry(name).switch(latency_ms=LATENCY_MS)
        db, undisturbed = await asyncpg.connect(ours), await asyncpg.connect(theirs)
        figures = await killed(db, world, ours, kills=kills, dice=random.Random(seed))  # noqa: S311 - no secret
        await swept(db, world, ours)
        await swept(undisturbed, world, theirs)
        here, there = await held(db), await held(undisturbed)
        figures |= {
            "records": Counter(registry for (registry, _), (_, removed) in here.items() if not removed),
            "lost": len([key for key in there if key not in here or here[key][1]]),
            "others": len([key for key, (_, removed) in here.items() if not removed and key not in there]),
            "different": len([key for key in there if key in here and here[key][0] != there[key][0]]),
            "uneven": await db.fetchval(UNEVEN),
            "refused": len(await store.refusals(db)),
        }
        await db.close()
        await undisturbed.close()
    return figures


async def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="bench.kills", description="A sweep that is killed again and again.")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--trials", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=1)
    server.arguments(parser)
    given = parser.parse_args(arguments)
    async with (
        server.running(given.pg) as started,
        server.database(started, "bench_killed") as ours,
        server.database(started, "bench_undisturbed") as theirs,
    ):
        figures = await measure(ours, theirs, kills=given.kills, trials=given.trials, seed=given.seed)
        print(json.dumps({"bench": "kills", "postgresql": await server.version(started)} | figures))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1:]))
