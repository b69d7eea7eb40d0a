"""The ways to the hits of a question: few are all ranked or sorted; of many, a sample says which window is read."""

import math
from collections.abc import Hashable
from dataclasses import dataclass, replace
from datetime import date

from actors.trials import facets
from actors.trials import search as ask
from actors.trials import store as trials
from actors.trials.finding import store, windows
from actors.trials.finding.asking import Question
from actors.trials.finding.grid import Point
from actors.trials.finding.kept import Lately
from actors.trials.finding.store import PROBE, Database, Ranking, Titled

TITLED, OTHERS = 2, 1
MOST_CITIES = 200  # that are nearer than very many trials
PROBED = 4  # parts of 1,024 that tell many from few
MANY = 1.5  # times as many as are counted: then it is not tried

Values = dict[str, list[tuple[str, int]]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A search, and its text and filters as one question."""

    search: ask.Search
    plan: ask.Plan
    words: Question
    text: str  # the question with the filters; empty where nothing is asked
    caps: ask.Caps
    values: bool

    @property
    def titled(self) -> str:
        return both(self.words.titled, self.plan.facets) if self.words.titled else ""

    @property
    def key(self) -> Hashable:
        """What a sample of it depends on."""
        limits, search = self.plan.limits, self.search
        far = self.plan.order == "distance"
        return self.text, self.titled, limits, search.collapse, self.values, far, self.caps


# Of a question that very many trials answer, how many and how they are spread: as of half a minute ago at most.
_SAMPLES = Lately[tuple[windows.Sample, Values]](500, 30.0)


def both(words: str, filters: str) -> str:
    return f"({words}) & {filters}" if words and filters else words or filters


async def found(db: Database, asked: Asked) -> ask.Found:
    """Few hits are all ranked or sorted; of many, a window is read."""
    plan, caps = asked.plan, asked.caps
    order: ask.Order = plan.order if asked.words.ranked or plan.order != "relevance" else "newest"
    seen = _SAMPLES.get(db, asked.key)
    if plan.after.tier == 0 and (seen is None or _about(seen) <= caps.hits):
        first = await _few(db, asked, order, probe=seen is None)
        if first.count is None:
            seen = await _sample(db, asked, first.probed)
            if _about(seen) <= caps.hits:  # the probe was wrong
                first = await _few(db, asked, order, probe=False)
        if first.count is not None and first.count <= caps.hits:
            values = await _values(db, asked, first.count) if asked.values and first.count else ask.Facets()
            return ask.Found(first.hits, ask.Count(first.count), values)
    sample, values_seen = seen or await _sample(db, asked, 0)
    about = ask.Count(max(_about((sample, {})), caps.hits), more=True, about=True)
    return ask.Found(await _window(db, asked, order, sample), about, _facets(values_seen, sample.scale))


def _about(seen: tuple[windows.Sample, Values]) -> int:
    return round(seen[0].trials * seen[0].scale)


async def _few(db: Database, asked: Asked, order: ask.Order, *, probe: bool) -> store.First:
    """All hits in order, unless a probe of a few parts says that there are too many.

    With filters a probe costs as much as to try, but where sites must be measured.
    """
    caps = asked.caps
    probe = probe and bool(asked.plan.limits.near or not asked.plan.facets)
    ranking = Ranking(
        asked.text, order, asked.words.ranked, most=caps.hits, ranked_most=caps.ranked,
        titled=asked.titled or None,
        probe=_part_of(asked.text, PROBED) if probe else None,
        too_many=max(1, math.ceil(MANY * caps.hits * PROBED / facets.PARTS)),
    )  # fmt: skip
    collapse, rows = asked.search.collapse, asked.search.rows + 1
    return await store.hits(db, asked.plan, ranking, asked.plan.after, collapse=collapse, rows=rows)


async def _values(db: Database, asked: Asked, count: int) -> ask.Facets:
    """Of all hits, or of a share of them."""
    caps = asked.caps
    parts = facets.PARTS if count <= caps.valued else windows.parts_for(count, facets.PARTS, caps.sample)
    seen, values = await _look(db, asked, parts, values=True, most=caps.hits + 1)
    return _facets(values, seen.scale)


async def _sample(db: Database, asked: Asked, probed: int) -> tuple[windows.Sample, Values]:
    """About so many of the trials that answer as it takes; `probed`: how many a probe saw."""
    wanted = asked.caps.sample if asked.values else asked.caps.guide
    if probed == 0:  # the search goes on from a page of long ago
        probed = (await _look(db, asked, PROBED, values=False, most=PROBE))[0].trials
    parts = 1 if probed >= PROBE else windows.parts_for(probed, PROBED, wanted)
    seen = await _look(db, asked, parts, values=asked.values, most=wanted * 4)
    _SAMPLES.keep(db, asked.key, seen)
    return seen


async def _look(db: Database, asked: Asked, parts: int, *, values: bool, most: int) -> tuple[windows.Sample, Values]:
    titled = _part_of(asked.titled, parts) if asked.titled else None
    return await store.sample(
        db, asked.plan, _part_of(asked.text, parts), titled,
        collapse=asked.search.collapse, values=values, most=most, scale=facets.PARTS / parts,
    )  # fmt: skip


def _part_of(text: str, parts: int) -> str:
    return both(text, facets.question(any_of=(facets.parts(parts),)) if parts < facets.PARTS else "")


async def _window(db: Database, asked: Asked, order: ask.Order, seen: windows.Sample) -> list[ask.Hit]:
    """A page and one more, from the latest that have it in their title on, or in the order asked for."""
    after, rows = asked.plan.after, asked.search.rows + 1
    if order != "relevance":
        return await _widening(db, asked, Ranking(asked.text, order, tier=OTHERS), after, seen, rows)
    hits: list[ask.Hit] = []
    if asked.titled and after.tier != OTHERS:
        hits = await _widening(db, asked, Ranking(asked.titled, "newest", tier=TITLED), after, seen, rows)
    if len(hits) < rows:
        latest = hits[-1].place.latest_id if hits else after.latest_id
        from_top = replace(ask.START, latest_id=latest)
        others = Ranking(asked.text, "newest", beside=asked.titled or None, tier=OTHERS)
        hits += await _widening(db, asked, others, after if after.tier == OTHERS else from_top, seen, rows - len(hits))
    return hits


async def _widening(
    db: Database, asked: Asked, ranking: Ranking, after: ask.After, seen: windows.Sample, rows: int
) -> list[ask.Hit]:
    """The first hits of a window that is widened until it holds enough."""
    newest, ladder, wanted = await store.newest(db), await store.ladder(db), max(asked.caps.window, 2 * rows)
    while True:
        if ranking.order == "distance" and (found := await _tied(db, asked, ranking, after, seen, rows, wanted)):
            return found
        within, near = _narrowed(asked, ranking, after, seen, wanted, newest, ladder)
        hits = await _read(db, asked, ranking, within, near, after, rows)
        if not within or len(hits) >= rows:
            return hits
        wanted *= windows.WIDER


async def _tied(
    db: Database, asked: Asked, ranking: Ranking, after: ask.After, seen: windows.Sample, rows: int, wanted: int
) -> list[ask.Hit]:
    """The nearest, where very many are equally near: all that are nearer, and of those the latest; none if not so."""
    near, newest = asked.plan.limits.near, await store.newest(db)
    tie = windows.tie(seen, wanted, -after.rank, after.day)
    if near is None or tie is None or not (days := facets.days(tie.since, min(after.day, newest))):
        return []
    center = Point(near[0], near[1])
    cities = await store.nearer(db, center, tie.nearer_km, MOST_CITIES + 1) if tie.nearer_km > 0 else []
    if len(days) > windows.MOST_WORDS or len(cities) > MOST_CITIES:
        return []
    at = both(windows.around(center, tie.km + windows.SLACK_KM), facets.question(any_of=(days,)))
    hits = await _read(db, asked, ranking, at, (*near[:2], tie.km + windows.SLACK_KM), after, rows)
    if cities:
        there = facets.question(any_of=(tuple(facets.facet("city", city) for city in cities),))
        hits += await _read(db, asked, ranking, there, (*near[:2], tie.nearer_km), after, rows)
    first = sorted({hit.id: hit for hit in hits if -hit.place.rank <= tie.km}.values(), key=_order)
    return first[:rows] if len(first) >= rows else []


def _order(hit: ask.Hit) -> tuple[float, int, int]:
    return -hit.place.rank, -hit.place.day.toordinal(), -hit.id


async def _read(
    db: Database, asked: Asked, ranking: Ranking, within: str, near: tuple[float, float, float] | None,
    after: ask.After, rows: int,
) -> list[ask.Hit]:  # fmt: skip
    """The hits of one window."""
    collapse = asked.search.collapse
    if ranking.tier == TITLED:
        what = Titled(both(ranking.text, within), asked.text, not asked.words.titled_says_all)
        return await store.titled(db, asked.plan, what, after, collapse=collapse, rows=rows, tier=TITLED)
    beside = both(ranking.beside, within) if ranking.beside else None
    limited = replace(ranking, text=both(ranking.text, within), beside=beside, near=near)
    return (await store.hits(db, asked.plan, limited, after, collapse=collapse, rows=rows)).hits


def _narrowed(
    asked: Asked,
    ranking: Ranking,
    after: ask.After,
    seen: windows.Sample,
    wanted: int,
    newest: date,
    ladder: windows.Ladder,
) -> tuple[str, tuple[float, float, float] | None]:
    """The words of the window, empty where all must be read; and within how many km, where the order is by distance."""
    place = windows.place_of(wanted, seen.scale)
    match ranking.order:
        case "enrolment":
            return windows.by_size(seen.enrolments, place, after.rank) or "", None
        case "distance" if asked.plan.limits.near:
            lat, lon, _ = asked.plan.limits.near
            center = Point(lat, lon)
            km = windows.by_distance(seen.kms, place, -after.rank)
            return (windows.around(center, km), (lat, lon, km)) if km else ("", None)
    days, count = (seen.titled_days, seen.titled) if ranking.tier == TITLED else (seen.days, seen.trials)
    if count * seen.scale <= asked.caps.read:
        return "", None
    first = windows.since(days, seen.scale, wanted, ladder, after.day)
    if first and first != date.min:
        return windows.between(first, min(after.day, max(newest, first))) or "", None
    return windows.by_day(days, place, newest, after.day) or "", None


async def everything(db: Database, asked: Asked) -> ask.Found:
    """Without days to compare, what there is was counted by who wrote it."""
    search, plan, caps = asked.search, asked.plan, asked.caps
    if plan.order == "enrolment":
        sized = facets.question(any_of=(facets.sizes(0),))
        return await found(db, replace(asked, text=sized))
    is_counted = not ask.has_days(search)
    hits, count = await store.everything(
        db, plan, collapse=search.collapse, rows=search.rows + 1, most=0 if is_counted else caps.hits + 1
    )
    values = ask.Facets()
    if asked.values:
        if (seen := _SAMPLES.get(db, asked.key)) is None:
            seen = await _look(db, asked, 1, values=True, most=caps.sample * 4)
            _SAMPLES.keep(db, asked.key, seen)
        values = _facets(seen[1], float(facets.PARTS))
    if is_counted:
        return ask.Found(hits, ask.there(await trials.counts(db), with_removed=search.with_removed), values)
    return ask.Found(hits, ask.counted(count, caps.hits), values)


def _facets(values: Values, scale: float) -> ask.Facets:
    return ask.Facets(
        {
            name: tuple(ask.Value(value, max(1, round(count * scale))) for value, count in pairs)
            for name, pairs in values.items()
        },
        about=scale != 1.0,
    )
