"""The page of alerts: what lasts, what is silenced, how people are told, and what was sent."""

from datetime import UTC, datetime

import msgspec
from aiohttp import web

from actors.monitoring import store
from actors.notices.alerts import store as telling
from actors.notices.alerts.telling import CHANNELS, SEVERITIES
from supervisor.roles import Role
from supervisor.web import alert_commands as commands
from supervisor.web import picture
from supervisor.web.alert_commands import NewSilence
from supervisor.web.pages_of import page, see
from supervisor.web.paging import Word
from supervisor.web.route import Call, Nothing, Resource, Route

RECENT = 100
SENT_SHOWN = 20
SILENCES_SHOWN = 30


class RoutesForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The boxes that are ticked, a list for each severity."""

    critical: tuple[Word, ...] = ()
    high: tuple[Word, ...] = ()
    medium: tuple[Word, ...] = ()
    low: tuple[Word, ...] = ()


async def listed(call: Call[Nothing, Nothing]) -> web.Response:
    """Alerts that last, and the latest that do not; who is told of them, and who is not."""
    now = datetime.now(UTC)
    recent = picture.alerts(await store.recent_alerts(call.db, RECENT))
    silences = await telling.silences(call.db, now, SILENCES_SHOWN)
    episodes = await telling.episode_of_alert(call.db)
    return page(
        call,
        "alerts.html",
        here="alerts",
        open=picture.alerts(await store.open_alerts(call.db)),
        closed=[one for one in recent if one.closed_at is not None],
        episodes=episodes,
        silent={alert for alert, one in episodes.items() if one.is_silent(silences, now)},
        silences=[(one, one.holds(now)) for one in silences],
        severities=SEVERITIES,
        channels=CHANNELS,
        routes=await telling.routes(call.db),
        ways={way.name: way for way in await telling.ways(call.db)},
        there={*call.site.told_by, "webhooks"},
        sent=await telling.sends(call.db, SENT_SHOWN),
    )


async def acknowledge(call: Call[Nothing, Nothing]) -> web.Response:
    """The button that says that somebody has seen it."""
    await store.acknowledge(call.db, call.id(), call.who.login)
    return see("/alerts")


async def silence(call: Call[Nothing, NewSilence]) -> web.Response:
    """The form that silences alerts for a while."""
    await commands.silence(call)
    return see("/alerts#silences")


async def end_silence(call: Call[Nothing, Nothing]) -> web.Response:
    """The button that ends a silence."""
    await telling.end_silence(call.db, call.id(), call.who.login, datetime.now(UTC))
    return see("/alerts#silences")


async def lead(call: Call[Nothing, RoutesForm]) -> web.Response:
    """The form that says which severities go by which way."""
    await telling.set_routes(call.db, commands.routes_of(msgspec.to_builtins(call.body)))
    return see("/alerts#ways")


RESOURCE = Resource(
    "alert_pages",
    (
        Route("GET", "/alerts", listed, Role.VIEWER),
        Route("POST", "/alerts/{id}/acknowledge", acknowledge, Role.OPERATOR, status=303, form=True),
        Route("POST", "/alerts/silences", silence, Role.OPERATOR, status=303, form=True),
        Route("POST", "/alerts/silences/{id}/end", end_silence, Role.OPERATOR, status=303, form=True),
        Route("POST", "/alerts/routes", lead, Role.OPERATOR, status=303, form=True),
    ),
    of_registries=False,
)
