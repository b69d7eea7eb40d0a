"""Whether people can be told of alerts: the ways that the settings name, as parts of the service's health."""

import asyncio
from collections.abc import Mapping

from actors.notices.alerts import store
from actors.notices.alerts.store import Way
from supervisor.web.answering import OUTSIDE
from supervisor.web.health import Details, Part
from supervisor.web.site import Site

WITHIN_S = 2.0
SETTINGS: Mapping[str, str] = {"mail": "smtp_host", "pagerduty": "pagerduty_key"}


async def parts(site: Site, database: Part) -> dict[str, Part]:
    """Without them all else works, and what is wrong is on the page of alerts alone."""
    ways: dict[str, Way] | None = None
    if database.status != "unhealthy" and site.told_by:
        try:
            async with asyncio.timeout(WITHIN_S):
                ways = {way.name: way for way in await store.ways(site.pool)}
        except OUTSIDE:
            ways = None
    return {name: part(name, ways, is_there=name in site.told_by) for name in SETTINGS}


def part(name: str, ways: Mapping[str, Way] | None, *, is_there: bool) -> Part:
    """One way: unavailable from the first failure until it works again."""
    if not is_there:
        return Part("not_used", f"nobody is told of alerts by {name}: the setting {SETTINGS[name]} is not given")
    if ways is None:
        return Part("unhealthy", "its database does not answer")
    way = ways[name]
    told: Details = {"waiting": way.waiting, "failures": way.failures, "dead": way.dead}
    told["last_success_at"] = way.last_success_at.isoformat() if way.last_success_at else None
    if way.unavailable_since is None:
        return Part("healthy", None, told)
    return Part("degraded", f"unavailable since {way.unavailable_since:%Y-%m-%d %H:%M} UTC: {way.last_error}", told)
