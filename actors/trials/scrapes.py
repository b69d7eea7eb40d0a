"""A scrape: one passage through a registry, and how far it is. No I/O."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

Mode = Literal["full", "incremental"]
State = Literal["running", "done", "failed", "cancelled"]
End = Literal["done", "failed", "cancelled"]

MOST_VANISHED = 0.10  # of a registry's trials; more than this looks like a fault of the source, or of ours
FEWEST_FOR_ETA = 2  # pages: a rate from one is none


@dataclass(frozen=True, slots=True)
class Scrape:
    id: int
    registry: str
    mode: Mode
    since: date | None
    state: State
    job_id: int | None
    started_at: datetime
    ended_at: datetime | None
    page_at: datetime | None  # when the last page was written
    pages: int
    requests: int
    total: int | None  # records that the source says it has for this scrape
    records: int  # new + changed + unchanged + refused
    new: int
    changed: int
    unchanged: int
    refused: int
    removed: int
    reached_on: date | None  # the latest last update that was met
    error: str | None


@dataclass(frozen=True, slots=True)
class PageCounts:
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0

    @property
    def records(self) -> int:
        return self.new + self.changed + self.unchanged + self.refused


@dataclass(frozen=True, slots=True)
class Progress:
    """`share` of 0 to 1, `per_s` and `left_s` are None while they cannot be told."""

    share: float | None
    per_s: float | None
    left_s: float | None


def progress(scrape: Scrape, now: datetime) -> Progress:
    """How far a scrape is, at the mean rate of its pages so far; of an ended one, how it went."""
    end = scrape.ended_at or now
    took_s = (end - scrape.started_at).total_seconds()
    share = min(scrape.records / scrape.total, 1.0) if scrape.total else None
    per_s = scrape.records / took_s if took_s > 0 and scrape.pages >= FEWEST_FOR_ETA else None
    if scrape.state != "running" or scrape.total is None or not per_s:
        return Progress(share, per_s, None)
    return Progress(share, per_s, max(scrape.total - scrape.records, 0) / per_s)


@dataclass(frozen=True, slots=True)
class Removed:
    """So many trials were marked as gone at the source."""

    trials: int


@dataclass(frozen=True, slots=True)
class TooManyVanished:
    """Nothing was marked: so many would have been that a fault is likelier. Somebody should look."""

    vanished: int
    present: int


def too_many(vanished: int, present: int) -> bool:
    return vanished > MOST_VANISHED * present
