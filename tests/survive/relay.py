"""A relay between the service and PostgreSQL that can lose answers: as a network that fails at the wrong moment."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from supervisor.cluster import PORT, SUPERUSER
from tests.postgres import Postgres

CHUNK_BYTES = 1 << 16


@dataclass(slots=True)
class Relay:
    url: str
    socket: Path
    loses_answers: bool = False
    writers: set[asyncio.StreamWriter] = field(default_factory=set)

    async def cut(self) -> None:
        """Ends every connection; new ones lose nothing."""
        self.loses_answers = False
        for writer in tuple(self.writers):
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(self.socket)
        self.writers |= {writer, back}
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pass(reader, back))
                both.create_task(self._pass(there, writer, answers=True))
        finally:
            self.writers -= {writer, back}

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool = False) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(CHUNK_BYTES):
                if not (answers and self.loses_answers):
                    writer.write(data)
                    await writer.drain()
        writer.transport.abort()


@asynccontextmanager
async def relayed(postgres: Postgres) -> AsyncIterator[Relay]:
    """The database by way of a relay."""
    relay = Relay("", postgres.server.socket_dir / f".s.PGSQL.{PORT}")
    server = await asyncio.start_server(relay.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    relay.url = f"postgresql://{SUPERUSER}@127.0.0.1:{port}/{postgres.name}?sslmode=disable"
    try:
        yield relay
    finally:
        server.close()
        await relay.cut()
