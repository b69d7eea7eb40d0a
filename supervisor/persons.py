"""Everything that is held of one person, as one JSON document; and erasing it."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from actors.errors import Conflict
from actors.governance.accounts import User
from actors.governance.accounts import store as accounts
from actors.governance.audit import store as audit
from actors.governance.persons import Person, store
from actors.runtime.telemetry import emit

if TYPE_CHECKING:
    import asyncpg

FORMAT = "triald-person-1"
PART_BYTES = 64 * 1024
SETTLES = timedelta(seconds=10)  # what somebody had under way when they were switched off has ended, in every process


@dataclass(frozen=True, slots=True)
class Erased:
    """`actor`: the number that entries of the audit bear for them."""

    alias: str
    actor: int


async def document(pool: "asyncpg.Pool[Any]", one: User) -> AsyncIterator[bytes]:
    """The document in parts of some 64 kB, as of one moment. `pool` sees every tenant."""
    told_at = datetime.now(UTC).isoformat(timespec="seconds")
    head = {"format": FORMAT, "login": one.login, "organisation": one.tenant, "at": told_at}
    part = bytearray(json.dumps(head, ensure_ascii=False).encode()[:-1] + b', "held": {')
    async with pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
        before = None
        async for name, row in store.told(db, _person(one)):
            if name == before:
                part += b",\n"
            else:
                part += b"]" if before else b""
                part += b"," if before else b""
                part += f'\n"{name}": [\n'.encode()
            part += row.encode()
            before = name
            if len(part) >= PART_BYTES:
                yield bytes(part)
                part.clear()
    yield bytes(part) + (b"]" if before else b"") + b"}}\n"


async def erase(db: store.Database, one: User, *, heir: int | None = None) -> Erased:
    """In a transaction that sees every tenant. `heir` owns the projects that they alone owned, else another admin.

    Raises Conflict where they were not switched off before: what they still do could name them anew. Raises Refusal
    where nobody would be left who may see to the accounts of their tenant.
    """
    if one.disabled_at is None or datetime.now(UTC) - one.disabled_at < SETTLES:
        wait_s = round(SETTLES.total_seconds())
        raise Conflict(f"login: expected {one.login!r} to be switched off, for {wait_s} s at least", field="login")
    if one.role == "admin":
        await accounts.keep_an_admin(db, one)
    person = _person(one)
    actor = await audit.actor(db, one.login)
    await store.erase(db, person, await store.heir(db, person) if heir is None else heir)
    emit("person.erased", id=one.id)
    return Erased(person.alias, actor)


def _person(one: User) -> Person:
    return Person(one.id, one.tenant_id, one.login, one.name, one.email)
