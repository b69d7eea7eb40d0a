"""What a registry's server serves records from: a generated world, or real records kept in files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Held:
    """The record at this position."""

    position: int


@dataclass(frozen=True, slots=True)
class Moved:
    """An obsolete number; the record stands under this one."""

    nct: str


class Source(Protocol):
    """Records by position. Dates are YYYY-MM-DD; a record that lacks a datum answers with an empty string."""

    @property
    def version(self) -> str:
        """Another one whenever any record may be another one."""

    @property
    def timestamp(self) -> str:
        """Until when the data reach, as `/version` says it."""

    def on(self, day: int | None) -> Source:
        """The same source on another day; None is the day that it starts with."""

    def positions(self) -> Sequence[int]:
        """Of all records that are in the register, in the order of an unsorted listing."""

    def body(self, position: int) -> bytes:
        """One record, encoded."""

    def bodies(self, positions: Sequence[int]) -> bytes:
        """Records in this order, encoded, with commas between them."""

    def find(self, nct: str) -> Held | Moved | None:
        """Where the record of a canonical number is."""

    def prepare(self) -> None:
        """Said before dates and statuses are asked of every record; may take seconds the first time."""

    def nct(self, position: int) -> str: ...

    def posted(self, position: int) -> str: ...

    def updated(self, position: int) -> str: ...

    def status(self, position: int) -> str: ...
