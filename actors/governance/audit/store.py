"""The audit in PostgreSQL. `db` is a pool or a connection; `append` belongs into the transaction of what was done."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from actors.governance.audit import Act, Entry, Head, Link, links, told
from actors.governance.audit.checking import Checker, Fault
from actors.runtime.database import Database as Database
from schema import query

LOCK = 0x7472696175646974
PAGE = 2_000


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry as a list shows it; `seq` is None until it has its place in the chain."""

    entry: Entry
    login: str | None
    seq: int | None
    hash: bytes | None

    @property
    def id(self) -> int:
        return self.entry.id


@dataclass(frozen=True, slots=True)
class Asked:
    """Which entries; None asks for any."""

    tenant: int | None = None
    actor: str | None = None
    action: str | None = None
    subject: str | None = None
    outcome: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`unsealed` entries have no place in the chain yet; `fault` is the first, None where all is well."""

    links: int
    head: Head
    unsealed: int
    fault: Fault | None


async def append(db: Database, act: Act) -> int:
    """The id of the entry, which is there once the transaction is. Raises BadDetail."""
    return int(
        await db.fetchval(
            query("governance_audit.append"), act.tenant, act.who, act.role, act.action, act.subject[:500], act.outcome,
            act.request_id, json.dumps(told(act.details)),
        )
    )  # fmt: skip


async def actor(db: Database, login: str) -> int:
    """The number by which entries name somebody."""
    return int(await db.fetchval(query("governance_audit.actor"), login))


async def erase(db: Database, login: str) -> bool:
    """The entries of somebody remain, and nobody can tell whose they are. False where there are none."""
    return await db.fetchval(query("governance_audit.erase"), login) is not None


async def seal(db: Database, most: int = PAGE) -> int | None:
    """Adds the oldest entries that wait to the chain; how many. None while another does. In a transaction alone."""
    if not await db.fetchval(query("governance_audit.lock"), LOCK):
        return None
    rows = await db.fetch(query("governance_audit.unsealed"), most)
    if not rows:
        return 0
    made = links([_entry(row) for row in rows], await head(db))
    await db.execute(
        query("governance_audit.seal"), [one.seq for one in made], [one.entry_id for one in made],
        [one.previous for one in made], [one.hash for one in made],
    )  # fmt: skip
    return len(made)


async def head(db: Database) -> Head:
    row = await db.fetchrow(query("governance_audit.head"))
    return Head(row["seq"], row["hash"]) if row else Head()


async def waiting(db: Database) -> tuple[int, float]:
    """How many entries have no place in the chain yet, and the age of the oldest in seconds."""
    row = await db.fetchrow(query("governance_audit.waiting"))
    return row["entries"], row["age_s"]


async def every(db: Database, tenant: int | None = None) -> AsyncIterator[list[Link]]:
    """The chain from its beginning, some links at a time; of one tenant, its own links alone."""
    after = 0
    while True:
        if tenant is None:
            rows = await db.fetch(query("governance_audit.links"), after, PAGE)
        else:
            rows = await db.fetch(query("governance_audit.links_of_tenant"), after, PAGE, tenant)
        if not rows:
            return
        yield [_link(row) for row in rows]
        after = rows[-1]["seq"]


async def verify(db: Database, *, expected: Head | None = None) -> Verdict:
    """Looks at every link; `db` is a connection in a transaction that sees one state of the database."""
    checker = Checker(expected=expected)
    fault: Fault | None = None
    async for some in every(db):
        fault = next((one for link in some if (one := checker.take(link)) is not None), None)
        if fault is not None:
            break
    fault = fault or checker.end() or await _stray(db)
    unsealed, _ = await waiting(db)
    return Verdict(checker.links, checker.head, unsealed, fault)


async def _stray(db: Database) -> Fault | None:
    entry = await db.fetchval(query("governance_audit.stray"))
    return entry and Fault("stray", None, entry, "the entry is nowhere in the chain, and does not wait for its place")


async def listed(db: Database, asked: Asked, *, before: int | None, limit: int) -> list[Listed]:
    """The newest first, one more than a page holds."""
    rows = await db.fetch(
        query("governance_audit.list"), asked.tenant, asked.actor, asked.action, asked.subject, asked.outcome,
        asked.since, asked.until, before, limit + 1,
    )  # fmt: skip
    return [Listed(_entry(row), row["login"], row["seq"], row["hash"]) for row in rows]


def _link(row: Any) -> Link:
    entry = None if row["id"] is None else _entry(row)
    return Link(row["seq"], row["entry_id"], row["previous"], row["hash"], entry, row["login"])


def _entry(row: Any) -> Entry:
    details = {} if row["details"] == "{}" else json.loads(row["details"])
    return Entry(
        row["id"], row["at"], row["of_tenant"], row["actor_id"], row["role"], row["action"], row["subject"],
        row["outcome"], row["request_id"], details,
    )  # fmt: skip
