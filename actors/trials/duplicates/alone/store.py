"""With what one record after the other is compared, in PostgreSQL; in the transaction of the caller."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from actors.runtime.database import Database
from actors.trials.comparable import unpacked
from actors.trials.duplicates.alone.near import Keys, Known, Moved, grouped
from actors.trials.duplicates.rows import Two
from schema import query

Holders = dict[str, dict[int, str]]


async def waiting(db: Database, limit: int) -> list[int]:
    """Records that wait to be compared."""
    return [row["trial_id"] for row in await db.fetch(query("duplicates.waiting"), limit)]


async def compared(db: Database, trial_ids: Collection[int]) -> None:
    """These wait no more."""
    await db.execute(query("duplicates.compared"), list(trial_ids))


async def known(db: Database, trial_ids: Collection[int]) -> dict[int, Known]:
    """Those that are kept. Raises ValueError for what is packed otherwise."""
    rows = await db.fetch(query("duplicates.known"), list(trial_ids)) if trial_ids else ()
    return {row["trial_id"]: Known(row["trial_id"], row["register"], _keys(row), unpacked(row["body"])) for row in rows}


def _keys(row: Mapping[str, Any]) -> Keys:
    """None of a record that was never compared."""
    return Keys(*(tuple(row[name] or ()) for name in ("words", "numbers", "codes")))


async def set_keys(db: Database, moved: Sequence[Moved]) -> None:
    """By these they are looked for from now on."""
    if not moved:
        return
    columns = [[_array(getattr(one.after, name)) for one in moved] for name in ("words", "numbers", "codes")]
    await db.execute(query("duplicates.set_keys"), [one.trial_id for one in moved], *columns)


def _array(values: Sequence[object]) -> str:
    """A PostgreSQL array as text: asyncpg has no arrays of arrays of several lengths."""
    texts = (str(one).replace("\\", "\\\\").replace('"', '\\"') for one in values)
    return "{" + ",".join(f'"{text}"' for text in texts) + "}"


async def with_numbers(db: Database, numbers: Sequence[str]) -> Holders:
    """Who bears or claims each of them, with the trial that it is a record of."""
    rows = await db.fetch(query("duplicates.with_numbers"), list(numbers)) if numbers else ()
    return grouped((row["key"], row["trial_id"], row["trial"]) for row in rows)


async def with_codes(db: Database, codes: Sequence[str], most: int) -> Holders:
    """Who holds each of them, with its register."""
    rows = await db.fetch(query("duplicates.with_codes"), list(codes), most) if codes else ()
    return grouped((row["key"], row["trial_id"], row["register"]) for row in rows)


async def with_words(db: Database, twos: Sequence[Two], most: int) -> dict[Two, dict[int, str]]:
    """Whose titles have both words of each two, with its register."""
    first, second = [two[0] for two in twos], [two[1] for two in twos]
    found: dict[Two, dict[int, str]] = {}
    for row in await db.fetch(query("duplicates.with_words"), first, second, most) if twos else ():
        found.setdefault((row["first"], row["second"]), {})[row["trial_id"]] = row["register"]
    return found


async def count_of_words(
    db: Database, titles: Collection[str], sponsors: Collection[str]
) -> tuple[dict[str, int], dict[str, int]]:
    """In how many records each is, of titles and of sponsors, where that is more than one."""
    found: dict[str, dict[str, int]] = {"titles": {}, "sponsors": {}}
    for row in await db.fetch(query("duplicates.count_of_words"), list(titles), list(sponsors)):
        found[row["about"]][row["word"]] = row["records"]
    return found["titles"], found["sponsors"]
