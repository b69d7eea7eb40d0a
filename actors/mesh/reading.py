"""Reads texts with the MeSH that is in the database: what they need is fetched for many at once, what was read is kept.

The work itself runs where `run` puts it: in a process of its own for trials, here for a few lines of a command.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, TypeVar, TypeVarTuple

from actors.mesh import lookup, store
from actors.mesh.lookup import Answers, Ask, Decisions, Slips
from actors.mesh.mapping import Answer
from actors.mesh.scope import About
from actors.mesh.store import Database

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

KEPT = 100_000  # answers, some 60 MB: of half a million trials two texts in three were read before


class Run(Protocol):
    """Runs work in another process, or here."""

    async def __call__(self, work: Callable[[*Ts], T], *args: *Ts) -> T: ...


async def here(work: Callable[[*Ts], T], *args: *Ts) -> T:
    """In this process: for work that is short, or where nobody else waits for the loop."""
    return work(*args)


class Reader:
    """What texts say, of one state of MeSH and of people's decisions."""

    def __init__(self, decided: Decisions, run: Run, *, kept: int = KEPT) -> None:
        self._decided = decided
        self.decided_keys = {about: frozenset(keys) for about, keys in decided.items()}
        self._run = run
        self._most = kept
        self._meant: Mapping[About, str] = {}
        self._kept: OrderedDict[Ask, tuple[Answer, ...]] = OrderedDict()

    async def answers(self, db: Database, asks: Iterable[Ask]) -> Answers:
        """What each of the texts says."""
        found: Answers = {}
        fresh: dict[Ask, None] = {}
        for ask in asks:
            if (known := self._kept.get(ask)) is not None:
                self._kept.move_to_end(ask)
                found[ask] = known
            else:
                fresh[ask] = None
        if fresh:
            read = await self._read(db, list(fresh))
            found |= read
            self._keep(read)
        return found

    async def _read(self, db: Database, asks: list[Ask]) -> Answers:
        decided = self._decided
        held = await store.fetch(db, await self._run(lookup.wanted, asks, decided))
        answers, unsaid = await self._run(lookup.answered, asks, held, decided)
        if unsaid:
            self._meant = self._meant or await store.words_meant(db)
            slips = Slips(self._meant, await store.words_known(db, lookup.words_in(unsaid)))
            held = await store.fetch(db, await self._run(lookup.wanted_nearly, unsaid, slips))
            answers |= await self._run(lookup.answered_nearly, unsaid, held, decided, slips)
        return answers

    def _keep(self, read: Mapping[Ask, tuple[Answer, ...]]) -> None:
        self._kept.update(read)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
