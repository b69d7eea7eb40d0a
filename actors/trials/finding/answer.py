"""A search, answered: its text is read, the way to the hits is chosen by how many they are, a page is shown."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Protocol

from actors.trials import facets
from actors.trials import search as ask
from actors.trials import store as trials
from actors.trials.finding import store, windows
from actors.trials.finding.asking import Meaning, Question, compose, of_titles, texts
from actors.trials.finding.describing import Described, described, is_description, told
from actors.trials.finding.grid import Point
from actors.trials.finding.language import BadText, parse
from actors.trials.finding.spelling import correctable, corrected, meant, spellings
from actors.trials.finding.store import Database, Ranking

TITLED, OTHERS = 2, 1
PROBED = 4  # parts of 1,024 that tell many from few
PROBE = 128  # trials in them that are looked at
MANY = 4  # times as many as can be ranked: then it is not tried
MOST_DESCRIBED = 20_000  # trials that have a word of a description


class Exporting(Database, store.Cursors, Protocol):
    """asyncpg's connection, in a transaction."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A search, and its text and filters as one question."""

    search: ask.Search
    plan: ask.Plan
    words: Question
    text: str  # the question with the filters; empty where nothing is asked
    caps: ask.Caps
    values: bool

    @property
    def titled(self) -> str:
        return _both(self.words.titled, self.plan.facets) if self.words.titled else ""


async def search(
    db: Database,
    asked: ask.Search,
    caps: ask.Caps = ask.CAPS,
    *,
    meanings: Sequence[Meaning] = (),
    values: bool = False,
) -> ask.Results:
    """Trials by number, then by text and filters; with `values`, how many of them have which. Raises BadSearch.

    `meanings`: what the text may name. Where nothing is found, words that no trial has are taken for typing errors.
    """
    plan = ask.ask(asked)
    exact = (await trials.find_ids(db, plan.numbers))[: asked.rows]
    if is_description(plan.text):
        return await _described(db, asked, plan, meanings, exact)
    found = await _asked(db, asked, plan, meanings, caps, values=values)
    results = await _answer(db, found, exact)
    if results.count.trials or exact or not plan.text or not (text := await _correct(db, plan.text)):
        return results
    again = await search_as_it_stands(db, replace(asked, text=text), caps, values=values)
    return replace(again, corrected=text) if again.count.trials else results


async def search_as_it_stands(
    db: Database, asked: ask.Search, caps: ask.Caps, *, meanings: Sequence[Meaning] = (), values: bool = False
) -> ask.Results:
    """Without a look at numbers and at typing errors."""
    return await _answer(db, await _asked(db, asked, ask.ask(asked), meanings, caps, values=values), [])


async def best(
    db: Database, asked: ask.Search, most: int, *, meanings: Sequence[Meaning] = ()
) -> tuple[list[int], str]:
    """The best trials of a search by number, and which words are marked in them. Raises BadSearch."""
    plan = ask.ask(asked)
    if is_description(plan.text):
        what = await describe(db, plan.text, meanings)
        if not what.question:
            return [], ""
        filtered = replace(what, question=_both(f"({what.question})", plan.facets))
        hits, _ = await store.described(
            db, plan, filtered, plan.after, collapse=asked.collapse, rows=most, most=MOST_DESCRIBED
        )
        return [hit.id for hit in hits], what.marked
    read = await _asked(db, asked, plan, meanings, ask.CAPS, values=False)
    if read.words.nothing or not read.text:
        return [], read.words.marked
    found = await _found(db, replace(read, search=replace(asked, rows=most)))
    return [hit.id for hit in found.hits[:most]], read.words.marked


async def everything(
    db: Exporting, asked: ask.Search, meanings: Sequence[Meaning] = ()
) -> AsyncIterator[Sequence[Any]]:
    """All that a search finds, some rows at a time, by our id: not in the order asked for. Raises BadSearch.

    A description finds what shares one of its rarest words, as on its pages.
    """
    plan = ask.ask(replace(asked, cursor=None))
    if is_description(plan.text):
        what = await describe(db, plan.text, meanings)
        text, nothing = _both(what.question, plan.facets), not what.question
    else:
        read = await _asked(db, asked, plan, meanings, ask.CAPS, values=False)
        text, nothing = read.text, read.words.nothing
    if not nothing:
        async for rows in store.export(db, text, plan.limits, collapse=asked.collapse):
            yield rows


async def _asked(
    db: Database, asked: ask.Search, plan: ask.Plan, meanings: Sequence[Meaning], caps: ask.Caps, *, values: bool
) -> _Asked:
    try:
        node = parse(plan.text)
        words = compose(node, await store.lexemes(db, texts(node)), meanings)
    except BadText as error:
        raise ask.BadSearch("text", str(error)) from error
    return _Asked(asked, plan, words, _both(words.all, plan.facets), caps, values)


