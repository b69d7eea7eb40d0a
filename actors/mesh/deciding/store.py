"""Decisions, as rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from actors.errors import NotFound, Refusal
from actors.mesh import normal
from actors.mesh.browsing.store import Related
from actors.mesh.lookup import LONGEST_TEXT
from actors.mesh.scope import About
from actors.runtime.database import Database as Database
from schema import query

MOST_TERMS = 20  # of one text


class BadDecision(Refusal):
    """What was decided cannot be kept; the message names the field and what was expected."""


@dataclass(frozen=True, slots=True)
class Decision:
    """`terms`: none where the text means nothing that is coded."""

    about: About
    key: str
    sample: str
    terms: tuple[Related, ...]
    by: str
    at: datetime
    note: str | None


async def decide(
    db: Database, about: About, text: str, uis: Sequence[str], *, by: str, note: str | None = None
) -> tuple[str, list[int]]:
    """From now on the text means these terms: its key, and the trials that have it. Raises BadDecision."""
    key = normal.key(text)
    if not key or len(text) > LONGEST_TEXT:
        raise BadDecision(f"text: expected words, at most {LONGEST_TEXT} letters, got {text[:40]!r}")
    if len(uis) > MOST_TERMS:
        raise BadDecision(f"uis: expected at most {MOST_TERMS}, got {len(uis)}")
    known = {row["ui"] for row in await db.fetch(query("mesh.not_gone"), list(uis))}
    if unknown := next((ui for ui in uis if ui not in known), None):
        raise BadDecision(f"uis: there is no MeSH record {unknown[:40]!r}")
    await db.execute(query("mesh.decide"), about, key, text, by, note, list(dict.fromkeys(uis)))
    return key, await _trials(db, about, key)


async def undo(db: Database, about: About, key: str, *, by: str) -> list[int]:
    """What the words say counts again: the trials that have the text. Raises NotFound."""
    if not await db.fetchval(query("mesh.undo"), about, key, by):
        raise NotFound(f"key: nobody decided on {key[:40]!r} of {about}")
    return await _trials(db, about, key)


async def every(db: Database, *, limit: int, skip: int = 0, about: About | None = None) -> list[Decision]:
    """The last first."""
    rows = await db.fetch(query("mesh.curated"), about, limit, skip)
    return [
        Decision(
            row["about"], row["key"], row["sample"],
            tuple(Related(ui, name) for ui, name in zip(row["uis"], row["names"], strict=True)),
            row["by"], row["at"], row["note"],
        )
        for row in rows
    ]  # fmt: skip


async def _trials(db: Database, about: About, key: str) -> list[int]:
    return [row["trial_id"] for row in await db.fetch(query("mesh.trials_with"), about, key)]
