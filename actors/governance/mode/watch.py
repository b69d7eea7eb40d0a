"""Watches the mode: every process has one, which its requests and actors ask."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Protocol

import asyncpg

from actors.governance.mode import OBEY_WITHIN_S, Chosen, Mode, in_force, may_ask, store
from actors.runtime.life import Life
from actors.runtime.telemetry import emit

POLL_S = 1.0
READ_WITHIN_S = 0.9
CONNECT_WITHIN_S = 5.0
UNREADABLE = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


class Connection(Protocol):
    """asyncpg's, past a pool: a pool that is used up must not look like a database that is away."""

    async def fetchrow(self, query: str, *args: Any) -> Any: ...
    async def fetch(self, query: str, *args: Any) -> list[Any]: ...
    async def fetchval(self, query: str, *args: Any) -> Any: ...
    async def execute(self, query: str, *args: Any) -> str: ...
    def is_closed(self) -> bool: ...
    def terminate(self) -> None: ...


class ModeWatch:
    """`now` is what holds at this moment; `current` looks first where the last look is old."""

    def __init__(
        self,
        pool: "asyncpg.Pool[Any]",
        connect: Callable[[], Awaitable[Connection]] | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        poll_s: float = POLL_S,
    ) -> None:
        self._pool = pool
        self._connect = connect
        self._clock = clock
        self._poll_s = poll_s
        self._chosen: Chosen | None = None
        self._read_s = float("-inf")
        self._reading: asyncio.Lock | None = None
        self._look = asyncio.Event()
        self._told: tuple[Mode, bool] | None = None
        self._own: Connection | None = None
        self._hear: list[Callable[[Mode], None]] = []

    @property
    def now(self) -> Mode:
        return in_force(self._chosen, self._clock() - self._read_s)

    @property
    def chosen(self) -> Chosen | None:
        """What the row said when it was read last; None where it cannot be read."""
        return self._chosen if self.is_readable else None

    @property
    def is_readable(self) -> bool:
        return self._chosen is not None and self._clock() - self._read_s <= OBEY_WITHIN_S

    @property
    def stands_by(self) -> bool:
        """Whether STANDBY was chosen, and is not merely what holds while nobody can tell."""
        return self.is_readable and self.now is Mode.STANDBY

    def on_change(self, hear: Callable[[Mode], None]) -> Callable[[], None]:
        """Calls `hear` with each mode that is seen to hold, from the next on; the answer ends that."""
        self._hear.append(hear)
        return lambda: self._hear.remove(hear)

    def forget(self) -> None:
        """What was read last counts no more: whoever asks next looks."""
        self._read_s = float("-inf")

    def heard(self, _payload: str = "") -> None:
        """The row may have changed: it is looked at now."""
        self._look.set()

    async def current(self) -> Mode:
        """For a request: a process that was too busy to look, looks now. STANDBY where that fails."""
        if self._clock() - self._read_s > OBEY_WITHIN_S:
            self._reading = self._reading or asyncio.Lock()
            async with self._reading:
                if self._clock() - self._read_s > OBEY_WITHIN_S:
                    await self._read_from(self._pool)
        return self.now

    async def may_ask(self, *, stands_in: bool) -> bool:
        """Whether a source may be asked now; `stands_in`: it is on this machine, in the place of the real one."""
        return may_ask(await self.current(), stands_in=stands_in)

    async def run(self, life: Life) -> None:
        """The actor: looks each second, and when it is told to; until it is cancelled, for others drain by it."""
        try:
            while True:
                life.beat()
                await self._read()
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._poll_s):
                        await self._look.wait()
                self._look.clear()
        finally:
            if self._own is not None:
                self._own.terminate()
                self._own = None

    async def _read(self) -> None:
        if self._connect is None:
            await self._read_from(self._pool)
            return
        try:
            if self._own is None or self._own.is_closed():
                async with asyncio.timeout(CONNECT_WITHIN_S):
                    self._own = await self._connect()
        except UNREADABLE:
            self._tell()
            return
        await self._read_from(self._own)

    async def _read_from(self, db: Any) -> None:
        asked_s = self._clock()
        with suppress(*UNREADABLE):
            async with asyncio.timeout(READ_WITHIN_S):
                self._chosen = await store.chosen(db)
                self._read_s = asked_s
        self._tell()

    def _tell(self) -> None:
        mode, is_readable = self.now, self.is_readable
        if self._told != (mode, is_readable):
            self._told = (mode, is_readable)
            emit("mode.obeyed", mode=mode.value, state="read" if is_readable else "unreadable")
            for hear in list(self._hear):
                hear(mode)
