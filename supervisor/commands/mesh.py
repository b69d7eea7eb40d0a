"""`triald mesh`: yearly files of MeSH taken in, texts mapped, what is coded and what is not."""

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar, TypeVarTuple

import orjson

from actors.errors import NotFound, Refusal
from actors.mesh import importing
from actors.mesh.browsing import store as browsing
from actors.mesh.coding import store as coding
from actors.mesh.importing import Imported
from actors.mesh.importing import store as imports
from actors.mesh.lookup import LONGEST_TEXT, SCOPES, Ask
from actors.mesh.reading import Reader, here
from actors.mesh.scope import About
from actors.runtime.compute import Compute
from actors.runtime.telemetry import emit
from actors.trials.following import store as following
from supervisor.commands import Command, Exit, action, actions, connection, database, json_option, run_action, whole
from supervisor.printing import as_json, count, printable, table
from supervisor.settings import Settings

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

STEP_WITHIN_S = 120.0  # some hundred records made into rows; 0.1 s where nobody else wants the processor
AT_ONCE = 500  # texts
PIECE_BYTES = 64 * 1024
NOTHING_THERE = "no MeSH was imported yet: triald mesh import desc20XX.xml.gz supp20XX.xml.gz, as NLM publishes them"
ABOUTS: tuple[About, ...] = tuple(SCOPES)


def arguments(parser: argparse.ArgumentParser) -> None:
    where = actions(parser)
    taken = action(where, "import", _import, "take in yearly files, of descriptors and of supplementary records")
    taken.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="desc20XX.xml or supp20XX.xml, plain or gzip"
    )
    taken.add_argument("--year", type=whole(1900, 2999), metavar="YEAR", help="of MeSH; what the file says by default")
    taken.add_argument(
        "--accept-removed",
        action="store_true",
        help="also a file that lacks much of what is there, as no new year does",
    )
    mapped = action(where, "map", _map, "read one text a line, say which MeSH term it means")
    mapped.add_argument(
        "--about", choices=ABOUTS, default="condition", help="what the texts name; condition by default"
    )
    unmatched = action(where, "unmatched", _unmatched, "texts of trials that no term was found for")
    unmatched.add_argument("--about", choices=ABOUTS, help="only those that name this")
    unmatched.add_argument("--limit", type=whole(1, 10_000), default=50, metavar="N", help="how many")
    action(where, "status", _status, "what was imported, how many trials are coded")
    for one in where.choices.values():
        json_option(one)


# ── import ──


async def _import(given: argparse.Namespace, settings: Settings) -> int:
    told: list[Imported] = []
    compute = Compute(1)

    async def run(work: Callable[[*Ts], T], *args: *Ts) -> T:
        return await compute.run(work, *args, timeout_s=STEP_WITHIN_S)

    try:
        async with connection(settings) as db:
            for file in given.files:
                one = await importing.import_file(
                    db, file, run=run, after=_all_again, year=given.year, accept_removed=given.accept_removed
                )
                emit(
                    "mesh.imported", kind=one.kind, records=one.counts[one.kind], state="same" if one.already else "new"
                )
                told.append(one)
                if not given.json:
                    print(imported(one), flush=True)
    finally:
        await compute.close()
    if given.json:
        print(as_json({"imports": told}))
    return Exit.OK


async def _all_again(db: Any) -> None:
    """Every trial is due to be coded anew."""
    await following.everything(db, "mesh")


def imported(one: Imported) -> str:
    """As people read it. No I/O."""
    year = f" {one.year}" if one.year else ""
    if one.already:
        return f"{one.file}: MeSH{year} {one.kind} were imported before, nothing is new"
    counted = ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in one.counts.items() if number)
    changes = one.changes
    lines = [
        f"{one.file}: MeSH{year} {one.kind}: {counted}",
        f"  against what was there: +{changes['added']:,} −{changes['removed']:,}, {changes['renamed']:,} renamed",
    ]
    lines += [
        f"  gone: {row['ui']} {row['name']} → {row['now'] or 'nothing'}" for row in changes["listed"]["removed"][:20]
    ]
    lines += [printable(f"  note: {problem}") for problem in one.problems]
    return "\n".join(lines)


# ── map ──


