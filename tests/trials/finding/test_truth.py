"""G23: each search finds what a look at every trial finds, among 10,000 made-up ones; what is typed is understood."""

import random
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from actors.jobs.learn_search import places
from actors.trials.finding import answer, store
from actors.trials.finding.asking import Meaning
from actors.trials.finding.grid import Circle, Point, km_between
from actors.trials.record import Eligibility, Site, Trial
from actors.trials.search import BadSearch, Count, Days, Near, Search, age_in_days
from supervisor import finding
from supervisor.finding import Wanted
from tests.postgres import Postgres
from tests.trials.pages import mirror, nct, on, trial

if TYPE_CHECKING:
    from tests.trials.pages import Connection

VIENNA = Point(48.2082, 16.3738)
YEAR = 365.25
CITIES = {
    ("Vienna", "Austria"): (48.2082, 16.3738), ("Linz", "Austria"): (48.3069, 14.2858),
    ("Graz", "Austria"): (47.0707, 15.4395),
    ("Bratislava", "Slovakia"): (48.1486, 17.1077), ("Vienna", "United States"): (38.9012, -77.2653),
}  # fmt: skip


@pytest.fixture
async def conn(any_postgres: Postgres) -> AsyncIterator["Connection"]:
    one = await asyncpg.connect(any_postgres.dsn)
    yield one
    one.terminate()


def some_trial(number: int, dice: random.Random) -> Trial:
    where = dice.sample(sorted(CITIES), dice.choice((0, 1, 1, 2)))
    least, most = dice.choice(((None, None), (18, 65), (0, 17), (65, None), (50, 60), (None, 5)))
    return trial(
        number,
        title=dice.choice(("Heart failure", "Stroke in adults", "Asthma", "Heart attack and stroke")),
        summary=dice.choice(("of the heart", "with aspirin", "a placebo")),
        status=dice.choice(("recruiting", "completed", "withdrawn")),
        phases=dice.choice(((), ("phase_2",), ("phase_3",))),
        sponsor_class=dice.choice((None, "INDUSTRY", "OTHER")),
        enrolment=dice.choice((None, 10, 200, 5000)),
        countries=tuple({country for _, country in where}),
        sites=tuple(
            Site(city=city, country=country, latitude=CITIES[city, country][0] + dice.uniform(-0.6, 0.6),
                 longitude=CITIES[city, country][1] + dice.uniform(-0.6, 0.6))
            for city, country in where
        ),
        eligibility=Eligibility(
            sex=dice.choice((None, "all", "female", "male")), healthy_volunteers=dice.choice((None, True, False)),
            min_age_days=None if least is None else int(least * YEAR),
            max_age_days=None if most is None else int(most * YEAR),
        ),
        last_updated=on(date(2020, 1, 1) + timedelta(days=dice.randrange(900))),
    )  # fmt: skip


def admits(age_days: int) -> Callable[[Trial], bool]:
    def fits(one: Trial) -> bool:
        most = one.eligibility.max_age_days
        return (one.eligibility.min_age_days or 0) <= age_days and (most is None or most >= age_days)

    return fits


def within(km: float) -> Callable[[Trial], bool]:
    return lambda one: any(
        km_between(VIENNA, Point(round(site.latitude or 0, 5), round(site.longitude or 0, 5))) <= km
        for site in one.sites
    )


def has(*words: str) -> Callable[[Trial], bool]:
    return lambda one: all(word in f"{one.title} {one.summary}".lower() for word in words)


