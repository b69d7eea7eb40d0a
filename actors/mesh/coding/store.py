"""Trials and their codes, as rows."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import orjson

from actors.mesh.coding.pages import CodedTrial, Given, PageTrial, names_of
from actors.mesh.lookup import LONGEST_TEXT, Decisions
from actors.mesh.scope import About
from actors.mesh.trial import Intervention, Trial
from schema import query

LONGEST_SUMMARY = 20_000  # letters that are looked through for short forms
MOST_TEXTS = 200  # of one kind that are read of a trial


class Connection(Protocol):
    """asyncpg's connection, in a transaction."""

    async def fetch(self, query: str, *args: Any) -> list[Any]: ...
    async def fetchrow(self, query: str, *args: Any) -> Any: ...
    async def fetchval(self, query: str, *args: Any) -> Any: ...
    async def execute(self, query: str, *args: Any) -> str: ...


async def state(db: Connection) -> tuple[int, int] | None:
    """What codes depend on: the last import, and the last decision. None where there is no MeSH."""
    row = await db.fetchrow(query("mesh.state"))
    return (row["import"], row["decision"]) if row["import"] else None


async def decisions(db: Connection) -> Decisions:
    """What people have decided, by what it is about and the key of the text."""
    found: dict[About, dict[str, Sequence[str]]] = {}
    for row in await db.fetch(query("mesh.decisions")):
        found.setdefault(row["about"], {})[row["key"]] = row["uis"]
    return found


async def alone(db: Connection) -> None:
    """Waits until nobody else codes; to the end of the transaction."""
    await db.execute(query("mesh.lock_coding"))


async def read(db: Connection, ids: Sequence[int]) -> list[PageTrial]:
    return [_trial(row) for row in await db.fetch(query("mesh.trials"), list(ids))]


def _trial(row: Any) -> PageTrial:
    told = [text[:LONGEST_SUMMARY] for text in (row["title"], row["official_title"], row["summary"]) if text]
    trial = Trial(
        conditions=_texts(row["conditions"]),
        keywords=_texts(row["keywords"]),
        interventions=tuple(_intervention(one) for one in orjson.loads(row["interventions"] or "[]")[:MOST_TEXTS]),
        texts=tuple(told),
    )
    given = orjson.loads(row["mesh"] or "[]")
    terms = tuple(Given(one["about"], one.get("ui"), one["term"]) for one in given if not one.get("ancestor"))
    return PageTrial(row["id"], row["present"], trial, terms)


def _intervention(one: Any) -> Intervention:
    return Intervention((one["name"] or "")[:LONGEST_TEXT], one.get("kind"), _texts(one.get("other_names") or ()))


def _texts(given: Iterable[str]) -> tuple[str, ...]:
    return tuple(text[:LONGEST_TEXT] for text in list(given)[:MOST_TEXTS])


async def known(db: Connection, trials: Sequence[PageTrial]) -> dict[str, str]:
    """Of the ids and terms (lower case) that registries gave these, the record that is meant today."""
    uis, names = names_of(trials)
    rows = await db.fetch(query("mesh.given"), sorted(uis), sorted(names))
    return {row["word"]: row["ui"] for row in rows}


async def write(db: Connection, coded: Sequence[CodedTrial]) -> None:
    """The codes of these trials are those, and their counts follow."""
    ids = [one.id for one in coded]
    codes = [(one.id, code) for one in coded for code in one.codes]
    columns = (
        [id_ for id_, _ in codes], [code.about for _, code in codes], [code.ui for _, code in codes],
        [code.field for _, code in codes], [code.how for _, code in codes], [code.score for _, code in codes],
        [code.start for _, code in codes], [code.end for _, code in codes], [code.of for _, code in codes],
        [code.key for _, code in codes], [code.text for _, code in codes],
    )  # fmt: skip
    await db.execute(query("mesh.forget_codes"), ids, *columns[:4])
    await db.execute(query("mesh.put_codes"), *columns)
    await db.execute(query("mesh.index_codes"), [one.id for one in coded if one.present], ids)
    texts = [(one.id, text) for one in coded for text in one.texts]
    await db.execute(query("mesh.forget_texts"), ids)
    await db.execute(
        query("mesh.put_texts"), [id_ for id_, _ in texts], [text.about for _, text in texts],
        [text.key for _, text in texts], [text.text for _, text in texts], [text.decided for _, text in texts],
    )  # fmt: skip
    await db.execute(query("mesh.forget_matched"))
