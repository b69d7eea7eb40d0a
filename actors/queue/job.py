"""A job: as it is asked for, and as a worker holds it. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

MAX_ATTEMPTS = 3


class Job(NamedTuple):
    """A claimed job. A tuple: tens of thousands a second are made; in the order of the claim statement."""

    id: int
    kind: str
    queue: str
    payload: str  # JSON
    fence: int
    attempt: int  # 1 for the first
    max_attempts: int
    timeout_s: float
    priority: int = 0
    trace_id: str | None = None
    tenant: str | None = None
    checkpoint: str | None = None  # JSON
    lost: int = 0  # attempts that ended with their process
    cancel_asked: bool = False

    @property
    def start_is_noted(self) -> bool:
        """Whether it is written down when an attempt begins: where it matters which attempts really began."""
        return self.lost > 0 or self.attempt >= self.max_attempts


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job as it is asked for. Among jobs that have not ended, a `unique_key` is there once per kind."""

    kind: str
    payload: str = "{}"
    queue: str = "default"
    priority: int = 0
    delay_s: float = 0.0
    held: bool = False
    max_attempts: int = MAX_ATTEMPTS
    timeout_s: float = 60.0
    unique_key: str | None = None
    tenant: str | None = None
    trace_id: str | None = None
    parent_id: int | None = None
    schedule_id: int | None = None
    depends_on: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class QueueRules:
    """How a queue may be claimed; None is no limit."""

    name: str
    paused: bool = False
    most_running: int | None = None
    per_minute: float | None = None
    fair: bool = False

    @property
    def plain(self) -> bool:
        return self.most_running is None and self.per_minute is None and not self.fair
