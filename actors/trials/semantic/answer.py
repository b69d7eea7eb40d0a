"""A search by likeness, alone or together with that by text: the best of both, ranked as one list."""

import base64
import binascii
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from actors.trials import search as ask
from actors.trials import store as trials
from actors.trials.finding import answer as by_text
from actors.trials.finding import store as finding
from actors.trials.finding.asking import Meaning, compose, texts
from actors.trials.finding.describing import is_description, told
from actors.trials.finding.language import And, BadText, Node, Not, Or, Value, Words, parse
from actors.trials.semantic import store
from actors.trials.semantic.embedder import LOCAL, Embedder, mark, written
from actors.trials.semantic.fusion import fused, one_of_each
from actors.trials.shown import Row

Mode = Literal["text", "semantic", "hybrid"]

DEPTH = 200  # of each ranking: further down, a place says nothing of relevance
_CURSOR = struct.Struct(">cH")


@dataclass(frozen=True, slots=True)
class Similar:
    """Trials like one trial, each with its cosine; `refused` says why none can be told."""

    rows: tuple[tuple[Row, float], ...] = ()
    embedder: str | None = None
    refused: str | None = None


async def search(
    db: finding.Database,
    asked: ask.Search,
    mode: Literal["semantic", "hybrid"],
    meanings: Sequence[Meaning] = (),
    *,
    embedder: Embedder = LOCAL,
) -> ask.Results:
    """The best 200 by likeness, with `hybrid` fused with the best 200 by text. Raises BadSearch.

    The list is made anew for each of its pages. Words that must not be there, and fields with values, sort out; all
    other words say what is looked for.
    """
    _check(asked, await standing(db, embedder))
    first = replace(asked, cursor=None, rows=ask.MOST_ROWS)
    plan, offset = ask.ask(first), _offset(asked.cursor, mode)
    wording, node = _read(plan.text)
    question, marked = await _questions(db, node, plan.facets)
    vector = written(embedder.embed([wording])[0])
    alike = await store.nearest(db, vector, question, plan.limits, DEPTH) if vector else []
    best: Sequence[int] = ()
    if mode == "hybrid":
        best, marked = await by_text.best(db, first, DEPTH, meanings=meanings)
    places = fused(best, [(one.id, one.likeness) for one in alike])
    ids = one_of_each(places, await store.clusters(db, list(places))) if asked.collapse else list(places)
    exact = (await trials.find_ids(db, plan.numbers))[: asked.rows]
    found = [id_ for id_ in ids if id_ not in exact]
    page = found[offset : offset + asked.rows]
    shown = await finding.rows(
        db, [*(exact if not offset else ()), *page], marked, plan.limits, collapse=asked.collapse
    )
    return ask.Results(
        exact=tuple(shown[one] for one in exact if one in shown) if not offset else (),
        rows=tuple(shown[one] for one in page if one in shown),
        count=ask.Count(len(found) + len(exact)),
        next=_cursor(mode, offset + asked.rows) if len(found) > offset + asked.rows else None,
        meanings=tuple(dict.fromkeys(meanings)) if mode == "hybrid" else (),
        near=asked.near,
        embedder=mark(embedder),
        places={id_: places[id_] for id_ in page},
    )


async def similar(db: finding.Database, trial: int, rows: int, *, embedder: Embedder = LOCAL) -> Similar:
    """Other trials whose texts are like this one's, each once."""
    now = await store.standing(db)
    if reason := refusal(now, embedder):
        return Similar(refused=reason)
    alike = await store.like_trial(db, trial, rows)
    likeness = {one.id: one.likeness for one in alike}
    clusters = {one.id: one.cluster for one in alike if one.cluster is not None}
    ids = one_of_each(likeness, clusters)[:rows]
    shown = await finding.rows(db, ids, "", ask.ask(ask.Search()).limits, collapse=True)
    return Similar(tuple((shown[one], likeness[one]) for one in ids if one in shown), mark(embedder))


def refusal(now: store.Standing, embedder: Embedder = LOCAL) -> str | None:
    """Why there is no semantic search; None where there is."""
    if now.refused is None and now.embedder != mark(embedder):
        return f"its vectors were made by {now.embedder}, not by {mark(embedder)}"
    return now.refused


async def standing(db: store.Database, embedder: Embedder = LOCAL) -> str | None:
    return refusal(await store.standing(db), embedder)


def _check(asked: ask.Search, refused: str | None) -> None:
    if refused:
        raise ask.BadSearch("mode", f"semantic search is unavailable: {refused}")
    if asked.order != "relevance":
        raise ask.BadSearch("order", f"{asked.order}: what is found by likeness has no other order than relevance")


def _read(text: str) -> tuple[str, Node | None]:
    """What is to be embedded, and what was asked; a description asks nothing. Raises BadSearch."""
    if is_description(text):
        return told(text), None
    try:
        node = parse(text)
    except BadText as error:
        raise ask.BadSearch("text", str(error)) from error
    return " ".join(_positive(node)), node


def _positive(node: Node | None) -> list[str]:
    match node:
        case Words(text=text):
            return [text]
        case And(parts) | Or(parts):
            return [word for part in parts for word in _positive(part)]
    return []


def _strict(node: Node | None) -> Node | None:
    """What must hold: words that may not be there, and fields with values."""
    parts = node.parts if isinstance(node, And) else (node,)
    found = tuple(part for part in parts if isinstance(part, Not | Value))
    return And(found) if len(found) > 1 else found[0] if found else None


async def _questions(db: finding.Database, node: Node | None, facets: str) -> tuple[str, str]:
    """What sorts out, and what is marked. Raises BadSearch."""
    try:
        lexemes = await finding.lexemes(db, texts(node))
        must, marked = compose(_strict(node), lexemes).all, compose(node, lexemes).marked
    except BadText as error:
        raise ask.BadSearch("text", str(error)) from error
    return (f"({must}) & {facets}" if must and facets else must or facets), marked


# ── where a page begins ──


def _cursor(mode: str, offset: int) -> str:
    return base64.urlsafe_b64encode(_CURSOR.pack(mode[0].encode(), offset)).decode()


def _offset(cursor: str | None, mode: str) -> int:
    """Raises BadSearch."""
    if cursor is None:
        return 0
    try:
        made_by, offset = _CURSOR.unpack(base64.urlsafe_b64decode(cursor))
    except (binascii.Error, ValueError, struct.error):
        made_by, offset = b"", 0
    if made_by != mode[0].encode():
        raise ask.BadSearch("cursor", "it is not one that this search gave")
    return int(offset)
