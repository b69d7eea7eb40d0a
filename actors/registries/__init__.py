"""Registries: one file each, a few pure functions and a few facts. No I/O.

A registry never touches the network. The scraper owns rate, retries, ETags, storage and checkpoints, and asks only:

    first(since)              what to ask for: everything, or all that changed since a day
    read(request, body)       what an answer holds, and what to ask next
    instead(request, status)  what to ask when the source refuses a request for good (a dead page token, say)
    narrower(request)         what to ask when the answer is too large, or cannot be read: less at once
    listing()                 what to ask for bare numbers and dates: which records there are, and which have changed
    by_numbers(numbers)       what to ask for the records of these numbers
    ahead(pending)            of what is still to be asked, what will be for sure: it is fetched while others are read

So a registry's test is bytes in, trials out. A `Request` is plain data: what is still to be asked is the scrape's
checkpoint.

What is asked is one query or several, each of which may take several requests. A page names its query, and the page
that ends a query tells how many records the source counted in it: what was met is compared with that.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from urllib.parse import urlencode

from actors.trials.record import Trial


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a registry; plain data, so that it can be kept in a checkpoint.

    `state` is the registry's own note to itself (a window, a count): strings only. `only` is the number of the one
    record that is asked for. `repeats`: where the answer is what it was to an earlier scrape that came to its end, so
    is all that would follow it.
    """

    url: str
    params: tuple[tuple[str, str], ...] = ()
    method: str = "GET"
    body: str | None = None
    media_type: str | None = None
    state: tuple[tuple[str, str], ...] = ()
    only: str | None = None
    repeats: bool = False

    @property
    def address(self) -> str:
        """The URL with its parameters."""
        return f"{self.url}?{urlencode(self.params)}" if self.params else self.url


@dataclass(frozen=True, slots=True)
class Found:
    """A trial and the bytes that it was read from, exactly as they came."""

    trial: Trial
    raw: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that could not be read, kept aside with its reason; `registry_id` where it could be told."""

    reason: str
    raw: bytes
    registry_id: str | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A record that there is, and when its source updated it last."""

    registry_id: str
    updated: date | None


@dataclass(frozen=True, slots=True)
class Ended:
    """A query was read to its end: how many records the source counted in it, and how to ask it anew, once."""

    count: int
    again: tuple[Request, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """What one answer held. `total` counts the records of all that is asked, where the source tells.

    `listed` are records that were only named: what is held of them, as of that day, need not be asked for again.

    `telling`: whatever changes in its query changes this page, so that its ETag stands for the whole of it.
    """

    found: tuple[Found, ...] = ()
    refused: tuple[Refused, ...] = ()
    follow: tuple[Request, ...] = ()
    total: int | None = None
    query: str = ""
    ended: Ended | None = None
    telling: bool = False
    listed: tuple[Listed, ...] = ()


class UnreadableBody(Exception):
    """The answer as a whole is not what this registry sends: cut short, not its format, of another shape."""


@dataclass(frozen=True, slots=True)
class Registry:
    name: str
    title: str
    terms: str  # URL of the terms of use, and the day they were read
    hosts: tuple[str, ...]  # redirects stay within these
    requests_per_min: float  # from those terms, or the rate that its users report as safe
    adapter_version: int  # goes up when `read` makes something else of the same bytes
    media_type: str  # of the raw records
    first: Callable[[date | None], tuple[Request, ...]]
    read: Callable[[Request, bytes], Page]
    instead: Callable[[Request, int], tuple[Request, ...]] = field(default=lambda request, status: ())
    narrower: Callable[[Request], tuple[Request, ...]] = field(default=lambda request: ())
    listing: Callable[[], tuple[Request, ...]] | None = None  # None: such a list would be no less than everything
    by_numbers: Callable[[Sequence[str]], tuple[Request, ...]] = field(default=lambda numbers: ())
    ahead: Callable[[Sequence[Request]], tuple[Request, ...]] = field(default=lambda pending: ())
    at_once: int = 1  # requests under way; each waits for its turn
    overlap_days: int = 2  # an incremental scrape looks back this far beyond the last success
