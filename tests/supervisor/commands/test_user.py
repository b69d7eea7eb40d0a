"""`triald user` and `triald tenant`: people are added, given a role, switched off; organisations are added."""

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from actors.governance.accounts import HOME, store
from supervisor.logins import Logins, Rules, WrongLogin
from tests.supervisor.commands.running import Triald

if TYPE_CHECKING:
    import asyncpg


async def test_somebody_is_added_and_logs_in_with_the_password_that_was_shown(
    triald: Triald, db: "asyncpg.Pool[Any]"
) -> None:
    """R04: the password is for one login, and is kept as a hash alone."""
    made = await triald("user", "add", "jo", "--role", "researcher", "--name", "Jo Doe", "--email", "jo@example.org")
    password = made.out.strip()
    one = await Logins(db, Rules()).by_password("jo", password)
    assert (one.role, one.name, one.email, one.must_change, one.tenant_id) == (
        "researcher", "Jo Doe", "jo@example.org", True, HOME,
    )  # fmt: skip
    twice, bad, listed = await asyncio.gather(
        triald("user", "add", "JO"), triald("user", "add", "al", "--email", "nowhere"), triald("user", "list", "--json")
    )
    assert (twice.code, bad.code) == (2, 2)
    assert "email: " in bad.err
    assert [(one["login"], one["role"]) for one in listed.json] == [("jo", "researcher")]
    assert password not in listed.out
    assert await db.fetchval("select count(*) from audit_entries where action = 'users_add'") == 1


async def test_a_role_is_given_and_the_last_admin_keeps_theirs(triald: Triald, db: "asyncpg.Pool[Any]") -> None:
    await store.add_user(db, HOME, "root", "admin")
    await store.add_user(db, HOME, "jo", "viewer")
    changed, refused, off, nobody = await asyncio.gather(
        triald("user", "role", "jo", "steward"), triald("user", "role", "root", "viewer"),
        triald("user", "disable", "root"), triald("user", "role", "noone", "viewer"),
    )  # fmt: skip
    assert (changed.code, refused.code, off.code, nobody.code) == (0, 2, 2, 3)
    assert "last admin" in refused.err and "last admin" in off.err
    assert (await store.user(db, "jo")).role == "steward"


async def test_who_is_switched_off_comes_in_no_more_until_switched_on(triald: Triald, db: "asyncpg.Pool[Any]") -> None:
    added = await triald("user", "add", "jo")
    logins = Logins(db, Rules())
    assert (await triald("user", "disable", "jo")).code == 0
    with pytest.raises(WrongLogin):
        await logins.by_password("jo", added.out.strip())
    assert (await triald("user", "enable", "jo")).code == 0
    reset = await triald("user", "password", "jo", "--json")
    assert (await logins.by_password("jo", reset.json["password"])).must_change
    with pytest.raises(WrongLogin):
        await logins.by_password("jo", added.out.strip())


async def test_an_organisation_has_people_of_its_own(triald: Triald, db: "asyncpg.Pool[Any]") -> None:
    """R04: operators run the service, so they are of the tenant that does."""
    made = await triald("tenant", "add", "St. Mary", "mary", "--json")
    assert (await Logins(db, Rules()).by_password("mary", made.json["password"])).tenant == "St. Mary"
    of_theirs, operator, listed, people, nowhere = await asyncio.gather(
        triald("user", "add", "bot", "--program", "--tenant", "St. Mary"),
        triald("user", "add", "op", "--role", "operator", "--tenant", "St. Mary"),
        triald("tenant", "list", "--json"),
        triald("user", "list", "--tenant", "St. Mary", "--json"),
        triald("user", "add", "x", "--tenant", "Nowhere"),
    )
    assert (of_theirs.code, operator.code, nowhere.code) == (0, 2, 3)
    assert [one["name"] for one in listed.json] == ["home", "St. Mary"]
    assert {one["login"] for one in people.json} <= {"bot", "mary"}
    assert (await triald("tenant", "disable", "St. Mary")).code == 0
    with pytest.raises(WrongLogin):
        await Logins(db, Rules()).by_password("mary", made.json["password"])
    assert (await triald("tenant", "disable", "home")).code == 2
