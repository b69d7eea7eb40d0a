"""The mode: what each allows, and how soon it is obeyed."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from actors.errors import Refusal
from actors.governance.mode import OBEY_WITHIN_S, Chosen, Mode, denied, in_force, may_ask, store
from actors.governance.mode.watch import UNREADABLE, ModeWatch
from tests.postgres import Postgres

if TYPE_CHECKING:
    Pool = asyncpg.Pool[Any]

LIVE = Chosen(Mode.LIVE, 1, datetime(2026, 1, 2, tzinfo=UTC), None, None)


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.mark.parametrize(
    ("mode", "in_standby", "exports", "code"),
    [
        (Mode.LIVE, False, False, None), (Mode.LIVE, False, True, None), (Mode.LIVE, True, False, None),
        (Mode.DEMO, False, False, None), (Mode.DEMO, False, True, "demo"), (Mode.DEMO, True, False, None),
        (Mode.STANDBY, False, False, "standby"), (Mode.STANDBY, True, False, None),
        (Mode.STANDBY, True, True, "standby"),
    ],
)  # fmt: skip
def test_what_a_mode_closes(mode: Mode, in_standby: bool, exports: bool, code: str | None) -> None:
    """R01, R02, R03: a route is open or closed by the mode and by what it is."""
    why = denied(mode, in_standby=in_standby, exports=exports)
    assert (why and why.code) == code


def test_only_a_live_service_sends_anything_and_asks_real_registries() -> None:
    """R03: DEMO asks stand-ins alone and sends nothing; STANDBY does neither, and begins no job."""
    assert [mode.sends for mode in Mode] == [True, False, False]
    assert [mode.works for mode in Mode] == [True, True, False]
    assert [may_ask(mode, stands_in=False) for mode in Mode] == [True, False, False]
    assert [may_ask(mode, stands_in=True) for mode in Mode] == [True, True, False]


def test_a_row_that_cannot_be_read_is_standby() -> None:
    """R01: unreadable → STANDBY."""
    assert in_force(LIVE, OBEY_WITHIN_S) is Mode.LIVE
    assert in_force(LIVE, OBEY_WITHIN_S + 0.001) is Mode.STANDBY
    assert in_force(None, 0.0) is Mode.STANDBY


async def test_the_first_start_chooses_a_mode_and_no_later_one_does(db: "Pool") -> None:
    """N19: one row; a setting is its first value alone."""
    assert await store.begin_with(db, Mode.DEMO)
    assert not await store.begin_with(db, Mode.LIVE)
    found = await store.chosen(db)
    assert found is not None and (found.mode, found.version) == (Mode.DEMO, 1)


async def test_a_switch_says_what_was_before(db: "Pool") -> None:
    """R01: version, who, why, when."""
    assert await store.switch(db, Mode.STANDBY, by="jo", because="the registry is being moved") == (1, Mode.LIVE)
    assert await store.switch(db, Mode.DEMO, by="jo", because=None) == (2, Mode.STANDBY)
    found = await store.chosen(db)
    assert found is not None and (found.mode, found.version, found.changed_by) == (Mode.DEMO, 2, "jo")
    with pytest.raises(Refusal, match="because"):
        await store.switch(db, Mode.LIVE, by="jo", because="x" * 501)


async def test_a_row_that_is_gone_or_not_understood_is_standby_and_can_be_chosen_again(db: "Pool") -> None:
    """R01: fail closed."""
    watch = ModeWatch(db)
    await db.execute("delete from service_mode")
    assert await watch.current() is Mode.STANDBY
    assert not watch.stands_by
    assert await store.switch(db, Mode.LIVE, by=None, because=None) == (1, None)
    assert await ModeWatch(db).current() is Mode.LIVE
    await db.execute("alter table service_mode drop constraint service_mode_mode_check")
    await db.execute("update service_mode set mode = 'OPEN'")
    assert await ModeWatch(db).current() is Mode.STANDBY


async def test_a_look_is_believed_for_two_seconds_and_not_for_longer(db: "Pool", postgres: Postgres) -> None:
    """R01: cut the database → STANDBY after two seconds, never open; there again → as the row says."""
    clock = Clock()
    watch = ModeWatch(db, clock=clock)
    assert await watch.current() is Mode.LIVE
    await postgres.kill()
    await silent(db)
    clock.now_s += 1.9
    assert (watch.now, await watch.current()) == (Mode.LIVE, Mode.LIVE)
    clock.now_s += 0.2
    assert (watch.now, await watch.current()) == (Mode.STANDBY, Mode.STANDBY)
    assert not watch.is_readable and not watch.stands_by
    await postgres.restart()
    async with asyncio.timeout(30):
        while await watch.current() is not Mode.LIVE:  # noqa: ASYNC110 - the server starts: nothing tells of it
            await asyncio.sleep(0.01)


async def silent(pool: "Pool") -> None:
    """Until its last process has noticed that the server was killed."""
    with suppress(*UNREADABLE):
        async with asyncio.timeout(20):
            while True:
                await pool.fetchval("select 1")


async def test_who_watches_hears_of_each_change_once(db: "Pool") -> None:
    """R01: obeyed when it is told of, without waiting for the next look."""
    watch, heard = ModeWatch(db, poll_s=3600), asyncio.Queue[Mode]()
    end = watch.on_change(heard.put_nowait)
    life = Alive()
    running = asyncio.create_task(watch.run(life))
    async with asyncio.timeout(20):
        assert await heard.get() is Mode.LIVE
        await store.switch(db, Mode.STANDBY, by=None, because=None)
        watch.heard("")
        assert await heard.get() is Mode.STANDBY
    assert watch.stands_by
    end()
    running.cancel()
    await asyncio.wait([running])
    assert heard.empty()


class Alive:
    name = "mode"

    def __init__(self) -> None:
        self.draining = asyncio.Event()

    def beat(self) -> None: ...
