"""Trials found by number, text and filters, page after page."""

import math
import random
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.trials.finding import answer
from actors.trials.finding.grid import Circle, Point, km_between
from actors.trials.marks import to_html
from actors.trials.record import Identifier, Intervention, Site, Trial, When
from actors.trials.search import (
    After,
    BadSearch,
    Caps,
    Count,
    Days,
    Near,
    Results,
    Search,
    ask,
    cursor,
    numbers_in,
    question,
)  # fmt: skip
from schema import query
from tests.postgres import Postgres
from tests.trials.pages import mirror, nct, on, trial

if TYPE_CHECKING:
    from tests.trials.pages import Connection


@pytest.fixture
async def conn(any_postgres: Postgres) -> "AsyncIterator[Connection]":
    """A connection, on PostgreSQL 18 and on 15."""
    one = await asyncpg.connect(any_postgres.dsn)
    yield one
    one.terminate()


def numbers(results: Results) -> list[str]:
    return [row.registry_id for row in results.rows]


async def find(db: "Connection", text: str = "", **given: Any) -> list[str]:
    return numbers(await answer.search(db, Search(text, **given)))


async def every_page(db: "Connection", asked: Search) -> list[str]:
    found, results = [], await answer.search(db, asked, CAPS)
    while True:
        found += numbers(results)
        if results.next is None:
            return found
        results = await answer.search(db, replace(asked, cursor=results.next), CAPS)


# ── what is asked ──


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("heart attack", ()),
        ("nct01234567", ("NCT01234567", "nct01234567")),
        ("compare NCT01234567 with NCT 00000001", ("NCT01234567", "NCT00000001")),
        ("D6900c00001", ("D6900c00001", "D6900C00001")),
        ('"2021\u2010000736\u201066"', ("2021-000736-66", "2021\u2010000736\u201066")),
    ],
)
def test_a_text_is_looked_at_for_numbers_of_trials(text: str, expected: tuple[str, ...]) -> None:
    assert set(expected) <= set(numbers_in(text))
    assert bool(numbers_in(text)) == bool(expected)


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        (Search(), ""),
        (Search(status=("recruiting", "completed")), "('=status:recruiting' | '=status:completed')"),
        (
            Search(sponsor="Novo Nordisk A/S", has_results=True, country=("Côte d'Ivoire",)),
            "'=sponsor:novo' & '=sponsor:nordisk' & '=sponsor:a' & '=sponsor:s' & '=results:yes'"
            " & ('=country:cote d''ivoire')",
        ),
        (
            Search(start=Days(date(2024, 5, 1), date(2025, 1, 1))),
            "('=start:2024' | '=start:2025')",
        ),
        (Search(updated=Days(date(2024, 5, 1))), ""),
        (Search(updated=Days(date(2024, 5, 1), date(2024, 6, 1))), "('=month:2024-05' | '=day:2024-06-01')"),
        (Search(age_days=21915, sex="female"), "'=sex:female' & '=age:12'"),
    ],
)
def test_filters_become_a_question_over_facet_words(search: Search, expected: str) -> None:
    assert question(search) == expected


@pytest.mark.parametrize(
    ("search", "message"),
    [
        (Search(rows=0), "rows: 0 is not 1 to 100"),
        (Search(rows=101), "rows: 101"),
        (Search("x" * 8001), "8001 characters"),
        (Search(sponsor="—"), "sponsor: '—' holds no word"),
        (Search(start=Days(date(2025, 1, 2), date(2025, 1, 1))), "start: 2025-01-02 is later"),
        (Search(cursor="nonsense"), "cursor"),
        (Search("heart", cursor=cursor(After(0, date(2025, 1, 1), 5), "newest")), "cursor"),
        (Search("heart", order="newest", cursor=cursor(After(0.5, id=5), "relevance")), "cursor"),
        (Search(order="distance"), "order: distance: from where"),
        (Search(mesh=("heart",)), "mesh: 'heart' is no descriptor"),
    ],
)
def test_a_search_that_cannot_be_run_says_what_was_expected(search: Search, message: str) -> None:
    with pytest.raises(BadSearch, match=message):
        ask(search)


@given(st.dates(), st.integers(1, 2**63 - 1), st.floats(allow_nan=False), st.integers(0, 2))
def test_a_cursor_comes_back_as_it_was_given(day: date, id_: int, rank: float, tier: int) -> None:
    after = After(rank, day, id_, id_, tier)
    assert ask(Search("x", cursor=cursor(after, "relevance"))).after == after
    assert ask(Search(order="enrolment", cursor=cursor(after, "enrolment"))).after == after


