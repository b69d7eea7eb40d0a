"""A page of trials: the texts that are read, and the codes that come of what they say. No I/O.

Runs in a process of its own.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from actors.mesh import normal
from actors.mesh.lookup import LONGEST_TEXT, SCOPES, Answers, Ask
from actors.mesh.mapping import Answer
from actors.mesh.record import PADDED_UI
from actors.mesh.scope import About
from actors.mesh.trial import Maps, Trial, Unmatched, coded, first_read

Keys = Mapping[About, Collection[str]]  # of the texts that people have decided on


@dataclass(frozen=True, slots=True)
class Given:
    """A term that the registry gave a trial itself; `ui` as it stands there."""

    about: About
    ui: str | None
    term: str


@dataclass(frozen=True, slots=True)
class PageTrial:
    """What of a trial is read. `present`: its source still has it; otherwise it is coded, and not counted."""

    id: int
    present: bool
    trial: Trial
    given: tuple[Given, ...] = ()


@dataclass(frozen=True, slots=True)
class Code:
    """A term of a trial; `of` is the one it was found with, `key` what texts that say the same share."""

    about: About
    ui: str
    score: float
    how: str
    field: str
    text: str
    key: str = ""
    of: str = ""
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Text:
    """A text that no term was found for, or for which a person has decided."""

    about: About
    key: str
    text: str
    decided: bool


@dataclass(frozen=True, slots=True)
class CodedTrial:
    id: int
    present: bool
    codes: tuple[Code, ...]
    texts: tuple[Text, ...]


def texts_of(trials: Iterable[PageTrial]) -> list[Ask]:
    """The texts that are read in any case, each once."""
    each = (Ask(about, text[:LONGEST_TEXT]) for one in trials for about, text in first_read(one.trial))
    return list(dict.fromkeys(each))


def names_of(trials: Iterable[PageTrial]) -> tuple[set[str], set[str]]:
    """The ids that registries gave, as they stand and without padding; and their terms in lower case."""
    given = [given for one in trials for given in one.given]
    uis = {ui for one in given if one.ui for ui in (one.ui, short_of(one.ui))}
    return uis, {one.term.lower() for one in given}


def short_of(ui: str) -> str:
    """An id without zeros put before it."""
    padded = PADDED_UI.fullmatch(ui)
    return f"{padded[1]}{padded[2]}" if padded else ui


def codes_of(
    trials: Sequence[PageTrial], answers: Answers, known: Mapping[str, str], decided: Keys
) -> tuple[list[CodedTrial], dict[int, list[Ask]]]:
    """The trials coded, and of those (by id) whose answers are missing yet, these texts.

    `known`: of ids and terms (lower case) that registries gave, the record that is meant.
    """
    found: list[CodedTrial] = []
    lacking: dict[int, list[Ask]] = {}
    missing: dict[Ask, None] = {}
    maps: dict[About, Maps] = {about: _Answered(about, answers, decided.get(about, ()), missing) for about in SCOPES}
    for one in trials:
        found.append(_coded(one, maps, known, decided))
        if missing:
            lacking[one.id] = list(missing)
            missing.clear()
    return found, lacking


def _coded(one: PageTrial, maps: Mapping[About, Maps], known: Mapping[str, str], decided: Keys) -> CodedTrial:
    found = coded(one.trial, maps)
    codes = [
        Code(
            code.about, code.answer.ui, code.answer.score, code.answer.how, code.field, code.text,
            normal.key(code.text), code.answer.of, code.answer.start, code.answer.end,
        )
        for code in found.codes
    ]  # fmt: skip
    codes += _given(one.given, known)
    texts = {(text.about, text.key): text for text in _texts(found.unmatched, one, decided) if text.key}
    return CodedTrial(one.id, one.present, tuple(codes), tuple(texts.values()) if one.present else ())


def _given(given: Iterable[Given], known: Mapping[str, str]) -> list[Code]:
    """What the registry itself says, each term once."""
    found: dict[tuple[About, str], Code] = {}
    for one in given:
        each = (one.ui or "", short_of(one.ui or ""), one.term.lower())
        if (ui := next((known[word] for word in each if word in known), None)) is not None:
            found.setdefault((one.about, ui), Code(one.about, ui, 1.0, "registry", "registry", one.term, of=ui))
    return list(found.values())


def _texts(unmatched: Iterable[Unmatched], one: PageTrial, decided: Keys) -> Iterator[Text]:
    for miss in unmatched:
        yield Text(miss.about, normal.key(miss.text), miss.text, decided=False)
    if any(decided.values()):
        for about, text in first_read(one.trial):
            if (key := normal.key(text)) in decided.get(about, ()):
                yield Text(about, key, text, decided=True)


class _Answered:
    """What was answered stands for a mapper; what was not yet is noted, and says nothing."""

    def __init__(self, about: About, answers: Answers, decided: Collection[str], missing: dict[Ask, None]) -> None:
        self._about = about
        self._answers = answers
        self._decided = decided
        self._missing = missing

    def answers(self, text: str) -> tuple[Answer, ...]:
        found = self._answers.get(ask := Ask(self._about, text[:LONGEST_TEXT]))
        if found is None:
            self._missing[ask] = None
        return found or ()

    def is_decided(self, text: str) -> bool:
        return bool(self._decided) and normal.key(text) in self._decided
