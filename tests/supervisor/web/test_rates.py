"""How often a caller may ask, counted by all processes together."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from actors.governance.accounts import store
from actors.governance.limits import DEFAULTS, Limit
from supervisor.roles import Role
from supervisor.web.rates import Rates
from tests.supervisor.clock import Clock
from tests.supervisor.web.asking import Api
from tests.survive.processes import until

if TYPE_CHECKING:
    import asyncpg

    Pool = asyncpg.Pool[Any]

HOUR = 3600.0  # so that no turn comes back while a test runs


@pytest.mark.parametrize("name", ["anyone", "viewer", "researcher", "steward", "admin", "logins", "exports", "reports"])
async def test_two_processes_grant_together_what_one_would(db: "Pool", name: str) -> None:
    """R05, S23, C20: the border of each limit, asked for in turns from two processes."""
    limit = Limit(DEFAULTS[name].count, HOUR)
    processes = Rates(db), Rates(db)
    turns = [await processes[n % 2].take("caller", limit) for n in range(limit.count + 2)]
    granted = sum(turn.granted for turn in turns)
    assert granted <= limit.count
    assert granted >= limit.count - limit.lump, "no more is lost than what the other has drawn"
    assert not turns[-1].granted
    assert all(turn.granted for turn in turns[: limit.count - limit.lump])


async def test_the_eleventh_is_refused_by_the_other_process_and_told_when(db: "Pool") -> None:
    """C20: ten an hour; headers count down."""
    one, other = Rates(db), Rates(db)
    limit = Limit(10, HOUR)
    left = [(await one.take("caller", limit)).left for _ in range(10)]
    assert left == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
    refused = await other.take("caller", limit)
    assert not refused.granted
    assert 300 < refused.wait_s <= 360
    assert (await other.take("another caller", limit)).granted


async def test_many_at_once_are_no_more_than_the_limit(db: "Pool") -> None:
    limit, processes = Limit(20, HOUR), [Rates(db) for _ in range(3)]
    turns = await asyncio.gather(*(processes[n % 3].take("caller", limit) for n in range(60)))
    assert sum(turn.granted for turn in turns) == 20


async def test_a_refusal_is_not_asked_for_again_and_again(db: "Pool") -> None:
    clock, limit = Clock(), Limit(1, HOUR)
    rates = Rates(db, clock=clock.now)
    assert (await rates.take("caller", limit)).granted
    assert not (await rates.take("caller", limit)).granted
    await db.execute("delete from rate_buckets")
    assert not (await rates.take("caller", limit)).granted, "told from what is known here"
    clock.now_s += 5.0
    assert (await rates.take("caller", limit)).granted


async def test_a_bucket_fills_evenly_and_a_clock_set_back_fills_none(db: "Pool") -> None:
    limit = Limit(60, 60.0)
    for _ in range(60):
        await store.take_turns(db, "caller", limit)
    await db.execute("update rate_buckets set remaining = 0, at = at - interval '10 s'")
    granted, remaining = await store.take_turns(db, "caller", limit)
    assert granted == 1
    assert 8.9 < remaining < 12
    await db.execute("update rate_buckets set remaining = 0, at = at + interval '1 h'")
    assert await store.take_turns(db, "caller", limit) == (0, 0.0)
    await db.execute("update rate_buckets set at = at - interval '9 h'")
    granted, remaining = await store.take_turns(db, "caller", limit)
    assert granted + remaining == 60


async def test_each_role_has_its_limit_and_another_caller_is_not_held_up(api: Api) -> None:
    """R05: the answer says what is left, and when to come back."""
    api.site.limits = {**api.site.limits, "viewer": Limit(3, HOUR), "researcher": Limit(5, HOUR)}
    for role, count in ((Role.VIEWER, 3), (Role.RESEARCHER, 5)):
        for left in reversed(range(count)):
            status, headers, _ = await api.whole("GET", "/api/v1/jobs", role=role)
            assert (status, headers["RateLimit-Limit"], headers["RateLimit-Remaining"]) == (200, str(count), str(left))
        status, headers, body = await api.whole("GET", "/api/v1/jobs", role=role)
        assert (status, body["code"], body["details"]) == (429, "too_many_requests", {"limit": role.word})
        assert int(headers["Retry-After"]) > 60
    assert (await api.ask("GET", "/api/v1/jobs", role=Role.STEWARD))[0] == 200
    assert (await api.ask("GET", "/health", role=None))[0] == 200, "nor are probes counted"


async def test_a_tenant_has_a_limit_for_all_of_it(api: Api) -> None:
    api.site.limits = {**api.site.limits, "tenant": Limit(4, HOUR)}
    statuses = [
        (await api.ask("GET", "/api/v1/jobs", role=role))[0]
        for role in (Role.VIEWER, Role.ADMIN, Role.STEWARD, Role.RESEARCHER, Role.OPERATOR)
    ]
    assert statuses == [200, 200, 200, 200, 429]


async def test_a_caller_holds_so_many_requests_at_once_and_no_more(api: Api) -> None:
    """S18, N17: one who opens many slow requests takes nothing from others."""
    api.site.at_once = 2
    blocked = await api.site.all_tenants.acquire()
    transaction = blocked.transaction()
    await transaction.start()
    await blocked.execute("lock table jobs in access exclusive mode")
    slow = [asyncio.create_task(api.ask("GET", "/api/v1/jobs", role=Role.VIEWER)) for _ in range(2)]
    await until(partial(api.site.all_tenants.fetchval, "select count(*) = 2 from pg_locks where not granted"))
    status, body = await api.ask("GET", "/api/v1/me", role=Role.VIEWER)
    assert (status, body["code"]) == (429, "too_many_at_once")
    assert (await api.ask("GET", "/api/v1/me", role=Role.ADMIN))[0] == 200
    await transaction.rollback()
    await api.site.all_tenants.release(blocked)
    assert [status for status, _ in await asyncio.gather(*slow)] == [200, 200]
    assert (await api.ask("GET", "/api/v1/me", role=Role.VIEWER))[0] == 200
