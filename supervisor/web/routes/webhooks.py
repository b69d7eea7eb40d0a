"""Webhooks: programs of yours that are told of every notice."""

from typing import Annotated

import msgspec
from msgspec import Meta

from actors.trials.webhooks import store
from actors.trials.webhooks.store import DeliveryTold, Webhook
from supervisor.roles import Role
from supervisor.web import watch_commands as commands
from supervisor.web.paging import PageQuery, page_of
from supervisor.web.route import Call, Nothing, Resource, Route


class WebhooksList(msgspec.Struct, frozen=True):
    webhooks: tuple[Webhook, ...]


class NewWebhook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """https, and out in the world; a host of our own network only where a setting names it."""

    url: Annotated[str, Meta(min_length=1, max_length=2000)]


class Made(msgspec.Struct, frozen=True):
    """The secret that signs; it is shown this once."""

    id: int
    secret: str


class Switched(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    on: bool


class Webhooked(msgspec.Struct, frozen=True):
    id: int


class DeliveriesPage(msgspec.Struct, frozen=True):
    """The newest first."""

    deliveries: tuple[DeliveryTold, ...]
    next: int | None


async def webhooks(call: Call[Nothing, Nothing]) -> WebhooksList:
    """Where your notices are sent to, and whether that answers."""
    return WebhooksList(tuple(await store.webhooks(call.db, call.who.name)))


async def add(call: Call[Nothing, NewWebhook]) -> Made:
    """Notices are sent there from now on."""
    return Made(*await commands.add_webhook(call, call.body.url))


async def switch(call: Call[Nothing, Switched]) -> Webhooked:
    """Off: nothing more is sent; on: from now on, and at once whatever waits."""
    await store.switch(call.db, call.who.name, call.id(), on=call.body.on)
    return Webhooked(call.id())


async def remove(call: Call[Nothing, Nothing]) -> Webhooked:
    """It is forgotten, with its deliveries."""
    await store.remove(call.db, call.who.name, call.id())
    return Webhooked(call.id())


async def deliveries(call: Call[PageQuery, Nothing]) -> DeliveriesPage:
    """What was sent, and what came of it."""
    asked = call.query
    rows = await store.deliveries(call.db, call.who.name, call.id(), before=asked.before, limit=asked.limit + 1)
    shown, following = page_of(rows, asked.limit)
    return DeliveriesPage(tuple(shown), following)


RESOURCE = Resource(
    "webhooks",
    (
        Route("GET", "/api/v1/webhooks", webhooks, Role.VIEWER),
        Route("POST", "/api/v1/webhooks", add, Role.VIEWER),
        Route("POST", "/api/v1/webhooks/{id}/switch", switch, Role.VIEWER),
        Route("DELETE", "/api/v1/webhooks/{id}", remove, Role.VIEWER),
        Route("GET", "/api/v1/webhooks/{id}/deliveries", deliveries, Role.VIEWER),
    ),
    of_registries=False,
)
