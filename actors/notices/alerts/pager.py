"""An alert as an event of a pager, in the form of PagerDuty's Events API v2, which others take too. No I/O.

Source: developer.pagerduty.com, "Events API v2 Overview" (2026-11): trigger, acknowledge, resolve, one dedup_key.
"""

from typing import Any

import orjson

from actors.notices.alerts.letter import plain
from actors.notices.alerts.telling import Episode, Item

ACTIONS = {"opened": "trigger", "repeated": "trigger", "acknowledged": "acknowledge", "closed": "resolve"}
SEVERITIES = {"critical": "critical", "high": "error", "medium": "warning", "low": "info"}
LONGEST_SUMMARY = 1024  # of the interface


def dedup_key(episode: Episode) -> str:
    """The same for all that is said of an episode; another one after a database was made anew."""
    return f"triald-{episode.id}-{int(episode.opened_at.timestamp())}"


def event(item: Item, *, routing_key: str, source: str, link: str | None) -> bytes:
    one = item.episode
    said: dict[str, Any] = {
        "routing_key": routing_key, "event_action": ACTIONS[item.what], "dedup_key": dedup_key(one), "client": "triald",
    }  # fmt: skip
    if link:
        said |= {
            "client_url": link,
            "links": [{"href": f"{link}/alerts#episode-{one.id}", "text": "The alert in triald"}],
        }
    if said["event_action"] == "trigger":
        said["payload"] = {
            "summary": plain(one.message, LONGEST_SUMMARY), "source": source, "severity": SEVERITIES[one.severity],
            "timestamp": one.opened_at.isoformat(), "component": plain(one.subject, 200) or "triald", "class": one.name,
            "custom_details": {"alert": one.name, "subject": plain(one.subject, 500), "severity": one.severity},
        }  # fmt: skip
    return orjson.dumps(said)
