"""A registry's page made into rows, whole: what a scrape sends to a process of its own. No I/O."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache

from actors import registries
from actors.registries import Ended, Found, Listed, Page, Refused, Registry, Request
from actors.runtime.catalog import catalog
from actors.trials.pack import PackedPage, Source, pack_page

MOST_ASIDE_BYTES = 1 << 20  # of an answer that cannot be read; its beginning shows what it is


@dataclass(frozen=True, slots=True)
class ReadPage:
    packed: PackedPage
    follow: tuple[Request, ...]
    total: int | None
    query: str
    ended: Ended | None
    telling: bool
    listed: tuple[Listed, ...] = ()


def read_page(registry: str, request: Request, body: bytes, url: str, fetched_at: datetime) -> ReadPage:
    """Raises UnreadableBody when the body as a whole is not what the registry sends."""
    source = known_registries()[registry]
    with collecting_nothing():
        return _packed(source, source.read(request, body), url, fetched_at)


@contextmanager
def collecting_nothing() -> Iterator[None]:
    """Without looking for garbage in circles: a page makes none, and the looking costs a seventh of its time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def set_aside(source: Registry, number: str, reason: str, body: bytes, url: str, fetched_at: datetime) -> ReadPage:
    """A page that refuses the one record that was asked for, of which something else came, or too much."""
    refused = Refused(reason, body[:MOST_ASIDE_BYTES], number)
    return _packed(source, Page(refused=(refused,), query=number), url, fetched_at)


def _packed(source: Registry, page: Page, url: str, fetched_at: datetime) -> ReadPage:
    origin = Source(source.name, url, fetched_at, source.adapter_version, source.media_type)
    found, page = [*reversed(page.found)], replace(page, found=())
    packed = pack_page(_handed_over(found), page.refused, origin)
    return ReadPage(packed, page.follow, page.total, page.query, page.ended, page.telling, page.listed)


def _handed_over(found: list[Found]) -> Iterator[Found]:
    """From the last to the first; each is forgotten once it is packed, which saves a fifth of the memory."""
    while found:
        yield found.pop()


@cache
def known_registries() -> dict[str, Registry]:
    return catalog(registries, "REGISTRY", Registry)