CASES: list[tuple[dict[str, Any], Callable[[Trial], bool]]] = [
    ({}, lambda t: True),
    ({"age_days": int(60 * YEAR)}, admits(int(60 * YEAR))),
    ({"age_days": int(17 * YEAR)}, admits(int(17 * YEAR))),
    ({"age_days": 0}, admits(0)),
    ({"sex": "female"}, lambda t: t.eligibility.sex in ("female", "all", None)),
    ({"healthy": True}, lambda t: t.eligibility.healthy_volunteers is True),
    ({"city": ("vienna",)}, lambda t: any(site.city == "Vienna" for site in t.sites)),
    ({"sponsor_class": ("industry",)}, lambda t: t.sponsor_class == "INDUSTRY"),
    ({"near": Near(Circle(VIENNA, 50))}, within(50)),
    ({"near": Near(Circle(VIENNA, 1500))}, within(1500)),
    ({"near": Near(Circle(VIENNA, 20)), "sex": "male", "age_days": 8000},
     lambda t: within(20)(t) and t.eligibility.sex in ("male", "all", None) and admits(8000)(t)),
    ({"updated": Days(date(2021, 3, 5), date(2021, 6, 9))},
     lambda t: t.last_updated is not None and date(2021, 3, 5) <= t.last_updated.day <= date(2021, 6, 9)),
    ({"text": "heart"}, has("heart")),
    ({"text": "heart aspirin"}, has("heart", "aspirin")),
    ({"text": "heart NOT aspirin"}, lambda t: has("heart")(t) and not has("aspirin")(t)),
    ({"text": "title:heart"}, lambda t: "Heart" in (t.title or "")),
    ({"text": '"heart attack" OR asthma'}, lambda t: "Heart attack" in (t.title or "") or t.title == "Asthma"),
    ({"text": "heart phase:3 -status:withdrawn"},
     lambda t: has("heart")(t) and "phase_3" in t.phases and t.status != "withdrawn"),
    ({"text": "country:austria city:linz"},
     lambda t: any(site.city == "Linz" for site in t.sites) and "Austria" in t.countries),
    ({"text": "heart", "status": ("recruiting",), "age_days": int(60 * YEAR), "sex": "female",
      "near": Near(Circle(VIENNA, 100))},
     lambda t: has("heart")(t) and t.status == "recruiting" and admits(int(60 * YEAR))(t)
     and t.eligibility.sex in ("female", "all", None) and within(100)(t)),
]  # fmt: skip


async def all_pages(db: "Connection", asked: Search) -> list[str]:
    found, results = list[str](), await answer.search(db, asked)
    while True:
        found += [row.registry_id for row in results.rows]
        if results.next is None:
            return found
        results = await answer.search(db, replace(asked, cursor=results.next))


async def test_every_search_of_ten_thousand_trials_finds_what_a_look_at_each_finds(connection: "Connection") -> None:
    """G23: the count exactly up to a thousand, else about; the trials on all pages, and in the export."""
    dice = random.Random(11)  # noqa: S311 - no secret
    trials = [some_trial(number, dice) for number in range(10_000)]
    for start in range(0, len(trials), 1_000):
        await mirror(connection, *trials[start : start + 1_000])
    await connection.execute("analyze trials")
    for given, fits in CASES:
        expected = {one.registry_id for one in trials if fits(one)}
        asked = Search(rows=100, **given)
        found = await answer.search(connection, asked)
        if found.count.about:
            assert len(expected) > 1_000
            assert 0.7 * len(expected) < found.count.trials < 1.4 * len(expected), given
        else:
            assert found.count == Count(len(expected)), given
        assert {row.registry_id for row in found.rows} <= expected, given
        if len(expected) <= 1_500:
            pages = await all_pages(connection, asked)
            assert len(pages) == len(set(pages))
            assert set(pages) == expected, given
        exported = [row async for rows in _exported(connection, asked) for row in rows]
        assert {row["registry_id"] for row in exported} == expected, given


async def _exported(db: "Connection", asked: Search) -> AsyncIterator[Any]:
    async with db.transaction():
        async for rows in answer.everything(db, asked):
            yield rows


def northwards(start: Point, km: float) -> Point:
    """On a meridian the distance is the angle times the radius: 6371.0088 km."""
    return Point(start.lat + km / 6371.0088 * 57.29577951308232, start.lon)


async def test_a_site_is_within_50_km_up_to_the_last_metres(conn: "Connection") -> None:
    """G23: border cases against the sphere of the stated radius, where a meridian tells the distance on paper."""
    kms = (49.0, 49.995, 50.005, 51.0)
    await mirror(
        conn,
        *(
            trial(number, sites=(Site(city="x", latitude=there.lat, longitude=there.lon),))
            for number, there in enumerate(northwards(VIENNA, km) for km in kms)
        ),
        trial(8, sites=(Site(city="x", latitude=0, longitude=0),)),
        trial(9, sites=(Site(city="Vienna"),)),
    )
    found = await answer.search(conn, Search(near=Near(Circle(VIENNA, 50)), order="distance"))
    assert [(row.registry_id, row.distance_km) for row in found.rows] == [(nct(0), 49.0), (nct(1), 50.0)]


