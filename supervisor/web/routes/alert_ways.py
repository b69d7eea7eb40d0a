"""How people are told of alerts: the ways, which severities go by which, and what was sent."""

from typing import Annotated

import msgspec
from msgspec import Meta

from actors.notices.alerts import store
from actors.notices.alerts.store import SendTold, Way
from actors.notices.alerts.telling import SEVERITIES
from supervisor.roles import Role
from supervisor.web import alert_commands as commands
from supervisor.web.paging import Limit, Word
from supervisor.web.route import Call, Nothing, Resource, Route


class WaysQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`limit`: of what was sent."""

    limit: Limit = 50


class WaysTold(msgspec.Struct, frozen=True):
    """`there`: those that the settings name; webhooks always are. `routes`: by severity. `sent`: the newest first."""

    ways: tuple[Way, ...]
    there: tuple[str, ...]
    routes: dict[str, tuple[str, ...]]
    sent: tuple[SendTold, ...]


class NewRoutes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of each severity, the ways; one that is left out goes by none."""

    routes: Annotated[dict[Word, Annotated[tuple[Word, ...], Meta(max_length=10)]], Meta(max_length=10)]


class Routes(msgspec.Struct, frozen=True):
    routes: dict[str, tuple[str, ...]]


async def ways(call: Call[WaysQuery, Nothing]) -> WaysTold:
    """Whether each way works, what goes by it, and what was sent."""
    return WaysTold(
        tuple(await store.ways(call.db)), tuple(sorted({*call.site.told_by, "webhooks"})),
        _told(await store.routes(call.db)), tuple(await store.sends(call.db, call.query.limit)),
    )  # fmt: skip


async def lead(call: Call[Nothing, NewRoutes]) -> Routes:
    """Says which severities go by which way, in place of what was said before."""
    given = commands.routes_of(call.body.routes)
    await store.set_routes(call.db, given)
    return Routes(_told(given))


def _told(routes: dict[str, frozenset[str]]) -> dict[str, tuple[str, ...]]:
    return {severity: tuple(sorted(routes.get(severity, ()))) for severity in SEVERITIES}


RESOURCE = Resource(
    "alert_ways",
    (
        Route("GET", "/api/v1/alerts/ways", ways, Role.VIEWER),
        Route("PUT", "/api/v1/alerts/routes", lead, Role.OPERATOR),
    ),
    of_registries=False,
)
