"""Jobs as the HTTP interface tells of them. No I/O."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta

from supervisor.web.paging import Before, Limit, Word

JobState = Literal["held", "blocked", "scheduled", "ready", "running", "dead", "done", "cancelled", "discarded"]

T = TypeVar("T", bound=msgspec.Struct)


class JobsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Without states: all that have not ended. States of ended jobs and of others cannot be asked for together."""

    state: Annotated[tuple[JobState, ...], Meta(max_length=9)] = ()
    queue: Word | None = None
    kind: Word | None = None
    before: Before | None = None
    limit: Limit = 50


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of every job. Null: there is none."""

    id: int
    state: str
    queue: str
    kind: str
    priority: int
    attempts: int
    created_at: datetime
    max_attempts: int | None = None
    run_at: datetime | None = None
    claimed_at: datetime | None = None
    ended_at: datetime | None = None
    worker: UUID | None = None
    tenant: str | None = None
    trace_id: str | None = None
    parent_id: int | None = None
    unique_key: str | None = None
    progress: Any = None
    cancel_asked: bool = False


class JobBrief(Job, frozen=True, kw_only=True):
    """A job in a list."""

    last_error: Any = None


class JobsPage(msgspec.Struct, frozen=True):
    """The newest first; `next` is the `before` of the next page, null at the end."""

    jobs: tuple[JobBrief, ...]
    next: int | None


class JobEvent(msgspec.Struct, frozen=True):
    id: int
    at: datetime
    event: str
    detail: Any


class JobFull(Job, frozen=True, kw_only=True):
    """All that is known of a job."""

    payload: Any
    events: tuple[JobEvent, ...]
    timeout_s: float | None = None
    deadline_at: datetime | None = None
    schedule_id: int | None = None
    checkpoint: Any = None
    result: Any = None
    errors: Any = None
    waits_for: int = 0
    fence: int | None = None


class Explained(msgspec.Struct, frozen=True):
    """Why a job is not running, the reason that decides first."""

    job: int
    state: str
    reasons: tuple[str, ...]


class JobIs(msgspec.Struct, frozen=True):
    """What a command made of a job. `asked`: it runs, and its worker was asked to stop it."""

    job: int
    outcome: Literal["asked", "cancelled", "discarded", "ready", "scheduled", "blocked"]


class JobIds(msgspec.Struct, frozen=True):
    jobs: tuple[int, ...]


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reason: Annotated[str, Meta(min_length=1, max_length=500)] = "cancelled by request"


class Rescued(msgspec.Struct, frozen=True):
    """The jobs that were taken back, and the dead processes that held them."""

    jobs: tuple[int, ...]
    processes: tuple[UUID, ...]


class DeadLetters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which dead letters: these ids, or those that died since a time, of one kind or of all."""

    ids: Annotated[tuple[Before, ...], Meta(max_length=10_000)] | None = None
    since: datetime | None = None
    kind: Word | None = None


def of_row(kind: type[T], row: Mapping[str, Any], **more: Any) -> T:
    """The columns that this kind of answer names."""
    return kind(**{name: row[name] for name in kind.__struct_fields__ if name in row and row[name] is not None}, **more)


def brief(row: Mapping[str, Any]) -> JobBrief:
    return of_row(JobBrief, row)


def full(row: Mapping[str, Any]) -> JobFull:
    events = tuple(JobEvent(event["id"], event["at"], event["event"], event["detail"]) for event in row["events"])
    rest = {name: value for name, value in row.items() if name not in ("events", "payload")}
    return of_row(JobFull, rest, events=events, payload=row["payload"])