async def test_ages_are_admitted_on_their_limits(conn: "Connection") -> None:
    limits = Eligibility(min_age_days=int(18 * YEAR), max_age_days=int(60 * YEAR))
    await mirror(conn, trial(1, eligibility=limits), trial(2))
    for age, expected in (("17", [nct(2)]), ("18", [nct(2), nct(1)]), ("60", [nct(2), nct(1)]), ("61 years", [nct(2)])):
        found = await answer.search(conn, Search(age_days=age_in_days(age)))
        assert [row.registry_id for row in found.rows] == expected, age


@pytest.mark.parametrize("text", ["sixty", "-1", "200", "6 moons", "", "1e9"])
def test_what_is_no_age_is_refused(text: str) -> None:
    with pytest.raises(BadSearch, match="age: "):
        age_in_days(text)


# ── what trials teach ──


async def learned(db: "Connection", *trials: Trial) -> None:
    await mirror(db, *trials)
    ids = [row["id"] for row in await db.fetch("select id from trials")]
    async with db.transaction():
        await store.learn(db, ids)
        await store.learn_places(db, places(await store.sites(db, ids)))


async def test_a_place_is_where_the_mirror_says(conn: "Connection") -> None:
    """G23, N01: coordinates come from records alone; a name that two countries have is told."""
    sites = [
        Site(city=city, country=country, latitude=lat, longitude=lon) for (city, country), (lat, lon) in CITIES.items()
    ]
    await learned(
        conn, trial(1, sites=tuple(sites)), trial(2, sites=(sites[0],)), trial(3, sites=(Site(city="Nowhere"),))
    )
    near = await finding.place(conn, "vienna", 50)
    assert (near.name, near.others) == ("Vienna, Austria", ("Vienna, United States",))
    assert km_between(near.circle.center, VIENNA) < 0.01
    assert (await finding.place(conn, "Vienna, united states", 50)).name == "Vienna, United States"
    assert (await finding.place(conn, " 48.2, 16.37 ", 50)).circle.center == Point(48.2, 16.37)
    for text, problem in (
        ("Nowhere", "no site that we know lies in"),
        ("99,16", "is not on the earth"),
        ("\0", "no site"),
    ):
        with pytest.raises(BadSearch, match=problem):
            await finding.place(conn, text, 50)
    found = await finding.find(conn, Wanted(Search(), near="Vienna", within_km=10))
    assert [row.registry_id for row in found.rows] == [nct(2), nct(1)]


async def test_a_typing_error_is_put_right_where_nothing_is_found(conn: "Connection") -> None:
    await learned(conn, trial(1, title="Pneumonia in children"), trial(2, title="Diabetes", conditions=("Diabetes",)))
    found = await finding.find(conn, Wanted(Search("diabtes")))
    assert (found.corrected, [row.registry_id for row in found.rows]) == ("diabetes", [nct(2)])
    assert (await finding.find(conn, Wanted(Search("pnuemonia children")))).corrected == "pneumonia children"
    assert (await finding.find(conn, Wanted(Search("diabetes")))).corrected is None
    assert (await finding.find(conn, Wanted(Search("qqqqqqq")))).count == Count(0)


async def test_what_may_be_meant_is_offered(conn: "Connection") -> None:
    await learned(
        conn,
        trial(1, conditions=("Heart Failure",), sponsor="Heartland Clinic"),
        trial(2, conditions=("heart failure", "Heart Attack")),
    )
    texts = [one.text for one in await finding.suggest(conn, "HEART f")]
    assert texts == ["Heart Failure"]
    assert {one.text for one in await finding.suggest(conn, "hear")} == {
        "Heart Failure",
        "Heart Attack",
        "Heartland Clinic",
    }
    assert [one.text for one in await finding.suggest(conn, "nct0000000")] == [nct(1), nct(2)]
    assert await finding.suggest(conn, "%") == await finding.suggest(conn, "h") == []


async def test_words_that_name_a_heading_find_what_is_coded_with_it(conn: "Connection") -> None:
    """G23: "heart attack" finds what is coded as Myocardial Infarction, and says so."""
    await mirror(
        conn, trial(1, title="Infarction"), trial(2, title="Heart attack"), trial(3, title="Attack of the heart")
    )
    await conn.execute("update trials set mesh = '''=mesh:d009203''' where registry_id = $1", nct(1))
    meant = [Meaning("heart attack", "D009203", "Myocardial Infarction", "entry")]
    found = await answer.search(conn, Search("heart attack"), meanings=meant, values=True)
    assert {row.registry_id for row in found.rows} == {nct(1), nct(2), nct(3)}
    assert found.meanings == tuple(meant)
    found = await answer.search(conn, Search("heart attack"))
    assert {row.registry_id for row in found.rows} == {nct(2), nct(3)}
    found = await answer.search(conn, Search(mesh=("D009203",)))
    assert [row.registry_id for row in found.rows] == [nct(1)]


