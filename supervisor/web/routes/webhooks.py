"""Webhooks: programs of yours that are told of events."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from actors.errors import NotFound
from actors.notices.webhooks import store
from actors.notices.webhooks.store import DeliveryTold, Webhook
from supervisor.roles import Role
from supervisor.web import webhook_commands as commands
from supervisor.web.paging import PageQuery, Word, page_of
from supervisor.web.route import Call, Nothing, Resource, Route

Kinds = Annotated[tuple[Word, ...], Meta(min_length=1, max_length=50)]


class WebhooksList(msgspec.Struct, frozen=True):
    """`kinds`: what you may ask for."""

    webhooks: tuple[Webhook, ...]
    kinds: tuple[str, ...]


class NewWebhook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """https, and out in the world; a host of our own network only where a setting names it."""

    url: Annotated[str, Meta(min_length=1, max_length=2000)]
    kinds: Kinds = ("trial.changed",)


class Made(msgspec.Struct, frozen=True):
    """The secret that signs; it is shown this once."""

    id: int
    secret: str


class Switched(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    on: bool


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kinds: Kinds


class Webhooked(msgspec.Struct, frozen=True):
    id: int


class Tested(msgspec.Struct, frozen=True):
    """The delivery that is on its way."""

    delivery: int


class Replayed(msgspec.Struct, frozen=True):
    """How many deliveries are sent again."""

    replayed: int


class DeliveriesPage(msgspec.Struct, frozen=True):
    """The newest first."""

    deliveries: tuple[DeliveryTold, ...]
    next: int | None


async def webhooks(call: Call[Nothing, Nothing]) -> WebhooksList:
    """Where events are sent to, and whether that answers."""
    return WebhooksList(tuple(await store.webhooks(call.db, call.who.login)), commands.kinds_for(call))


async def add(call: Call[Nothing, NewWebhook]) -> Made:
    """Events of these kinds are sent there from now on."""
    return Made(*await commands.add(call, call.body.url, call.body.kinds))


async def ask_for(call: Call[Nothing, Asked]) -> Webhooked:
    """Events of these kinds, and no others, from now on."""
    await store.ask_for(call.db, call.who.login, call.id(), commands.checked(call, call.body.kinds))
    return Webhooked(call.id())


async def switch(call: Call[Nothing, Switched]) -> Webhooked:
    """Off: nothing more is sent; on: from now on, and at once whatever waits."""
    await store.switch(call.db, call.who.login, call.id(), on=call.body.on)
    return Webhooked(call.id())


async def test(call: Call[Nothing, Nothing]) -> Tested:
    """Sends an event of the kind `webhook.test`."""
    return Tested(await store.test(call.db, call.who.login, call.id(), datetime.now(UTC)))


async def replay(call: Call[Nothing, Nothing]) -> Replayed:
    """Sends again what was given up, a thousand deliveries at most, with the ids that they had."""
    return Replayed(await store.replay(call.db, call.who.login, call.id(), None, datetime.now(UTC)))


async def replay_one(call: Call[Nothing, Nothing]) -> Replayed:
    """Sends one delivery again, whatever came of it, with the id that it had."""
    return Replayed(await store.replay(call.db, call.who.login, call.id(), call.id("delivery"), datetime.now(UTC)))


async def remove(call: Call[Nothing, Nothing]) -> Webhooked:
    """It is forgotten, with its deliveries."""
    await store.remove(call.db, call.who.login, call.id())
    return Webhooked(call.id())


async def deliveries(call: Call[PageQuery, Nothing]) -> DeliveriesPage:
    """What was sent, each attempt at it, and what was answered."""
    asked = call.query
    if call.id() not in {one.id for one in await store.webhooks(call.db, call.who.login)}:
        raise NotFound(f"webhook: there is no webhook {call.id()} of yours")
    rows = await store.deliveries(call.db, call.who.login, call.id(), before=asked.before, limit=asked.limit + 1)
    shown, following = page_of(rows, asked.limit)
    return DeliveriesPage(tuple(shown), following)


RESOURCE = Resource(
    "webhooks",
    (
        Route("GET", "/api/v1/webhooks", webhooks, Role.VIEWER),
        Route("POST", "/api/v1/webhooks", add, Role.VIEWER),
        Route("POST", "/api/v1/webhooks/{id}/kinds", ask_for, Role.VIEWER),
        Route("POST", "/api/v1/webhooks/{id}/switch", switch, Role.VIEWER),
        Route("POST", "/api/v1/webhooks/{id}/test", test, Role.VIEWER),
        Route("POST", "/api/v1/webhooks/{id}/replay", replay, Role.VIEWER),
        Route("DELETE", "/api/v1/webhooks/{id}", remove, Role.VIEWER),
        Route("GET", "/api/v1/webhooks/{id}/deliveries", deliveries, Role.VIEWER),
        Route("POST", "/api/v1/webhooks/{id}/deliveries/{delivery}/replay", replay_one, Role.VIEWER),
    ),
    of_registries=False,
    of_tenant=True,
)