def _both(words: str, filters: str) -> str:
    return f"({words}) & {filters}" if words and filters else words or filters


async def _answer(db: Database, asked: _Asked, exact: Sequence[int]) -> ask.Results:
    if asked.words.nothing:
        found = ask.Found([], ask.Count(0))
    elif asked.text:
        found = await _found(db, asked)
    else:
        found = await _all(db, asked)
    return await _page(db, asked, found, exact)


async def _page(db: Database, asked: _Asked, found: ask.Found, exact: Sequence[int]) -> ask.Results:
    search, plan, count = asked.search, asked.plan, found.count
    page, following = ask.page(found.hits, search.rows, plan.order)
    shown_exact = exact if plan.is_first else []
    others = [hit.id for hit in page if hit.id not in exact]
    by_id = await store.rows(db, [*shown_exact, *others], asked.words.marked, plan.limits, collapse=search.collapse)
    if exact and not count.more and not count.about:
        beside = len(exact) if asked.words.nothing else await store.beside(db, exact, asked.text, plan.limits)
        count = replace(count, trials=count.trials + beside)
    return ask.Results(
        exact=tuple(by_id[id_] for id_ in shown_exact if id_ in by_id),
        rows=tuple(by_id[id_] for id_ in others if id_ in by_id),
        count=count,
        next=following,
        facets=found.facets,
        meanings=asked.words.used,
        near=search.near,
    )


# ── the ways to the hits ──


async def _found(db: Database, asked: _Asked) -> ask.Found:
    """Few hits are all ranked or sorted; of many, a window is read."""
    plan, caps, rows = asked.plan, asked.caps, asked.search.rows + 1
    order: ask.Order = plan.order if asked.words.ranked or plan.order != "relevance" else "newest"
    probed, _ = await _look(db, asked, PROBED, values=False, most=PROBE)
    if plan.after.tier == 0 and probed.trials * probed.scale < MANY * caps.hits:
        ranking = Ranking(asked.text, order, asked.words.ranked, most=caps.hits)
        hits, count = await store.hits(db, plan, ranking, plan.after, collapse=asked.search.collapse, rows=rows)
        if count <= caps.hits:
            return ask.Found(hits, ask.Count(count), await _values_of_all(db, asked) if count else ask.Facets())
    seen, values = await _sample(db, asked, probed)
    about = ask.Count(max(round(seen.trials * seen.scale), caps.hits), more=True, about=True)
    hits = await _window(db, asked, order, seen)
    return ask.Found(hits, about, _facets(values, seen.scale))


async def _values_of_all(db: Database, asked: _Asked) -> ask.Facets:
    if not asked.values:
        return ask.Facets()
    collapse = asked.search.collapse
    _, values = await store.sample(
        db, asked.plan, asked.text, None, collapse=collapse, values=True, most=asked.caps.hits + 1, scale=1.0
    )
    return _facets(values, 1.0)


async def _sample(
    db: Database, asked: _Asked, probed: windows.Sample
) -> tuple[windows.Sample, dict[str, list[tuple[str, int]]]]:
    """About so many of the trials that answer as it takes; `probed` says how many parts they are in."""
    wanted = asked.caps.sample if asked.values else asked.caps.guide
    if probed.trials >= PROBE:  # there are very many
        return await _look(db, asked, 1, values=asked.values, most=wanted * 4)
    parts = windows.parts_for(probed.trials, PROBED, wanted)
    return await _look(db, asked, parts, values=asked.values, most=wanted * 4)


async def _look(
    db: Database, asked: _Asked, parts: int, *, values: bool, most: int
) -> tuple[windows.Sample, dict[str, list[tuple[str, int]]]]:
    within = facets.question(any_of=(facets.parts(parts),)) if parts < facets.PARTS else ""
    return await store.sample(
        db, asked.plan, _both(asked.text, within), of_titles(asked.titled) or None,
        collapse=asked.search.collapse, values=values, most=most, scale=facets.PARTS / parts,
    )  # fmt: skip


async def _window(db: Database, asked: _Asked, order: ask.Order, seen: windows.Sample) -> list[ask.Hit]:
    """A page and one more, from the latest that have it in their title on, or in the order asked for."""
    after, rows = asked.plan.after, asked.search.rows + 1
    if order != "relevance":
        return await _widening(db, asked, Ranking(asked.text, order, tier=OTHERS), after, seen, rows)
    hits: list[ask.Hit] = []
    if asked.titled and after.tier != OTHERS:
        titled = Ranking(asked.titled, "newest", part=asked.text, tier=TITLED)
        hits = await _widening(db, asked, titled, after, seen, rows)
    if len(hits) < rows:
        latest = hits[-1].place.latest_id if hits else after.latest_id
        from_top = replace(ask.START, latest_id=latest)
        others = Ranking(asked.text, "newest", untitled=of_titles(asked.titled) or None, tier=OTHERS)
        hits += await _widening(db, asked, others, after if after.tier == OTHERS else from_top, seen, rows - len(hits))
    return hits


