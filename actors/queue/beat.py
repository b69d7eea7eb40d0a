"""The heartbeat of a process: one row, one statement, from a thread: a stalled event loop does not look dead."""

import asyncio
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg

from actors.queue import store
from actors.runtime.life import Life, pause
from actors.runtime.telemetry import emit

EVERY_S = 3.0
GONE = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
STATEMENT_S = 5.0


@dataclass(frozen=True, slots=True)
class Vital:
    """What a beat says of its process. Read in the thread, so it must be cheap and need no event loop."""

    lag_s: float
    slots: int
    running: int
    draining: bool
    actors: Sequence[Mapping[str, object]]
    queues: Sequence[str] = ()  # that are claimed from
    lately: Mapping[str, object] = field(default_factory=dict)  # what can be added up over processes
    past_deadline: Sequence[tuple[int, int]] = ()  # id and fence


class Beat:
    """An actor whose work is done by a thread with a connection of its own. Its row goes when it ends."""

    def __init__(
        self,
        worker: UUID,
        connect: Callable[[], Any],
        vital: Callable[[], Vital],
        *,
        version: str,
        every_s: float = EVERY_S,
    ) -> None:
        self.worker = worker
        self.connect = connect  # makes the coroutine that connects
        self.vital = vital
        self.version = version
        self.every_s = every_s
        self.beats = 0
        self.beat_at = time.monotonic()

    async def run(self, life: Life) -> None:
        stop = threading.Event()
        thread = threading.Thread(target=self._live, args=(stop,), name="beat", daemon=True)
        thread.start()
        try:
            while thread.is_alive():
                life.beat()
                await pause(life, 1.0)
                if life.draining.is_set():
                    await asyncio.sleep(0.2)  # it beats on while the others drain, until it is cancelled
            raise RuntimeError("the thread that beats has ended")
        finally:
            stop.set()
            await asyncio.to_thread(thread.join, STATEMENT_S + 1)

    def is_heard(self, within_s: float) -> bool:
        """Whether the others have heard of this process lately; else they take, or are about to take, its jobs."""
        return time.monotonic() - self.beat_at < within_s

    def _live(self, stop: threading.Event) -> None:
        asyncio.run(self._beat_until(stop))

    async def _beat_until(self, stop: threading.Event) -> None:
        connection: asyncpg.Connection[Any] | None = None
        while not stop.is_set():
            try:
                async with asyncio.timeout(STATEMENT_S):
                    if connection is None or connection.is_closed():
                        connection = await self.connect()
                    await self._beat(connection)
            except GONE as error:
                emit("process.beat_failed", error=f"{type(error).__name__}: {error}")
                if connection is not None:
                    connection.terminate()
                connection = None
            await asyncio.to_thread(stop.wait, self.every_s)
        if connection is not None and not connection.is_closed():
            async with asyncio.timeout(STATEMENT_S):
                await store.unregister(connection, self.worker)
                await connection.close()

    async def _beat(self, connection: "asyncpg.Connection[Any]") -> None:
        vital = self.vital()
        self.beats = await store.register(
            connection, self.worker, host=socket.gethostname(), pid=os.getpid(), version=self.version,
            lag_s=vital.lag_s, slots=vital.slots, running=vital.running, draining=vital.draining, actors=vital.actors,
            lately=vital.lately, queues=vital.queues,
        )  # fmt: skip
        self.beat_at = time.monotonic()
        if vital.past_deadline:
            ids, fences = [id_ for id_, _ in vital.past_deadline], [fence for _, fence in vital.past_deadline]
            for row in await store.take_back(connection, ids, fences, self.worker):
                emit("job.rescued", job=row["id"], queue=row["queue"], state=row["state"], attempt=row["attempts"],
                     reason="deadline", trace_id=row["trace_id"] or "")  # fmt: skip
