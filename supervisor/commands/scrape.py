"""`triald scrape`: asks the running service to fetch registries, and may wait for the end."""

import argparse
import asyncio
import sys
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from actors.errors import NotFound, Refusal
from actors.queue import store as queue
from actors.queue.explain import explain
from supervisor.commands import Command, Exit, database, json_option
from supervisor.following import Look, follow, screen_on, summary
from supervisor.printing import as_json
from supervisor.scraping import ask_for_scrapes
from supervisor.setting_sources import nearest
from supervisor.settings import Settings
from supervisor.wiring import job_kinds

if TYPE_CHECKING:
    import asyncpg


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("registry", nargs="*", metavar="REGISTRY", help="which; all that the settings name by default")
    parser.add_argument("--since", type=date.fromisoformat, metavar="DATE", help="what changed since this day")
    parser.add_argument("--full", action="store_true", help="everything; notices what is gone at the source")
    parser.add_argument("--wait", action="store_true", help="show progress, and end with the scrape")
    parser.add_argument("--timeout", type=float, metavar="SECONDS", help="how long to wait at most")
    json_option(parser)


async def run(given: argparse.Namespace, settings: Settings) -> int:
    registries = chosen(given.registry, settings.registries)
    if given.full and given.since:
        raise Refusal("--since: a full scrape begins at no day; give one of --full and --since")
    async with database(settings) as pool:
        jobs = await ask_for_scrapes(pool, registries, mode="full" if given.full else "incremental", since=given.since)
        if not given.wait:
            print(as_json([_told(job, name) for job, name in jobs.items()]) if given.json else _lines(jobs))
            return Exit.OK
        await _warn(pool, jobs)
        async with asyncio.timeout(given.timeout):
            looks = await follow(pool, jobs, screen_on(sys.stderr).show)
    print(as_json([_told(look.job, look.registry, look) for look in looks]) if given.json else summary(looks))
    return Exit.OK if all(look.state == "done" for look in looks) else Exit.FAILED


def chosen(asked: list[str], known: tuple[str, ...]) -> tuple[str, ...]:
    """The registries to scrape, each once. No I/O. Raises NotFound."""
    for name in asked:
        if name not in known:
            raise NotFound(f"registry: {name} is none that the settings name; the nearest is {nearest(name, known)}")
    return tuple(dict.fromkeys(asked)) or known


async def _warn(pool: "asyncpg.Pool[Any]", jobs: Mapping[int, str]) -> None:
    """Says what may keep the jobs from running, before somebody waits for them."""
    if not await queue.processes(pool):
        sys.stderr.write("no process works now: triald up\n")
    for job in jobs:
        facts = await queue.facts(pool, job, job_kinds()) if await queue.state_of(pool, job) == "ready" else None
        if facts is not None and facts.paused:
            sys.stderr.write("".join(f"{reason}\n" for reason in explain(facts)))


def _told(job: int, registry: str, look: Look | None = None) -> dict[str, Any]:
    ended = {"state": look.state, "scrape": look.scrape} if look else {}
    return {"job": job, "registry": registry} | ended


def _lines(jobs: Mapping[int, str]) -> str:
    return "\n".join(f"{registry}: job {job}" for job, registry in jobs.items())


COMMAND = Command("scrape", "fetch registries now", arguments, run)
