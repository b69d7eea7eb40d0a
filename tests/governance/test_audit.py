"""The audit: entries that are only added, one chain over them, and what verifying finds."""

import asyncio
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from actors.governance.audit import GENESIS, Act, BadDetail, Entry, Head, canonical, hash_of, links, store, told
from actors.governance.audit.checking import Checker
from actors.governance.audit.sealer import seal_all
from actors.governance.audit.store import Verdict

if TYPE_CHECKING:
    Pool = asyncpg.Pool[Any]

WRITERS = 50
EACH = 8


def act(number: int = 1, **more: Any) -> Act:
    given: dict[str, Any] = {"details": {"mode": "LIVE", "scope": {"registry": "ctgov", "rows": number}}} | more
    return Act(1, f"person{number % 5}", "admin", "mode_change", f"job={number}", **given)


def entry(number: int, **more: Any) -> Entry:
    at = datetime(2026, 1, 2, 3, 4, 5, number, UTC)
    given: dict[str, Any] = {"details": {"rows": number}} | more
    return Entry(number, at, 1, 7, "admin", "mode_change", "", "done", None, **given)


async def write(pool: "Pool", number: int) -> None:
    async with pool.acquire() as db, db.transaction():
        for each in range(number):
            await store.append(db, act(each))


async def verdict(pool: "Pool", expected: Head | None = None) -> Verdict:
    async with pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
        return await store.verify(db, expected=expected)


async def sealed(pool: "Pool", number: int = 6) -> Head:
    await write(pool, number)
    await seal_all(pool)
    return await store.head(pool)


async def tamper(pool: "Pool", *statements: str) -> None:
    """As who owns the database may, once they have taken the triggers away."""
    async with pool.acquire() as db, db.transaction():
        for table in ("audit_entries", "audit_chain"):
            await db.execute(f"alter table {table} disable trigger all")
        await db.execute("set constraints all deferred")
        for statement in statements:
            await db.execute(statement)
        for table in ("audit_entries", "audit_chain"):
            await db.execute(f"alter table {table} enable trigger all")


def test_one_value_has_one_text_whatever_the_order_of_its_keys() -> None:
    """R13: nested keys are hashed, in an order of their own."""
    one = {"b": {"y": [1, None], "x": "ü\n\x01"}, "a": True}
    other = {"a": True, "b": {"x": "ü\n\x01", "y": [1, None]}}
    assert canonical(one) == canonical(other) == '{"a":true,"b":{"x":"ü\\n\\u0001","y":[1,null]}}'.encode()


@pytest.mark.parametrize(
    "other",
    [
        entry(2), entry(1, details={"rows": 2}), entry(1, details={"rows": 1, "scope": {"x": 1}}),
        entry(1, details={"rows": 1.0}), entry(1, details={"rows": "1"}), entry(1, details={}),
    ],
)  # fmt: skip
def test_whatever_an_entry_says_changes_its_hash(other: Entry) -> None:
    """R13: the hash is over the whole payload."""
    assert hash_of(other, 1, GENESIS) != hash_of(entry(1), 1, GENESIS)


def test_the_place_and_what_came_before_change_the_hash() -> None:
    """R13: no entry can be moved."""
    assert len({hash_of(entry(1), 1, GENESIS), hash_of(entry(1), 2, GENESIS), hash_of(entry(1), 1, bytes(32))}) == 3


def test_details_that_are_not_on_the_list_do_not_get_in() -> None:
    """R13: sensitive values never get into the audit; of what was left out only the name is told."""
    assert told({"mode": "DEMO", "password": "hunter2", "a b": 1}) == {"mode": "DEMO", "dropped": ["password"]}


@pytest.mark.parametrize(
    "value", [1.5, 2**53, "x" * 501, "a\0b", "\ud800", b"x", {"k": object()}, {"ä": 1}, [[[[[1]]]]]]
)
def test_a_detail_that_json_would_not_keep_as_it_is_is_refused(value: object) -> None:
    """R13: what is hashed is what is kept."""
    with pytest.raises(BadDetail):
        told({"scope": value})


async def test_an_entry_is_there_exactly_when_its_effect_is(db: "Pool") -> None:
    """R13: no entry is lost, and there is none without its effect."""
    with pytest.raises(ZeroDivisionError):
        async with db.acquire() as one, one.transaction():
            await store.append(one, act())
            raise ZeroDivisionError
    await seal_all(db)
    assert await store.head(db) == Head()
    assert (await sealed(db, 3)).seq == 3


async def test_who_appends_waits_for_nobody_who_has_appended_and_not_committed(db: "Pool") -> None:
    """R13: the chain does not put business transactions in a row, and a late commit is sealed when it comes."""
    await sealed(db, 5)
    async with db.acquire() as slow:
        transaction = slow.transaction()
        await transaction.start()
        await store.append(slow, act(1))
        async with asyncio.timeout(20):
            await write(db, 3)
            assert await seal_all(db) == 3
        await transaction.commit()
    assert await seal_all(db) == 1
    found = await verdict(db)
    assert (found.links, found.unsealed, found.fault) == (9, 0, None)


async def test_fifty_writers_keep_one_chain(db: "Pool", dsn: str) -> None:
    """R13: 50 parallel writers, and sealers beside them, here and in other processes."""
    async with asyncpg.create_pool(dsn, min_size=WRITERS, max_size=WRITERS) as pool:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(2, mp_context=context) as others:
            loop = asyncio.get_running_loop()
            elsewhere = [loop.run_in_executor(others, write_and_seal, dsn) for _ in range(2)]
            await asyncio.gather(*(write(pool, EACH) for _ in range(WRITERS)), *(seal_all(db) for _ in range(8)))
            await asyncio.gather(*elsewhere)
    while (await verdict(db)).unsealed:
        await seal_all(db)
    found = await verdict(db)
    assert (found.links, found.fault) == (WRITERS * EACH + 2 * 40, None)


