"""Requests to a demo registry: as they were seen, and those that cannot be understood. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


class BadRequest(Exception):
    """The request cannot be understood: answered 400 with this text."""


@dataclass(slots=True)
class Seen:
    """A request, noted when it arrives; `status` stays None while it is being answered."""

    at: datetime
    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]
    """Names in lower case."""
    status: int | None = None
    first: int | None = None
    """Of a page: how many records of the list come before it."""
    records: int | None = None
    body: str = ""
    """Of a POST, as it came."""