@given(st.text())
def test_a_cursor_that_is_not_ours_is_refused(text: str) -> None:
    with pytest.raises(BadSearch):
        ask(Search("x", cursor=text or "-"))


# ── numbers ──


async def test_trials_named_by_number_come_first_and_once(conn: "Connection") -> None:
    stated = (Identifier("nct", nct(2), "main"), Identifier("nct", nct(1), "secondary"))
    await mirror(
        conn,
        trial(1, title="Extension"),
        trial(2, title=f"Follow-up of {nct(1)}", ids=stated),
        trial(3, title=f"Substudy of {nct(1)}"),
    )
    found = await answer.search(conn, Search(f" {nct(1).lower()} "))
    assert [row.registry_id for row in found.exact] == [nct(1), nct(2)]
    assert numbers(found) == [nct(3)]
    assert found.count == Count(3), "each once, also those that the words do not find"
    assert (await answer.search(conn, Search(nct(1), rows=1))).count == Count(3)
    found = await answer.search(conn, Search("NCT99999999"))
    assert (found.exact, found.rows, found.count) == ((), (), Count(0))


# ── text ──


async def test_a_text_is_asked_as_people_write_it(conn: "Connection") -> None:
    await mirror(
        conn,
        trial(1, title="Aspirin after heart attack"),
        trial(2, title="An attack of the heart of the matter"),
        trial(3, title="Stroke", summary="Heart rates and panic attacks."),
        trial(4, title="Diabetes", keywords=("SGLT2 inhibitor",)),
        trial(5, title="x", conditions=("Sjögren's Syndrome",),
              interventions=(Intervention("TAK-243", other_names=("a1b2",)),)),
    )  # fmt: skip
    assert set(await find(conn, "heart attacks")) == {nct(1), nct(2), nct(3)}
    assert await find(conn, '"heart attack"') == [nct(1)]
    assert set(await find(conn, "heart -aspirin")) == {nct(2), nct(3)}
    assert set(await find(conn, "stroke or diabetes")) == {nct(3), nct(4)}
    assert await find(conn, "sglt2 INHIBITORS") == [nct(4)]
    assert await find(conn, "sjogren syndrome") == [nct(5)] == await find(conn, "SJÖGREN")
    assert await find(conn, "a1b2") == [nct(5)]
    assert await find(conn, "the of and") == []


async def test_a_word_in_the_title_counts_more_than_one_in_the_summary(conn: "Connection") -> None:
    await mirror(
        conn,
        trial(1, title="a", summary="asthma"),
        trial(2, title="b", keywords=("asthma",)),
        trial(3, title="c", conditions=("asthma",)),
        trial(4, title="asthma"),
    )
    assert await find(conn, "asthma") == [nct(4), nct(3), nct(2), nct(1)]
    assert await find(conn, "asthma", order="newest") == [nct(4), nct(3), nct(2), nct(1)]


@pytest.mark.parametrize("text", ["'", "\\", ":*", "a:b & | ! <->", "\0", "\ud800", "-", "=status:x", "%_", "$1"])
async def test_no_text_breaks_a_search(connection: "Connection", text: str) -> None:
    for order in ("relevance", "newest"):
        await answer.search(connection, Search(text, order=order, country=(text,)))


async def test_what_is_shown_marks_the_words_and_lets_no_markup_through(conn: "Connection") -> None:
    await mirror(
        conn,
        trial(1, title="<b>Heart</b> & <script>alert('heart')</script> Sjögren\x02 <heart",
              summary="A Ménière heart. " * 100),
    )  # fmt: skip
    (row,) = (await answer.search(conn, Search("heart sjogren or meniere"))).rows
    assert to_html(row.title) == (
        "&lt;b&gt;<mark>Heart</mark>&lt;/b&gt; &amp; &lt;script&gt;alert(&#x27;<mark>heart</mark>&#x27;)"
        "&lt;/script&gt; <mark>Sjögren</mark>\x02 &lt;<mark>heart</mark>"
    )
    assert to_html(row.snippet).startswith("A <mark>Ménière</mark> <mark>heart</mark>. A ")
    assert "".join(span.text for span in row.snippet).endswith("…")


