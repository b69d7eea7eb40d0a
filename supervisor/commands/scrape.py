"""`triald scrape`: asks the running service to fetch registries, and may wait for the end."""

import argparse
import asyncio
import sys
from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from actors.errors import NotFound, Refusal
from actors.queue import operating
from actors.queue import store as queue
from actors.queue.explain import explain
from actors.trials.scrapes import OF_EVERYTHING, Mode
from supervisor.commands import Command, Exit, database, json_option
from supervisor.following import Look, follow, screen_on, summary
from supervisor.kinds import job_kinds
from supervisor.printing import as_json
from supervisor.scraping import Asked, ask_for_scrapes
from supervisor.setting_sources import nearest
from supervisor.settings import Settings

if TYPE_CHECKING:
    import asyncpg


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("registry", nargs="*", metavar="REGISTRY", help="which; all that the settings name by default")
    parser.add_argument("--since", type=date.fromisoformat, metavar="DATE", help="what changed since this day")
    of_everything = parser.add_mutually_exclusive_group()
    of_everything.add_argument("--full", action="store_true", help="everything; notices what is gone at the source")
    of_everything.add_argument(
        "--reconcile", action="store_true", help="compare numbers and dates, ask for what differs; notices what is gone"
    )
    parser.add_argument(
        "--accept-removed",
        action="store_true",
        help="with --full or --reconcile: what is gone is marked, however much it is",
    )
    parser.add_argument("--wait", action="store_true", help="show progress, and end with the scrape")
    parser.add_argument("--timeout", type=float, metavar="SECONDS", help="how long to wait at most")
    json_option(parser)


async def run(given: argparse.Namespace, settings: Settings) -> int:
    registries = chosen(given.registry, settings.registries)
    mode: Mode = "full" if given.full else "reconcile" if given.reconcile else "incremental"
    if mode in OF_EVERYTHING and given.since:
        raise Refusal(f"--since: a scrape of everything begins at no day; give one of --{mode} and --since")
    if given.accept_removed and mode not in OF_EVERYTHING:
        raise Refusal("--accept-removed: only --full and --reconcile notice what is gone; give one of them as well")
    async with database(settings) as pool:
        kinds = job_kinds(settings.max_attempts)
        asked = await ask_for_scrapes(
            pool, registries, mode=mode, since=given.since, accept_removed=given.accept_removed, kinds=kinds
        )
        if not given.wait:
            print(as_json([_told(one) for one in asked]) if given.json else _lines(asked))
            return Exit.OK
        await _warn(pool, asked)
        jobs = {one.job: one.registry for one in asked}
        async with asyncio.timeout(given.timeout):
            looks = await follow(pool, jobs, screen_on(sys.stderr).show)
    told = [_told(one, look) for one, look in zip(asked, looks, strict=True)]
    print(as_json(told) if given.json else summary(looks))
    return Exit.OK if all(look.state == "done" for look in looks) else Exit.FAILED


def chosen(asked: list[str], known: tuple[str, ...]) -> tuple[str, ...]:
    """The registries to scrape, each once. No I/O. Raises NotFound."""
    for name in asked:
        if name not in known:
            raise NotFound(f"registry: {name} is none that the settings name; the nearest is {nearest(name, known)}")
    return tuple(dict.fromkeys(asked)) or known


async def _warn(pool: "asyncpg.Pool[Any]", asked: Iterable[Asked]) -> None:
    """Says what may keep the jobs from running, or makes them others', before somebody waits for them."""
    if not await queue.processes(pool):
        sys.stderr.write("no process works now: triald up\n")
    for one in asked:
        if one.joined:
            sys.stderr.write(f"{_line(one)}\n")
        state = await operating.state_of(pool, one.job)
        facts = await operating.facts(pool, one.job, job_kinds()) if state == "ready" else None
        if facts is not None and facts.paused:
            sys.stderr.write("".join(f"{reason}\n" for reason in explain(facts)))


def _told(one: Asked, look: Look | None = None) -> dict[str, Any]:
    ended = {"state": look.state, "scrape": look.scrape} if look else {}
    return {"job": one.job, "registry": one.registry, "joined": one.joined} | ended


def _lines(asked: Sequence[Asked]) -> str:
    return "\n".join(map(_line, asked))


def _line(one: Asked) -> str:
    return f"{one.registry}: job {one.job}" + (", which was asked for before" if one.joined else "")


COMMAND = Command("scrape", "fetch registries now", arguments, run)
