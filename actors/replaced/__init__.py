"""Dumps of the systems that triald replaces, read into what triald has a place for. No I/O.

One file for each system in systems/, ending in `SYSTEM`: a reader for each of its tables, and a reason for each table
that has no place here yet. A reader is pure: a row in, what it tells out.

    row ──▶ Read(items, left_out) ──▶ what is written         (supervisor/taking_over.py)
        └──▶ NotTaken("start_date: …") ──▶ the report of refused rows

What was invented is never taken over: pay that was guessed, places that were drawn at random, texts that stand for a
description. It is counted by its field in `left_out`, and is not in the kept bytes of a record either.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias

from actors.trials.record import Trial

Row: TypeAlias = Mapping[str, Any]
# Rows of the tables that are needed to understand others, by what names them: users by their id.
Beside: TypeAlias = Mapping[str, Mapping[str, Sequence[Row]]]


class NotTaken(ValueError):
    """A row is not taken over; the message names the field and says what was expected."""


@dataclass(frozen=True, slots=True)
class TrialFound:
    """A record, and the bytes that are kept of it."""

    trial: Trial
    raw: bytes


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """`query` as a page's address holds it; None for an owner whom the dump does not name."""

    owner: str | None
    name: str
    query: str


@dataclass(frozen=True, slots=True)
class LayTerm:
    """What a text means, in numbers of MeSH records."""

    text: str
    uis: tuple[str, ...]
    note: str | None


@dataclass(frozen=True, slots=True)
class Person:
    """Without a password: it is given a new one."""

    login: str
    role: str
    name: str | None
    email: str | None


@dataclass(frozen=True, slots=True)
class OldProject:
    name: str
    description: str
    owner: str | None


Item: TypeAlias = TrialFound | SavedSearch | LayTerm | Person | OldProject


@dataclass(frozen=True, slots=True)
class Read:
    """What a row tells. `left_out`: its fields that say something and are not taken over, each with the reason."""

    items: tuple[Item, ...] = ()
    left_out: tuple[str, ...] = ()


Reader: TypeAlias = Callable[[Row, Beside], Read]


@dataclass(frozen=True, slots=True)
class System:
    """`tables` in the order in which they are taken over: who is named by others first. `beside`: see Beside."""

    name: str
    title: str
    tables: Mapping[str, Reader]
    no_place: Mapping[str, str]
    beside: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))  # and its columns
