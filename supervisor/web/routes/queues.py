"""Queues: their load, paused and resumed, their limits."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from actors.errors import NotFound
from actors.queue import operating, store
from supervisor.roles import Role
from supervisor.web import picture
from supervisor.web.picture import QueueTold
from supervisor.web.route import Call, Nothing, Resource, Route


class QueuesList(msgspec.Struct, frozen=True):
    queues: tuple[QueueTold, ...]


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """null is no limit. `fair`: turns are shared between tenants."""

    most_running: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None
    per_minute: Annotated[float, Meta(gt=0, le=1e9)] | None
    fair: bool


class QueueIs(msgspec.Struct, frozen=True):
    queue: str
    paused: bool
    most_running: int | None
    per_minute: float | None
    fair: bool


async def queues(call: Call[Nothing, Nothing]) -> QueuesList:
    """Every queue with what waits and runs in it."""
    per_s = picture.per_s(await store.processes(call.db))
    return QueuesList(picture.queues(await operating.load(call.db), per_s))


async def pause(call: Call[Nothing, Nothing]) -> QueueIs:
    """Nothing more is claimed from a queue; what runs goes on."""
    await operating.set_paused(call.db, call.word("name"), paused=True)
    return await _rules(call)


async def resume(call: Call[Nothing, Nothing]) -> QueueIs:
    """A paused queue goes on."""
    await operating.set_paused(call.db, call.word("name"), paused=False)
    return await _rules(call)


async def show(call: Call[Nothing, Nothing]) -> QueueIs:
    """The rules of one queue."""
    return await _rules(call)


async def limits(call: Call[Nothing, Rules]) -> QueueIs:
    """How many jobs of a queue run at once, how many start a minute, and whether tenants share its turns."""
    rules = call.body
    await operating.set_limits(
        call.db, call.word("name"), most_running=rules.most_running, per_minute=rules.per_minute, fair=rules.fair
    )
    return await _rules(call)


async def _rules(call: Call[Any, Any]) -> QueueIs:
    name = call.word("name")
    rules = (await store.queue_rules(call.db)).get(name)
    if rules is None:
        raise NotFound(f"queue: there is no queue {name[:70]!r}")
    return QueueIs(name, rules.paused, rules.most_running, rules.per_minute, rules.fair)


RESOURCE = Resource(
    "queues",
    (
        Route("GET", "/api/v1/queues", queues, Role.VIEWER),
        Route("GET", "/api/v1/queues/{name}", show, Role.VIEWER),
        Route("POST", "/api/v1/queues/{name}/pause", pause, Role.OPERATOR),
        Route("POST", "/api/v1/queues/{name}/resume", resume, Role.OPERATOR),
        Route("PUT", "/api/v1/queues/{name}/limits", limits, Role.OPERATOR),
    ),
    of_registries=False,
)
