"""A scrape: one passage through a registry, and how far it is. No I/O."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, Protocol

Mode = Literal["full", "incremental", "reconcile"]
OF_EVERYTHING: tuple[Mode, ...] = ("full", "reconcile")  # these notice what is gone at the source
State = Literal["running", "done", "failed", "cancelled"]
End = Literal["done", "failed", "cancelled"]

MOST_VANISHED = 0.10  # of a registry's trials; more than this looks like a fault of the source, or of ours
FEW_VANISHED = 25  # trials: so many may always vanish, but never all
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
    error: str | None  # why it failed, or its last attempt did; of one that is done, what it could not do
    missed: int = 0  # records that the source counted and did not give, asked twice
    covers_to: date | None = None  # all that was updated at the source before this day is here


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
class Met:
    """How many different records a scrape has met, and how many of them were refused and have no readable number."""

    records: int
    unnamed: int


def missing(scrape: Scrape, met: Met) -> int:
    """How many records the source counted, query by query or in all, and the scrape has not met."""
    return max(scrape.missed, (scrape.total or 0) - met.records, 0)


def covers_to(scrape: Scrape, before: date | None, *, missed: int) -> date | None:
    """The day before which every update at the source is here once this scrape has ended; None where it proves nothing.

    `before`: as far as earlier scrapes reach. A scrape of everything reaches to the latest update that it met, or
    to its own beginning; so does one of what changed, if it leaves no gap between them.
    """
    began = scrape.started_at.date()
    reached = min(scrape.reached_on, began) if scrape.reached_on else None
    if missed:
        return None
    if scrape.mode in OF_EVERYTHING:
        return reached or began
    if before is None or scrape.since is None or scrape.since > before:
        return None
    return max(before, reached) if reached else before


class Named(Protocol):
    """A record that there is at the source, and when that updated it last."""

    @property
    def registry_id(self) -> str: ...
    @property
    def updated(self) -> date | None: ...


@dataclass(frozen=True, slots=True)
class Compared:
    """Records that were only named: those that are held as of that day, and the numbers of all others."""

    same: tuple[str, ...] = ()
    differing: tuple[str, ...] = ()
    reached: date | None = None  # the latest of the days


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
    """Whether so many that are gone at once are not believed."""
    return vanished > max(MOST_VANISHED * present, FEW_VANISHED) or vanished == present > 0


def may_remove(scrape: Scrape, met: Met) -> bool:
    """Whether what a scrape has not met is gone: only when it was of everything, and met all that there is."""
    return scrape.mode in OF_EVERYTHING and not missing(scrape, met) and not met.unnamed


def warning(scrape: Scrape, met: Met, gone: Removed | TooManyVanished | None) -> str | None:
    """What a scrape that came to its end could not do, in words; None where it did everything."""
    nothing = ", so none that was not met is marked as removed" if scrape.mode in OF_EVERYTHING else ""
    if missed := missing(scrape, met):
        return f"{missed:,} records that the source counted did not come, asked twice{nothing}; the next one goes back"
    if isinstance(gone, TooManyVanished):
        return (
            f"{gone.vanished:,} of {gone.present:,} trials were not met: too many to believe, so none is marked as "
            f"removed; triald scrape {scrape.registry} --{scrape.mode} --accept-removed does it"
        )
    if met.unnamed and nothing:
        return f"{met.unnamed:,} refused records have no readable number{nothing}"
    return None
