"""Alerts: one an episode, opened and closed by the monitor, acknowledged by people."""

from typing import Literal

import msgspec

from actors.monitoring import store
from supervisor.roles import Role
from supervisor.web import picture
from supervisor.web.paging import Limit
from supervisor.web.picture import AlertTold
from supervisor.web.route import Call, Nothing, Resource, Route


class AlertsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`open`: those that last, the gravest first. `recent`: the latest, ended ones too."""

    state: Literal["open", "recent"] = "open"
    limit: Limit = 50


class AlertsList(msgspec.Struct, frozen=True):
    alerts: tuple[AlertTold, ...]


class Acknowledged(msgspec.Struct, frozen=True):
    alert: int
    by: str


async def alerts(call: Call[AlertsQuery, Nothing]) -> AlertsList:
    """Episodes of alarm."""
    asked = call.query
    if asked.state == "recent":
        return AlertsList(picture.alerts(await store.recent_alerts(call.db, asked.limit)))
    return AlertsList(picture.alerts(await store.open_alerts(call.db))[: asked.limit])


async def acknowledge(call: Call[Nothing, Nothing]) -> Acknowledged:
    """Somebody has seen it; who did first stays."""
    await store.acknowledge(call.db, call.id(), call.who.name)
    return Acknowledged(call.id(), call.who.name)


RESOURCE = Resource(
    "alerts",
    (
        Route("GET", "/api/v1/alerts", alerts, Role.VIEWER),
        Route("POST", "/api/v1/alerts/{id}/acknowledge", acknowledge, Role.OPERATOR),
    ),
    of_registries=False,
)