async def test_what_was_found_is_marked_in_conditions_and_interventions_too(conn: "Connection") -> None:
    """A trial that is found by its intervention shows which one."""
    await mirror(
        conn,
        trial(1, title="x", conditions=("Type 2 Diabetes", "<Ménière>", "Gout"), summary=r"Below \<7.5\% \\ of it \n.",
              interventions=(Intervention("Placebo"), Intervention("Insulin glargine", other_names=("Lantus",)))),
    )  # fmt: skip
    (row,) = (await answer.search(conn, Search("insulin or meniere"))).rows
    assert [to_html(one) for one in row.marked_conditions] == [
        "Type 2 Diabetes",
        "&lt;<mark>Ménière</mark>&gt;",
        "Gout",
    ]
    assert [to_html(one) for one in row.interventions] == ["<mark>Insulin</mark> glargine"]
    assert "".join(one.text for one in row.snippet) == r"Below <7.5% \ of it \n."
    (row,) = (await answer.search(conn, Search())).rows
    assert (row.interventions, row.conditions[1]) == ((), "<Ménière>")


# ── filters ──

STATUSES = ("recruiting", "completed", "withdrawn")
COUNTRIES = ("France", "Côte d'Ivoire", "United States")


def some_trial(number: int, dice: random.Random) -> Trial:
    day = date(1975, 1, 1) + timedelta(days=dice.randrange(30_000))
    return trial(
        number,
        title=dice.choice(("asthma in children", "asthma", "migraine")),
        registry="ctgov",
        status=dice.choice(STATUSES),
        phases=dice.choice(((), ("phase_1",), ("phase_1", "phase_2"), ("phase_3",))),
        study_type=dice.choice(("interventional", "observational")),
        countries=tuple(dice.sample(COUNTRIES, dice.randrange(3))),
        sponsor=dice.choice((None, "Novo Nordisk A/S", "Novo Institute", "Pfizer")),
        has_results=dice.choice((None, False, True)),
        start=dice.choice((None, When(day, "day"))),
        completion=dice.choice((None, When(day + timedelta(days=400), "month"))),
        last_updated=dice.choice((None, on(date(2020, 1, 1) + timedelta(days=dice.randrange(50))))),
    )


def within(when: When | None, first: date, last: date) -> bool:
    return when is not None and first <= when.day <= last


D = date
CASES: list[tuple[dict[str, Any], Callable[[Trial], bool]]] = [
    ({"status": ("recruiting",)}, lambda t: t.status == "recruiting"),
    ({"status": ("recruiting", "completed")}, lambda t: t.status != "withdrawn"),
    ({"phase": ("phase_1",)}, lambda t: "phase_1" in t.phases),
    ({"study_type": ("observational",)}, lambda t: t.study_type == "observational"),
    ({"country": ("cote d'ivoire", "France")}, lambda t: bool({"France", "Côte d'Ivoire"} & {*t.countries})),
    ({"sponsor": "novo"}, lambda t: (t.sponsor or "").startswith("Novo")),
    ({"sponsor": "nordisk NOVO"}, lambda t: t.sponsor == "Novo Nordisk A/S"),
    ({"has_results": True}, lambda t: t.has_results is True),
    ({"has_results": False}, lambda t: t.has_results is False),
    ({"registry": ("ctgov",)}, lambda t: True),
    ({"registry": ("isrctn",)}, lambda t: False),
    ({"start": Days(D(1990, 3, 5), D(1999, 3, 5))}, lambda t: within(t.start, D(1990, 3, 5), D(1999, 3, 5))),
    ({"start": Days(D(1976, 3, 5), D(1979, 3, 5))}, lambda t: within(t.start, D(1976, 3, 5), D(1979, 3, 5))),
    ({"start": Days(D(1990, 3, 5))}, lambda t: within(t.start, D(1990, 3, 5), D.max)),
    ({"start": Days(None, D(1990, 3, 5))}, lambda t: within(t.start, D.min, D(1990, 3, 5))),
    ({"completion": Days(D(2049, 6, 1))}, lambda t: within(t.completion, D(2049, 6, 1), D.max)),
    ({"updated": Days(D(2020, 1, 5), D(2020, 1, 9))}, lambda t: within(t.last_updated, D(2020, 1, 5), D(2020, 1, 9))),
    (
        {"status": ("completed",), "country": ("France",), "phase": ("phase_3", "phase_2"), "has_results": True},
        lambda t: t.status == "completed" and "France" in t.countries
        and bool({"phase_3", "phase_2"} & {*t.phases}) and t.has_results is True,
    ),
]  # fmt: skip


async def test_each_filter_finds_what_a_look_at_every_trial_finds(conn: "Connection") -> None:
    dice = random.Random(4)  # noqa: S311 - no secret
    trials = [some_trial(number, dice) for number in range(400)]
    await mirror(conn, *trials)
    for given_, fits in CASES:
        for text in ("", "asthma", "asthma children"):
            expected = {
                one.registry_id for one in trials
                if fits(one) and set(text.split()) <= set((one.title or "").split())
            }  # fmt: skip
            for order in ("relevance", "newest"):
                asked = Search(text, order=order, rows=70, **given_)
                found = await every_page(conn, asked)
                assert len(found) == len(set(found)), (given_, text, order)
                assert set(found) == expected, (given_, text, order)
                results = await answer.search(conn, asked)
                assert results.count == Count(len(expected)), (given_, text, order)


