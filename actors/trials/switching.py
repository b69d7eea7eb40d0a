"""Whether the primary outcomes of a trial were switched, or only worded otherwise. No I/O.

A switch is what changes the question that a trial answers: a primary outcome that was dropped or added, made secondary
or raised from there, or is to be measured at another time. Terms and cases as in Goldacre et al., COMPare, Trials
2019;20:118. Another wording (a longer name, a unit, a method) is told apart by the words that carry the meaning, and by
the numbers.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from actors.trials.facets import words

Way = Literal["dropped", "added", "demoted", "promoted", "time_frame", "reworded"]

ALIKE = 0.5  # of the words that carry meaning, in both of two measures
LONGEST = 500  # characters that are compared
NEAR = 0.10  # two times that differ by less are one: 3 months and 12 weeks

# Words that stand in measures of any kind, and do not tell one from another.
_PLAIN_WORDS = frozenset(
    words("""
    a an the of in on at to from for by with and or as is are be was were per each all any than that this their
    its change changes changed baseline mean median average number numbers proportion percentage percent rate
    rates incidence frequency occurrence value values level levels score scores total overall assessed assessment
    measured measure measurement measurements evaluated evaluation determined determine defined using via between
    within during after before until up participant participants patient patients subject subjects people
    individuals group groups arm arms trial study treatment time point timepoint end start compared comparison
    versus vs who have has had
    """)
)
_DAYS = {"h": 1 / 24, "d": 1.0, "w": 7.0, "m": 30.44, "y": 365.25}
_UNIT = r"(hours?|hrs?|days?|weeks?|wks?|months?|mos?|years?|yrs?)"
_AMOUNT = r"\d+(?:\.\d+)?"
_LIST = rf"{_AMOUNT}(?:\s?(?:,\s?and|,|and|&|to|or|-)\s?{_AMOUNT})*"
_TIME = re.compile(rf"\b(?:({_LIST})[\s-]?{_UNIT}\b|{_UNIT}\s({_LIST})\b)")
_NUMBER = re.compile(_AMOUNT)


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of one primary outcome: its measure before and after, with the time frame where that moved."""

    way: Way
    before: str | None
    after: str | None

    @property
    def is_switch(self) -> bool:
        return self.way != "reworded"


def moves(went: Sequence[Mapping[str, Any]], came: Sequence[Mapping[str, Any]]) -> tuple[Moved, ...]:
    """What became of the primary outcomes, of a change of `outcomes` as history.changes tells it."""
    lost, gained = _primary(went), _primary(came)
    found: list[Moved] = []
    for old in list(lost):
        new = _nearest(old, gained)
        if new is not None:
            lost.remove(old)
            gained.remove(new)
            found.extend(_same_measure(old, new))
    found += [Moved("demoted" if _nearest(old, _others(came)) else "dropped", _name(old), None) for old in lost]
    found += [Moved("promoted" if _nearest(new, _others(went)) else "added", None, _name(new)) for new in gained]
    return tuple(found)


def _same_measure(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Moved]:
    """Of two that mean the same; nothing where no letter of them differs."""
    if not _same_time(old, new):
        before, after = (f"{_name(one)} [{one.get('time_frame') or 'no time frame'}]" for one in (old, new))
        return [Moved("time_frame", before, after)]
    return [Moved("reworded", _name(old), _name(new))] if dict(old) != dict(new) else []


def _primary(outcomes: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [one for one in outcomes if isinstance(one, Mapping) and one.get("kind") == "primary"]


def _others(outcomes: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [one for one in outcomes if isinstance(one, Mapping) and one.get("kind") != "primary"]


def _name(outcome: Mapping[str, Any]) -> str:
    return str(outcome.get("measure") or "")


def _nearest(one: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The one that means the same, the most alike first; None where none does."""
    likeness = [(_likeness(one, other), -place) for place, other in enumerate(others)]
    best = max(likeness, default=(0.0, 0))
    return others[-best[1]] if best[0] >= ALIKE else None


def _likeness(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """1.0 for the same text with the same time frame, a little less for another one."""
    left, right = _meaning(_name(one)), _meaning(_name(other))
    if left == right:
        return 1.0 if one.get("time_frame") == other.get("time_frame") else 0.99
    if _numbers(left) != _numbers(right):
        return 0.0
    shared = len(left & right)
    inside = shared / min(len(left), len(right)) if min(len(left), len(right)) > 1 else 0.0
    return max(shared / len(left | right), 0.9 * inside if inside == 1.0 else 0.0)


def _meaning(measure: str) -> frozenset[str]:
    """The words that carry a measure's meaning, singular, without times; all of its words where none does."""
    every = words(_TIME.sub(" ", measure[:LONGEST].lower()))
    carrying = frozenset(_singular(word) for word in every if word not in _PLAIN_WORDS)
    return carrying or frozenset(every)


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def _numbers(words_of: frozenset[str]) -> frozenset[str]:
    return frozenset(word for word in words_of if any(letter.isdigit() for letter in word))


def _same_time(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether both are measured at the same times; where one of them names none, nothing says that they differ."""
    before, after = _times(old), _times(new)
    if not before or not after:
        return True
    return all(_is_among(time, after) for time in before) and all(_is_among(time, before) for time in after)


def _times(outcome: Mapping[str, Any]) -> frozenset[float]:
    """In days, of the time frame, or else of the measure; the beginning (day 0) is none."""
    for text in (str(outcome.get("time_frame") or ""), _name(outcome)):
        found = frozenset(_days(text[:LONGEST].lower()))
        if found:
            return found
    return frozenset()


def _days(text: str) -> list[float]:
    found: list[float] = []
    for match in _TIME.finditer(text):
        amounts, unit = (match[1], match[2]) if match[1] else (match[4], match[3])
        found += [float(amount) * _DAYS[unit[0]] for amount in _NUMBER.findall(amounts)]
    return [days for days in found if days > 0]


def _is_among(time: float, times: frozenset[float]) -> bool:
    return any(abs(time - other) <= NEAR * max(time, other) for other in times)
