"""Watches and notices: what somebody follows, and what has changed of it. Everybody has their own."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from actors.trials.watching import store
from actors.trials.watching.shown import Notice, Watch
from supervisor.roles import Role
from supervisor.web import watch_commands as commands
from supervisor.web.paging import PageQuery, Word, page_of
from supervisor.web.problems import Refused
from supervisor.web.route import LARGEST_ID, Call, Nothing, Resource, Route


class WatchesPage(msgspec.Struct, frozen=True):
    """`next` is the `before` of the next page, null at the end."""

    watches: tuple[Watch, ...]
    next: int | None


class NewWatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Either a trial, by our id or a number, or a search, as the address of its page holds it: `q=heart&sex=female`."""

    trial: Word | None = None
    query: Annotated[str, Meta(max_length=20_000)] | None = None
    name: Annotated[str, Meta(min_length=1, max_length=200)] | None = None


class Removed(msgspec.Struct, frozen=True):
    removed: int


class NoticesQuery(PageQuery, frozen=True, forbid_unknown_fields=True):
    """`unread`: only those."""

    unread: bool = False


class NoticesPage(msgspec.Struct, frozen=True):
    """The newest first."""

    notices: tuple[Notice, ...]
    next: int | None


class ToRead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Without ids, all of them."""

    ids: Annotated[tuple[Annotated[int, Meta(ge=1, le=LARGEST_ID)], ...], Meta(max_length=1000)] | None = None


class Read(msgspec.Struct, frozen=True):
    """How many were unread."""

    read: int


async def watches(call: Call[PageQuery, Nothing]) -> WatchesPage:
    """What you watch, the newest first."""
    asked = call.query
    rows = await store.watches(call.db, call.who.name, before=asked.before, limit=asked.limit + 1)
    shown, following = page_of(rows, asked.limit)
    return WatchesPage(tuple(shown), following)


async def add(call: Call[Nothing, NewWatch]) -> Watch:
    """Watch a trial, or save a search; what is so already is not told of."""
    given = call.body
    if (given.trial is None) == (given.query is None):
        raise Refused.field("trial", "expected either a trial or a query")
    if given.trial is not None:
        id_ = await commands.watch_trial(call, given.trial)
    else:
        id_ = await commands.save_search(call, given.query or "", given.name)
    return await store.watch(call.db, call.who.name, id_)


async def remove(call: Call[Nothing, Nothing]) -> Removed:
    """Watch it no more; notices that were made stay."""
    await store.remove(call.db, call.who.name, call.id())
    return Removed(call.id())


async def notices(call: Call[NoticesQuery, Nothing]) -> NoticesPage:
    """What has changed of what you watch, the newest first."""
    asked = call.query
    rows = await store.notices(call.db, call.who.name, unread=asked.unread, before=asked.before, limit=asked.limit + 1)
    shown, following = page_of(rows, asked.limit)
    return NoticesPage(tuple(shown), following)


async def read(call: Call[Nothing, ToRead]) -> Read:
    """You have read these."""
    return Read(await store.read(call.db, call.who.name, call.body.ids, datetime.now(UTC)))


RESOURCE = Resource(
    "watches",
    (
        Route("GET", "/api/v1/watches", watches, Role.VIEWER),
        Route("POST", "/api/v1/watches", add, Role.VIEWER),
        Route("DELETE", "/api/v1/watches/{id}", remove, Role.VIEWER),
        Route("GET", "/api/v1/notices", notices, Role.VIEWER),
        Route("POST", "/api/v1/notices/read", read, Role.VIEWER),
    ),
    of_tenant=True,
)
