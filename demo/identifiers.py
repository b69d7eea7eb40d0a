"""Register numbers of the world's trials: unique, valid, and for ClinicalTrials.gov readable backwards. No I/O.

A trial's index i becomes NCT08000000 + rank x 1000 + slot. The rank (0 to 1998) says when the trial was first
posted, so numbers grow with time as in the real register; the slot tells trials of one rank apart. Numbers from
NCT08000000 up have not been given yet, so no record of the world can be taken for a real one. Slots from 500 up
are obsolete numbers (aliases) of the same trials.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

RANKS = 1999  # a prime, so that any stride visits each rank once
SLOTS = 500
MOST_TRIALS = RANKS * SLOTS

_FIRST = 8_000_000
_STRIDE, _SLOT_STRIDE, _SLOT_TURN = 1237, 307, 389
_STRIDE_BACK = pow(_STRIDE, -1, RANKS)
_SLOT_BACK = pow(_SLOT_STRIDE, -1, SLOTS)
_NCT = re.compile(r"^[Nn][Cc][Tt]0*([1-9]\d{0,7})$")


@dataclass(frozen=True, slots=True)
class Place:
    """Which trial a number means."""

    index: int
    obsolete: bool


def rank(index: int) -> int:
    """0 (posted first) to RANKS - 1 (posted last); any run of indexes is spread evenly over the ranks."""
    return index * _STRIDE % RANKS


def nct(index: int) -> str:
    return _number(index, 0)


def obsolete_nct(index: int) -> str:
    return _number(index, SLOTS)


def _number(index: int, offset: int) -> str:
    at = rank(index)
    slot = (index // RANKS * _SLOT_STRIDE + at * _SLOT_TURN) % SLOTS
    return f"NCT{_FIRST + at * 1000 + slot + offset:08d}"


def canonical(text: str) -> str | None:
    """The eight-digit form of an NCT number as the registry accepts it, or None when it is malformed."""
    found = _NCT.match(text.strip())
    return f"NCT{int(found[1]):08d}" if found else None


def place(number: str) -> Place | None:
    """The trial that a canonical number means, whether or not the world is big enough to hold it."""
    at, slot = divmod(int(number[3:]) - _FIRST, 1000)
    if not 0 <= at < RANKS:
        return None
    obsolete, slot = divmod(slot, SLOTS)
    row = (slot - at * _SLOT_TURN) * _SLOT_BACK % SLOTS
    return Place(row * RANKS + at * _STRIDE_BACK % RANKS, bool(obsolete))


def eudract(index: int, year: int) -> str:
    return f"{year}-0{index % 100_000:05d}-{10 + index // 100_000:02d}"


def eu_ct(index: int, year: int) -> str:
    return f"{year}-5{index % 100_000:05d}-{10 + index // 100_000:02d}-00"


def isrctn(index: int) -> str:
    return f"ISRCTN{10_000_000 + index * 7_654_321 % 89_999_999:08d}"


def utn(index: int) -> str:
    high, low = divmod(index, 10_000)
    return f"U1111-{1200 + high:04d}-{low:04d}"
