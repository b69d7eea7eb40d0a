"""What the supervisor knows of an actor, and what a running copy of an actor knows of its supervision."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from supervisor.restarts import Restart


class State(StrEnum):
    STARTING = "starting"  # waiting for its next start, or started and not yet heard of
    RUNNING = "running"
    DRAINING = "draining"  # takes no new work, ends by itself
    HUNG = "hung"  # gave no heartbeat, was cancelled, has not ended yet
    STOPPED = "stopped"


class Life:
    """One life of one copy: made afresh at every start, handed to what runs.

    An actor calls `beat()` each time round its loop and ends once `draining` is set and its work in hand is
    done. It needs no other word of the supervisor, so actors take the two as plain arguments and do not
    import this.
    """

    __slots__ = ("_now", "beat_at", "copy", "draining", "name")

    def __init__(self, name: str, copy: int, now: Callable[[], float]) -> None:
        self.name = name
        self.copy = copy
        self.draining = asyncio.Event()
        self.beat_at: float | None = None
        self._now = now

    @property
    def label(self) -> str:
        return f"{self.name}/{self.copy}"

    def beat(self) -> None:
        """Says "I move". May be called from any thread."""
        self.beat_at = self._now()


@dataclass(frozen=True, slots=True)
class Child:
    """What to start, how many of it, and what to do when it ends.

    `drains=False` is for what others stand on while they drain (a listener, a web server): asked to drain
    with everybody else, it is not waited for, and is cancelled once the others have ended. `outside` are the errors
    of what it stands on and cannot mend (a database that is away): those are waited out, however often they come.
    """

    name: str
    start: Callable[[Life], Awaitable[None]]
    restart: Restart = Restart.ALWAYS
    stop_within_s: float = 15.0
    copies: int = 1
    heartbeat_within_s: float | None = None
    drains: bool = True
    outside: tuple[type[BaseException], ...] = ()


@dataclass(frozen=True, slots=True)
class ActorState:
    """One copy as the dashboard and the metrics see it. `last_beat_age_s` is None before the first beat."""

    name: str
    copy: int
    state: State
    started_at: datetime
    last_beat_age_s: float | None
    restarts: int
    last_error: str | None
