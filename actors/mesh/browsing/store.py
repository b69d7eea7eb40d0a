"""What is there to look at, as rows."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, TypeVar

from actors.errors import NotFound
from actors.mesh.scope import About
from actors.mesh.tree import CATEGORIES, is_tree_number
from actors.runtime.database import Database as Database
from schema import query

R = TypeVar("R")

MOST_CHILDREN = 2000  # right below one place; Proteins have some hundred
MOST_RELATED = 200


@dataclass(frozen=True, slots=True)
class Status:
    """`coded`: trials that were read; `unmatched`: different texts that no term was found for."""

    descriptors: int
    supplementary: int
    gone: int
    coded: int
    unmatched: int
    curated: int


@dataclass(frozen=True, slots=True)
class Place:
    """A heading at one place of the tree. `below`: headings right below it; `trials`: with it or one below it."""

    number: str
    ui: str
    name: str
    below: int
    trials: int


@dataclass(frozen=True, slots=True)
class Step:
    """One above another, on the way down from the category."""

    number: str
    ui: str
    name: str


@dataclass(frozen=True, slots=True)
class Related:
    """Another record, by what ties it to this one."""

    ui: str
    name: str


@dataclass(frozen=True, slots=True)
class Record:
    """A descriptor or supplementary record, with all that is shown of it.

    `ways`: one for each place, from the top down, itself last. `now`: what stands for it, where it is gone.
    """

    ui: str
    name: str
    kind: int
    year: int | None
    note: str | None
    gone: bool
    now: Related | None
    trials: int
    numbers: tuple[str, ...]
    terms: tuple[str, ...]
    ways: tuple[tuple[Step, ...], ...]
    below: tuple[Place, ...]
    headings: tuple[Related, ...]
    actions: tuple[Related, ...]
    has_action: tuple[Related, ...]


@dataclass(frozen=True, slots=True)
class TrialCode:
    """A term that a trial is coded with. `given`: its registry gave it too, or alone where `how` is registry."""

    about: About
    ui: str
    name: str
    score: float
    how: str
    field: str
    text: str
    start: int
    end: int
    of: str
    given: bool


@dataclass(frozen=True, slots=True)
class Unmatched:
    about: About
    key: str
    sample: str
    trials: int
    first_at: datetime


@dataclass(frozen=True, slots=True)
class Unsure:
    """A text that was read with little confidence, and as what."""

    about: About
    key: str
    sample: str
    ui: str
    name: str
    how: str
    score: float
    trials: int


async def status(db: Database) -> Status:
    return Status(**await db.fetchrow(query("mesh.status")))


async def codes(db: Database, trial_id: int) -> list[TrialCode]:
    """What a trial is coded with, the surest first."""
    return _all(TrialCode, await db.fetch(query("mesh.codes"), trial_id))


async def top(db: Database, letter: str) -> list[Place]:
    """The places right below a category. Raises NotFound."""
    if letter not in CATEGORIES:
        raise NotFound(f"category: there is no category {letter[:40]!r}")
    return _all(Place, await db.fetch(query("mesh.top"), letter))


async def below(db: Database, number: str) -> list[Place]:
    """The places right below one. Raises NotFound."""
    if not is_tree_number(number):
        raise NotFound(f"number: {number[:40]!r} is no tree number such as C14.280.647")
    return _all(Place, await db.fetch(query("mesh.below"), [number], MOST_CHILDREN))


async def way(db: Database, number: str) -> tuple[Step, ...]:
    """From the top of the tree to a place. Raises NotFound."""
    found = await db.fetch(query("mesh.way"), number)
    if not found:
        raise NotFound(f"number: there is no place {number[:80]!r} in the tree")
    return tuple(_all(Step, found))


async def record(db: Database, ui: str) -> Record:
    """Raises NotFound."""
    row = await db.fetchrow(query("mesh.record"), ui)
    if row is None:
        raise NotFound(f"ui: there is no MeSH record {ui[:40]!r}")
    numbers = tuple(row["numbers"])
    now = Related(row["now_ui"], row["now_name"]) if row["now_ui"] else None
    below_ = _all(Place, await db.fetch(query("mesh.below"), list(numbers), MOST_CHILDREN)) if numbers else []
    return Record(
        row["ui"], row["name"], row["kind"], row["year"], row["note"], row["gone"], now, row["trials"], numbers,
        tuple(one["text"] for one in await db.fetch(query("mesh.entry_terms"), ui)),
        tuple([await way(db, number) for number in numbers]),
        tuple({place.ui: place for place in below_}.values()),
        tuple(_all(Related, await db.fetch(query("mesh.headings"), ui))),
        tuple(_all(Related, await db.fetch(query("mesh.actions"), ui))),
        tuple(_all(Related, await db.fetch(query("mesh.has_action"), ui, MOST_RELATED))),
    )  # fmt: skip


async def unmatched(db: Database, *, about: About | None, limit: int, skip: int = 0) -> list[Unmatched]:
    """Texts that no term was found for, those of most trials first."""
    return _all(Unmatched, await db.fetch(query("mesh.unmatched"), about, limit, skip))


async def unmatched_count(db: Database, about: About | None = None) -> int:
    return int(await db.fetchval(query("mesh.unmatched_count"), about))


async def unsure(db: Database, *, about: About | None, limit: int, skip: int = 0) -> list[Unsure]:
    """Texts that were read with little confidence, those of most trials first."""
    return _all(Unsure, await db.fetch(query("mesh.unsure"), about, limit, skip))


def _all(kind: type[R], rows: Sequence[Any]) -> list[R]:
    names = [one.name for one in fields(kind)]  # type: ignore[arg-type]  # R are dataclasses
    return [kind(**{name: row[name] for name in names}) for row in rows]
