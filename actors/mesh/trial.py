"""A trial coded with MeSH: the terms of its conditions, of the substances it tries and of its procedures. No I/O.

What authors write as conditions and as names of interventions is read. Keywords, and other names of an intervention,
are read only where these say nothing: of the terms that keywords alone name, ClinicalTrials.gov gives one in six.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from actors.mesh.mapping import Answer
from actors.mesh.scope import About
from actors.mesh.shortforms import short_forms

Field = Literal["condition", "keyword", "intervention", "other name"]

# What an intervention may be, by its type as ClinicalTrials.gov names it; of any other type, either.
ABOUTS: Mapping[str, tuple[About, ...]] = {
    "DRUG": ("intervention",),
    "BIOLOGICAL": ("intervention",),
    "DIETARY_SUPPLEMENT": ("intervention",),
    "COMBINATION_PRODUCT": ("intervention",),
    "GENETIC": ("intervention",),
    "PROCEDURE": ("procedure",),
    "BEHAVIORAL": ("procedure",),
    "DEVICE": ("procedure",),
    "DIAGNOSTIC_TEST": ("procedure",),
}
EITHER: tuple[About, ...] = ("intervention", "procedure")


@dataclass(frozen=True, slots=True)
class Intervention:
    name: str
    type: str | None = None
    other_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trial:
    """What of a trial is read; `texts` (titles, summaries) only for the short forms that they explain."""

    conditions: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    interventions: tuple[Intervention, ...] = ()
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Code:
    """A term of a trial, with the text that says it best; the answer's place is in that text."""

    about: About
    field: Field
    text: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A text of a trial that no term was found for: it is counted, and a person maps it once."""

    about: About
    text: str


class Maps(Protocol):
    """A mapper of one field, or what one has answered."""

    def answers(self, text: str) -> tuple[Answer, ...]: ...
    def is_decided(self, text: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Coded:
    """Each term once for what it is about, the surest first."""

    codes: tuple[Code, ...]
    unmatched: tuple[Unmatched, ...]


def coded(trial: Trial, mappers: Mapping[About, Maps]) -> Coded:
    """The terms of a trial. What has no mapper is not read."""
    explained = short_forms(_texts(trial))
    found: list[Code] = []
    unmatched: list[Unmatched] = []

    def read(about: About, field: Field, texts: Iterable[str]) -> list[Code]:
        codes = [code for text in texts for code in _codes(about, field, text, mappers, explained)]
        found.extend(codes)
        return codes

    def miss(about: About, text: str) -> None:
        if about in mappers and not mappers[about].is_decided(text):
            unmatched.append(Unmatched(about, text))

    for condition in trial.conditions:
        if not read("condition", "condition", (condition,)):
            miss("condition", condition)
    if not found:
        read("condition", "keyword", trial.keywords)
    for one in trial.interventions:
        abouts = _abouts(one)
        by_name = [code for about in abouts for code in read(about, "intervention", (one.name,))]
        if not by_name and not [code for about in abouts for code in read(about, "other name", one.other_names)]:
            miss(abouts[0], one.name)
    return Coded(_best(found), tuple(dict.fromkeys(unmatched)))


def first_read(trial: Trial) -> Iterator[tuple[About, str]]:
    """The texts that are read of a trial in any case, with what they may be about."""
    explained = short_forms(_texts(trial))
    each: list[tuple[About, str]] = [("condition", text) for text in trial.conditions]
    each += [(about, one.name) for one in trial.interventions for about in _abouts(one)]
    for about, text in each:
        yield about, text
        if long := explained.get(text.strip()):
            yield about, long


def _abouts(one: Intervention) -> tuple[About, ...]:
    return ABOUTS.get((one.type or "").upper().replace(" ", "_"), EITHER)


def _codes(
    about: About, field: Field, text: str, mappers: Mapping[About, Maps], explained: Mapping[str, str]
) -> Iterator[Code]:
    """What a text says, or what the short form stands for that it is."""
    mapper = mappers.get(about)
    if mapper is None:
        return
    answers = mapper.answers(text)
    if not answers and (long := explained.get(text.strip())):
        answers = tuple(replace(answer, start=0, end=len(text)) for answer in mapper.answers(long))
    for answer in answers:
        yield Code(about, field, text, answer)


def _best(found: Iterable[Code]) -> tuple[Code, ...]:
    best: dict[tuple[About, str], Code] = {}
    for code in found:
        key = code.about, code.answer.ui
        if key not in best or code.answer.score > best[key].answer.score:
            best[key] = code
    return tuple(sorted(best.values(), key=lambda code: (code.about, -code.answer.score, code.answer.ui)))


def _texts(trial: Trial) -> Iterator[str]:
    yield from trial.conditions
    yield from trial.keywords
    yield from trial.texts
    for one in trial.interventions:
        yield from (one.name, *one.other_names)
