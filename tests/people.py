"""People for tests that need no more of them than that they are there."""

from typing import Any, Protocol


class _Database(Protocol):
    async def execute(self, query: str, *args: Any) -> str: ...


async def people(db: _Database, *logins: str, tenant: int = 1, email: str | None = None) -> None:
    """Programs of these logins; who is there already stays as they are."""
    await db.execute(
        "insert into users (tenant_id, kind, login, role, email)"
        " select $2, 'program', login, 'viewer', $3 from unnest($1::text[]) as login on conflict do nothing",
        list(logins), tenant, email,
    )  # fmt: skip