async def test_newest_first_with_those_without_a_date_last(conn: "Connection") -> None:
    await mirror(
        conn, trial(1, last_updated=None), trial(2, last_updated=on(date(2021, 1, 1))),
        trial(3, last_updated=on(date(2022, 1, 1))), trial(4, last_updated=None),
        trial(5, last_updated=on(date(2021, 1, 1))),
    )  # fmt: skip
    expected = [nct(3), nct(5), nct(2), nct(4), nct(1)]
    assert await every_page(conn, Search(rows=1)) == expected
    assert await every_page(conn, Search("trial", order="newest", rows=2)) == expected
    assert await every_page(conn, Search(status=("recruiting",), rows=2)) == expected


async def test_trials_removed_at_the_source_are_found_only_when_asked_for(conn: "Connection") -> None:
    await mirror(conn, trial(1), trial(2))
    await conn.execute("update trials set removed_at = now() where registry_id = $1", nct(1))
    for text in ("", "trial"):
        assert await find(conn, text) == [nct(2)]
        assert set(await find(conn, text, with_removed=True)) == {nct(1), nct(2)}


# ── pages ──


@pytest.mark.parametrize(
    "asked",
    [
        Search(rows=7), Search("asthma", rows=7), Search("asthma", rows=7, order="newest"),
        Search(status=("recruiting",), rows=7),
    ],
)  # fmt: skip
async def test_paging_shows_each_trial_once_while_others_come_in(conn: "Connection", asked: Search) -> None:
    there = [trial(number, title="asthma " * (1 + number % 5)) for number in range(60)]
    await mirror(conn, *there)
    found, results, number = list[str](), await answer.search(conn, asked), 1000
    while True:
        found += numbers(results)
        if results.next is None:
            break
        await mirror(conn, *(trial(number + n, title="asthma asthma asthma") for n in range(3)))
        number += 3
        results = await answer.search(conn, replace(asked, cursor=results.next))
    assert sorted(found) == sorted(one.registry_id for one in there)


CAPS = Caps(hits=50, sample=40, guide=20, window=20, read=50)


def of(count: int, first: int, day: date, **given: Any) -> list[Trial]:
    """So many trials, numbered from `first` on, one a day from a day on."""
    return [trial(first + n, last_updated=on(day + timedelta(days=n)), **given) for n in range(count)]


async def test_many_hits_are_told_about_and_their_newest_are_still_right(connection: "Connection") -> None:
    old = of(CAPS.hits * 3, 0, date(1990, 1, 1), title="asthma")
    new = of(CAPS.hits * 2, 1000, date(2020, 1, 1), title="migraine")
    await mirror(connection, *old, *new)
    for text, trials in (("migraine", new), ("asthma", old)):  # the second is far from the newest
        for order in ("newest", "relevance"):
            asked = Search(text, order=order, rows=15)
            found = await answer.search(connection, asked, CAPS)
            assert found.count.about
            assert found.count.more
            assert len(trials) / 2 < found.count.trials < len(trials) * 2
            assert await every_page(connection, asked) == [one.registry_id for one in reversed(trials)]


@pytest.mark.parametrize("order", ["newest", "relevance", "enrolment", "distance"])
async def test_of_many_hits_each_order_shows_all_of_them_once(connection: "Connection", order: Any) -> None:
    """A window is read, as wide as a sample says; at the end everything was shown, in the order asked for."""
    dice = random.Random(5)  # noqa: S311 - no secret
    there = [
        trial(number, title=dice.choice(("asthma", "lungs")), summary="asthma",
              enrolment=dice.choice((None, dice.randrange(9_000))),
              sites=(Site(city="x", latitude=48 + dice.random() / 3, longitude=16 + dice.random() / 3),))
        for number in range(700)
    ]  # fmt: skip
    await mirror(connection, *there)
    near = Near(Circle(Point(48, 16), 100))
    asked = Search("asthma", order=order, rows=60, near=near)
    found = await every_page(connection, asked)
    assert sorted(found) == sorted(one.registry_id for one in there)
    by_number = {one.registry_id: one for one in there}
    keys = [_key(by_number[number], order) for number in found]
    assert keys == sorted(keys, reverse=True)


