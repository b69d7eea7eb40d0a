"""Keeps the embedded PostgreSQL running: nobody else would start it again."""

import asyncio
from contextlib import suppress

from actors.runtime.life import Life
from actors.runtime.telemetry import emit
from supervisor.database import AWAY
from supervisor.embedded import LOCK_WITHIN_S, Embedded
from supervisor.postmaster import START_WITHIN_S
from supervisor.warming import warm

LOOK_EVERY_S = 1.0
HANGS_AFTER_S = LOCK_WITHIN_S + 2 * START_WITHIN_S  # what a start may take: its lock, and a replay of the log


class Keeper:
    """An actor that others stand on: it runs while they drain. Raises EmbeddedError where it cannot be started."""

    def __init__(self, server: Embedded, *, look_every_s: float = LOOK_EVERY_S) -> None:
        self.server = server
        self.look_every_s = look_every_s

    async def run(self, life: Life) -> None:
        warming = asyncio.create_task(self._warm())
        try:
            await self._keep(life)
        finally:
            warming.cancel()
            with suppress(asyncio.CancelledError):
                await warming

    async def _warm(self) -> None:
        try:
            emit("search.warmed", bytes=await warm(self.server.dsn, self.server.cluster))
        except AWAY as error:
            emit("search.not_warmed", reason=str(error))

    async def _keep(self, life: Life) -> None:
        while True:
            life.beat()
            if self.server.pid is None:
                emit("postgres.lost")
                await self.server.revive()
                emit("postgres.started", pid=self.server.pid)
            await asyncio.sleep(self.look_every_s)
