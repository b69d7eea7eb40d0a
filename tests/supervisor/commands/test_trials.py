"""`triald search` and `triald refused`."""

import argparse
import asyncio
import base64
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from actors.trials.record import When
from actors.trials.search import Count, Days, Results, Search
from actors.trials.semantic import store as semantic
from actors.trials.semantic.embedder import LOCAL, mark, written
from supervisor.commands.search import COMMAND, asked, shown
from supervisor.sources import Source
from tests.supervisor.commands.running import Triald
from tests.trials.pages import Refused, begin, nct, page, trial, write

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]


AT = datetime(2026, 3, 1, 2, tzinfo=UTC)


def search_of(*words: str) -> Search:
    parser = argparse.ArgumentParser()
    COMMAND.add_arguments(parser)
    return asked(parser.parse_args(words))


async def test_trials_are_found_by_words_and_filters(triald: Triald, connection: "Connection") -> None:
    """The JSON holds what the table holds; the first line for people is the count."""
    given = [
        trial(1, title="Heart attack at night", sponsor="Charité", phases=("phase_3",), countries=("Germany",)),
        trial(2, title="Heart failure", status="completed", start=When(date(2020, 1, 1), "month")),
        trial(3, title="Asthma\x1b[31m"),
    ]
    await write(connection, page(given), await begin(connection))
    words, status, number, everything, plain, wrong = await asyncio.gather(
        triald("search", "heart", "--json"),
        triald("search", "heart", "--status", "completed", "--json"),
        triald("search", nct(3), "--json"),
        triald("search", "--limit", "2", "--json"),
        triald("search", "heart"),
        triald("search", "x", "--cursor", "nonsense"),
    )
    assert {row["registry_id"] for row in words.json["trials"]} == {nct(1), nct(2)}
    assert (words.json["count"], words.json["count_is_least"], words.json["truncated"]) == (2, False, False)
    assert words.json["next"] is None
    assert [(one["registry"], one["state"]) for one in words.json["sources"]] == [("ctgov", "never")]
    assert number.json["count"] == 1
    [found] = status.json["trials"]
    assert (found["registry_id"], found["title"], found["start"]) == (nct(2), "Heart failure", "2020-01")
    assert [row["registry_id"] for row in number.json["exact"]] == [nct(3)]
    assert len(everything.json["trials"]) == 2
    following = await triald("search", "--limit", "2", "--cursor", everything.json["next"])
    assert following.code == 0
    assert plain.out.startswith("2 trials\n")
    assert f"{nct(1)}  Heart attack at night" in plain.out
    assert "\x1b" not in following.out + plain.out
    assert (wrong.code, wrong.out) == (2, "")


async def test_trials_are_found_by_likeness_or_it_is_said_why_not(triald: Triald, connection: "Connection") -> None:
    """G23: --mode names the embedder and where each trial stands; without vectors the reason."""
    await write(connection, page([trial(1, title="Hypertensive heart")]), await begin(connection))
    refused = await triald("search", "hypertension", "--mode", "semantic")
    assert (refused.code, refused.out) == (2, "")
    assert "mode: semantic search is unavailable: the service has not looked yet" in refused.err
    ends = await asyncio.gather(
        triald("search", "hypertension", "--mode", "semantic", "--format", "csv"),
        triald("watch", "search", "q=hypertension&mode=hybrid"),
    )
    for ended in ends:
        assert (ended.code, ended.out) == (2, "")
        assert "leave mode out, or say mode=text" in ended.err
    if await semantic.open_for(connection, mark(LOCAL), LOCAL.dimensions):
        pytest.skip("this PostgreSQL has no pgvector")
    [(number, text)] = await semantic.wording(connection, [await connection.fetchval("select id from trials")])
    await semantic.put(connection, {number: written(LOCAL.embed([text])[0])})
    told = await triald("search", "hypertension", "--mode", "hybrid", "--json")
    assert (told.json["embedder"], told.json["trials"][0]["ranked"]["by_likeness"]) == ("hashed-words-1", 1)
    assert "found by likeness (hashed-words-1" in (await triald("search", "hypertension", "--mode", "semantic")).out


def test_every_filter_reaches_the_search() -> None:
    words = [
        "heart", "--status", "recruiting", "--status", "completed", "--phase", "phase_3", "--type", "interventional",
        "--country", "Germany", "--registry", "ctgov", "--sponsor", "charité", "--results", "no",
        "--start-from", "2020-01-01", "--completion-to", "2021-01-01", "--updated-from", "2022-01-01",
        "--updated-to", "2022-02-01", "--removed", "--order", "newest", "--limit", "7", "--cursor", "c",
    ]  # fmt: skip
    day = {text: date.fromisoformat(text) for text in words if text.startswith("202")}
    assert search_of(*words) == Search(
        text="heart",
        status=("recruiting", "completed"),
        phase=("phase_3",),
        study_type=("interventional",),
        country=("Germany",),
        registry=("ctgov",),
        sponsor="charité",
        has_results=False,
        start=Days(day["2020-01-01"], None),
        completion=Days(None, day["2021-01-01"]),
        updated=Days(day["2022-01-01"], day["2022-02-01"]),
        with_removed=True,
        order="newest",
        rows=7,
        cursor="c",
    )
    assert search_of() == Search()


async def test_refused_records_are_listed_and_shown_as_they_came(triald: Triald, connection: "Connection") -> None:
    """Kept aside with the reason, to the byte."""
    body = b'{"nct": "\x00\xff", broken'
    await write(connection, page([], [Refused("not JSON: \x1b[31m", body, nct(9))]), await begin(connection))
    listed, plain, none = await asyncio.gather(
        triald("refused", "list", "--json"), triald("refused", "list"), triald("refused", "show", "99")
    )
    [record] = listed.json
    assert (record["registry_id"], record["size_bytes"]) == (nct(9), len(body))
    assert "not JSON" in plain.out
    assert "\x1b" not in plain.out
    assert none.code == 3
    whole = await triald("refused", "show", str(record["id"]), "--json")
    assert base64.b64decode(whole.json["body_base64"]) == body
    async with triald.started("refused", "show", str(record["id"])) as showing:
        out, err = await showing.communicate()
    assert out == body
    assert b"not JSON" in err


def test_an_empty_answer_says_so() -> None:
    assert shown(Results((), (), Count(0), None), (), colours=False) == "0 trials"


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (Source("ctgov", "ok", None, AT), None),
        (Source("ctgov", "unavailable", AT, AT), "has not answered since 2026-03-01 02:00 UTC: what is shown"),
        (Source("ctgov", "unavailable", AT, None), "nothing of it is complete"),
        (Source("ctgov", "never", None, None), "not been mirrored to its end"),
        (Source("isrctn", "unknown", None, None), "there is no registry isrctn here"),
    ],
)
def test_a_registry_that_does_not_answer_looks_like_none_that_holds_nothing(source: Source, told: str | None) -> None:
    """N02: what is not there is told apart from what could not be asked."""
    lines = shown(Results((), (), Count(0), None), (source,), colours=False).splitlines()
    assert len(lines) == (1 if told is None else 2)
    assert told is None or told in lines[1]


def test_an_end_that_is_not_the_end_says_how_to_go_on() -> None:
    found = Results((), (), Count(5000, more=True), None, truncated=True)
    assert "--order newest" in shown(found, (), colours=False)
