"""Silences: alerts of which nobody is told for a while."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from actors.notices.alerts import store
from actors.notices.alerts.silence import Silence
from supervisor.roles import Role
from supervisor.web import alert_commands as commands
from supervisor.web.alert_commands import NewSilence
from supervisor.web.route import Call, Nothing, Resource, Route


class SilencesQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    limit: Annotated[int, Meta(ge=1, le=200)] = 100


class SilencesList(msgspec.Struct, frozen=True):
    """Those that hold first."""

    silences: tuple[Silence, ...]


class Silenced(msgspec.Struct, frozen=True):
    id: int


async def silences(call: Call[SilencesQuery, Nothing]) -> SilencesList:
    """What nobody is told of, until when, and why; and what was so before."""
    return SilencesList(tuple(await store.silences(call.db, datetime.now(UTC), call.query.limit)))


async def add(call: Call[Nothing, NewSilence]) -> Silenced:
    """Nobody is told of these alerts for so many hours; what lasts longer is told then."""
    return Silenced(await commands.silence(call))


async def end(call: Call[Nothing, Nothing]) -> Silenced:
    """It holds no more, from now on."""
    await store.end_silence(call.db, call.id(), call.who.login, datetime.now(UTC))
    return Silenced(call.id())


RESOURCE = Resource(
    "silences",
    (
        Route("GET", "/api/v1/silences", silences, Role.VIEWER),
        Route("POST", "/api/v1/silences", add, Role.OPERATOR),
        Route("DELETE", "/api/v1/silences/{id}", end, Role.OPERATOR),
    ),
    of_registries=False,
)
