"""`triald search`: trials by text, number and filters."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import fields
from datetime import date
from typing import Any, get_args

from actors.trials import search as ask
from actors.trials.finding import export
from actors.trials.marks import Span, words
from actors.trials.record import Phase, Status, StudyType
from actors.trials.semantic.answer import Mode
from actors.trials.semantic.embedder import LOCAL
from actors.trials.shown import Facts, Row
from supervisor import finding, sources
from supervisor.commands import Command, Exit, database, json_option, whole
from supervisor.printing import as_json, cell, printable
from supervisor.settings import Settings

BOLD, PLAIN = "\x1b[1m", "\x1b[0m"
DATES = ("start", "completion", "updated")


def arguments(parser: argparse.ArgumentParser) -> None:
    several: dict[str, Any] = {"action": "append", "default": []}
    parser.add_argument("query", nargs="?", default="", help='words, "a phrase", -without, or a registry number')
    parser.add_argument("--status", choices=get_args(Status), metavar="STATUS", help="such as recruiting", **several)
    parser.add_argument("--phase", choices=get_args(Phase), metavar="PHASE", help="such as phase_3", **several)
    parser.add_argument("--type", choices=get_args(StudyType), metavar="TYPE", help="such as interventional", **several)
    parser.add_argument("--country", metavar="NAME", help="where it takes place", **several)
    parser.add_argument("--registry", metavar="NAME", help="where it is registered", **several)
    parser.add_argument("--city", metavar="NAME", help="a city where it has a site", **several)
    parser.add_argument("--near", metavar="PLACE", help="a city, or latitude,longitude")
    parser.add_argument("--within", type=float, default=50.0, metavar="KM", help="of that place (50)")
    parser.add_argument("--age", metavar="AGE", help="of somebody whom it admits: 60, or '6 months'")
    parser.add_argument("--sex", choices=("female", "male"), help="of somebody whom it admits")
    parser.add_argument("--healthy", choices=("yes", "no"), help="whether it takes healthy volunteers")
    parser.add_argument("--mesh", metavar="ID", help="a MeSH heading, such as D009203, or one below it", **several)
    parser.add_argument("--sponsor", metavar="WORDS", help="words of its sponsor's name")
    parser.add_argument("--sponsor-class", metavar="CLASS", help="such as industry", **several)
    parser.add_argument("--results", choices=("yes", "no"), help="whether it has results")
    for name in DATES:
        parser.add_argument(f"--{name}-from", type=date.fromisoformat, metavar="DATE", help=argparse.SUPPRESS)
        parser.add_argument(f"--{name}-to", type=date.fromisoformat, metavar="DATE", help=argparse.SUPPRESS)
    parser.epilog = "Days: --start-from --start-to --completion-from --completion-to --updated-from --updated-to DATE"
    parser.add_argument("--removed", action="store_true", help="also trials that are gone at the source")
    parser.add_argument("--collapse", action="store_true", help="of the records of one trial, show one")
    parser.add_argument("--expand", choices=("yes", "no"), default="yes", help="whether words may name MeSH headings")
    parser.add_argument("--mode", choices=get_args(Mode), default="text", help="by text, by likeness, or by both")
    parser.add_argument("--order", choices=get_args(ask.Order), default="relevance")
    parser.add_argument("--limit", type=whole(1, ask.MOST_ROWS), default=20, metavar="N", help="trials to show")
    parser.add_argument("--format", choices=("csv", "ndjson"), help="write everything that is found, not a page")
    parser.add_argument("--cursor", metavar="WORD", help="go on where the answer before ended: its next")
    json_option(parser)


async def run(given: argparse.Namespace, settings: Settings) -> int:
    if given.format:
        return await exported(given, settings)
    async with database(settings) as pool:
        found = await finding.find(pool, wanted(given))
        searched = sources.asked_of(await sources.look(pool, settings.registries), given.registry)
    print(as_json(told(found, searched)) if given.json else shown(found, searched, colours=sys.stdout.isatty()))
    return Exit.OK


async def exported(given: argparse.Namespace, settings: Settings) -> int:
    """Writes what is found to the standard output, some rows at a time."""
    lines = export.csv_lines if given.format == "csv" else export.json_lines
    out = sys.stdout.buffer
    async with database(settings) as pool, pool.acquire() as db, db.transaction():
        found = finding.everything(db, wanted(given))
        first = await anext(found, ())  # what cannot be exported is told before anything is written
        if given.format == "csv":
            out.write(export.header())
        out.write(lines(first))
        async for rows in found:
            out.write(lines(rows))
    out.flush()
    return Exit.OK


def wanted(given: argparse.Namespace) -> finding.Wanted:
    """The search, with the place that is still to be looked up. No I/O."""
    return finding.Wanted(
        asked(given), near=given.near, within_km=given.within, expand=given.expand == "yes", mode=given.mode
    )


def asked(given: argparse.Namespace) -> ask.Search:
    """The search that the arguments stand for. No I/O."""
    start, completion, updated = (
        ask.Days(getattr(given, f"{name}_from"), getattr(given, f"{name}_to")) for name in DATES
    )
    return ask.Search(
        text=given.query,
        status=tuple(given.status),
        phase=tuple(given.phase),
        study_type=tuple(given.type),
        country=tuple(given.country),
        registry=tuple(given.registry),
        city=tuple(given.city),
        age_days=ask.age_in_days(given.age) if given.age else None,
        sex=given.sex,
        healthy=None if given.healthy is None else given.healthy == "yes",
        mesh=tuple(given.mesh),
        sponsor=given.sponsor,
        sponsor_class=tuple(given.sponsor_class),
        collapse=given.collapse,
        has_results=None if given.results is None else given.results == "yes",
        with_removed=given.removed,
        order=given.order,
        rows=given.limit,
        cursor=given.cursor,
        start=start,
        completion=completion,
        updated=updated,
    )


def told(found: ask.Results, searched: Sequence[sources.Source]) -> dict[str, object]:
    """As JSON gives it: titles and snippets as plain text. No I/O."""
    return {
        "count": found.count.trials,
        "count_is_least": found.count.more,
        "count_is_about": found.count.about,
        "expanded": found.meanings,
        "corrected": found.corrected,
        "truncated": found.truncated,
        "embedder": found.embedder,
        "exact": [_told(row) for row in found.exact],
        "trials": [_told(row) | {"ranked": found.places.get(row.id)} for row in found.rows],
        "next": found.next,
        "sources": searched,
    }


def _told(row: Row) -> dict[str, object]:
    facts: dict[str, object] = {one.name: getattr(row, one.name) for one in fields(Facts)}
    return facts | {"title": words(row.title), "snippet": words(row.snippet)}


def shown(found: ask.Results, searched: Sequence[sources.Source], *, colours: bool) -> str:
    """As people read it. No I/O."""
    more = "about " if found.count.about else "more than " if found.count.more else ""
    lines = [f"{more}{found.count.trials:,} trials" if found.count.trials != 1 else "1 trial"]
    if found.corrected:
        lines.append(printable(f"nothing was found for that; shown is: {found.corrected}"))
    if found.embedder:
        lines.append(f"found by likeness ({found.embedder}: {LOCAL.says})")
    lines += [printable(f"also coded as {one.name} ({one.ui}), for: {one.words}") for one in found.meanings]
    lines += [printable(f"note: {notice}") for source in searched if (notice := sources.notice(source))]
    for row in (*found.exact, *found.rows):
        facts = [row.status, *row.phases, row.sponsor, f"updated {row.last_updated}" if row.last_updated else None]
        facts += [f"{row.distance_km:g} km away"] if row.distance_km is not None else []
        facts += ["also " + ", ".join(one.registry_id for one in row.others)] if row.others else []
        gone = " (removed at the source)" if row.removed_at else ""
        lines += [
            "",
            f"{row.registry_id}  {_marked(row.title, colours=colours)}{gone}",
            f"    {printable(' · '.join(cell(fact) for fact in facts if fact))}",
        ]
        if row.interventions:
            told = " · ".join(_marked(one, colours=colours) for one in row.interventions)
            lines.append(f"    with {told}")
        if row.snippet:
            lines.append(f"    {_marked(row.snippet, colours=colours)}")
    if found.next:
        lines += ["", f"more: --cursor {found.next}"]
    elif found.truncated:
        lines += ["", "these are the best; all of them, the latest update first: --order newest"]
    return "\n".join(lines)


def _marked(pieces: tuple[Span, ...], *, colours: bool) -> str:
    return "".join(
        f"{BOLD}{text}{PLAIN}" if piece.marked and colours else text
        for piece in pieces
        for text in (" ".join(printable(piece.text).splitlines()),)
    )


COMMAND = Command("search", "find trials", arguments, run)
