"""What people are told of alerts, in PostgreSQL. What writes belongs into the caller's transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from actors.errors import NotFound, Refusal
from actors.notices.alerts.silence import Silence
from actors.notices.alerts.telling import Channel, Episode, Item, Told
from actors.notices.breaker import CLOSES_AFTER, PROBE_S
from actors.runtime.database import Database as Database
from schema import query

LEASE_S = 60.0  # for which a send is its claimer's
MOST_SILENCES = 200


@dataclass(frozen=True, slots=True)
class Send:
    """A mail or an event that is to be sent; `attempt` tells a claim from a later one."""

    id: int
    attempt: int
    made_at: datetime
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Way:
    """A way to people, and whether it works. `unavailable_since`: of the first of the failures that go on."""

    name: str
    last_success_at: datetime | None
    last_failure_at: datetime | None
    unavailable_since: datetime | None
    closed_until: datetime | None
    failures: int
    last_error: str | None
    waiting: int
    dead: int


@dataclass(frozen=True, slots=True)
class SendTold:
    """What was sent, or is to be; `items` in words."""

    id: int
    channel: str
    state: str
    attempts: int
    made_at: datetime
    ended_at: datetime | None
    last_status: int | None
    last_error: str | None
    took_s: float | None
    items: tuple[str, ...]


# ── deciding ──


async def lock(db: Database) -> bool:
    """Whether nobody else decides just now; to the end of the transaction."""
    return bool(await db.fetchval(query("alerting.lock")))


async def follow(db: Database, now: datetime) -> None:
    """Episodes follow the alerts that the monitor has opened and closed."""
    await db.execute(query("alerting.begin"))
    await db.execute(query("alerting.close"), now)


async def going_on(db: Database) -> list[Episode]:
    """The episodes that are not over, the oldest first."""
    return [_episode(row) for row in await db.fetch(query("alerting.going_on"))]


async def episode_of_alert(db: Database) -> dict[int, Episode]:
    """The same, by the number of the alert."""
    return {row["alert_id"]: _episode(row) for row in await db.fetch(query("alerting.going_on"))}


def _episode(row: Mapping[str, Any]) -> Episode:
    others = {name: value for name, value in row.items() if name not in ("told", "alert_id")}
    return Episode(**others, told=_told(orjson.loads(row["told"])))


def _told(rows: Sequence[Mapping[str, Any]]) -> dict[str, Told]:
    """By way; each row is one thing that was said, in their order."""
    told: dict[str, Told] = {}
    for row in rows:
        at, before = datetime.fromisoformat(row["at"]), told.get(row["channel"])
        if before is None or row["what"] == "repeated":
            told[row["channel"]] = Told(at, row["number"], before.acknowledged if before else False)
        elif row["what"] == "acknowledged":
            told[row["channel"]] = Told(before.last_at, before.repeats, True)
    return told


async def add_send(db: Database, channel: Channel, key: str, items: Sequence[Item], at: datetime) -> int:
    """To be sent by the way of this name, after all else of this key."""
    id_ = int(await db.fetchval(query("alerting.add_send"), channel, key, at))
    await tell(db, channel, items, at, send_id=id_)
    return id_


async def tell(
    db: Database, channel: Channel, items: Sequence[Item], at: datetime, *, send_id: int | None = None
) -> None:
    """Notes what is said of each episode, once."""
    columns = [one.episode.id for one in items], [one.what for one in items], [one.number for one in items]
    await db.execute(query("alerting.tell"), send_id, channel, at, *columns)


async def end(db: Database, episodes: Sequence[int], at: datetime) -> None:
    await db.execute(query("alerting.end_episodes"), list(episodes), at)


# ── sending ──


async def claim(db: Database, channel: str, now: datetime) -> Send | None:
    """What is to be sent next by this way; None where nothing is, or the way is left alone for now."""
    row = await db.fetchrow(query("alerting.claim"), now, channel, LEASE_S, CLOSES_AFTER, PROBE_S)
    if row is None:
        return None
    items = [_item(told) for told in await db.fetch(query("alerting.items"), row["id"])]
    return Send(row["id"], row["attempts"], row["made_at"], tuple(items))


def _item(row: Mapping[str, Any]) -> Item:
    fields = {name: value for name, value in row.items() if name not in ("what", "number")}
    return Item(Episode(**fields), row["what"], row["number"])


async def sent(db: Database, send: Send, at: datetime, *, status: int | None, took_s: float) -> bool:
    """False where somebody else had it by then."""
    return await db.fetchval(query("alerting.sent"), send.id, send.attempt, at, status, took_s) is not None


async def failures(db: Database, channel: str) -> int:
    """Of a way, in a row."""
    return int(await db.fetchval(query("alerting.channel_failures"), channel))


async def not_sent(
    db: Database, send: Send, at: datetime, *, status: int | None, error: str, again_at: datetime, is_last: bool,
    closed_until: datetime | None,
) -> None:  # fmt: skip
    await db.execute(
        query("alerting.not_sent"), send.id, send.attempt, at, status, error[:1000], again_at, is_last, closed_until
    )


# ── what people see and say ──


async def ways(db: Database) -> list[Way]:
    return [Way(**row) for row in await db.fetch(query("alerting.channels"))]


async def sends(db: Database, limit: int = 50) -> list[SendTold]:
    """The newest first."""
    rows = await db.fetch(query("alerting.sends"), limit)
    return [SendTold(**{**row, "items": tuple(row["items"] or ())}) for row in rows]


async def routes(db: Database) -> dict[str, frozenset[str]]:
    """The ways of each severity."""
    found: dict[str, set[str]] = {}
    for row in await db.fetch(query("alerting.routes")):
        found.setdefault(row["severity"], set()).add(row["channel"])
    return {severity: frozenset(channels) for severity, channels in found.items()}


async def set_routes(db: Database, given: Mapping[str, frozenset[str]]) -> None:
    """All of them, in place of those before. In a transaction."""
    pairs = sorted((severity, channel) for severity, channels in given.items() for channel in channels)
    await db.execute(query("alerting.clear_routes"))
    await db.execute(query("alerting.add_routes"), [one for one, _ in pairs], [one for _, one in pairs])


async def silences(db: Database, now: datetime, limit: int = 100) -> list[Silence]:
    """Those that hold first."""
    return [Silence(**row) for row in await db.fetch(query("alerting.silences"), now, limit)]


async def silences_that_hold(db: Database, now: datetime) -> list[Silence]:
    return [Silence(**row) for row in await db.fetch(query("alerting.silences_that_hold"), now)]


async def add_silence(
    db: Database, *, name: str | None, subject: str | None, severity: str | None, why: str, by: str, at: datetime,
    until: datetime,
) -> int:  # fmt: skip
    """Raises Refusal where there are too many."""
    if await db.fetchval(query("alerting.count_silences"), at) >= MOST_SILENCES:
        raise Refusal(f"silences: {MOST_SILENCES} at most hold at a time; end another first")
    return int(await db.fetchval(query("alerting.add_silence"), name, subject, severity, why, by, at, until))


async def end_silence(db: Database, silence_id: int, by: str, at: datetime) -> None:
    """Raises NotFound."""
    if await db.fetchval(query("alerting.end_silence"), silence_id, by, at) is None:
        raise NotFound(f"silence: there is no silence {silence_id} that holds")


async def trim_episodes(db: Database, before: datetime) -> int:
    """How many episodes that are over were removed."""
    return int(await db.fetchval(query("alerting.trim_episodes"), before))


async def trim_sends(db: Database, before: datetime) -> int:
    """How many sends that have ended were removed."""
    return int(await db.fetchval(query("alerting.trim_sends"), before))


async def trim_silences(db: Database, before: datetime) -> int:
    """How many silences that hold no more were removed."""
    return int(await db.fetchval(query("alerting.trim_silences"), before))
