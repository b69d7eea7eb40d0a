"""The mode, over processes: who is told, who obeys, and what becomes of the work."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg

from tests.survive.jobs import begun, done, enqueue
from tests.survive.processes import NODE, SMALL, command, running, until

Pool: TypeAlias = "asyncpg.Pool[Any]"
SOON_S = 20.0  # on a machine that is busy with much else; told of by NOTIFY it takes milliseconds, else a second


async def test_every_process_stands_by_and_goes_on_and_no_attempt_is_spent(
    dsn: str, db: Pool, tables: None, tmp_path: Path
) -> None:
    """R01, R02, N19: one switch, every process; what runs is put down unspent, nothing is begun until it is over."""
    async with AsyncExitStack() as stack:
        nodes = [
            await stack.enter_async_context(running(dsn, tmp_path / str(n), program=NODE, settings=SMALL))
            for n in range(2)
        ]
        [long] = await enqueue(db, "slow", seconds=300.0)
        await begun(db, long)
        assert (await command(dsn, "mode", "STANDBY")).code == 0
        for node in nodes:
            await node.said("mode.obeyed", within_s=SOON_S, mode="STANDBY", state="read")
        await until(lambda: db.fetchval("select state = 'ready' and attempts = 0 from jobs where id = $1", long))
        [short] = await enqueue(db, "slow")
        await db.execute("update schedules set next_due_at = now() - interval '1 min' where name = 'maintain'")
        await asyncio.sleep(3.0)  # more than a claimer's or a scheduler's round would take
        assert await db.fetchval("select bool_and(state = 'ready') from jobs where id = any($1)", [long, short])
        assert await db.fetchval("select count(*) from jobs where kind = 'maintain'") == 0
        assert (await command(dsn, "mode", "LIVE")).code == 0
        for node in nodes:
            await node.said("mode.obeyed", times=2, within_s=SOON_S, mode="LIVE", state="read")
        await done(db, [short])
        await begun(db, long, times=2)
    told = await command(dsn, "audit", "verify", "--json")
    assert (told.code, told.json["links"]) == (0, 2)


async def test_a_process_that_hears_nothing_looks_by_itself(dsn: str, db: Pool, tables: None, tmp_path: Path) -> None:
    """R01: a poll, should the notification be lost."""
    async with running(dsn, tmp_path, program=NODE, settings=SMALL) as node:
        await db.execute("alter table service_mode disable trigger all")
        assert (await command(dsn, "mode", "DEMO")).code == 0
        await node.said("mode.obeyed", within_s=SOON_S, mode="DEMO")


async def test_the_setting_is_the_mode_of_the_first_start_alone(
    dsn: str, db: Pool, tables: None, tmp_path: Path
) -> None:
    """N19, N39: mode."""
    for n, first in enumerate(("standby", "live")):
        async with running(dsn, tmp_path / str(n), program=NODE, settings={**SMALL, "mode": first}) as node:
            await node.said("mode.obeyed", mode="STANDBY", state="read")
            assert not node.all_said("mode.obeyed", mode="LIVE")
