"""The page of what you watch: notices, and watches."""

from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from aiohttp import web
from msgspec import Meta

from actors.errors import NotFound
from actors.trials.watching import store
from actors.trials.watching.shown import Unread
from supervisor.roles import Role
from supervisor.web import watch_commands as commands
from supervisor.web import watch_page
from supervisor.web.pages_of import page, see
from supervisor.web.paging import Before, Word, page_of
from supervisor.web.route import Call, Nothing, Resource, Route

NOTICES_SHOWN = 20
WATCHES_SHOWN = 200  # all that one may have


class WatchingQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`before` is the `next` of the page before."""

    before: Before | None = None
    unread: bool = False


class TrialForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The button of a trial's page."""

    trial: Word


class SearchForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The form beside a search."""

    query: Annotated[str, Meta(max_length=20_000)] = ""
    name: Annotated[str, Meta(max_length=200)] = ""


async def show(call: Call[WatchingQuery, Nothing]) -> web.Response:
    """What has changed of what you watch, and what that is."""
    before, unread = call.query.before, call.query.unread
    owner = call.who.name
    rows = await store.notices(call.db, owner, unread=unread, before=before, limit=NOTICES_SHOWN + 1)
    shown, following = page_of(rows, NOTICES_SHOWN)
    kept = [("unread", "true")] if unread else []
    told = (await store.unread(call.db, [owner])).get(owner, Unread(0))
    return page(
        call,
        "watching.html",
        here="watching",
        notices=shown,
        unread=told.unread,
        latest=told.latest[0].id if told.latest else 0,
        only_unread=unread,
        watches=await store.watches(call.db, owner, limit=WATCHES_SHOWN),
        said=watch_page.said,
        next=urlencode([*kept, ("before", following)]) if following else None,
        first=urlencode(kept) if before else None,
    )


async def watch(call: Call[Nothing, TrialForm]) -> web.Response:
    """The button that begins to watch a trial."""
    await commands.watch_trial(call, call.body.trial)
    return see(f"/trials/{call.body.trial}")


async def unwatch(call: Call[Nothing, TrialForm]) -> web.Response:
    """The button that ends it."""
    if call.body.trial.isascii() and call.body.trial.isdigit() and len(call.body.trial) < 19:
        id_ = await store.watch_of(call.db, call.who.name, int(call.body.trial))
        if id_ is not None:
            await store.remove(call.db, call.who.name, id_)
            return see(f"/trials/{call.body.trial}")
    raise NotFound("trial: you do not watch it")


async def save(call: Call[Nothing, SearchForm]) -> web.Response:
    """The form that saves a search."""
    await commands.save_search(call, call.body.query, call.body.name or None)
    return see("/watching")


async def remove(call: Call[Nothing, Nothing]) -> web.Response:
    """The button that ends a watch."""
    await store.remove(call.db, call.who.name, call.id())
    return see("/watching")


async def read(call: Call[Nothing, Nothing]) -> web.Response:
    """The button that marks every notice as read."""
    await store.read(call.db, call.who.name, None, datetime.now(UTC))
    return see("/watching")


async def read_one(call: Call[Nothing, Nothing]) -> web.Response:
    """The button that marks one as read."""
    await store.read(call.db, call.who.name, [call.id()], datetime.now(UTC))
    return see("/watching")


def _form(path: str, handler: object, status: int = 303) -> Route:
    return Route("POST", path, handler, Role.VIEWER, status=status, form=True)  # type: ignore[arg-type]  # any handler


RESOURCE = Resource(
    "watching_pages",
    (
        Route("GET", "/watching", show, Role.VIEWER),
        _form("/watching/trials", watch),
        _form("/watching/trials/remove", unwatch),
        _form("/watching/searches", save),
        _form("/watching/{id}/remove", remove),
        _form("/watching/read", read),
        _form("/watching/notices/{id}/read", read_one),
    ),
    of_tenant=True,
)
