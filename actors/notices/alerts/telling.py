"""What each way should say of the alerts that go on. No I/O."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from actors.notices.alerts.silence import Silence

Channel = Literal["mail", "pagerduty", "webhooks"]
What = Literal["opened", "repeated", "acknowledged", "closed"]
Severity = Literal["critical", "high", "medium", "low"]

CHANNELS: tuple[Channel, ...] = ("mail", "pagerduty", "webhooks")
SEVERITIES: tuple[Severity, ...] = ("critical", "high", "medium", "low")
GROUPED = frozenset({"mail"})  # says many things at once; the others keep each episode apart
REPEATED = frozenset({"mail"})  # a pager reminds by itself
ACKNOWLEDGED = frozenset({"pagerduty", "webhooks"})  # are told that somebody has seen it


@dataclass(frozen=True, slots=True)
class Rule:
    """How long alerts are gathered, when a reminder follows, for how long one is closed before it is over."""

    group: timedelta = timedelta(seconds=30)
    repeat: timedelta = timedelta(hours=4)
    flap: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Told:
    """What a way has said of an episode; `last_at` of its opening or its last reminder."""

    last_at: datetime
    repeats: int = 0
    acknowledged: bool = False


@dataclass(frozen=True, slots=True)
class Episode:
    id: int
    name: str
    subject: str
    severity: str
    message: str
    opened_at: datetime
    closed_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    told: Mapping[str, Told] = field(default_factory=dict)

    def is_silent(self, silences: Iterable[Silence], now: datetime) -> bool:
        return any(
            one.holds(now) and one.matches(name=self.name, subject=self.subject, severity=self.severity)
            for one in silences
        )


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to say; `number` counts reminders."""

    episode: Episode
    what: What
    number: int = 0


@dataclass(frozen=True, slots=True)
class Decided:
    """Sends, each by one way, and the episodes that are over."""

    sends: tuple[tuple[Channel, tuple[Item, ...]], ...] = ()
    ended: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Ways:
    """Which severities go by which way, and which of these there are."""

    routes: Mapping[str, frozenset[str]]  # by severity
    there: frozenset[str]

    def leads(self, severity: str, channel: str) -> bool:
        return channel in self.there and channel in self.routes.get(severity, frozenset())


def decide(episodes: Sequence[Episode], silences: Sequence[Silence], ways: Ways, rule: Rule, now: datetime) -> Decided:
    """All that is to be said now, and nothing that was said before."""
    over = _over(episodes, rule, now)
    sends: list[tuple[Channel, tuple[Item, ...]]] = []
    for channel in CHANNELS:
        if channel not in ways.there:
            continue
        items = [
            *_opened(episodes, silences, ways, channel, rule, now),
            *_later(episodes, silences, channel, rule, now),
            *(Item(one, "closed") for one in over if channel in one.told),
        ]
        if channel in GROUPED and items:
            sends.append((channel, tuple(items)))
        else:
            sends += [(channel, (item,)) for item in items]
    return Decided(tuple(sends), tuple(one.id for one in over))


def _over(episodes: Sequence[Episode], rule: Rule, now: datetime) -> list[Episode]:
    """Those that are over, once the first of them has waited for others to be told along with it."""
    closed = [one for one in episodes if one.closed_at is not None and now - one.closed_at >= rule.flap]
    waits = any(
        one.told and one.closed_at is not None and now - one.closed_at < rule.flap + rule.group for one in closed
    )
    gathered = any(one.closed_at is not None and now - one.closed_at >= rule.flap + rule.group for one in closed)
    return closed if gathered or not waits else []


def _opened(
    episodes: Sequence[Episode],
    silences: Sequence[Silence],
    ways: Ways,
    channel: Channel,
    rule: Rule,
    now: datetime,
) -> list[Item]:
    """Those that it has not told of, once the first of them is as old as alerts are gathered for."""
    fresh = [
        one for one in episodes
        if channel not in one.told and one.closed_at is None and one.acknowledged_at is None
        and ways.leads(one.severity, channel) and not one.is_silent(silences, now)
    ]  # fmt: skip
    return [Item(one, "opened") for one in fresh] if any(now - one.opened_at >= rule.group for one in fresh) else []


def _later(
    episodes: Sequence[Episode], silences: Sequence[Silence], channel: Channel, rule: Rule, now: datetime
) -> list[Item]:
    """That somebody has seen one, and reminders of those that nobody has."""
    found = []
    for one in episodes:
        told = one.told.get(channel)
        if told is None or one.closed_at is not None:
            continue
        if one.acknowledged_at is not None:
            if channel in ACKNOWLEDGED and not told.acknowledged:
                found.append(Item(one, "acknowledged"))
        elif channel in REPEATED and now - told.last_at >= rule.repeat and not one.is_silent(silences, now):
            found.append(Item(one, "repeated", told.repeats + 1))
    return found
