"""Texts read with the part of MeSH that they need: what to fetch for them, and what they then say. No I/O.

    texts ──wanted──▶ keys ──(the database)──▶ Held ──answered──▶ answers, and what says nothing as it stands:
          ──wanted_nearly──▶ more keys ──▶ Held ──answered_nearly──▶ its answers, with slips of the pen put right

What is said is what a vocabulary of all of MeSH would say, in the memory and time of the few terms that are asked for.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import NamedTuple

from actors.mesh import habits, lay, normal, spans
from actors.mesh.approximate import SHORTEST, Speller
from actors.mesh.mapping import Answer, Mapper
from actors.mesh.scope import CONDITIONS, PROCEDURES, SUBSTANCES, About, Scope
from actors.mesh.tree import Tree
from actors.mesh.vocabulary import Keyed, Vocabulary

SCOPES: Mapping[About, Scope] = {"condition": CONDITIONS, "intervention": SUBSTANCES, "procedure": PROCEDURES}
LONGEST_TEXT = 500  # letters of a text that are read: what names a condition or a treatment has no more

Decisions = Mapping[About, Mapping[str, Sequence[str]]]


class Ask(NamedTuple):
    about: About
    text: str


Answers = dict[Ask, tuple[Answer, ...]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Keys to look up, and records by id or (lower) name."""

    spelled: list[str] = field(default_factory=list)
    bags: list[str] = field(default_factory=list)
    uis: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Held:
    """What was found. Terms: id, whether it is the name, its keys. Records: id, name, kind, places, headings."""

    terms: Sequence[tuple[str, bool, str, str, str]] = ()
    records: Sequence[tuple[str, str, int, Sequence[str], Sequence[str]]] = ()

    def vocabulary(self) -> Vocabulary:
        terms = (
            Keyed(ui, "name" if is_name else "entry", spelled, bag, kin)
            for ui, is_name, spelled, bag, kin in self.terms
        )
        return Vocabulary(
            terms,
            Tree((ui, number) for ui, _, _, numbers, _ in self.records for number in numbers),
            kinds={ui: kind for ui, _, kind, _, _ in self.records if ui.startswith("C")},
            headings={ui: tuple(headings) for ui, _, _, _, headings in self.records if headings},
            names={ui: name for ui, name, _, _, _ in self.records},
        )


@dataclass(frozen=True, slots=True)
class Slips:
    """What slips of the pen may have meant.

    `words`: of a field, with in how many terms each stands, a line each. `known`: words of the texts that are none.
    """

    words: Mapping[About, str]
    known: Collection[str]


def wanted(asks: Iterable[Ask], decided: Decisions) -> Wanted:
    """What the texts need to be read, each as it stands."""
    found = _Collected()
    for ask in asks:
        found.add(ask.text, loose=SCOPES[ask.about].loose)
        found.uis.update(decided.get(ask.about, {}).get(normal.key(ask.text), ()))
    found.uis.update(ui for about in SCOPES for ui in habits.uis(about))
    return found.wanted()


def wanted_of(text: str) -> Wanted:
    """What a text needs to be read alone, whatever it is about."""
    found = _Collected()
    found.add(text, loose=True)
    return found.wanted()


def answered(asks: Sequence[Ask], held: Held, decided: Decisions) -> tuple[Answers, list[Ask]]:
    """What the texts say; and those that say nothing as they stand, but may say something with slips put right."""
    mappers = _mappers(held.vocabulary(), decided)
    answers: Answers = {}
    unsaid: list[Ask] = []
    for ask in asks:
        mapper = mappers[ask.about]
        if mapper.scope.loose and not mapper.is_plain(ask.text):
            unsaid.append(ask)
        else:
            answers[ask] = mapper.answers(ask.text)
    return answers, unsaid


def words_in(asks: Iterable[Ask]) -> list[str]:
    """The words that may be slips of the pen, if no term has them."""
    each = (word for ask in asks for word in normal.words(ask.text))
    return list(dict.fromkeys(word for word in each if len(word) >= SHORTEST and word.isalpha()))


def wanted_nearly(asks: Iterable[Ask], slips: Slips) -> Wanted:
    """What the texts need to be read with slips put right."""
    found = _Collected()
    for ask in asks:
        loose = SCOPES[ask.about].loose
        found.add(ask.text, loose=loose)
        for reading in _speller(ask.about, slips).readings(normal.words(ask.text)):
            found.add(ask.text, loose=loose, instead=reading)
    found.uis.update(ui for about in SCOPES for ui in habits.uis(about))
    return found.wanted()


def answered_nearly(asks: Sequence[Ask], held: Held, decided: Decisions, slips: Slips) -> Answers:
    """What the texts say with slips put right."""
    mappers = _mappers(held.vocabulary(), decided, slips)
    return {ask: mappers[ask.about].answers(ask.text) for ask in asks}


def _mappers(vocabulary: Vocabulary, decided: Decisions, slips: Slips | None = None) -> dict[About, Mapper]:
    return {
        about: Mapper(
            vocabulary, scope, evidence=habits.evidence(about), curated=decided.get(about, {}),
            speller=_speller(about, slips) if slips and scope.loose else None,
        )
        for about, scope in SCOPES.items()
    }  # fmt: skip


def _speller(about: About, slips: Slips) -> Speller:
    speller, known = _spellers(slips.words[about])
    known.update(slips.known)
    return speller


@lru_cache(maxsize=len(SCOPES))
def _spellers(words: str) -> tuple[Speller, set[str]]:
    """Made once for the same words; what is known of further words is added to the set."""
    pairs = (line.split(" ") for line in words.splitlines())
    counted = {word: int(terms) for word, terms in pairs}
    known = set(counted)
    return Speller(counted, known), known


class _Collected:
    def __init__(self) -> None:
        self.spelled: set[str] = set()
        self.bags: set[str] = set()
        self.uis: set[str] = set()
        self.names: set[str] = set()

    def add(self, text: str, *, loose: bool, instead: Sequence[str] = ()) -> None:
        """`instead`: the words as they may be meant."""
        tokens = normal.tokens(text)
        self.names.update(SHORT_FORMS[piece] for one in tokens if (piece := text[one.start : one.end]) in SHORT_FORMS)
        if instead:
            tokens = tuple(replace(token, word=word) for token, word in zip(tokens, instead, strict=True))
        self._take(*spans.keys(text, tokens, loose=loose))

    def wanted(self) -> Wanted:
        return Wanted(sorted(self.spelled), sorted(self.bags), sorted(self.uis), sorted(self.names))

    def _take(self, spelled: set[str], bags: set[str]) -> None:
        self.spelled |= spelled
        self.bags |= bags
        for key in (spelled | bags) & LAY.keys():
            self.names.update(LAY[key])


def _lay() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name, said in lay.SAID:
        for key in normal.forms(said):
            found.setdefault(key, set()).add(name.lower())
    return found


LAY = _lay()  # lower names of the records that lay terms name, by the keys of these
SHORT_FORMS = {short: name.lower() for name, short in lay.SHORT_FORMS}
