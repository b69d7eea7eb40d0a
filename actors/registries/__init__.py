"""Registries: one file each, two pure functions and a few facts. No I/O.

A registry never touches the network. The scraper owns rate, retries, ETags, storage and checkpoints, and asks only:

    first(since)            what to ask for: everything, or all that changed since a day
    read(request, body)     what an answer holds, and what to ask next
    instead(request, status)  what to ask when the source refuses a request for good (a dead page token, say)

So a registry's test is bytes in, trials out. A `Request` is plain data: what is still to be asked is the scrape's
checkpoint.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from actors.trials.record import Trial


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a registry; plain data, so that it can be kept in a checkpoint.

    `state` is the registry's own note to itself (a window, a count): strings only.
    """

    url: str
    params: tuple[tuple[str, str], ...] = ()
    method: str = "GET"
    body: str | None = None
    media_type: str | None = None
    state: tuple[tuple[str, str], ...] = ()


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
class Page:
    """What one answer held. `total` counts the records of the whole query, where the source tells."""

    found: tuple[Found, ...] = ()
    refused: tuple[Refused, ...] = ()
    follow: tuple[Request, ...] = ()
    total: int | None = None


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
    overlap_days: int = 2  # an incremental scrape looks back this far beyond the last success
