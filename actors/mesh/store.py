"""MeSH in PostgreSQL, looked up: what a text needs to be read, what a search names, beginnings of words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from actors.mesh import normal
from actors.mesh.lookup import Held, Wanted, wanted_of
from actors.mesh.naming import Named, named
from actors.mesh.scope import About
from actors.runtime.database import Database as Database
from schema import query


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A heading, and the term of it that begins as was typed; `trials` with it or one below it."""

    ui: str
    name: str
    term: str
    trials: int


@dataclass(frozen=True, slots=True)
class Stands:
    """The record that is meant by an id now: itself, or what took its place. `gone`: there is none any more."""

    ui: str
    name: str
    gone: bool


async def expand(db: Database, text: str) -> list[Named]:
    """The records that a search names: by a name, an entry term or a lay term, whole or in its longest parts."""
    held = await fetch(db, wanted_of(text))
    return list(named(text, held.vocabulary()))


async def suggest(db: Database, beginning: str, limit: int = 10) -> list[Suggestion]:
    """Headings with a term that begins so, those with most trials first."""
    spelled = normal.spelled(normal.words(beginning))
    if not spelled:
        return []
    ends = " " if beginning[-1:].isspace() else ""  # the last word is whole
    pattern = f"{spelled}{ends}%"  # words hold no sign that a pattern would read
    return [
        Suggestion(row["ui"], row["name"], row["text"], row["trials"])
        for row in await db.fetch(query("mesh.suggest"), pattern, limit)
    ]


async def fetch(db: Database, wanted: Wanted) -> Held:
    """The terms that have one of these keys, with their records."""
    given = (wanted.spelled, wanted.bags, wanted.uis, wanted.names)
    found = [tuple(row) for row in await db.fetch(query("mesh.terms_and_records_of"), *given)]
    terms = [row[:5] for row in found if row[5] is None]
    return Held(terms, [(row[0], *row[5:]) for row in found if row[5] is not None])


async def words_meant(db: Database) -> dict[About, str]:
    """Per field the words of its terms with how common they are, a line each: what slips of the pen may have meant."""
    conditions = await db.fetch(query("mesh.words_of_conditions"))
    procedures = await db.fetch(query("mesh.words_of_procedures"))
    return {"condition": _lines(conditions), "procedure": _lines(procedures)}


async def words_known(db: Database, words: Sequence[str]) -> frozenset[str]:
    """Those of these words that some term has."""
    return frozenset(row["word"] for row in await db.fetch(query("mesh.words_known"), list(words)))


def _lines(rows: Iterable[Any]) -> str:
    return "\n".join(f"{row['word']} {row['terms']}" for row in rows)


async def stands(db: Database, uis: Iterable[str]) -> dict[str, Stands]:
    """What is meant by these ids now, as far as they are known."""
    rows = await db.fetch(query("mesh.now"), sorted(set(uis)))
    return {row["ui"]: Stands(row["now"], row["name"], row["gone"]) for row in rows}
