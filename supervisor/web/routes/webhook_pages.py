"""The pages of webhooks: which there are, what they ask for, what was sent and what came of it."""

from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from aiohttp import web
from msgspec import Meta

from actors.notices.outbox.event import KINDS
from actors.notices.webhooks import store
from supervisor.roles import Role
from supervisor.web import webhook_commands as commands
from supervisor.web.pages_of import page, see
from supervisor.web.paging import PageQuery, Word, page_of
from supervisor.web.route import Call, Nothing, Resource, Route


class WebhookForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    url: Annotated[str, Meta(max_length=2000)] = ""
    kinds: tuple[Word, ...] = ()


class KindsForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kinds: tuple[Word, ...] = ()


async def show(call: Call[Nothing, Nothing]) -> web.Response:
    """Programs of yours that are told of events."""
    return await _page(call)


async def _page(call: Call[Nothing, Nothing] | Call[Nothing, WebhookForm], secret: str | None = None) -> web.Response:
    return page(
        call,
        "webhooks.html",
        here="watching",
        webhooks=await store.webhooks(call.db, call.who.login),
        kinds={kind: KINDS[kind] for kind in commands.kinds_for(call)},
        secret=secret,
    )


async def add(call: Call[Nothing, WebhookForm]) -> web.Response:
    """The form that adds a webhook; the answer shows its secret, this once."""
    _, secret = await commands.add(call, call.body.url, call.body.kinds)
    return await _page(call, secret)


async def ask_for(call: Call[Nothing, KindsForm]) -> web.Response:
    """The form that says which kinds of events are sent."""
    await store.ask_for(call.db, call.who.login, call.id(), commands.checked(call, call.body.kinds))
    return see("/webhooks")


async def switch_on(call: Call[Nothing, Nothing]) -> web.Response:
    """The switch of a webhook: on, and whatever waits is sent at once."""
    await store.switch(call.db, call.who.login, call.id(), on=True)
    return see("/webhooks")


async def switch_off(call: Call[Nothing, Nothing]) -> web.Response:
    """The switch of a webhook: off."""
    await store.switch(call.db, call.who.login, call.id(), on=False)
    return see("/webhooks")


async def test(call: Call[Nothing, Nothing]) -> web.Response:
    """The button that sends an event to try it."""
    await store.test(call.db, call.who.login, call.id(), datetime.now(UTC))
    return see(f"/webhooks/{call.id()}")


async def remove(call: Call[Nothing, Nothing]) -> web.Response:
    """The button that forgets a webhook."""
    await store.remove(call.db, call.who.login, call.id())
    return see("/webhooks")


async def deliveries(call: Call[PageQuery, Nothing]) -> web.Response:
    """What was sent to a webhook, and what came of it."""
    asked, owner = call.query, call.who.login
    one = await store.webhook(call.db, owner, call.id())
    rows = await store.deliveries(call.db, owner, one.id, before=asked.before, limit=asked.limit + 1)
    shown, following = page_of(rows, asked.limit)
    return page(
        call,
        "deliveries.html",
        here="watching",
        webhook=one,
        deliveries=shown,
        next=urlencode({"before": following}) if following else None,
        first="" if asked.before else None,
    )


async def replay(call: Call[Nothing, Nothing]) -> web.Response:
    """The button that sends again what was given up."""
    await store.replay(call.db, call.who.login, call.id(), None, datetime.now(UTC))
    return see(f"/webhooks/{call.id()}")


async def replay_one(call: Call[Nothing, Nothing]) -> web.Response:
    """The button that sends one delivery again."""
    await store.replay(call.db, call.who.login, call.id(), call.id("delivery"), datetime.now(UTC))
    return see(f"/webhooks/{call.id()}")


def _form(path: str, handler: object, status: int = 303) -> Route:
    return Route("POST", path, handler, Role.VIEWER, status=status, form=True)  # type: ignore[arg-type]  # any handler


RESOURCE = Resource(
    "webhook_pages",
    (
        Route("GET", "/webhooks", show, Role.VIEWER),
        _form("/webhooks", add, status=200),
        Route("GET", "/webhooks/{id}", deliveries, Role.VIEWER),
        _form("/webhooks/{id}/kinds", ask_for),
        _form("/webhooks/{id}/on", switch_on),
        _form("/webhooks/{id}/off", switch_off),
        _form("/webhooks/{id}/test", test),
        _form("/webhooks/{id}/remove", remove),
        _form("/webhooks/{id}/replay", replay),
        _form("/webhooks/{id}/deliveries/{delivery}/replay", replay_one),
    ),
    of_registries=False,
    of_tenant=True,
)
