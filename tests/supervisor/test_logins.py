"""Logging in by password: slowed down when guessed at, renewed by tokens that are used once, ended everywhere."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from actors.errors import Refusal
from actors.governance import digest
from actors.governance.accounts import HOME, User, bearer
from actors.governance.accounts import store as accounts
from actors.governance.accounts.lockout import FREE, LONGEST_S, Tries, after_try, refused_for_s, wait_s
from actors.governance.accounts.passwords import Passwords, check_password
from supervisor.identity import Cookie, Token, identity_of
from supervisor.logins import Logins, Rules, TooManyTries, WrongLogin
from supervisor.signing import Keys, rotate
from tests.survive.processes import until

if TYPE_CHECKING:
    import asyncpg

    Pool = asyncpg.Pool[Any]

PASSWORD = "a staple of correct horses"
BEGAN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@dataclass(slots=True)
class Now:
    """A clock to set."""

    at: datetime

    def __call__(self) -> datetime:
        return self.at


@dataclass(frozen=True, slots=True)
class House:
    db: "Pool"
    logins: Logins
    anna: User
    now: Now


@pytest.fixture
async def house(db: "Pool") -> AsyncIterator[House]:
    now = Now(datetime.now(UTC))
    logins = Logins(db, Rules(), now=now)
    hashed = await logins.passwords.hash(PASSWORD)
    await accounts.add_user(db, HOME, "Anna", "researcher", password=hashed)
    yield House(db, logins, await accounts.user(db, "Anna"), now)


# ── passwords ──


@pytest.mark.parametrize("wrong", ["", "short", "a" * 40, "eleven char", "researcher01", "x" * 201, "aabbaabbaabbaa"])
def test_a_password_is_long_and_not_a_login(wrong: str) -> None:
    with pytest.raises(Refusal, match=r"^password: expected") as refused:
        check_password(wrong, login="researcher01")
    assert not wrong or wrong not in str(refused.value)


@pytest.mark.parametrize("password", [PASSWORD, "zwölf Möwen!", "x1y2z3x1y2z3", "\U0001f600 a b c d e f"])
async def test_a_password_fits_itself_and_nothing_else(password: str) -> None:
    check_password(password, login="anna")
    one = Passwords()
    kept = await one.hash(password)
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert await one.fits(kept, password)
    assert not await one.fits(kept, password + " ")
    assert not await one.fits(None, password)
    assert not await one.fits("no hash", password)


# ── guessing ──


@pytest.mark.parametrize(
    ("failures", "wait"), [(0, 0), (FREE, 0), (FREE + 1, 1), (FREE + 2, 2), (FREE + 11, LONGEST_S), (10_000, LONGEST_S)]
)
def test_each_wrong_password_after_a_few_costs_twice_the_wait(failures: int, wait: float) -> None:
    assert wait_s(failures) == wait


def test_tries_are_counted_in_a_row_and_forgotten_after_an_hour() -> None:
    tries = None
    for failures in range(1, FREE + 3):
        tries = after_try(tries, BEGAN)
        assert tries.failures == failures
    assert tries is not None
    assert refused_for_s(tries, BEGAN) == 2.0
    assert refused_for_s(tries, BEGAN + timedelta(seconds=2)) == 0.0
    assert after_try(tries, BEGAN + timedelta(hours=1)).failures == 1


def test_a_clock_that_jumps_locks_nobody_out_for_longer() -> None:
    late = Tries(FREE + 1, BEGAN + timedelta(days=9), BEGAN + timedelta(days=9, seconds=1))
    assert refused_for_s(late, BEGAN) == LONGEST_S


async def test_the_right_password_lets_in_whatever_the_case_of_the_login(house: House) -> None:
    assert (await house.logins.by_password(" anna ", PASSWORD)).login == "Anna"


@pytest.mark.parametrize("login", ["Anna", "nobody", "", "\0", "a\nb"])
async def test_a_wrong_password_and_an_unknown_login_look_the_same(house: House, login: str) -> None:
    with pytest.raises(WrongLogin) as refused:
        await house.logins.by_password(login, "wrong")
    assert str(refused.value) == ""


async def test_after_a_few_wrong_ones_even_the_right_one_has_to_wait(house: House) -> None:
    """R04: lock-out with back-off, which ends by itself."""
    for _ in range(FREE + 1):
        with pytest.raises(WrongLogin):
            await house.logins.by_password("Anna", "wrong")
    with pytest.raises(TooManyTries) as held:
        await house.logins.by_password("anna", PASSWORD)
    assert held.value.wait_s == 1.0
    house.now.at += timedelta(seconds=1)
    assert (await house.logins.by_password("Anna", PASSWORD)).id == house.anna.id
    house.now.at += timedelta(seconds=1)
    with pytest.raises(WrongLogin):
        await house.logins.by_password("Anna", "wrong")
    assert (await house.logins.by_password("Anna", PASSWORD)).id == house.anna.id, "the count began anew"


async def test_many_guesses_at_once_are_no_more_than_as_many_in_a_row(house: House) -> None:
    """In two processes, each with logins of its own."""
    other = Logins(house.db, Rules(), now=house.now)
    tries = [one.by_password("Anna", f"guess {n}") for n in range(10) for one in (house.logins, other)]
    ends = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(end, WrongLogin) for end in ends) == FREE + 1
    assert sum(isinstance(end, TooManyTries) for end in ends) == 20 - FREE - 1


async def test_who_is_switched_off_or_whose_tenant_is_does_not_come_in(house: House) -> None:
    async with house.db.acquire() as db, db.transaction():
        await accounts.switch_user(db, house.anna, house.now.at, on=False)
    with pytest.raises(WrongLogin):
        await house.logins.by_password("Anna", PASSWORD)
    tenant = await accounts.add_tenant(house.db, "clinic")
    await accounts.add_user(house.db, tenant, "bert", "viewer", password=await house.logins.passwords.hash(PASSWORD))
    assert (await house.logins.by_password("bert", PASSWORD)).tenant_id == tenant
    await accounts.switch_tenant(house.db, tenant, on=False)
    with pytest.raises(WrongLogin):
        await house.logins.by_password("bert", PASSWORD)


# ── what they get ──


async def test_a_browsers_session_ends_with_its_time_and_its_cookie_is_nowhere(house: House) -> None:
    cookie = await house.logins.open_web(house.anna, how="password", agent="a browser")
    row = await house.db.fetchrow("select * from sessions")
    assert row is not None
    assert row["sha256"] == digest(cookie)
    assert cookie not in str(dict(row))
    found = await identity_of(house.db, Cookie(cookie), house.logins.keys, now=house.now)
    assert found is not None
    assert (found.login, found.session) == ("Anna", row["id"])
    assert await identity_of(house.db, Token(cookie), house.logins.keys, now=house.now) is None
    house.now.at += Rules().session
    assert await identity_of(house.db, Cookie(cookie), house.logins.keys, now=house.now) is None


async def test_an_access_token_lives_for_minutes_and_a_refresh_token_gives_the_next_pair(house: House) -> None:
    pair = await house.logins.open_api(house.anna, agent="a program")
    found = await identity_of(house.db, Token(pair.access_token), house.logins.keys, now=house.now)
    assert found is not None
    assert found.login == "Anna"
    house.now.at += Rules().access
    assert await identity_of(house.db, Token(pair.access_token), house.logins.keys, now=house.now) is None
    following = await house.logins.renew(pair.refresh_token)
    assert following.refresh_until == pair.refresh_until, "a login does not go on for ever"
    assert await identity_of(house.db, Token(following.access_token), house.logins.keys, now=house.now) is not None
    house.now.at = pair.refresh_until
    with pytest.raises(WrongLogin):
        await house.logins.renew(following.refresh_token)


async def test_a_refresh_token_that_is_used_twice_ends_the_login_for_both(house: House) -> None:
    """R04: whoever stole it, the family ends; also when both come at once."""
    pair = await house.logins.open_api(house.anna, agent="")
    following = await house.logins.renew(pair.refresh_token)
    with pytest.raises(WrongLogin):
        await house.logins.renew(pair.refresh_token)
    with pytest.raises(WrongLogin):
        await house.logins.renew(following.refresh_token)
    assert await house.db.fetchval("select why_ended from sessions") == "refresh token used twice"
    another = await house.logins.open_api(house.anna, agent="")
    ends = await asyncio.gather(*(house.logins.renew(another.refresh_token) for _ in range(8)), return_exceptions=True)
    assert sum(not isinstance(end, BaseException) for end in ends) <= 1
    assert await house.db.fetchval("select count(*) from sessions where ended_at is null") == 0


@pytest.mark.parametrize("wrong", ["", "x", "\ud800", "a" * 5000])
async def test_what_is_no_refresh_token_renews_nothing(house: House, wrong: str) -> None:
    with pytest.raises(WrongLogin):
        await house.logins.renew(wrong)


async def test_logging_out_ends_one_login_and_a_new_password_all_others(house: House) -> None:
    one = await house.logins.open_api(house.anna, agent="")
    other = await house.logins.open_web(house.anna, how="password", agent="")
    third = await house.logins.open_web(house.anna, how="password", agent="")
    keys = house.logins.keys
    who = await identity_of(house.db, Token(one.access_token), keys, now=house.now)
    assert who is not None
    await house.logins.log_out(who)
    with pytest.raises(WrongLogin):
        await house.logins.renew(one.refresh_token)
    mine = await identity_of(house.db, Cookie(other), keys, now=house.now)
    assert mine is not None
    with pytest.raises(WrongLogin):
        await house.logins.change_password(mine, "wrong", "another staple of horses")
    with pytest.raises(Refusal, match="another one than before"):
        await house.logins.change_password(mine, PASSWORD, PASSWORD)
    await house.logins.change_password(mine, PASSWORD, "another staple of horses")
    lasting = await accounts.sessions(house.db, house.anna.id, house.now.at)
    assert [found.id for found in lasting] == [mine.session]
    assert await identity_of(house.db, Cookie(third), Keys(house.db), clock=lambda: 1e9, now=house.now) is None


# ── keys ──


async def test_keys_change_and_nobody_is_logged_out(house: House) -> None:
    """N35: rotated twice, what an older key signed is believed until it ends; other processes learn of the new one."""
    other = Keys(house.db)
    first = await house.logins.open_api(house.anna, agent="")
    assert await identity_of(house.db, Token(first.access_token), other, now=house.now) is not None
    await rotate(house.db)
    await rotate(house.db)
    fresh = Logins(house.db, Rules(), now=house.now)
    second = await fresh.open_api(house.anna, agent="")
    assert bearer.key_named(first.access_token) != bearer.key_named(second.access_token)
    for token in (first.access_token, second.access_token):
        for keys in (other, fresh.keys):
            kid = bearer.key_named(token)

            async def knows(keys: Keys = keys, kid: str = kid) -> bool:
                return kid in await keys.known(kid)  # an unknown key is looked for once a second at most

            await until(knows)
            assert bearer.read(token, await keys.known(kid), house.now.at).user == house.anna.id


async def test_of_many_first_logins_at_once_one_makes_the_key(house: House) -> None:
    others = [Logins(house.db, Rules(), now=house.now) for _ in range(6)]
    pairs = await asyncio.gather(*(one.open_api(house.anna, agent="") for one in others))
    assert len({bearer.key_named(pair.access_token) for pair in pairs}) == 1


async def test_a_secret_outside_of_the_database_is_needed_too_and_may_be_changed(house: House) -> None:
    """N35: who reads the database alone can sign nothing; the secret before the newest one is believed on."""
    first = Logins(house.db, Rules(masters=("one secret of many words",)), now=house.now)
    pair = await first.open_api(house.anna, agent="")
    kid = bearer.key_named(pair.access_token)
    for masters, well in [
        (("another secret of many words", "one secret of many words"), True),
        (("another secret of many words",), False),
        ((), False),
    ]:
        known = await Keys(house.db, masters).known(kid)
        if well:
            assert bearer.read(pair.access_token, known, house.now.at).user == house.anna.id
        else:
            with pytest.raises(bearer.NotOurs):
                bearer.read(pair.access_token, known, house.now.at)


async def test_the_last_admin_of_a_tenant_stays(house: House) -> None:
    await accounts.add_user(house.db, HOME, "one", "admin")
    await accounts.add_user(house.db, HOME, "two", "admin")

    async def off(login: str) -> None:
        async with house.db.acquire() as db, db.transaction():
            await accounts.switch_user(db, await accounts.user(db, login), house.now.at, on=False)

    ends = await asyncio.gather(off("one"), off("two"), return_exceptions=True)
    [kept] = [str(end) for end in ends if end is not None]
    assert kept.endswith("is the last admin of 'home'; make another one first")
