"""`triald dedupe`: which records are one trial: everything compared anew, every pair, why, and what people decided."""

import argparse
import asyncio
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import orjson

from actors.errors import Refusal
from actors.queue import operating
from actors.queue import store as queue
from actors.trials.duplicates import store
from actors.trials.duplicates.deciding import find_two
from actors.trials.duplicates.explaining import Explained, explain, scored
from actors.trials.duplicates.listing import every_pair
from actors.trials.duplicates.rows import DecisionRow
from actors.trials.features import NAMES
from supervisor.commands import Command, Exit, action, database, json_option, run_action
from supervisor.following import ENDED, LOOK_EVERY_S
from supervisor.kinds import job_kinds
from supervisor.printing import as_json, printable, table
from supervisor.settings import Settings

if TYPE_CHECKING:
    import asyncpg

    from supervisor.commands import Actions

    Pool = asyncpg.Pool[Any]

COLUMNS = ("a", "b", "score", "type", "decision")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(action=_ask)
    parser.add_argument("--wait", action="store_true", help="show progress, and end when all is compared")
    parser.add_argument("--timeout", type=float, metavar="SECONDS", help="how long to wait at most")
    json_option(parser)
    where: Actions = parser.add_subparsers(title="actions", metavar="ACTION")
    action(where, "pairs", _pairs, "every pair that is, or may be, one trial")
    explaining = action(where, "explain", _explain, "why two records are held to be one trial, or are not")
    explaining.add_argument("a", metavar="ID", help="a registry number, as its registry writes it")
    explaining.add_argument("b", metavar="ID")
    action(where, "decisions", _decisions, "what people decided, with what the weights can learn of it")
    for one in where.choices.values():
        json_option(one)


async def _ask(given: argparse.Namespace, settings: Settings) -> int:
    """Asks the running service to compare everything, and may wait for the end."""
    async with database(settings) as pool:
        kind = job_kinds(settings.max_attempts)["dedupe"]
        [job] = await queue.enqueue(pool, [kind.new(kind.payload(whole=True))])
        if not given.wait:
            print(as_json({"job": job}) if given.json else f"job {job} compares everything")
            return Exit.OK
        if not await queue.processes(pool):
            sys.stderr.write("no process works now: triald up\n")
        async with asyncio.timeout(given.timeout):
            told = await _end(pool, job)
    print(as_json(told) if given.json else _summary(told))
    return Exit.OK if told["state"] == "done" else Exit.FAILED


async def _end(pool: "Pool", job: int) -> dict[str, Any]:
    """What became of the job; how far it is is told meanwhile."""
    said = ""
    while True:
        told = await operating.show(pool, job)
        if told["state"] in ENDED:
            return {"job": job, "state": told["state"], "result": told["result"], "error": told.get("last_error")}
        line = _progress(told.get("progress"))
        if line and line != said:
            sys.stderr.write(f"{line}\n")
            said = line
        await asyncio.sleep(LOOK_EVERY_S)


def _progress(told: Mapping[str, Any] | None) -> str:
    """How far it is, in steps of a tenth. No I/O."""
    if not told:
        return ""
    done, total, note = told.get("done") or 0, told.get("total"), told.get("note") or "working"
    return f"{note}: {done * 10 // total * 10}%" if total else str(note)


def _summary(told: Mapping[str, Any]) -> str:
    """What was found. No I/O."""
    swept = (told["result"] or {}).get("swept")
    if not swept:
        return f"{told['state']}{': ' + told['error'] if told['error'] else ''}"
    return (
        f"{swept['records']:,} records compared: {swept['links']:,} pairs, {swept['new']:,} of them new, "
        f"{swept['clusters']:,} trials of several records, {swept['held']:,} pairs held for review"
    )


async def _pairs(given: argparse.Namespace, settings: Settings) -> int:
    async with database(settings) as pool:
        found = await every_pair(pool)
    told = (
        {"a": one.a.id, "b": one.b.id, "score": one.value, "type": one.type, "decision": one.decision} for one in found
    )
    if given.json:
        for row in told:
            print(orjson.dumps(row).decode())
    else:
        print(printable(table(list(told), COLUMNS, none="no pair is held")))
    return Exit.OK


async def _explain(given: argparse.Namespace, settings: Settings) -> int:
    async with database(settings) as pool:
        found = await explain(pool, *await find_two(pool, given.a, given.b))
    print(as_json(_told(found)) if given.json else printable(_shown(found)))
    return Exit.OK


def _told(found: Explained) -> dict[str, Any]:
    """As JSON gives it: records by their numbers, the whole of it under `records`. No I/O."""
    whole = asdict(found)
    return whole | {"a": found.a.registry_id, "b": found.b.registry_id, "records": [whole["a"], whole["b"]]}


def _shown(found: Explained) -> str:
    """As people read it. No I/O."""
    lines = [
        f"{found.a.registry_id} ({found.a.registry}) and {found.b.registry_id} ({found.b.registry})",
        f"{found.decision}: {found.because}",
        f"score {found.score:.3f}{f', {found.type}' if found.type else ', not kept'}",
    ]
    lines += [f"held: {found.held}"] if found.held else []
    for title, parts in (("speaks for one trial", found.evidence), ("speaks for two", found.against)):
        lines += [f"{title}:", *(f"  {part.adds:+5.1f}  {part.says}" for part in parts)] if parts else []
    if found.cluster:
        lines.append("one trial with: " + ", ".join(one.registry_id for one in found.cluster))
    return "\n".join(lines)


async def _decisions(given: argparse.Namespace, settings: Settings) -> int:
    async with database(settings) as pool:
        said = await store.decided_all(pool)
        rows = [await _example(pool, one) for one in said]
    print(as_json(rows) if given.json else printable(table(rows, ("id", "at", "by", "a", "b", "verdict", "note"))))
    return Exit.OK


async def _example(pool: "Pool", one: DecisionRow) -> dict[str, Any]:
    """A decision with the features of its pair: `python -m bench.dedupe --fit --decisions FILE` learns from it."""
    found, _ = await scored(pool, one.a, one.b)
    values = {part.name: part.value for part in found.parts}
    records = await store.members(pool, (one.a, one.b))
    return {
        **{name: getattr(one, name) for name in ("id", "at", "by", "verdict", "note")},
        "a": records[one.a].record.id,
        "b": records[one.b].record.id,
        "features": {name: values.get(name, 0.0) for name in NAMES},
    }


async def run(given: argparse.Namespace, settings: Settings) -> int:
    """Raises Refusal for what would have no effect."""
    if given.action is not _ask and (given.wait or given.timeout is not None):
        raise Refusal("--wait and --timeout are for comparing everything: triald dedupe --wait, without an action")
    return await run_action(given, settings)


COMMAND = Command("dedupe", "which records are one trial", arguments, run)