def write_and_seal(dsn: str) -> None:
    """In a process of its own."""

    async def run() -> None:
        async with asyncpg.create_pool(dsn, min_size=2, max_size=2) as pool:
            for _ in range(4):
                await write(pool, 10)
                await seal_all(pool)

    asyncio.run(run())


CHANGED = "update audit_entries set details = jsonb_set(details, '{scope,registry}', '\"ctis\"') where id = 3"
ADDED = """insert into audit_entries (of_tenant, actor_id, role, action, subject, outcome)
    values (1, 1, 'x', 'x', '', 'done')"""


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        ([CHANGED], "seq 3, entry 3: payload"),
        (["update audit_entries set actor_id = 1 where id = 4"], "seq 4, entry 4: payload"),
        (["update audit_entries set at = at + interval '1 microsecond' where id = 6"], "seq 6, entry 6: payload"),
        (["update audit_chain set hash = sha256('x') where seq = 2"], "seq 2, entry 2: hash"),
        (["delete from audit_chain where seq = 3"], "seq 3: gap: missing: 3"),
        (["delete from audit_chain where seq in (2, 3)"], "seq 2: gap: missing: 2 to 3"),
        (["delete from audit_entries where id = 5"], "seq 5, entry 5: gone"),
        (["update audit_chain set previous = sha256('x') where seq = 4"], "seq 4, entry 4: order"),
        (
            [
                "update audit_chain set seq = -seq + 100 where seq in (2, 3)",
                "update audit_chain set seq = case seq when 98 then 3 else 2 end where seq > 90",
            ],
            "seq 2, entry 3: order",
        ),
        (
            [
                "update audit_chain set entry_id = 100 - entry_id where seq in (2, 3)",
                "update audit_chain set entry_id = case entry_id when 98 then 3 else 2 end where entry_id > 90",
            ],
            "seq 2, entry 3: payload",
        ),
        ([ADDED], "entry 7: stray"),
    ],
)  # fmt: skip
async def test_verifying_names_the_first_bad_row(db: "Pool", statements: list[str], said: str) -> None:
    """R13: a nested key changed, a row deleted, rows in another order, a hash forged: named by seq and entry."""
    await sealed(db)
    await tamper(db, *statements)
    fault = (await verdict(db)).fault
    assert str(fault).startswith(said)


async def test_an_entry_that_is_said_to_wait_again_is_not_sealed_twice(db: "Pool") -> None:
    """R13: whatever is done to the list of what waits, the chain stays one, and shows that it was touched."""
    await sealed(db)
    await db.execute("insert into audit_unsealed select id from audit_entries")
    assert await seal_all(db) == 0
    await write(db, 2)
    assert await seal_all(db) == 2
    found = await verdict(db)
    assert (found.links, found.unsealed, found.fault) == (8, 6, None)


async def test_who_knows_an_earlier_head_sees_a_chain_that_was_written_anew_or_cut_off(db: "Pool") -> None:
    """R13: what a chain alone cannot show, a head that was written down elsewhere does."""
    head = await sealed(db)
    await tamper(db, "delete from audit_chain where seq = 6", "delete from audit_entries where id = 6")
    assert (await verdict(db)).fault is None
    assert str((await verdict(db, head)).fault).startswith("seq 6: head")
    await write(db, 1)
    await seal_all(db)
    assert str((await verdict(db, head)).fault).startswith("seq 6, entry 7: head")
    assert (await verdict(db, await store.head(db))).fault is None


@pytest.mark.parametrize("table", ["audit_entries", "audit_chain", "audit_actors"])
async def test_the_database_refuses_to_change_what_was_done(db: "Pool", table: str) -> None:
    """R13: update, delete and truncate are refused, to the owner too."""
    await sealed(db)
    keyed = {"audit_entries": "id = id", "audit_chain": "seq = seq", "audit_actors": "id = default"}[table]
    for statement in (f"update {table} set {keyed}", f"delete from {table}", f"truncate {table} cascade"):  # noqa: S608
        with pytest.raises(asyncpg.PostgresError):
            await db.execute(statement)


async def test_somebody_who_is_forgotten_leaves_the_chain_whole(db: "Pool") -> None:
    """R13: entries name people by number; the login can be blanked, and one of the same name is somebody else."""
    await sealed(db)
    assert await store.erase(db, "person1")
    assert not await store.erase(db, "person1")
    assert (await verdict(db)).fault is None
    shown = await store.listed(db, store.Asked(), before=None, limit=50)
    assert {one.login for one in shown} == {None, "person0", "person2", "person3", "person4"}
    await write(db, 2)
    assert len(await store.listed(db, store.Asked(actor="person1"), before=None, limit=50)) == 1


def test_a_chain_of_which_some_is_seen_is_checked_link_by_link() -> None:
    """R13: one tenant's links: each hash must fit, in order; others lie between."""
    made = links([entry(number) for number in range(1, 7)], Head())
    apart, whole = Checker(apart=True), Checker()
    assert [apart.take(one) for one in made[::2]] == [None] * 3
    assert apart.end() is None
    assert whole.take(made[0]) is None
    assert str(whole.take(made[2])).startswith("seq 2: gap")
    backwards = Checker(apart=True)
    assert backwards.take(made[2]) is None
    assert str(backwards.take(made[0])).startswith("seq 1, entry 1: order")


@pytest.mark.parametrize("text", ["", "1", "1:xyz", "-1:" + "0" * 64, "1:" + "0" * 63])
def test_a_head_that_cannot_be_one_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a head"):
        Head.of(text)
    assert Head.of(str(Head(3, GENESIS))) == Head(3, GENESIS)