async def _widening(
    db: Database, asked: _Asked, ranking: Ranking, after: ask.After, seen: windows.Sample, rows: int
) -> list[ask.Hit]:
    """The first hits of a window that is widened until it holds enough."""
    newest = await store.newest(db)
    place = windows.place_of(max(asked.caps.window, 3 * rows), seen.scale)
    while True:
        within, near = _narrowed(asked, ranking, after, seen, place, newest)
        limited = replace(ranking, text=_both(ranking.text, within), near=near) if within else ranking
        hits, _ = await store.hits(db, asked.plan, limited, after, collapse=asked.search.collapse, rows=rows)
        if not within or len(hits) >= rows:
            return hits
        place *= windows.WIDER


def _narrowed(
    asked: _Asked, ranking: Ranking, after: ask.After, seen: windows.Sample, place: int, newest: date
) -> tuple[str, tuple[float, float, float] | None]:
    """The words of the window, empty where all must be read; and within how many km, where the order is by distance."""
    match ranking.order:
        case "enrolment":
            return windows.by_size(seen.enrolments, place, after.rank) or "", None
        case "distance" if asked.plan.limits.near:
            lat, lon, _ = asked.plan.limits.near
            center = Point(lat, lon)
            km = windows.by_distance(seen.kms, place, -after.rank)
            return (windows.around(center, km), (lat, lon, km)) if km else ("", None)
    days = seen.titled_days if ranking.part is not None else seen.days
    return windows.by_day(days, place, newest, after.day) or "", None


async def _all(db: Database, asked: _Asked) -> ask.Found:
    """Without days to compare, what there is was counted by who wrote it."""
    search, plan, caps = asked.search, asked.plan, asked.caps
    if plan.order == "enrolment":
        sized = facets.question(any_of=(facets.sizes(0),))
        return await _found(db, replace(asked, text=sized))
    is_counted = not ask.has_days(search)
    hits, count = await store.everything(
        db, plan, collapse=search.collapse, rows=search.rows + 1, most=0 if is_counted else caps.hits + 1
    )
    values = ask.Facets()
    if asked.values:
        _, found = await _look(db, asked, 1, values=True, most=caps.sample * 4)
        values = _facets(found, float(facets.PARTS))
    if is_counted:
        return ask.Found(hits, ask.there(await trials.counts(db), with_removed=search.with_removed), values)
    return ask.Found(hits, ask.counted(count, caps.hits), values)


def _facets(values: dict[str, list[tuple[str, int]]], scale: float) -> ask.Facets:
    return ask.Facets(
        {
            name: tuple(ask.Value(value, max(1, round(count * scale))) for value, count in pairs)
            for name, pairs in values.items()
        },
        about=scale != 1.0,
    )


# ── descriptions, and typing errors ──


async def _described(
    db: Database, asked: ask.Search, plan: ask.Plan, meanings: Sequence[Meaning], exact: Sequence[int]
) -> ask.Results:
    what = await describe(db, plan.text, meanings)
    question = Question(marked=what.marked, nothing=not what.question, used=tuple(dict.fromkeys(meanings)))
    given = _Asked(
        asked, plan, question, _both(f"({what.question})" if what.question else "", plan.facets), ask.CAPS, False
    )
    if not what.question:
        return await _page(db, given, ask.Found([], ask.Count(0)), exact)
    hits, count = await store.described(
        db, plan, replace(what, question=given.text), plan.after,
        collapse=asked.collapse, rows=asked.rows + 1, most=MOST_DESCRIBED,
    )  # fmt: skip
    return replace(await _page(db, given, ask.Found(hits, ask.Count(count)), exact), described=True)


async def describe(db: Database, text: str, meanings: Sequence[Meaning]) -> Described:
    """What to look for where a text describes a patient."""
    return described(text, await store.rarity(db, told(text)), meanings)


async def _correct(db: Database, text: str) -> str | None:
    """The text with words that no trial has as they may have been meant; None where none is known."""
    words = correctable(text)
    known = await store.known_words(db, words)
    instead = {}
    for word in words:
        if word not in known:
            near = await store.near_words(db, spellings(word))
            if found := meant(word, near):
                instead[word] = found
    return corrected(text, instead) if instead else None
