"""The page of alerts, and the button that acknowledges one."""

from aiohttp import web

from actors.monitoring import store
from supervisor.roles import Role
from supervisor.web import picture
from supervisor.web.pages_of import page, see
from supervisor.web.route import Call, Nothing, Resource, Route

RECENT = 100


async def listed(call: Call[Nothing, Nothing]) -> web.Response:
    """Alerts that last, and the latest that do not."""
    recent = picture.alerts(await store.recent_alerts(call.db, RECENT))
    return page(
        call,
        "alerts.html",
        here="alerts",
        open=picture.alerts(await store.open_alerts(call.db)),
        closed=[one for one in recent if one.closed_at is not None],
    )


async def acknowledge(call: Call[Nothing, Nothing]) -> web.Response:
    """The button that says that somebody has seen it."""
    await store.acknowledge(call.db, call.id(), call.who.name)
    return see("/alerts")


RESOURCE = Resource(
    "alert_pages",
    (
        Route("GET", "/alerts", listed, Role.VIEWER),
        Route("POST", "/alerts/{id}/acknowledge", acknowledge, Role.OPERATOR, status=303, form=True),
    ),
    of_registries=False,
)
