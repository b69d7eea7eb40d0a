"""The supervisor's own record of every copy of every actor: which there are, which are wanted, which hang."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from supervisor.heartbeats import Watch, is_overdue
from supervisor.life import ActorState, Child, Life, State


@dataclass(slots=True, eq=False)
class Copy:
    """One copy, from its first start until it is no longer wanted.

    `due_at` is when to start it; `cancelled_at` is when it was found hung and told to end.
    """

    child: Child
    number: int
    life: Life
    started_at: datetime
    began_at: float
    state: State = State.STARTING
    task: asyncio.Task[None] | None = None
    due_at: float | None = None
    cancelled_at: float | None = None
    ends: tuple[float, ...] = ()
    in_a_row: int = 0
    restarts: int = 0
    last_error: str | None = None

    @property
    def label(self) -> str:
        return self.life.label

    def seen(self, now: float) -> ActorState:
        heard = self.child.heartbeat_within_s is None or self.life.beat_at is not None
        starting = self.state is State.RUNNING and not heard
        return ActorState(
            name=self.child.name,
            copy=self.number,
            state=State.STARTING if starting else self.state,
            started_at=self.started_at,
            last_beat_age_s=None if self.life.beat_at is None else max(0.0, now - self.life.beat_at),
            restarts=self.restarts,
            last_error=self.last_error,
        )

    def hangs(self, watch: Watch, now: float) -> bool:
        """Whether it gave no sign of life in time. One that drains is left in peace."""
        within_s = self.child.heartbeat_within_s
        if within_s is None or self.state is not State.RUNNING:
            return False
        last = self.began_at if self.life.beat_at is None else self.life.beat_at
        return is_overdue(watch, last, now, within_s)

    def ignores_cancel(self, watch: Watch, now: float) -> bool:
        if self.cancelled_at is None or self.task is None or self.task.done():
            return False
        return is_overdue(watch, self.cancelled_at, now, self.child.stop_within_s)


class Roster:
    """All copies there are."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._copies: list[Copy] = []
        self._now = now

    def __iter__(self) -> Iterator[Copy]:
        return iter(tuple(self._copies))

    def of(self, child: Child) -> list[Copy]:
        return sorted((copy for copy in self._copies if copy.child is child), key=lambda copy: copy.number)

    def counted(self, child: Child) -> list[Copy]:
        """Those that stand against the wanted number: one that drains no longer does."""
        return [copy for copy in self.of(child) if copy.state is not State.DRAINING]

    def add(self, child: Child) -> Copy:
        """A copy under the lowest free number, so that the labels of metrics stay few."""
        taken = {copy.number for copy in self.of(child)}
        number = next(number for number in range(1, len(taken) + 2) if number not in taken)
        life = Life(child.name, number, self._now)
        copy = Copy(child, number, life, started_at=datetime.now(UTC), began_at=self._now())
        self._copies.append(copy)
        return copy

    def remove(self, copy: Copy) -> None:
        self._copies.remove(copy)

    def spare(self, child: Child, wanted: int) -> list[Copy]:
        """Those too many: first what does not run anyway, then the newest."""
        counted = sorted(self.counted(child), key=lambda copy: (copy.task is not None, -copy.number))
        return counted[: max(0, len(counted) - wanted)]
