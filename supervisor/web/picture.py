"""What the dashboard shows, as data: every topic with its type. No I/O."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from actors.monitoring.lately import summed
from supervisor.life import ActorState
from supervisor.web.registry_answers import RegistryTold, ScrapeTold

SILENT_S = 30.0  # what a process told that has not beaten for so long is no news


class ActorTold(msgspec.Struct, frozen=True):
    """One copy of an actor. `beat_age_s` is null for one that gives no heartbeat."""

    id: str
    process: str  # host/pid
    name: str
    copy: int
    state: str
    beat_age_s: float | None
    restarts: int
    error: str | None


class ProcessTold(msgspec.Struct, frozen=True):
    id: str
    host: str
    pid: int
    version: str
    started_at: datetime
    beat_age_s: float
    lag_s: float
    slots: int
    running: int
    draining: bool


class QueueTold(msgspec.Struct, frozen=True):
    id: str
    paused: bool
    ready: int
    running: int
    scheduled: int
    blocked: int
    held: int
    dead: int
    oldest_age_s: float
    per_s: float  # jobs that end, over all processes


class AlertTold(msgspec.Struct, frozen=True):
    id: int
    name: str
    subject: str
    severity: str
    message: str
    value: float | None
    threshold: float | None
    opened_at: datetime
    closed_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None


class Moment(msgspec.Struct, frozen=True):
    """A point of the charts: jobs that wait and run, jobs that end a second; `at` in seconds since 1970."""

    at: float
    ready: int
    running: int
    per_s: float


class Lines(msgspec.Struct, frozen=True):
    """The charts' past: pairs of time and value, oldest first."""

    ready: tuple[tuple[float, float], ...]
    running: tuple[tuple[float, float], ...]
    per_s: tuple[tuple[float, float], ...]


class Picture(msgspec.Struct, frozen=True):
    """All that the dashboard shows; a topic that is null could not be read just now."""

    database: bool
    moment: Moment | None = None
    lines: Lines | None = None
    actors: tuple[ActorTold, ...] = ()
    processes: tuple[ProcessTold, ...] = ()
    queues: tuple[QueueTold, ...] = ()
    scrapes: tuple[ScrapeTold, ...] = ()
    alerts: tuple[AlertTold, ...] = ()
    registries: tuple[RegistryTold, ...] = ()


def here(copies: Sequence[ActorState], process: str) -> tuple[ActorTold, ...]:
    """The actors of this process."""
    return tuple(
        ActorTold(
            id=f"{process}/{copy.name}/{copy.copy}",
            process=process,
            name=copy.name,
            copy=copy.copy,
            state=str(copy.state),
            beat_age_s=None if copy.last_beat_age_s is None else round(copy.last_beat_age_s),
            restarts=copy.restarts,
            error=copy.last_error,
        )
        for copy in copies
    )


def elsewhere(processes: Sequence[Mapping[str, Any]], mine: UUID) -> tuple[ActorTold, ...]:
    """The actors of other processes, as those told of them with their last beat."""
    return tuple(
        ActorTold(
            id=f"{one['host']}/{one['pid']}/{actor['name']}/{actor['copy']}",
            process=f"{one['host']}/{one['pid']}",
            name=actor["name"],
            copy=actor["copy"],
            state=actor["state"],
            beat_age_s=actor.get("beat_age_s"),
            restarts=actor.get("restarts", 0),
            error=actor.get("error"),
        )
        for one in processes
        if one["id"] != mine
        for actor in one["actors"]
    )


def processes(rows: Sequence[Mapping[str, Any]]) -> tuple[ProcessTold, ...]:
    return tuple(
        ProcessTold(
            id=str(row["id"]), host=row["host"], pid=row["pid"], version=row["version"], started_at=row["started_at"],
            beat_age_s=round(row["beat_age_s"], 1), lag_s=round(row["lag_s"], 3), slots=row["slots"],
            running=row["running"], draining=row["draining"],
        )
        for row in rows
    )  # fmt: skip


def queues(rows: Sequence[Mapping[str, Any]], per_s: Mapping[str, float]) -> tuple[QueueTold, ...]:
    names = [name for name in QueueTold.__struct_fields__ if name not in ("id", "oldest_age_s", "per_s")]
    return tuple(
        QueueTold(
            id=row["queue"],
            oldest_age_s=round(row["oldest_age_s"], 1),
            per_s=round(per_s.get(row["queue"], 0.0), 1),
            **{name: row[name] for name in names},
        )
        for row in rows
    )


def per_s(processes: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Jobs of each queue that end a second, as those processes tell that beat."""
    return summed([one["lately"] for one in processes if one["beat_age_s"] < SILENT_S], "jobs_per_s")


def alerts(rows: Sequence[Mapping[str, Any]]) -> tuple[AlertTold, ...]:
    return tuple(AlertTold(**{name: row[name] for name in AlertTold.__struct_fields__}) for row in rows)


def line(samples: Mapping[str, Sequence[tuple[datetime, float]]]) -> tuple[tuple[float, float], ...]:
    """A measure's samples, summed over its subjects."""
    summed: dict[datetime, float] = {}
    for series in samples.values():
        for at, value in series:
            summed[at] = summed.get(at, 0.0) + value
    return tuple((at.timestamp(), round(value, 2)) for at, value in sorted(summed.items()))
