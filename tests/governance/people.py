"""People of two tenants, as their accounts are kept."""

from typing import Any

OTHER = 2


async def settle(db: Any) -> None:
    """jo asks, sam and kim decide; eve is of another tenant."""
    await db.execute("insert into tenants (id, name) values ($1, 'other')", OTHER)
    for login, role, tenant in (
        ("jo", "researcher", 1),
        ("sam", "steward", 1),
        ("kim", "admin", 1),
        ("eve", "steward", 2),
    ):
        await db.execute("insert into users (tenant_id, login, role) values ($1, $2, $3)", tenant, login, role)
