"""`triald tenant quota`: how much an organisation's files may take."""

from typing import TYPE_CHECKING, Any

from tests.supervisor.commands.running import Triald

if TYPE_CHECKING:
    import asyncpg


async def test_an_organisation_is_given_a_quota_of_its_own_and_loses_it_again(
    triald: Triald, db: "asyncpg.Pool[Any]"
) -> None:
    """N17: shown, set, and given back to what the settings say; each change is in the audit."""
    shown = await triald("tenant", "quota", "home", "--json", TRIALD_STORAGE_QUOTA_GB="3")
    assert shown.json == {"name": "home", "used_bytes": 0, "quota_bytes": 3 * 10**9, "of_its_own": False}
    given = await triald("tenant", "quota", "home", "--gb", "0.5", "--json")
    assert given.json == {"name": "home", "used_bytes": 0, "quota_bytes": 5 * 10**8, "of_its_own": True}
    assert (await triald("tenant", "quota", "home")).out == "0.000 of 0.500 GB\n"
    assert (await triald("tenant", "quota", "home", "--gb", "default")).out == "0.000 of 10.000 GB (storage_quota_gb)\n"
    assert await db.fetchval("select count(*) from audit_entries where action = 'users_set_quota'") == 2


async def test_what_is_no_quota_is_refused(triald: Triald) -> None:
    for given in ("-1", "much", "nan", "1e99"):
        assert (await triald("tenant", "quota", "home", f"--gb={given}")).code == 2
    assert (await triald("tenant", "quota", "nobody")).code == 3
