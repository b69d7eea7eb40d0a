"""A registry's page made into rows, whole: what a scrape sends to a process of its own. No I/O."""

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import TypeAlias

from actors import registries
from actors.registries import Ended, Found, Listed, Page, Refused, Registry, Request, UnreadableBody
from actors.runtime.catalog import catalog
from actors.trials.pack import PackedPage, Source, pack_page

Question: TypeAlias = tuple[str, tuple[tuple[str, str], ...], str, str | None]

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


def question_of(request: Request) -> Question:
    """What the source is asked, whatever we note down beside it."""
    return request.url, request.params, request.method, request.body


def read_on(
    registry: str, todo: Sequence[Request], answers: dict[Question, tuple[bytes, str, datetime]]
) -> list[tuple[Request, ReadPage]]:
    """One page after the other, what follows a page first, as long as there are answers that can be read."""
    read: list[tuple[Request, ReadPage]] = []
    todo = tuple(todo)
    while todo and (given := answers.pop(question_of(todo[0]), None)) is not None:
        try:
            page = read_page(registry, todo[0], *given)
        except UnreadableBody:
            break
        read.append((todo[0], page))
        todo = page.follow + todo[1:]
    return read


def joined(pages: Iterable[ReadPage]) -> Iterator[ReadPage]:
    """Pages of one query that follow one another as one, up to the one that ends it.

    A page that sets a record aside stays alone, for its address is kept with that; so does one that has a record
    again. The others' addresses are kept with their records.
    """
    run: list[ReadPage] = []
    for page in pages:
        if run and not _goes_with(run, page):
            yield _as_one(run)
            run = []
        run.append(page)
    if run:
        yield _as_one(run)


def _goes_with(run: Sequence[ReadPage], page: ReadPage) -> bool:
    last = run[-1]
    if last.query != page.query or last.ended or any(one.packed.refused or one.listed for one in (last, page)):
        return False
    numbers = {trial.registry_id for one in run for trial in one.packed.trials}
    return numbers.isdisjoint(trial.registry_id for trial in page.packed.trials)


def _as_one(run: Sequence[ReadPage]) -> ReadPage:
    if len(run) == 1:
        return run[0]
    packed = [one.packed for one in run]
    earliest = min((one.source for one in packed), key=lambda source: source.fetched_at)
    trials = tuple(trial for one in packed for trial in one.trials)
    return ReadPage(
        packed=PackedPage(earliest, trials, (), sum(one.repeated for one in packed)),
        follow=tuple(request for one in run for request in one.follow),
        total=next((one.total for one in reversed(run) if one.total is not None), None),
        query=run[-1].query,
        ended=run[-1].ended,
        telling=any(one.telling for one in run),
    )


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
