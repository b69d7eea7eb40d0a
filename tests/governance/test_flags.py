"""Flags: for whom they are on."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from actors.errors import NotFound, Refusal
from actors.governance.flags import Flag, Rule, Scope, is_on, store
from actors.governance.mode import Mode
from tests.governance.people import OTHER, settle

if TYPE_CHECKING:
    import asyncpg

AT = datetime(2026, 1, 2, tzinfo=UTC)
ALL = tuple(Mode)


def flag(*, on: bool = True, rollout: int = 100, modes: tuple[Mode, ...] = ALL, name: str = "new_search") -> Flag:
    return Flag(name, on, rollout, modes, "It finds more.", AT, None)


def rule(*, on: bool, user: int | None = None, tenant: int = 1, rollout: int = 100) -> Rule:
    return Rule(1, tenant, user, on, rollout, AT)


def on_for(given: Flag, *rules: Rule, user: int = 7, tenant: int = 1, mode: Mode = Mode.LIVE) -> bool:
    return is_on(given, rules, tenant=tenant, user=user, mode=mode)


def test_a_rollout_is_for_its_share_of_people_always_the_same_ones() -> None:
    """R12: 10 000 ids at 30 % → 28-32 %, the same on repeat."""
    ids = range(1, 10_001)
    first = {user for user in ids if on_for(flag(rollout=30), user=user)}
    assert 2_800 <= len(first) <= 3_200
    assert {user for user in ids if on_for(flag(rollout=30), user=user)} == first
    assert first < {user for user in ids if on_for(flag(rollout=60), user=user)}
    assert first != {user for user in ids if on_for(flag(rollout=30, name="other"), user=user)}


@pytest.mark.parametrize(("rollout", "share"), [(0, 0), (100, 1000)])
def test_the_ends_of_a_rollout_are_nobody_and_everybody(rollout: int, share: int) -> None:
    """R12: rollout %."""
    assert sum(on_for(flag(rollout=rollout), user=user) for user in range(1000)) == share


def test_who_is_nearest_decides() -> None:
    """R12: scope GLOBAL, ORGANIZATION, USER."""
    organisation, person = rule(on=False), rule(on=True, user=7)
    assert [one.scope for one in (organisation, person)] == [Scope.ORGANIZATION, Scope.USER]
    assert on_for(flag())
    assert not on_for(flag(), organisation)
    assert on_for(flag(), organisation, person) and on_for(flag(), person, organisation)
    assert not on_for(flag(), organisation, person, user=8)
    assert on_for(flag(), organisation, tenant=2)
    assert not on_for(flag(on=False), rule(on=True, tenant=2))
    assert on_for(flag(on=False), rule(on=True))


def test_a_flag_is_off_in_a_mode_that_it_does_not_name() -> None:
    """R12: required modes; nobody's own rule opens it there."""
    only_live = flag(modes=(Mode.LIVE,))
    assert on_for(only_live)
    assert not on_for(only_live, rule(on=True, user=7), mode=Mode.DEMO)


async def test_flags_and_what_differs_are_kept(db: "asyncpg.Pool[Any]") -> None:
    """R12: made, changed by what is given, for an organisation and for a person, dropped with its rules."""
    await settle(db)
    jo = await db.fetchval("select id from users where login = 'jo'")
    await store.put(db, "new_search", on=True, rollout=0, modes=["LIVE", "DEMO"], says="It finds more.", by="kim")
    changed = await store.put(db, "new_search", rollout=100, by="sam")
    assert (changed.is_on, changed.rollout, changed.modes, changed.changed_by) == (True, 100, ALL[:2], "sam")
    await store.put_tenant_rule(db, "new_search", OTHER, on=False)
    first = await store.put_user_rule(db, "new_search", "jo", on=True)
    again = await store.put_user_rule(db, "new_search", "jo", on=False)
    assert first == again
    assert [(one.scope, one.login, one.is_on) for one in await store.rules(db, "new_search")] == [
        (Scope.ORGANIZATION, None, False), (Scope.USER, "jo", False),
    ]  # fmt: skip
    asked: dict[str, Any] = {"mode": Mode.LIVE}
    assert not await store.holds(db, "new_search", tenant=1, user=jo, **asked)
    assert await store.holds(db, "new_search", tenant=1, user=jo + 1, **asked)
    assert not await store.holds(db, "new_search", tenant=OTHER, user=99, **asked)
    assert not await store.holds(db, "unheard_of", tenant=1, user=jo, **asked)
    await store.drop_rule(db, "new_search", first)
    assert await store.holds(db, "new_search", tenant=1, user=jo, **asked)
    await store.drop(db, "new_search")
    with pytest.raises(NotFound):
        await store.drop(db, "new_search")
    assert await db.fetchval("select count(*) from feature_flag_rules") == 0


@pytest.mark.parametrize(
    ("given", "field"),
    [({"name": "No"}, "name"), ({"rollout": 101}, "rollout"), ({"modes": ["OPEN"]}, "modes"), ({"says": ""}, "says")],
)
async def test_what_no_flag_can_be_is_refused_by_field(
    db: "asyncpg.Pool[Any]", given: dict[str, Any], field: str
) -> None:
    usual: dict[str, Any] = {"name": "new_search", "says": "It finds more."} | given
    with pytest.raises(Refusal, match=f"^{field}: "):
        await store.put(db, usual.pop("name"), by="kim", **usual)
    with pytest.raises(Refusal, match="nobody"):
        await store.put_user_rule(db, "allow_mode_changes", "nobody", on=True)
