"""A search, answered: its text is read, the way to the hits is chosen by how many they are, a page is shown."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any, Protocol

from actors.trials import search as ask
from actors.trials import store as trials
from actors.trials.finding import store, ways
from actors.trials.finding.asking import Meaning, Question, compose, texts
from actors.trials.finding.describing import Described, described, is_description, told
from actors.trials.finding.language import BadText, parse
from actors.trials.finding.spelling import correctable, corrected, meant, spellings
from actors.trials.finding.store import Database
from actors.trials.finding.ways import Asked, both

MOST_DESCRIBED = 20_000  # trials that have a word of a description


class Exporting(Database, store.Cursors, Protocol):
    """asyncpg's connection, in a transaction."""


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
        filtered = replace(what, question=both(f"({what.question})", plan.facets))
        hits, _ = await store.described(
            db, plan, filtered, plan.after, collapse=asked.collapse, rows=most, most=MOST_DESCRIBED
        )
        return [hit.id for hit in hits], what.marked
    read = await _asked(db, asked, plan, meanings, ask.CAPS, values=False)
    if read.words.nothing or not read.text:
        return [], read.words.marked
    found = await ways.found(db, replace(read, search=replace(asked, rows=most)))
    return [hit.id for hit in found.hits[:most]], read.words.marked


async def everything(
    db: Exporting, asked: ask.Search, meanings: Sequence[Meaning] = ()
) -> AsyncIterator[Sequence[Any]]:
    """All that a search finds, some rows at a time, by our id: not in the order asked for. Raises BadSearch.

    A description finds what shares one of its rarest words, as on its pages.
    """
    plan = ask.ask(replace(asked, cursor=None))
    text = await _everything(db, asked, plan, meanings)
    if text is not None:
        async for rows in store.export(db, text, plan.limits, collapse=asked.collapse):
            yield rows


async def count_everything(db: Database, asked: ask.Search, meanings: Sequence[Meaning] = ()) -> int:
    """How many trials `everything` gives. Raises BadSearch."""
    plan = ask.ask(replace(asked, cursor=None))
    text = await _everything(db, asked, plan, meanings)
    return 0 if text is None else await store.count_export(db, text, plan.limits, collapse=asked.collapse)


async def _everything(db: Database, asked: ask.Search, plan: ask.Plan, meanings: Sequence[Meaning]) -> str | None:
    """The question to the index, empty for all; None where nothing can answer."""
    if is_description(plan.text):
        what = await describe(db, plan.text, meanings)
        return both(what.question, plan.facets) if what.question else None
    read = await _asked(db, asked, plan, meanings, ask.CAPS, values=False)
    return None if read.words.nothing else read.text


async def _asked(
    db: Database, asked: ask.Search, plan: ask.Plan, meanings: Sequence[Meaning], caps: ask.Caps, *, values: bool
) -> Asked:
    try:
        node = parse(plan.text)
        words = compose(node, await store.lexemes(db, texts(node)), meanings)
    except BadText as error:
        raise ask.BadSearch("text", str(error)) from error
    return Asked(asked, plan, words, both(words.all, plan.facets), caps, values)


async def _answer(db: Database, asked: Asked, exact: Sequence[int]) -> ask.Results:
    if asked.words.nothing:
        found = ask.Found([], ask.Count(0))
    elif asked.text:
        found = await ways.found(db, asked)
    else:
        found = await ways.everything(db, asked)
    return await _page(db, asked, found, exact)


async def _page(db: Database, asked: Asked, found: ask.Found, exact: Sequence[int]) -> ask.Results:
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


# ── descriptions, and typing errors ──


async def _described(
    db: Database, asked: ask.Search, plan: ask.Plan, meanings: Sequence[Meaning], exact: Sequence[int]
) -> ask.Results:
    what = await describe(db, plan.text, meanings)
    question = Question(marked=what.marked, nothing=not what.question, used=tuple(dict.fromkeys(meanings)))
    given = Asked(
        asked, plan, question, both(f"({what.question})" if what.question else "", plan.facets), ask.CAPS, False
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
