"""Signing keys change, secrets change, clocks jump: who is logged in stays so, and nobody else comes in."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from actors.governance.accounts import User, bearer, store
from actors.governance.accounts.bearer import SKEW_S, NotOurs
from actors.governance.accounts.lockout import FREE, LONGEST_S
from actors.governance.accounts.passwords import Passwords
from supervisor import signing
from supervisor.identity import FRESH_S, Token, identity_of
from supervisor.logins import Logins, Rules, TooManyTries, WrongLogin
from supervisor.signing import UNKNOWN_S, Keys, rotate
from tests.people import people
from tests.supervisor.clock import Clock

if TYPE_CHECKING:
    import asyncpg

    Pool = asyncpg.Pool[Any]


async def _opens(keys: Keys, token: str) -> bool:
    try:
        bearer.read(token, await keys.known(bearer.key_named(token)), datetime.now(UTC))
    except NotOurs:
        return False
    return True


async def _signed(keys: Keys) -> str:
    return bearer.sign(await keys.signing(), user=7, session=5, now=datetime.now(UTC), lasts_s=900)


async def test_two_rotations_log_nobody_out_and_a_process_that_kept_keys_believes_new_ones_at_once(db: "Pool") -> None:
    """N35: rotated twice, the first token is believed until it ends, in every process; nobody waits for anything."""
    clock = Clock()
    one, other, third = (Keys(db, clock=clock.now) for _ in range(3))
    first = await _signed(one)
    assert await _opens(third, first)
    tokens = [first]
    for signer in (one, other):
        await rotate(db)
        clock.now_s += signing.FRESH_S
        tokens.append(await _signed(signer))
        assert [await _opens(third, token) for token in tokens] == [True] * len(tokens)
    assert len({bearer.key_named(token) for token in tokens}) == 3
    fresh = Keys(db, clock=clock.now)
    assert [await _opens(fresh, token) for token in tokens] == [True] * 3


async def test_a_rotation_right_after_keys_were_read_is_seen_at_once(db: "Pool") -> None:
    clock = Clock()
    third = Keys(db, clock=clock.now)
    assert await _opens(third, await _signed(Keys(db)))
    for _ in range(3):
        await rotate(db)
        assert await _opens(third, await _signed(Keys(db))), "no second has passed since it looked"
        clock.now_s += UNKNOWN_S


async def test_made_up_keys_cost_a_look_into_the_database_a_second(db: "Pool") -> None:
    """Whoever makes up ten thousand names of keys has the database asked once."""
    clock = Clock()
    keys = Keys(db, clock=clock.now)
    good = await _signed(keys)
    await keys.known("made up")
    await db.execute("alter table signing_keys rename to not_here")
    for number in range(10_000):
        await keys.known(f"{number:016x}")
    assert await _opens(keys, good)


async def test_a_key_that_was_retired_long_ago_is_believed_no_more(db: "Pool") -> None:
    old = await _signed(Keys(db))
    await rotate(db)
    await db.execute("update signing_keys set retired_at = retired_at - interval '3 days' where retired_at is not null")
    assert not await _opens(Keys(db), old)
    await rotate(db)
    assert await db.fetchval("select count(*) from signing_keys") == 2, "and it is forgotten"


async def test_of_many_processes_that_start_at_once_all_sign_with_one_key(db: "Pool") -> None:
    every = [Keys(db) for _ in range(8)]
    tokens = [await _signed(keys) for keys in every]
    assert len({bearer.key_named(token) for token in tokens}) == 1
    assert await _opens(every[0], tokens[-1])


# ── whole logins ──


async def test_a_login_outlives_two_rotations_and_a_new_secret(db: "Pool") -> None:
    """N35: what a program was given before opens until it ends; and no longer than the secret before is given."""
    one, clock = await _robot(db), Clock()
    before, after, alone = (Logins(db, Rules(masters=masters)) for masters in (("old",), ("new", "old"), ("new",)))
    pair = await before.open_api(one, agent="")

    async def opens(token: str, logins: Logins) -> bool:
        clock.now_s += FRESH_S
        return await identity_of(db, Token(token), logins.keys, clock=clock.now) is not None

    for _ in range(2):
        await rotate(db)
        assert await opens(pair.access_token, after)
    renewed = await after.renew(pair.refresh_token)
    assert bearer.key_named(renewed.access_token) != bearer.key_named(pair.access_token)
    assert [await opens(renewed.access_token, logins) for logins in (before, after, alone)] == [False, True, True]
    assert [await opens(pair.access_token, logins) for logins in (before, after, alone)] == [True, True, False]
    assert await opens((await alone.renew(renewed.refresh_token)).access_token, alone), "logged out is nobody"


@pytest.mark.parametrize(
    ("moved", "opens"),
    [(timedelta(0), True), (timedelta(minutes=14), True), (timedelta(minutes=15), False), (timedelta(days=400), False),
     (-timedelta(seconds=SKEW_S), True), (-timedelta(minutes=5), False), (-timedelta(days=400), False)],
)  # fmt: skip
async def test_a_clock_that_jumps_opens_nothing_out_of_its_time(db: "Pool", moved: timedelta, *, opens: bool) -> None:
    """Forward: it has ended, also where it was looked up a moment before. Back: it is not to be believed yet."""
    one, clock, at = await _robot(db), Clock(), datetime.now(UTC)
    logins = Logins(db, Rules(masters=("a secret",)), now=lambda: at)
    token = Token((await logins.open_api(one, agent="")).access_token)

    async def found(now: datetime) -> bool:
        return await identity_of(db, token, logins.keys, clock=clock.now, now=lambda: now) is not None

    assert await found(at)
    if moved > timedelta(0):
        assert await found(at + moved) is opens, "from memory"
    clock.now_s += FRESH_S
    assert await found(at + moved) is opens
    clock.now_s += FRESH_S
    assert await found(at), "when the clock is right again it opens again"


async def test_a_clock_that_is_set_back_brings_back_no_login_that_was_ended(db: "Pool") -> None:
    one, clock = await _robot(db), Clock()
    logins = Logins(db, Rules(masters=("a secret",)))
    pair = await logins.open_api(one, agent="")
    who = await identity_of(db, Token(pair.access_token), logins.keys, clock=clock.now)
    assert who is not None
    await logins.log_out(who)
    clock.now_s += FRESH_S
    for moved_s in (0, -20):
        now = datetime.now(UTC) + timedelta(seconds=moved_s)
        assert await identity_of(db, Token(pair.access_token), logins.keys, clock=clock.now, now=_at(now)) is None


def _at(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


async def test_a_clock_that_jumps_lets_nobody_guess_on_and_keeps_nobody_outside(db: "Pool") -> None:
    """The lock-out counts by the same clock: back, it holds nobody off for longer than it would have."""
    one = await _robot(db, password="correct horse battery")
    at = datetime.now(UTC)
    logins = Logins(db, Rules(masters=("a secret",)), now=lambda: at)
    for _ in range(FREE + 4):
        with pytest.raises((WrongLogin, TooManyTries)):
            await logins.by_password(one.login, "a wrong guess")
    for moved in (-timedelta(minutes=30), -timedelta(days=400)):
        at += moved
        with pytest.raises(TooManyTries) as refused:
            await logins.by_password(one.login, "correct horse battery")
        assert refused.value.wait_s <= LONGEST_S
    at += timedelta(days=800)
    assert (await logins.by_password(one.login, "correct horse battery")).id == one.id


async def _robot(db: "Pool", password: str | None = None) -> User:
    await people(db, "robot")
    if password is not None:
        hashed = await Passwords().hash(password)
        await store.set_password(db, (await store.user(db, "robot")).id, hashed, must_change=False)
    return await store.user(db, "robot")
