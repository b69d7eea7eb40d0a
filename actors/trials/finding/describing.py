"""Patients described in words: which of them say something, and what they say of age and sex. No I/O.

A description of some hundred words is no question: no trial has all of them. The words that few trials write decide
which trials are looked at, and every trial is worth what its words say: the logarithm of how few trials have them.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from actors.trials import facets
from actors.trials.finding.asking import Meaning
from actors.trials.normalise import DAYS_PER

LEAST_WORDS = 20  # a text with fewer is a question
MOST_WORDS = 40  # that rank
LOOKED_AT = 3_000  # trials, about: words are taken in, the rarest first, until so many have one
LEAST_RARE = 4  # words that are taken in whatever they bring
BUCKETS = 5  # words of about the same worth are ranked together: each costs a look at every trial
MEANING_WORTH = 1.5  # of a descriptor that the text names, in the worth of its rarest word
NOT_ADMITTED = 0.5  # what a trial is still worth that does not admit the age or the sex

_OPERATOR = re.compile(r'["\u201c\u201d]|(?:^|\s)(?:AND|OR|NOT)(?:\s|$)|(?:^|\s)-\S|\b[a-z]{2,12}:\S')
_AGE = re.compile(r"\b(\d{1,3})\s*-?\s*(?:(year|yr|month|week|day)s?|y/?o|yo|y\.o\.)\b[\s-]*(?:old)?", re.IGNORECASE)
_TERSE_AGE = re.compile(r"^\W*(?:(?:patient|pt)\s+is\s+)?(?:an?\s+)?(\d{1,3})\s*(M|F|man|woman|male|female)\b")
_FEMALE = re.compile(r"\b(?:woman|female|girl|lady|she|her)\b|\b\d{1,3}\s*(?:yo|y/o)?\s*F\b", re.IGNORECASE)
_MALE = re.compile(r"\b(?:man|male|boy|gentleman|he|his)\b|\b\d{1,3}\s*(?:yo|y/o)?\s*M\b", re.IGNORECASE)
# Clauses that say what is not there; the words up to the next comma or stop are left out.
_DENIED = re.compile(
    r"\b(?:denies|denied|no (?:history|evidence|signs?|known|prior) of|without|negative for|no)\b[^.,;]*", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Rare:
    """A lexeme of the text: how often it stands there, and how many of `trials` have it in title or conditions."""

    lexeme: str
    times: int
    seen: int
    trials: int

    @property
    def worth(self) -> float:
        return math.log((self.trials + 1) / (self.seen + 0.5)) * math.sqrt(min(self.times, 3)) if self.seen else 0.0


@dataclass(frozen=True, slots=True)
class Patient:
    age_days: int | None = None
    sex: Literal["female", "male"] | None = None


@dataclass(frozen=True, slots=True)
class Described:
    """Which trials are looked at (a tsquery as text, empty for none), and what words are worth in them."""

    question: str
    ranked: tuple[tuple[str, float], ...]
    marked: str
    patient: Patient


def is_description(text: str) -> bool:
    """Whether a text describes, and does not ask: it is long, and has no signs of the query language."""
    return len(text.split()) >= LEAST_WORDS and not _OPERATOR.search(text)


def told(text: str) -> str:
    """The text without what it says is not there."""
    return _DENIED.sub(" ", text)


def patient(text: str) -> Patient:
    """Age and sex, as the text says them first."""
    age, days = _AGE.search(text), None
    if age:
        unit = (age[2] or "year").lower()
        days = int(int(age[1]) * DAYS_PER["year" if unit == "yr" else unit])
    elif terse := _TERSE_AGE.search(text):
        days = int(int(terse[1]) * DAYS_PER["year"])
    female, male = _FEMALE.search(text), _MALE.search(text)
    sex: Literal["female", "male"] | None = None
    if female and (male is None or female.start() < male.start()):
        sex = "female"
    elif male:
        sex = "male"
    return Patient(days if days is not None and days < 130 * 366 else None, sex)


def described(text: str, words: Sequence[Rare], meanings: Sequence[Meaning]) -> Described:
    """What to look for."""
    best = sorted((one for one in words if one.worth > 0), key=lambda one: (-one.worth, one.lexeme))[:MOST_WORDS]
    rarest, looked_at = list[str](), 0
    for one in sorted(best, key=lambda one: (one.seen, one.lexeme)):
        if looked_at + one.seen > LOOKED_AT and len(rarest) >= LEAST_RARE:
            break
        rarest.append(one.lexeme)
        looked_at += one.seen
    codes = [facets.facet("mesh", one.ui) for one in meanings]
    top = best[0].worth * MEANING_WORTH if best else MEANING_WORTH
    ranked = [*_buckets(best), *((facets.question(all_of=(code,)), top) for code in codes[:6])]
    return Described(
        facets.question(any_of=([*rarest, *codes],)),
        tuple(ranked),
        " | ".join(facets.question(all_of=(one.lexeme,)) for one in best[:12]),
        patient(text),
    )


def _buckets(words: Sequence[Rare]) -> list[tuple[str, float]]:
    """Words of about the same worth together, with their mean; `words` are sorted by it."""
    size = max(1, math.ceil(len(words) / BUCKETS))
    groups = [words[at : at + size] for at in range(0, len(words), size)]
    return [
        (facets.question(any_of=([one.lexeme for one in group],)), sum(one.worth for one in group)) for group in groups
    ]
