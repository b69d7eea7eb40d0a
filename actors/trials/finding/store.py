"""What finding trials asks of PostgreSQL: one statement each."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

import orjson

from actors.runtime.database import Database as Database
from actors.trials import search as ask
from actors.trials import shown
from actors.trials.finding import windows
from actors.trials.finding.cities import names_of
from actors.trials.finding.describing import NOT_ADMITTED, Described, Rare
from actors.trials.finding.grid import Circle, Point, box
from actors.trials.finding.kept import Lately
from actors.trials.finding.windows import Sample
from actors.trials.marks import Sought, may_be, sought
from schema import query


class Cursors(Protocol):
    """asyncpg's connection, in a transaction."""

    def cursor(self, query: str, *args: Any) -> Any: ...


EXPORTED_AT_ONCE = 500  # rows of some 2 kB


@dataclass(frozen=True, slots=True)
class City:
    """Where the sites of a city lie; `seen`: in how many trials, about."""

    shown: str
    country: str
    lat: float
    lon: float
    seen: int


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What may be meant by a beginning; `trials` about."""

    kind: str
    text: str
    trials: int | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Ranking:
    """What to read, and in which order.

    Of up to `ranked_most` the words are ranked; of more, those whose title and codes answer `titled` come first.
    `beside`: those whose title and codes answer this are left out.
    """

    text: str
    order: ask.Order
    ranked: str = ""
    most: int = ask.LAST_ID - 1
    ranked_most: int = 0
    titled: str | None = None
    beside: str | None = None
    tier: int = 0
    near: tuple[float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class Titled:
    """What titles and codes must answer; and the whole question, where it says more."""

    text: str
    whole: str
    ask_whole: bool


@dataclass(frozen=True, slots=True)
class First:
    """The first hits, and how many there are, to one more than was asked for: then none are told."""

    hits: list[ask.Hit]
    count: int


_LEXEMES = Lately[str](20_000, 3_600.0)  # PostgreSQL always says the same
_STEMS = Lately[str](50_000, 3_600.0)
_LADDER = Lately[windows.Ladder](1, 60.0)
_NEWEST = Lately[date](1, 1.0)
_PLACES = Lately["list[City]"](500, 60.0)  # they are learnt within a minute too


async def lexemes(db: Database, texts: Sequence[str]) -> dict[str, str]:
    """Each word or phrase as a tsquery; empty for one that holds only words that are too common."""
    known = {text: found for text in texts if (found := _LEXEMES.get(db, text)) is not None}
    if missing := [text for text in texts if text not in known]:
        rows = await db.fetch(query("search.lexemes"), missing)
        for text, row in zip(missing, rows, strict=True):
            known[text] = row["query"]
            _LEXEMES.keep(db, text, row["query"])
    return known


async def hits(db: Database, plan: ask.Plan, ranking: Ranking, after: ask.After, *, collapse: bool, rows: int) -> First:
    """The first hits in an order, and how many there are; none where there are more than `most`."""
    given: list[object] = [ranking.text, *plan.limits.given, collapse, ranking.order, ranking.ranked]
    given += [ranking.most, after.latest_id, after.rank, after.day, after.id, rows]
    given += [ranking.beside, ranking.ranked_most, ranking.titled]
    if ranking.near:
        given[3] = list(ranking.near)
    given.append(_box(ranking.near or plan.limits.near))
    found = await db.fetch(query("search.hits"), *given)
    return First(_hits(found, ranking.tier), found[0]["hits"])


async def titled(
    db: Database, plan: ask.Plan, what: Titled, after: ask.After, *, collapse: bool, rows: int, tier: int
) -> list[ask.Hit]:
    """The latest of those whose title and codes answer."""
    found = await db.fetch(
        query("search.titled"), what.text, *plan.limits.given, collapse, what.whole, what.ask_whole,
        after.latest_id, after.rank, after.day, after.id, rows, _box(plan.limits.near),
    )  # fmt: skip
    return _hits(found, tier)


async def described(
    db: Database, plan: ask.Plan, what: Described, after: ask.After, *, collapse: bool, rows: int, most: int
) -> tuple[list[ask.Hit], int]:
    """The trials that fit a description best, and how many were looked at."""
    found = await db.fetch(
        query("search.described"), what.question, *plan.limits.given, collapse,
        [part for part, _ in what.ranked], [worth for _, worth in what.ranked], most,
        after.latest_id, after.rank, after.day, after.id, rows, what.patient.age_days, what.patient.sex, NOT_ADMITTED,
    )  # fmt: skip
    return _hits(found, 0), found[0]["hits"]


def _box(near: tuple[float, float, float] | None) -> list[int] | None:
    return box(Circle(Point(near[0], near[1]), near[2])) if near else None


def _hits(found: Iterable[Any], tier: int) -> list[ask.Hit]:
    return [
        ask.Hit(row["id"], ask.After(row["rank"], row["updated"], row["id"], row["latest_id"], tier))
        for row in found
        if row["id"]
    ]


async def everything(
    db: Database, plan: ask.Plan, *, collapse: bool, rows: int, most: int
) -> tuple[list[ask.Hit], int]:
    """The latest trials, and how many there are, counted to `most`."""
    days, numbers, *_ = plan.limits.given
    found = await db.fetch(query("search.all"), days, numbers, collapse, plan.after.day, plan.after.id, rows, most)
    return _hits(found, 0), found[0]["hits"] if found else 0


async def sample(
    db: Database,
    plan: ask.Plan,
    text: str,
    titled: str | None,
    *,
    collapse: bool,
    values: bool,
    most: int,
    scale: float,
) -> tuple[Sample, dict[str, list[tuple[str, int]]]]:
    """What is seen of the trials that answer, and how many of them have which value."""
    far = plan.order == "distance"
    row = await db.fetchrow(
        query("search.sample"), text, *plan.limits.given, collapse, titled, values, most, far, _box(plan.limits.near)
    )
    told = orjson.loads(row["facets"]) if row["facets"] else {}
    seen = Sample(row["trials"], row["titled"], scale, row["titled_days"], row["days"], row["enrolments"],
                  list(zip(row["kms"], row["km_days"], strict=True)))  # fmt: skip
    return seen, {name: [(value, count) for value, count in pairs] for name, pairs in told.items()}


async def beside(db: Database, ids: Sequence[int], text: str, limits: ask.Limits) -> int:
    """How many of these trials a question does not find."""
    return int(await db.fetchval(query("search.beside"), ids, text or None, *limits.given))


async def rows(
    db: Database, ids: Sequence[int], marked: str, limits: ask.Limits, *, collapse: bool
) -> dict[int, shown.Row]:
    if not ids:
        return {}
    found = await db.fetch(query("search.rows"), list(ids), limits.given[2])
    clusters = {row["cluster_id"] for row in found if row["cluster_id"] is not None}
    others: dict[int, list[Any]] = {}
    if clusters and collapse:
        for one in await db.fetch(query("search.others"), sorted(clusters)):
            others.setdefault(one["cluster_id"], []).append(one)
    what = sought(marked)
    words = await _sought_among(db, what, (text for row in found for text in shown.texts(row))) if what else frozenset()
    return {row["id"]: shown.row(row, others.get(row["cluster_id"], ()), words) for row in found}


async def _sought_among(db: Database, what: Sought, texts: Iterable[str]) -> frozenset[str]:
    """The words of these texts whose stems are sought."""
    words = may_be(what, texts)
    known = {word: stem for word in words if (stem := _STEMS.get(db, word)) is not None}
    if missing := sorted(words - known.keys()):
        rows = await db.fetch(query("search.stems"), missing)
        for word, row in zip(missing, rows, strict=True):
            known[word] = row["stem"]
            _STEMS.keep(db, word, row["stem"])
    return frozenset(word for word, stem in known.items() if stem in what.stems)


async def places(db: Database, city: str, country: str | None) -> list[City]:
    """Cities of a (folded) name, or of another that they go by, one for each country, those with most trials first."""
    if (known := _PLACES.get(db, (city, country))) is None:
        known = [City(**row) for row in await db.fetch(query("search.place"), names_of(city), country)]
        _PLACES.keep(db, (city, country), known)
    return known


async def nearer(db: Database, center: Point, km: float, most: int) -> list[str]:
    """Cities (folded) that have a site within so many km, as far as trials were learnt of; `most` of them."""
    found = await db.fetch(query("search.nearer"), center.lat, center.lon, km, box(Circle(center, km)), most)
    return [row["city"] for row in found]


async def rarity(db: Database, text: str) -> list[Rare]:
    return [Rare(**row) for row in await db.fetch(query("search.rarity"), text)]


async def known_words(db: Database, words: Sequence[str]) -> set[str]:
    """Those that trials write, in this form or another."""
    return {row["word"] for row in await db.fetch(query("search.known_words"), list(words))}


async def near_words(db: Database, spellings: Sequence[str]) -> list[tuple[str, int]]:
    """Words of trials that have one of these spellings in common, with how many trials have each."""
    return [(row["word"], row["seen"]) for row in await db.fetch(query("search.near_words"), list(spellings))]


async def suggest(db: Database, beginning: str, limit: int) -> list[Suggestion]:
    """Numbers of trials, conditions, interventions, sponsors and cities that begin so (folded)."""
    pattern = beginning.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    found = [
        Suggestion(row["kind"], row["shown"], row["seen"])
        for row in await db.fetch(query("search.suggest_names"), pattern, limit)
    ]
    found += [
        Suggestion("city", row["shown"], row["seen"], row["country"] or None)
        for row in await db.fetch(query("search.suggest_places"), pattern, 3)
    ]
    if any(letter.isdigit() for letter in beginning):
        numbers = await db.fetch(query("search.suggest_ids"), pattern.upper(), limit)
        found = [*(Suggestion("id", row["shown"]) for row in numbers), *found]
    return found[:limit]


async def export(db: Cursors, text: str, limits: ask.Limits, *, collapse: bool) -> AsyncIterator[list[Any]]:
    """Every trial that answers, some at a time, by id; in a transaction, so that nothing changes meanwhile."""
    rows = await db.cursor(query("search.export"), text or None, *limits.given, collapse)
    while some := await rows.fetch(EXPORTED_AT_ONCE):
        yield some


async def count_export(db: Database, text: str, limits: ask.Limits, *, collapse: bool) -> int:
    """How many trials `export` gives."""
    return int(await db.fetchval(query("search.count_export"), text or None, *limits.given, collapse))


async def has_more_than(db: Database, trials: int) -> bool:
    """Whether the mirror holds more trials than so many, counted no further."""
    return bool(await db.fetchval(query("search.has_more_than"), trials))


# ── what trials teach ──


async def learn(db: Database, ids: Sequence[int]) -> None:
    """Count the words and names of these trials; in a transaction."""
    await db.execute(query("search.learn_words"), list(ids))
    await db.execute(query("search.learn_names"), list(ids))
    await db.execute(query("search.learn_seen"), len(ids))


async def sites(db: Database, ids: Sequence[int]) -> list[Any]:
    """The sites of these trials that tell where they are: city, country, lat, lon."""
    return await db.fetch(query("search.sites_of"), list(ids))


async def learn_places(db: Database, seen: Mapping[tuple[str, str, float, float], tuple[str, int]]) -> None:
    """`seen`: (folded city, country, lat, lon) -> the city as it is written, and how often."""
    if seen:
        keys, told = list(zip(*sorted(seen), strict=True)), [seen[key] for key in sorted(seen)]
        await db.execute(
            query("search.learn_places"), *map(list, keys), [name for name, _ in told], [times for _, times in told]
        )


async def files(db: Database) -> list[str]:
    """Those of what every search reads, below the folder of the cluster; none before the tables are made."""
    return [row["path"] for row in await db.fetch(query("search.files"))]


async def ladder(db: Database) -> windows.Ladder:
    """How many trials were updated on a day or later, as of a minute ago."""
    if (known := _LADDER.get(db, "ladder")) is None:
        days = await db.fetch(query("search.latest"), windows.STEPPED)
        known = windows.Ladder.of((row["day"], row["trials"]) for row in days)
        _LADDER.keep(db, "ladder", known)
    return known


async def newest(db: Database) -> date:
    """The day of the latest update of any trial, as of a second ago."""
    if (known := _NEWEST.get(db, "newest")) is not None:
        return known
    day: date | None = await db.fetchval(query("search.newest"))
    _NEWEST.keep(db, "newest", day or date.min)
    return day or date.min
