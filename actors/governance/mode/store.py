"""The mode in PostgreSQL."""

from typing import NamedTuple

from actors.errors import Refusal
from actors.governance.mode import Chosen, Mode
from actors.runtime.database import Database as Database
from schema import query

LONGEST_REASON = 500  # characters


class Switched(NamedTuple):
    version: int
    previous: Mode | None  # None where the row was gone


async def chosen(db: Database) -> Chosen | None:
    """What the row says; None where there is none, or one that nobody understands."""
    row = await db.fetchrow(query("governance.mode"))
    try:
        return None if row is None else Chosen(**{**row, "mode": Mode(row["mode"])})
    except ValueError:
        return None


async def switch(db: Database, mode: Mode, *, by: str | None, because: str | None) -> Switched:
    """In a transaction, at whose commit every process is told. Raises Refusal."""
    if because is not None and (len(because) > LONGEST_REASON or "\0" in because):
        raise Refusal(f"because: expected {LONGEST_REASON} characters at most", field="because")
    previous = await db.fetchval(query("governance.mode_before"))
    version = await db.fetchval(query("governance.set_mode"), mode.value, by, because)
    return Switched(version, Mode(previous) if previous in list(Mode) else None)


async def begin_with(db: Database, mode: Mode) -> bool:
    """The mode of a service that starts for the first time; False where one was chosen before."""
    return await db.fetchval(query("governance.first_mode"), mode.value) is not None
