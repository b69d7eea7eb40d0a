"""LISTEN as messages, over connections that break and connections that fall silent."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg
import pytest

from actors.runtime.signals import Listener, ListenerLost
from supervisor.life import Life
from tests.postgres import Postgres


class Ears:
    """What was heard on two topics, in order."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        self.topics: dict[str, Callable[[str], None]] = {
            topic: lambda payload, topic=topic: self.heard.put_nowait((topic, payload))  # type: ignore[misc]
            for topic in ("jobs", "alerts")
        }

    async def next(self) -> tuple[str, str]:
        async with asyncio.timeout(30):
            return await self.heard.get()


def life() -> Life:
    return Life("listener", 0, time.monotonic)


@asynccontextmanager
async def listening(listener: Listener, one: Life) -> AsyncIterator["asyncio.Task[None]"]:
    running = asyncio.create_task(listener.run(one))
    try:
        yield running
    finally:
        running.cancel()
        await asyncio.wait([running])


async def test_each_topic_hears_its_own_and_first_of_all_that_it_may_have_missed_some(any_postgres: Postgres) -> None:
    ears = Ears()
    async with listening(Listener(any_postgres.dsn, ears.topics), life()):
        assert [await ears.next(), await ears.next()] == [("jobs", ""), ("alerts", "")]
        speaker = await asyncpg.connect(any_postgres.dsn)
        await speaker.execute("notify jobs, 'default'")
        await speaker.execute("notify alerts, 'disk_full'")
        await speaker.execute("notify others, 'nobody hears this'")
        await speaker.execute("notify jobs, 'scraping'")
        await speaker.close()
        heard = [await ears.next() for _ in range(3)]
    assert heard == [("jobs", "default"), ("alerts", "disk_full"), ("jobs", "scraping")]


async def test_a_connection_that_is_ended_is_a_listener_lost_and_the_next_one_looks_for_itself(
    any_postgres: Postgres,
) -> None:
    """What is told between two lives is lost; the first signal of the next life makes up for it."""
    ears = Ears()
    listener, one = Listener(any_postgres.dsn, ears.topics), life()
    admin = await asyncpg.connect(any_postgres.dsn)
    async with listening(listener, one) as running:
        for _ in range(2):
            await ears.next()
        await admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where pid <> pg_backend_pid() and datname = current_database()"
        )
        async with asyncio.timeout(30):
            with pytest.raises(ListenerLost):
                await running
    await admin.execute("notify jobs, 'nobody listens'")
    async with listening(listener, one):
        assert [await ears.next(), await ears.next()] == [("jobs", ""), ("alerts", "")]
        await admin.execute("notify jobs, 'default'")
        assert await ears.next() == ("jobs", "default")
    await admin.close()


async def test_a_database_that_is_away_is_a_listener_lost(postgres: Postgres) -> None:
    with pytest.raises(ListenerLost):
        await Listener("postgresql://nobody@127.0.0.1:1/nothing", {}).run(life())
    with pytest.raises(ListenerLost):
        await Listener(postgres.dsn.replace(f"/{postgres.name}", "/nothing"), {}).run(life())


async def test_a_listener_goes_on_while_others_drain(dsn: str) -> None:
    """They may yet hear that a job is to be cancelled."""
    ears, one = Ears(), life()
    speaker = await asyncpg.connect(dsn)
    async with listening(Listener(dsn, ears.topics), one) as running:
        for _ in range(2):
            await ears.next()
        one.draining.set()
        await speaker.execute("notify jobs, 'default'")
        assert await ears.next() == ("jobs", "default")
        assert not running.done()
    assert one.beat_at is not None
    await speaker.close()


class Wire:
    """Between a client and the server, until it swallows all that passes: what a router does that forgot us."""

    def __init__(self) -> None:
        self.swallows = False
        self.tasks: set[asyncio.Task[None]] = set()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                if not self.swallows:
                    writer.write(data)
                    await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def wire(dsn: str) -> AsyncIterator[tuple[str, Wire]]:
    """The URL of a way to the database that can be made to swallow all that passes."""
    parts, one = urlsplit(dsn), Wire()
    connection = await asyncpg.connect(dsn)
    user, database = connection.get_settings().session_authorization, parts.path
    socket_dir = await connection.fetchval("select split_part(current_setting('unix_socket_directories'), ',', 1)")
    port = await connection.fetchval("select current_setting('port')")
    await connection.close()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(f"{socket_dir}/.s.PGSQL.{port}")
        async with asyncio.TaskGroup() as group:
            group.create_task(one.carry(reader, back))
            group.create_task(one.carry(there, writer))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    here = server.sockets[0].getsockname()[1]
    try:
        yield f"postgresql://{user}@127.0.0.1:{here}{database}?sslmode=disable", one
    finally:
        server.close()


async def test_a_connection_that_has_fallen_silent_is_a_listener_lost(dsn: str) -> None:
    """It is asked for a sign of life, and gives none."""
    ears = Ears()
    async with (
        wire(dsn) as (through, one),
        listening(Listener(through, ears.topics, echo_every_s=0.0, echo_within_s=0.5), life()) as running,
    ):
        for _ in range(2):
            await ears.next()
        one.swallows = True
        async with asyncio.timeout(30):
            with pytest.raises(ListenerLost, match="silent"):
                await running


async def test_a_connection_that_echoes_is_kept(dsn: str) -> None:
    ears, one = Ears(), life()
    speaker = await asyncpg.connect(dsn)
    echoes: asyncio.Queue[object] = asyncio.Queue()
    await speaker.add_listener("triald_echo", lambda *said: echoes.put_nowait(said[-1]))
    async with listening(Listener(dsn, ears.topics, echo_every_s=0.0), one) as running:
        async with asyncio.timeout(30):
            said = {await echoes.get() for _ in range(2)}
        assert not running.done()
    assert len(said) == 2
    await speaker.close()
