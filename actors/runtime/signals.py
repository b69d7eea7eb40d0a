"""LISTEN as messages: PostgreSQL's notifications, one connection a process. A signal is a hint: look for yourself."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import asyncpg

from actors.errors import Unavailable
from actors.runtime.life import Life

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

ECHO = "triald_echo"
ECHO_EVERY_S = 20.0  # a dead connection is silent: it is asked for a sign of life so often
ECHO_WITHIN_S = 5.0


class ListenerLost(Unavailable):
    """The connection that listened is gone. What it was told meanwhile is lost: whoever listens must look."""


class Listener:
    """Calls each topic's function with the payload, and with '' once it listens (again): some may have been missed.

    `dsn` must lead to PostgreSQL itself: a pooler that hands connections on by transaction loses notifications.
    """

    def __init__(
        self,
        dsn: str,
        topics: Mapping[str, Callable[[str], None]],
        *,
        echo_every_s: float = ECHO_EVERY_S,
        echo_within_s: float = ECHO_WITHIN_S,
    ) -> None:
        self.dsn = dsn
        self.topics = topics
        self.echo_every_s = echo_every_s
        self.echo_within_s = echo_within_s

    async def run(self, life: Life) -> None:
        """Until cancelled: others listen while they drain. Raises ListenerLost."""
        gone, echoed = asyncio.Event(), asyncio.Event()
        try:
            connection = await asyncpg.connect(self.dsn, timeout=10)
        except (OSError, asyncpg.PostgresError, TimeoutError) as error:
            raise ListenerLost(str(error)) from error
        try:
            connection.add_termination_listener(lambda _: gone.set())
            await connection.add_listener(ECHO, lambda *_: echoed.set())
            for topic in self.topics:
                await connection.add_listener(topic, self._tell)
            for tell in self.topics.values():
                tell("")
            await self._stay(life, connection, gone, echoed)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
            raise ListenerLost(str(error)) from error
        finally:
            connection.terminate()

    async def _stay(
        self, life: Life, connection: "asyncpg.Connection[Any]", gone: asyncio.Event, echoed: asyncio.Event
    ) -> None:
        loop = asyncio.get_running_loop()
        asked_at = loop.time()
        while True:
            life.beat()
            with suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await gone.wait()
            if gone.is_set() or connection.is_closed():
                raise ListenerLost("the connection that listens was closed")
            if loop.time() - asked_at > self.echo_every_s:
                await self._ask(connection, echoed)
                asked_at = loop.time()

    async def _ask(self, connection: "asyncpg.Connection[Any]", echoed: asyncio.Event) -> None:
        echoed.clear()
        try:
            async with asyncio.timeout(self.echo_within_s):
                await connection.execute(f"notify {ECHO}, '{uuid4()}'")
                await echoed.wait()
        except TimeoutError:
            raise ListenerLost("the connection that listens has gone silent") from None

    def _tell(
        self, _connection: "asyncpg.Connection[Any] | PoolConnectionProxy[Any]", _pid: int, topic: str, payload: object
    ) -> None:
        self.topics[topic](str(payload))
