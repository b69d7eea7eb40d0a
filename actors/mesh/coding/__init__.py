"""Trials coded, a page at a time: what their texts say, and the terms that their registry gave them.

    a page of trials ──▶ texts ──Reader──▶ what each says ──▶ codes, and texts for a person to map ──▶ rows

What the registry gave is kept beside what we read, as `registry`. Every code, and all that stands above it in the tree,
becomes a word of the trial's text index (=mesh:d006333), so a search for a heading finds what is below it too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from actors.mesh.coding import store
from actors.mesh.coding.pages import codes_of, texts_of
from actors.mesh.coding.store import Connection
from actors.mesh.reading import Reader, Run


@dataclass(frozen=True, slots=True)
class Page:
    """What became of a page: trials that were read, their codes, and texts that no term was found for."""

    trials: int
    codes: int
    unmatched: int


async def code_page(db: Connection, ids: Sequence[int], reader: Reader, run: Run) -> Page:
    """Codes these trials, in the caller's transaction."""
    trials = await store.read(db, ids)
    known = await store.known(db, trials)
    answers = await reader.answers(db, await run(texts_of, trials))
    coded, lacking = await run(codes_of, trials, answers, known, reader.decided_keys)
    if lacking:  # keywords and other names, where nothing else says anything
        answers |= await reader.answers(db, [ask for asks in lacking.values() for ask in asks])
        again = [one for one in trials if one.id in lacking]
        rest, _ = await run(codes_of, again, answers, known, reader.decided_keys)
        coded = [one for one in coded if one.id not in lacking] + rest
    await store.write(db, coded)
    unmatched = sum(not text.decided for one in coded for text in one.texts)
    return Page(len(trials), sum(len(one.codes) for one in coded), unmatched)