async def _map(given: argparse.Namespace, settings: Settings) -> int:
    async with database(settings) as db:
        if await coding.state(db) is None:
            raise NotFound(NOTHING_THERE)
        reader = Reader(await coding.decisions(db), here)
        async for lines in _lines():
            for at in range(0, len(lines), AT_ONCE):
                await _answer(db, reader, given.about, lines[at : at + AT_ONCE], as_lines=given.json)
    return Exit.OK


async def _answer(db: Any, reader: Reader, about: About, lines: Sequence[str], *, as_lines: bool) -> None:
    asks = [Ask(about, line[:LONGEST_TEXT]) for line in lines]
    answers = await reader.answers(db, asks)
    for line, ask in zip(lines, asks, strict=True):
        for one in told(line, answers[ask]):
            print(orjson.dumps(one).decode() if as_lines else _readable(one))
    sys.stdout.flush()


def told(line: str, answers: Sequence[Any]) -> list[dict[str, object]]:
    """The answers to a text, the surest first; one that says so where there is none. No I/O.

    `term` is the text as it was read, whatever it names; `part` are those of its words that an answer stands for.
    """
    if not answers:
        return [{"term": line, "ui": None, "name": None, "score": 0.0, "how": "unmatched", "part": None}]
    return [
        {
            "term": line, "ui": one.ui, "name": one.name, "score": one.score, "how": one.how,
            "part": line[one.start : one.end],
        }
        for one in answers
    ]  # fmt: skip


def _readable(one: dict[str, Any]) -> str:
    meaning = f"{one['ui']} {one['name']}  {one['score']:.2f} {one['how']}" if one["ui"] else "unmatched"
    of = f" ({one['part']})" if one["part"] not in (None, one["term"]) else ""
    return printable(f"{one['term']}: {meaning}{of}")


async def _lines() -> AsyncIterator[list[str]]:
    """The lines that are there, as they come: who waits for an answer before the next line gets it. Raises Refusal."""
    left = b""
    while piece := await asyncio.to_thread(os.read, sys.stdin.fileno(), PIECE_BYTES):
        *whole_lines, left = (left + piece).split(b"\n")
        if len(left) > PIECE_BYTES:
            raise Refusal(f"standard input: a line is longer than {PIECE_BYTES} bytes")
        if lines := [_text(line) for line in whole_lines if line.strip()]:
            yield lines
    if left.strip():
        yield [_text(left)]


def _text(line: bytes) -> str:
    try:
        return line.decode().strip().replace("\0", " ")
    except UnicodeDecodeError as error:
        raise Refusal(f"standard input: expected UTF-8, got {line[:40]!r}") from error


# ── what there is ──


async def _unmatched(given: argparse.Namespace, settings: Settings) -> int:
    async with database(settings) as db:
        rows = await browsing.unmatched(db, about=given.about, limit=given.limit)
        total = await browsing.unmatched_count(db)
    if given.json:
        print(as_json({"total": total, "unmatched": rows}))
        return Exit.OK
    shown = [{"trials": one.trials, "about": one.about, "text": printable(one.sample)} for one in rows]
    print(table(shown, ("trials", "about", "text"), none="every text was matched"))
    if total > len(rows):
        print(f"{total - len(rows):,} more")
    return Exit.OK


async def _status(given: argparse.Namespace, settings: Settings) -> int:
    async with database(settings) as db:
        status = await browsing.status(db)
        last = [
            one for one in (await imports.latest(db, "descriptors"), await imports.latest(db, "supplementary")) if one
        ]
        due = next((one.trials for one in await following.waiting(db) if one.follower == "mesh"), 0)
    if given.json:
        print(as_json({"imports": last, "status": status, "due": due}))
        return Exit.OK if last else Exit.NOT_FOUND
    if not last:
        raise NotFound(NOTHING_THERE)
    for one in last:
        print(f"MeSH {one.year or '(year not stated)'} {one.kind}: {one.file}, imported {one.at:%Y-%m-%d %H:%M} UTC")
    print(f"{count(status.descriptors)} descriptors, {count(status.supplementary)} supplementary records")
    print(f"{count(status.coded)} trials coded, {count(due)} due; {count(status.unmatched)} texts unmatched")
    return Exit.OK


COMMAND = Command("mesh", "MeSH: import it, map texts with it", arguments, run_action)
