"""The ways to the hits of a question: few are all ranked or sorted; of many, a sample says which window is read."""

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
from actors.trials.finding.store import Database, Ranking, Titled

TITLED, OTHERS = 2, 1
MOST_CITIES = 200  # that are nearer than very many trials
LOOKED = 8  # parts of 1,024
MOST_LOOKED = 400  # trials of them; where there are more, one part is enough
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
    def looks_first(self) -> bool:
        """With filters a look costs as much as to try, but where sites must be measured."""
        return bool(self.plan.limits.near or not self.plan.facets)

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
    if plan.after.tier == 0:
        if seen is None and asked.looks_first:
            seen = await _look(db, asked)
        if seen is None or _about(seen) <= caps.hits * MANY:
            first = await _few(db, asked, order)
            if first.count <= caps.hits:
                values = await _values(db, asked, first.count) if asked.values and first.count else ask.Facets()
                return ask.Found(first.hits, ask.Count(first.count), values)
    sample, values_seen = await _sample(db, asked, seen)
    about = ask.Count(max(_about((sample, {})), caps.hits), more=True, about=True)
    return ask.Found(await _window(db, asked, order, sample), about, _facets(values_seen, sample.scale))


def _about(seen: tuple[windows.Sample, Values]) -> int:
    return round(seen[0].trials * seen[0].scale)


async def _few(db: Database, asked: Asked, order: ask.Order) -> store.First:
    """All hits in order, unless there are too many."""
    caps = asked.caps
    ranking = Ranking(
        asked.text, order, asked.words.ranked, most=caps.hits, ranked_most=caps.ranked, titled=asked.titled or None
    )
    collapse, rows = asked.search.collapse, asked.search.rows + 1
    return await store.hits(db, asked.plan, ranking, asked.plan.after, collapse=collapse, rows=rows)


async def _values(db: Database, asked: Asked, count: int) -> ask.Facets:
    """Of all hits, or of a share of them."""
    caps = asked.caps
    parts = facets.PARTS if count <= caps.valued else windows.parts_for(count, facets.PARTS, caps.sample)
    seen, values = await _part(db, asked, parts, values=True, most=caps.hits + 1)
    return _facets(values, seen.scale)


async def _look(db: Database, asked: Asked) -> tuple[windows.Sample, Values]:
    """A few parts: enough to tell many from few, and often to tell how they are spread."""
    seen = await _part(db, asked, LOOKED, values=False, most=MOST_LOOKED)
    return seen if seen[0].trials < MOST_LOOKED else await _part(db, asked, 1, values=False, most=facets.PARTS)


async def _sample(
    db: Database, asked: Asked, seen: tuple[windows.Sample, Values] | None
) -> tuple[windows.Sample, Values]:
    """As many of the trials that answer as it takes, those that were seen if they do."""
    if (known := _SAMPLES.get(db, asked.key)) is not None:
        return known
    seen = seen or await _look(db, asked)
    looked, caps = seen[0], asked.caps
    if asked.values or looked.trials < caps.guide:
        wanted = caps.sample if asked.values else caps.guide
        parts = windows.parts_for(looked.trials, round(facets.PARTS / looked.scale), wanted)
        seen = await _part(db, asked, parts, values=asked.values, most=max(wanted, caps.guide) * 4)
    _SAMPLES.keep(db, asked.key, seen)
    return seen


async def _part(db: Database, asked: Asked, parts: int, *, values: bool, most: int) -> tuple[windows.Sample, Values]:
    titled = _part_of(asked.titled, parts) if asked.titled else None
    return await store.sample(
        db, asked.plan, _part_of(asked.text, parts), titled,
        collapse=asked.search.collapse, values=values, most=most, scale=facets.PARTS / parts,
    )  # fmt: skip


def _part_of(text: str, parts: int) -> str:
    return text if text and parts == facets.PARTS else both(text, facets.question(any_of=(facets.parts(parts),)))


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
    there = ask.there(await trials.counts(db), with_removed=search.with_removed)
    values = await _values_of_all(db, asked, there.trials) if asked.values else ask.Facets()
    return ask.Found(hits, there if is_counted else ask.counted(count, caps.hits), values)


async def _values_of_all(db: Database, asked: Asked, there: int) -> ask.Facets:
    """Of a share of so many trials, of all where they are few."""
    if (seen := _SAMPLES.get(db, asked.key)) is None:
        parts = windows.parts_for(there, facets.PARTS, asked.caps.sample)
        seen = await _part(db, asked, parts, values=True, most=asked.caps.sample * 4)
        _SAMPLES.keep(db, asked.key, seen)
    return _facets(seen[1], seen[0].scale)


def _facets(values: Values, scale: float) -> ask.Facets:
    return ask.Facets(
        {
            name: tuple(ask.Value(value, max(1, round(count * scale))) for value, count in pairs)
            for name, pairs in values.items()
        },
        about=scale != 1.0,
    )