def _key(one: Trial, order: str) -> tuple[float, date]:
    assert one.last_updated
    first = 0.0
    if order == "relevance":
        first = float(one.title == "asthma")
    elif order == "enrolment":
        first = float(one.enrolment if one.enrolment is not None else -1)
    elif order == "distance":
        km = km_between(
            Point(48, 16), Point(*(round(x or 0, 5) for x in (one.sites[0].latitude, one.sites[0].longitude)))
        )
        first = -math.floor(km * 10 + 0.5) / 10  # as it is shown
    return (round(first, 6), one.last_updated.day)


async def test_all_trials_are_counted_exactly_however_many_they_are(connection: "Connection") -> None:
    await mirror(connection, *of(CAPS.hits + 10, 0, date(1990, 1, 1)))
    assert (await answer.search(connection, Search(), CAPS)).count == Count(CAPS.hits + 10)
    days = Days(date(1990, 1, 1), date(1990, 1, 9))
    assert (await answer.search(connection, Search(updated=days), CAPS)).count == Count(9)


async def test_of_few_hits_all_are_ranked(connection: "Connection") -> None:
    await mirror(connection, *of(CAPS.hits, 0, date(1990, 1, 1), summary="asthma"))
    found = await answer.search(connection, Search("asthma", rows=100), CAPS)
    assert (len(found.rows), found.count, found.truncated) == (CAPS.hits, Count(CAPS.hits), False)


async def test_a_late_title_comes_before_thousands_of_newer_summaries(connection: "Connection") -> None:
    """With the caps that the service has."""
    older = of(5_001, 0, date(1985, 1, 1), title="a", summary="asthma in the family")
    for start in range(0, len(older), 1_000):
        await mirror(connection, *older[start : start + 1_000])
    await mirror(connection, trial(9_000, title="Asthma", last_updated=on(date(1984, 1, 1))))
    found = await answer.search(connection, Search("asthma"))
    assert numbers(found)[0] == nct(9_000)
    assert found.count.about


@pytest.mark.parametrize("day", [date(1970, 1, 1), date(2030, 1, 1)], ids=["an old one", "a fresh one"])
async def test_of_more_hits_than_can_be_ranked_those_with_it_in_the_title_come_first(
    connection: "Connection", day: date
) -> None:
    others = of(CAPS.hits * 3, 0, date(1990, 1, 1), title="a", summary="asthma", status="completed")
    await mirror(connection, *others)
    await mirror(connection, trial(9_000, title="Asthma", summary="not of cats", last_updated=on(day)))
    asked = Search("asthma", rows=7)
    assert await every_page(connection, asked) == [nct(9_000), *(one.registry_id for one in reversed(others))]
    assert numbers(await answer.search(connection, replace(asked, text="asthma -cats"), CAPS))[0] != nct(9_000)
    contradicted = await answer.search(connection, replace(asked, status=("withdrawn",)), CAPS)
    assert (contradicted.rows, contradicted.count) == ((), Count(0))


async def test_a_question_is_always_put_to_the_text_index(connection: "Connection") -> None:
    """Also for a word that nearly every trial has: else a filter that contradicts it would walk through all of them.

    Plans for these values, and the plan for any values that PostgreSQL goes over to when a statement is asked often.
    """
    await mirror(connection, *(trial(number) for number in range(2_000)))
    await connection.execute("analyze trials")
    limits = [[None] * 6, [None, 0], None, None, False]
    after = [1_000, 2**63 - 1, float("inf"), date.max, 2**63 - 1, 21]
    question = "'trial' & '=status:withdrawn'"
    for name, given_, index in (
        (
            "hits",
            [question, *limits, "relevance", "'trial'", *after, question, 200, question, None],
            "trials_words",
        ),
        ("titled", [question, *limits, question, True, *after[1:], None], "trials_title_words"),
        ("sample", [question, *limits, None, True, 500, False, None], "trials_words"),
        ("described", [question, *limits, ["'trial'"], [1.0], *after, None, None, 0.5], "trials_words"),
    ):
        for mode in ("force_custom_plan", "force_generic_plan"):
            await connection.execute(f"set plan_cache_mode = {mode}")
            prepared = await connection.prepare(query(f"search.{name}"))
            [plan] = await prepared.explain(*given_)
            scans = set(_scans(plan["Plan"]))
            assert ("Bitmap Index Scan", index) in scans, (name, mode)
            assert not {("Seq Scan", None), ("Bitmap Index Scan", "trials_pkey")} & scans, (name, mode)


def _scans(node: dict[str, Any]) -> Iterator[tuple[str, str | None]]:
    """Kind and index of each step of a plan."""
    yield node["Node Type"], node.get("Index Name")
    for inner in node.get("Plans", ()):
        yield from _scans(inner)
