"""What speaks for and against two records being one trial, field by field, as numbers. No I/O.

0 means that a field says nothing, most often because one record does not state it. What each weighs is learned
(`calibration`) and kept in `model_data`. Criteria, outcomes and ages were tried: held-out pairs were told no better.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from types import MappingProxyType

from actors.trials.comparable import Comparable, Words
from actors.trials.words import Rarity

ENOUGH = 6.0  # shared words as rare as the rarest; more says no more
FAR_APART = 3.0  # e-folds between two enrolments: twenty times
DECADE_DAYS = 3_650
SAME_TITLE = 0.95  # a word of grammar, a dash, a spelling
NEUTRAL_SPONSOR = 0.3  # names of hospitals share words as often as not


@dataclass(frozen=True, slots=True)
class Features:
    """From 0 to 1 each, `sponsor` from -0.3 to 0.7; a name that begins with `other` or `apart` speaks against."""

    best_title: float  # the likest two of all titles
    same_title: float
    all_titles: float  # all words of one record's titles and those of the other's
    rare_words: float  # how much the shared words say
    other_words: float  # two titles of nearly the same words have each a rare one that the other has not: sisters
    other_number: float  # each has a number there that the other has not: part 1 and part 2, 301 and 302
    sponsor: float
    same_size: float
    other_size: float
    same_country: float
    other_country: float
    apart: float  # between the days they began
    other_phase: float
    other_type: float
    other_design: float  # one of the three, or no common country, and another number of participants
    condition: float
    intervention: float


NAMES: tuple[str, ...] = tuple(one.name for one in fields(Features))

# Between which bounds a weight may lie, so that none is an accident of the sample: what speaks against is never above
# 0, what speaks for never below. Judged pairs are nearly all about one disease, which cannot teach what a common
# condition or treatment is worth; both count at least a little.
BOUNDS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        **{name: (-100.0, 0.0) if name.startswith(("other", "apart")) else (0.0, 100.0) for name in NAMES},
        "condition": (0.5, 100.0),
        "intervention": (0.5, 100.0),
    }
)


@dataclass(frozen=True, slots=True)
class Rarities:
    """How rare words are: in what trials say of themselves, and in the names of sponsors."""

    titles: Rarity
    sponsors: Rarity


def features(a: Comparable, b: Comparable, rarities: Rarities) -> Features:
    """The same for (a, b) and (b, a)."""
    rare = rarities.titles
    mine, yours = a.words, b.words
    shared, only_mine, only_yours = mine & yours, mine - yours, yours - mine
    best, exchanged = _titles(a.title_words, b.title_words, rare)
    countries = _overlap(a.countries, b.countries)
    other_number = _has_number(only_mine) and _has_number(only_yours)
    other_phase = _overlap(a.phases, b.phases) == 0.0
    other_type = "unknown" not in (a.study_type, b.study_type) and a.study_type != b.study_type
    other_size = _size_apart(a.enrolment, b.enrolment)
    return Features(
        best_title=best,
        same_title=float(best >= SAME_TITLE),
        all_titles=rare.between(shared, only_mine, only_yours),
        rare_words=min(rare.sum(shared) / rare.unseen, ENOUGH) / ENOUGH,
        other_words=exchanged,
        other_number=float(other_number),
        sponsor=_sponsor(a.sponsors, b.sponsors, rarities.sponsors),
        same_size=_how_odd(a.enrolment) if a.enrolment is not None and a.enrolment == b.enrolment else 0.0,
        other_size=other_size,
        same_country=countries or 0.0,
        other_country=float(countries == 0.0),
        apart=_apart(a.start, b.start) if a.start and b.start else _apart(a.registered, b.registered),
        other_phase=float(other_phase),
        other_type=float(other_type),
        other_design=float(other_size > 0 and (other_number or other_phase or other_type or countries == 0.0)),
        condition=rare.likeness(frozenset(a.conditions), frozenset(b.conditions)),
        intervention=rare.likeness(frozenset(a.interventions), frozenset(b.interventions)),
    )


def _titles(mine: tuple[frozenset[str], ...], yours: tuple[frozenset[str], ...], rare: Rarity) -> tuple[float, float]:
    """How alike the likest two titles are; and how much those of most words in common have exchanged a rare one.

    A title is written anew for another register, and its common words change. One that was copied for the next trial
    keeps them, and its drug or its disease changes.
    """
    best, exchanged = 0.0, (0.0, 0.0)
    for first in mine:
        for second in yours:
            both = first & second
            if not both:
                continue
            only_first, only_second = first - both, second - both
            best = max(best, rare.between(both, only_first, only_second))
            common = len(both) / math.sqrt(len(first) * len(second))
            if common >= exchanged[0]:
                rarer = min(rare.most(only_first), rare.most(only_second)) / rare.unseen
                exchanged = max(exchanged, (common, common * rarer))
    return best, exchanged[1]


def _sponsor(mine: tuple[Words, ...], yours: tuple[Words, ...], rare: Rarity) -> float:
    if not mine or not yours:
        return 0.0
    others = [frozenset(name) for name in yours]
    return max(rare.likeness(frozenset(name), other) for name in mine for other in others) - NEUTRAL_SPONSOR


def _has_number(given: frozenset[str]) -> bool:
    return any(word[0].isdigit() for word in given)


def _how_odd(size: int) -> float:
    """Many trials enrol 50, 100 or 200; that two of them enrol 328 is no accident."""
    if size % 10:
        return 1.0
    return 0.75 if size % 50 else 0.5


def _size_apart(mine: int | None, yours: int | None) -> float:
    return min(abs(math.log(mine / yours)), FAR_APART) / FAR_APART if mine and yours else 0.0


def _overlap(mine: tuple[object, ...], yours: tuple[object, ...]) -> float | None:
    """The shared part of all that either has; None where either has nothing."""
    if not mine or not yours:
        return None
    both = set(mine) & set(yours)
    return len(both) / len({*mine, *yours})


def _apart(mine: date | None, yours: date | None) -> float:
    """From 0 (the same day) to 1 (ten years), as the logarithm: a month more matters less after a year."""
    if mine is None or yours is None:
        return 0.0
    return min(math.log1p(abs((mine - yours).days)) / math.log1p(DECADE_DAYS), 1.0)
