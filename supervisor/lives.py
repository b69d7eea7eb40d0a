"""The tasks behind the copies: begins their lives, notes how they ended, cancels them, and counts what ignores that."""

from __future__ import annotations

import asyncio
import contextvars
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

from supervisor.copies import Copy
from supervisor.life import Child, Life, State
from supervisor.tasks import ended_by, ended_within, error_of


class Lives:
    def __init__(
        self,
        emit: Callable[..., None],
        *,
        now: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        on_end: Callable[[], None],
    ) -> None:
        self.zombies: set[asyncio.Task[None]] = set()
        """Tasks that ignore being cancelled."""
        self._emit, self._now, self._sleep, self._on_end = emit, now, sleep, on_end
        self._ended: deque[tuple[Copy, asyncio.Task[None]]] = deque()
        self._context = contextvars.copy_context()

    def belong_here(self) -> None:
        """Lives begin in this context from now on: no trace id of whoever asks for one goes along."""
        self._context = contextvars.copy_context()

    def begin(self, copy: Copy, *, draining: bool) -> None:
        """`draining`: everybody drains, and so does this life from its first moment."""
        copy.life = Life(copy.child.name, copy.number, self._now)
        copy.started_at, copy.began_at = datetime.now(UTC), self._now()
        copy.due_at = copy.cancelled_at = None
        copy.state = State.DRAINING if draining and copy.child.drains else State.RUNNING
        if draining:
            copy.life.draining.set()
        task = asyncio.get_running_loop().create_task(
            _live(copy.child, copy.life), name=copy.label, context=self._context.copy()
        )
        copy.task = task
        task.add_done_callback(lambda done: self._on_done(copy, done))
        self._emit("actor.started", name=copy.child.name, copy=copy.number, restarts=copy.restarts)

    def _on_done(self, copy: Copy, task: asyncio.Task[None]) -> None:
        error = error_of(task)  # also marks the exception as seen
        if task in self.zombies:
            self.zombies.discard(task)
            self._emit("actor.zombie_ended", name=copy.child.name, copy=copy.number, error=error)
        elif copy.task is task:
            self._ended.append((copy, task))
            self._on_end()
        elif error and not task.cancelled():  # told to stop, it stumbled
            self._emit("actor.crashed", name=copy.child.name, copy=copy.number, error=error)

    def next_end(self) -> tuple[Copy, str | None, bool] | None:
        """Whose life has ended, by which error, and whether that is none of its own doing; None when that is all."""
        while self._ended:
            copy, task = self._ended.popleft()
            if copy.task is task:
                return copy, error_of(task), ended_by(task, copy.child.outside)
        return None

    def cancel_hung(self, copy: Copy, now: float) -> None:
        copy.state, copy.cancelled_at = State.HUNG, now
        copy.last_error = f"no heartbeat within {copy.child.heartbeat_within_s:g} s"
        self._emit("actor.hung", name=copy.child.name, copy=copy.number, error=copy.last_error)
        if copy.task is not None:
            copy.task.cancel()

    def abandon(self, copy: Copy, task: asyncio.Task[None]) -> None:
        self.zombies.add(task)
        self._emit("actor.abandoned", name=copy.child.name, copy=copy.number)

    async def end(self, child: Child, copies: Sequence[Copy]) -> None:
        """Cancels copies of one child together; abandons what ignores it."""
        tasks = {}
        for copy in copies:
            if copy.task is not None:
                tasks[copy.task] = copy
            copy.state, copy.task, copy.due_at, copy.cancelled_at = State.STOPPED, None, None, None
        for task in tasks:
            task.cancel()
        try:
            await ended_within(tasks, child.stop_within_s, self._sleep)
        finally:
            for task, copy in tasks.items():
                if not task.done():
                    self.abandon(copy, task)


async def _live(child: Child, life: Life) -> None:
    await child.start(life)
