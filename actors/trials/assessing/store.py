"""Assessments and flags in PostgreSQL. `db` is a pool or a connection; writes belong into the caller's transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec
import orjson

from actors.runtime.database import Database as Database
from actors.trials.assessing.judge import Judged
from actors.trials.flags import Flag, Step, Trial
from actors.trials.history import Change
from schema import query

_changes = msgspec.json.Decoder(tuple[Change, ...]).decode


@dataclass(frozen=True, slots=True)
class LookedAt:
    """A trial as the rules look at it; `record` holds of texts only whether there is any."""

    id: int
    version: int
    trial: Trial


@dataclass(frozen=True, slots=True)
class FlagTold:
    """A flag that a trial bears: why, since when, which version raised it (null: a date did), and what it rests on."""

    name: str
    reason: str
    since_on: date | None
    version: int | None
    raised_at: datetime
    rests_on: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Assessment:
    """What rules say of a trial; `quality` of 0 to 1, a fifth for each part that is not `missing`."""

    trial_id: int
    version: int
    assessed_at: datetime
    next_look_on: date | None
    urgency: str
    urgency_reason: str
    quality: float
    missing: tuple[str, ...]
    flags: tuple[FlagTold, ...]


@dataclass(frozen=True, slots=True)
class Flagged:
    """A trial that bears a flag."""

    id: int
    registry: str
    registry_id: str
    title: str | None
    status: str
    reason: str
    since_on: date | None
    version: int | None
    raised_at: datetime


async def looked_at(db: Database, ids: Sequence[int]) -> list[LookedAt]:
    """These trials with their steps, by id; those that are not there are left out."""
    by_id = await steps(db, ids)
    return [
        LookedAt(
            row["id"],
            row["version"],
            Trial(row["registry"], orjson.loads(row["record"]), by_id.get(row["id"], ()), row["removed_on"]),
        )
        for row in await db.fetch(query("assessing.looked_at"), list(ids))
    ]


async def steps(db: Database, ids: Sequence[int]) -> dict[int, list[Step]]:
    """The versions of each, oldest first."""
    found: dict[int, list[Step]] = {}
    for row in await db.fetch(query("assessing.steps"), list(ids)):
        step = Step(row["version"], row["event"], row["seen_on"], _changes(row["changes"]))
        found.setdefault(row["trial_id"], []).append(step)
    return found


async def due(db: Database, today: date, limit: int) -> list[int]:
    """Trials of which a date alone says more by now; in a transaction, which keeps others off them."""
    return [row["trial_id"] for row in await db.fetch(query("assessing.due"), today, limit)]


async def put(db: Database, judged: Sequence[tuple[LookedAt, Judged]], at: datetime) -> int:
    """Writes what was said of these; how many flags are new."""
    await db.execute(
        query("assessing.put"), at,
        [one.id for one, _ in judged], [one.version for one, _ in judged], [said.next_look_on for _, said in judged],
        [one.trial.registry for one, _ in judged], [said.urgency.level for _, said in judged],
        [said.urgency.reason for _, said in judged], [said.quality.score for _, said in judged],
        [",".join(said.quality.missing) for _, said in judged],
    )  # fmt: skip
    raised = [(one, flag) for one, said in judged for flag in said.flags]
    ids, names = [one.id for one, _ in raised], [flag.name for _, flag in raised]
    await db.execute(query("assessing.lower_flags"), [one.id for one, _ in judged], ids, names)
    return int(await db.fetchval(query("assessing.raise_flags"), at, *_flag_columns(raised)))


def _flag_columns(raised: Sequence[tuple[LookedAt, Flag]]) -> tuple[list[Any], ...]:
    return (
        [one.id for one, _ in raised], [flag.version for _, flag in raised], [flag.since for _, flag in raised],
        [one.trial.registry for one, _ in raised], [flag.name for _, flag in raised],
        [flag.reason for _, flag in raised], [orjson.dumps(flag.rests_on).decode() for _, flag in raised],
    )  # fmt: skip


async def assessment(db: Database, trial_id: int) -> Assessment | None:
    """None where the trial has not been looked at yet."""
    row = await db.fetchrow(query("assessing.assessment"), trial_id)
    if row is None:
        return None
    raised = await db.fetch(query("assessing.flags"), trial_id)
    flags = tuple(FlagTold(**{**one, "rests_on": orjson.loads(one["rests_on"])}) for one in raised)
    return Assessment(**{**row, "missing": tuple(row["missing"])}, flags=flags)


async def flagged(
    db: Database, name: str, registry: str | None = None, *, before: int | None = None, limit: int = 50
) -> list[Flagged]:
    """Trials that bear a flag; `before` is the id of the last one seen."""
    return [Flagged(**row) for row in await db.fetch(query("assessing.flagged"), name, registry, before, limit)]


async def counted(db: Database) -> dict[tuple[str, str], int]:
    """How many trials bear each flag, by registry and name."""
    return {(row["registry"], row["name"]): row["trials"] for row in await db.fetch(query("assessing.counted"))}


async def stale(db: Database, last_day: date) -> int:
    """How many active records were last updated at their source on this day or before."""
    return int(await db.fetchval(query("assessing.stale"), last_day))