async def test_of_the_records_of_one_trial_one_stands_for_all(conn: "Connection") -> None:
    await mirror(
        conn,
        *(trial(number, title="asthma", countries=(("France",) if number == 2 else ("Italy",))) for number in range(4)),
    )
    await conn.execute("update trials set cluster_id = 7 where registry_id = any($1)", [nct(1), nct(2), nct(3)])
    for text in ("", "asthma"):
        found = await answer.search(conn, Search(text, collapse=True), values=True)
        assert [row.registry_id for row in found.rows] == [nct(1), nct(0)]
        assert [one.registry_id for one in found.rows[0].others] == [nct(2), nct(3)]
        assert len((await answer.search(conn, Search(text))).rows) == 4
    found = await answer.search(conn, Search("asthma", country=("france",), collapse=True))
    assert [row.registry_id for row in found.rows] == [nct(2)], "the first record is not in France"


async def test_how_many_have_which_value(conn: "Connection") -> None:
    first = trial(1, status="completed", phases=("phase_1", "phase_2"), countries=("France",))
    await mirror(conn, first, trial(2, phases=("phase_2",)), trial(3, title="other", phases=("phase_4",)))
    found = await answer.search(conn, Search("trial"), values=True)
    counted = {name: {one.value: one.trials for one in values} for name, values in found.facets.values.items()}
    assert counted["phase"] == {"phase_2": 2, "phase_1": 1}
    assert counted["status"] == {"completed": 1, "recruiting": 1}
    assert counted["country"] == {"France": 1}
    assert not found.facets.about
    of_all = await answer.search(conn, Search(), values=True)
    counts = {one.value: one.trials for one in of_all.facets.values["status"]}
    assert (counts, of_all.facets.about) == ({"recruiting": 2, "completed": 1}, False), "few are all counted"


async def test_a_description_finds_the_trial_that_shares_its_rare_words(conn: "Connection") -> None:
    others = [trial(number, title=f"Chest pain and pressure {number}") for number in range(10, 60)]
    male = Eligibility(sex="male")
    await learned(
        conn, trial(1, title="Anaplastic astrocytoma"), trial(2, title="Astrocytoma", eligibility=male), *others
    )
    text = (
        "Patient is a 45-year-old woman with a history of anaplastic astrocytoma of the spine, chest pain, weakness "
        * 2
    )
    found = await finding.find(conn, Wanted(Search(text)))
    assert found.described
    assert [row.registry_id for row in found.rows][:2] == [nct(1), nct(2)]


async def test_nearest_first_where_very_many_are_equally_near(connection: "Connection") -> None:
    """G23: registries place all sites of a city at one point; of as near ones the newest come first, page by page."""
    dice = random.Random(5)  # noqa: S311 - no secret
    at = {"Baden": 26.0, "Vienna": 3.0, "Ottakring": 1.0, "Graz": 145.0}
    names, first = dice.choices(sorted(at), (10, 80, 2, 8), k=6_000), date(2024, 1, 1)
    trials = [
        trial(number, sites=(_northwards(name, at[name]),), last_updated=on(first + timedelta(dice.randrange(700))))
        for number, name in enumerate(names)
    ]
    for start in range(0, len(trials), 1_000):
        await learned(connection, *trials[start : start + 1_000])
    await connection.execute("analyze trials")
    expected = sorted(
        (at[name], -one.last_updated.day.toordinal())
        for name, one in zip(names, trials, strict=True) if one.last_updated
    )  # fmt: skip
    asked = Search(near=Near(Circle(VIENNA, 200)), order="distance", rows=100)
    results = await answer.search(connection, asked)
    assert results.count.about
    found = [(row.distance_km, row.last_updated, row.registry_id) for row in results.rows]
    for _ in range(11):
        results = await answer.search(connection, replace(asked, cursor=results.next))
        found += [(row.distance_km, row.last_updated, row.registry_id) for row in results.rows]
    assert len({number for *_, number in found}) == len(found) == 1_200
    assert [(km, -date.fromisoformat(day or "").toordinal()) for km, day, _ in found] == expected[:1_200]


def _northwards(city: str, km: float) -> Site:
    point = northwards(VIENNA, km)
    return Site(city=city, country="Austria", latitude=point.lat, longitude=point.lon)
