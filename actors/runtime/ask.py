"""One question to a source, and its answer. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from multidict import CIMultiDict

from actors.runtime.politeness import Limit, Validators

KEPT_HEADERS = ("Content-Type", "Date", "ETag", "Last-Modified", "Link", "X-Next-Page-Token", "X-Total-Count")


@dataclass(frozen=True, slots=True)
class Ask:
    """One question. It may be sent several times, so it must be one that changes nothing at the source.

    `known` is what we hold already: where that is still so, the answer has `not_modified` and no body.
    """

    url: str
    hosts: tuple[str, ...]  # the only ones to ask, also by redirect
    params: tuple[tuple[str, str], ...] = ()
    method: str = "GET"
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()
    limit: Limit | None = None
    known: Validators | None = None
    max_bytes: int = 64 << 20  # unpacked; a full page of ClinicalTrials.gov is about 19 MB
    timeout_s: float = 120.0  # one attempt, from connecting to the last byte


@dataclass(frozen=True, slots=True)
class Answer:
    """What a source said, whole: 2xx, 4xx but 429, or `not_modified`."""

    status: int
    body: bytes
    url: str  # the one that answered, after redirects
    fetched_at: datetime
    took_s: float  # the attempt that was answered, without waiting for its turn
    attempts: int
    not_modified: bool = False
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def validators(self) -> Validators | None:
        """What to keep with what was read from this, for the `known` of the next time."""
        etag, last_modified = self.headers.get("ETag"), self.headers.get("Last-Modified")
        return Validators(etag, last_modified) if etag or last_modified else None


def headers_of(ask: Ask, *, trace: str) -> CIMultiDict[str]:
    """What goes along with a question; `trace` lets the source find it when we ask its operators."""
    headers = CIMultiDict(ask.headers)
    if ask.known and ask.known.etag:
        headers["If-None-Match"] = ask.known.etag
    if ask.known and ask.known.last_modified:
        headers["If-Modified-Since"] = ask.known.last_modified
    if trace:
        headers["X-Request-Id"] = trace
    return headers


def kept(headers: Mapping[str, str]) -> Mapping[str, str]:
    """The headers of an answer that somebody may want."""
    return MappingProxyType({name: headers[name] for name in KEPT_HEADERS if name in headers})
