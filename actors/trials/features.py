"""What speaks for and against two records being one trial, field by field, as numbers. No I/O.

0 means that a field says nothing, most often because one record does not state it. What each weighs is learned
(`calibration`) and kept in `model_data`. Criteria, outcomes and ages were tried: held-out pairs were told no better.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from functools import cached_property
from types import MappingProxyType

from actors.trials.comparable import Comparable
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


@dataclass(frozen=True, slots=True)
class Words:
    """Some words as a vector of their weights, with its length, squared."""

    words: frozenset[str]
    squares: float


class Weighed:
    """A record with what its words weigh: worked out once for all of its pairs, and no sooner than it is asked for."""

    def __init__(self, one: Comparable, rarities: Rarities) -> None:
        rare = rarities.titles
        self.one = one
        self._rarities = rarities
        self.titles = tuple(_words(title, rare) for title in one.title_words)
        self.words = _words(one.words, rare)  # of all titles and the acronym
        self.numbers = frozenset(word for word in one.words if word[0].isdigit())
        self.shortest = min((title.squares for title in self.titles if title.squares), default=0.0)

    @cached_property
    def sponsors(self) -> tuple[Words, ...]:
        return tuple(_words(frozenset(name), self._rarities.sponsors) for name in self.one.sponsors)

    @cached_property
    def conditions(self) -> Words:
        return _words(frozenset(self.one.conditions), self._rarities.titles)

    @cached_property
    def interventions(self) -> Words:
        return _words(frozenset(self.one.interventions), self._rarities.titles)


def _words(given: frozenset[str], rare: Rarity) -> Words:
    return Words(given, rare.squares(given))


def features(a: Comparable, b: Comparable, rarities: Rarities) -> Features:
    """The same for (a, b) and (b, a)."""
    mine, yours = Weighed(a, rarities), Weighed(b, rarities)
    return in_full(at_best(mine, yours, rarities), mine, yours, rarities)


def at_best(mine: Weighed, yours: Weighed, rarities: Rarities) -> Features:
    """What costs little to know of a pair; the rest as much in favour of it as it could be.

    Five of six pairs are told by it, for a third of the time. No two titles share more than all titles do, and none is
    shorter than the shortest.
    """
    rare, a, b = rarities.titles, mine.one, yours.one
    shared = mine.words.words & yours.words.words
    both = rare.squares(shared)
    likest = _share(both, mine.shortest, yours.shortest)
    countries = _overlap(a.countries, b.countries)
    other_number = not (mine.numbers <= shared or yours.numbers <= shared)
    other_phase = _overlap(a.phases, b.phases) == 0.0
    other_type = "unknown" not in (a.study_type, b.study_type) and a.study_type != b.study_type
    other_size = _size_apart(a.enrolment, b.enrolment)
    return Features(
        best_title=likest,
        same_title=float(likest >= SAME_TITLE),
        all_titles=_share(both, mine.words.squares, yours.words.squares),
        rare_words=min(rare.sum(shared) / rare.unseen, ENOUGH) / ENOUGH,
        other_words=0.0,
        other_number=float(other_number),
        sponsor=1.0 - NEUTRAL_SPONSOR,
        same_size=_how_odd(a.enrolment) if a.enrolment is not None and a.enrolment == b.enrolment else 0.0,
        other_size=other_size,
        same_country=countries or 0.0,
        other_country=float(countries == 0.0),
        apart=_apart(a.start, b.start) if a.start and b.start else _apart(a.registered, b.registered),
        other_phase=float(other_phase),
        other_type=float(other_type),
        other_design=float(other_size > 0 and (other_number or other_phase or other_type or countries == 0.0)),
        condition=1.0,
        intervention=1.0,
    )


def in_full(found: Features, mine: Weighed, yours: Weighed, rarities: Rarities) -> Features:
    """The features of a pair, of which some are known."""
    rare = rarities.titles
    best, exchanged = _titles(mine.titles, yours.titles, rare)
    return replace(
        found,
        best_title=best,
        same_title=float(best >= SAME_TITLE),
        other_words=exchanged,
        sponsor=_sponsor(mine.sponsors, yours.sponsors, rarities.sponsors),
        condition=_likeness(mine.conditions, yours.conditions, rare),
        intervention=_likeness(mine.interventions, yours.interventions, rare),
    )


def _likeness(mine: Words, yours: Words, rare: Rarity) -> float:
    """As `Rarity.likeness`, of vectors whose lengths are known."""
    return _share(rare.squares(mine.words & yours.words), mine.squares, yours.squares)


def _share(both: float, mine: float, yours: float) -> float:
    """The cosine of two vectors, from the squares of what they share and of what each is."""
    return min(both / math.sqrt(mine * yours), 1.0) if both and mine and yours else 0.0


def _titles(mine: tuple[Words, ...], yours: tuple[Words, ...], rare: Rarity) -> tuple[float, float]:
    """How alike the likest two titles are; and how much those of most words in common have exchanged a rare one.

    A title is written anew for another register, and its common words change. One that was copied for the next trial
    keeps them, and its drug or its disease changes.
    """
    best, exchanged = 0.0, (0.0, 0.0)
    for first in mine:
        for second in yours:
            both = first.words & second.words
            if not both:
                continue
            best = max(best, _share(rare.squares(both), first.squares, second.squares))
            common = len(both) / math.sqrt(len(first.words) * len(second.words))
            if common >= exchanged[0]:
                only_first, only_second = first.words - both, second.words - both
                rarer = min(rare.most(only_first), rare.most(only_second)) / rare.unseen
                exchanged = max(exchanged, (common, common * rarer))
    return best, exchanged[1]


def _sponsor(mine: tuple[Words, ...], yours: tuple[Words, ...], rare: Rarity) -> float:
    if not mine or not yours:
        return 0.0
    return max(_likeness(one, other, rare) for one in mine for other in yours) - NEUTRAL_SPONSOR


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
