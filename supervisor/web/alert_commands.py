"""What is asked for with alerts: silences, and which severities go by which way; by a program or by a page's form."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from actors.notices.alerts import store
from actors.notices.alerts.telling import CHANNELS, SEVERITIES
from supervisor.web.problems import Refused
from supervisor.web.route import Call

Severity = Literal["critical", "high", "medium", "low"]
Hours = Annotated[float, Meta(gt=0, le=8760)]


class NewSilence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is not given matches everything; * in name and subject stands for anything."""

    why: Annotated[str, Meta(min_length=1, max_length=500)]
    hours: Hours
    name: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    subject: Annotated[str, Meta(min_length=1, max_length=500)] | None = None
    severity: Severity | None = None


async def silence(call: Call[Any, NewSilence]) -> int:
    """Its id. Raises Refused and Refusal."""
    asked, now = call.body, datetime.now(UTC)
    if asked.name is None and asked.subject is None and asked.severity is None:
        raise Refused.field(
            "name", "expected a name, a subject or a severity: a silence of everything hides what is wrong"
        )
    if not asked.why.strip():
        raise Refused.field("why", "expected in a few words why nobody should be told")
    return await store.add_silence(
        call.db, name=asked.name, subject=asked.subject, severity=asked.severity, why=asked.why.strip(),
        by=call.who.login, at=now, until=now + timedelta(hours=asked.hours),
    )  # fmt: skip


def routes_of(given: Mapping[str, Iterable[str]]) -> dict[str, frozenset[str]]:
    """Raises Refused for a severity or a way that there is not."""
    for severity, channels in given.items():
        if severity not in SEVERITIES:
            raise Refused.field("routes", f"there is no severity {severity[:40]!r}: expected {', '.join(SEVERITIES)}")
        for channel in channels:
            if channel not in CHANNELS:
                raise Refused.field("routes", f"there is no way {channel[:40]!r}: expected {', '.join(CHANNELS)}")
    return {severity: frozenset(channels) for severity, channels in given.items()}
