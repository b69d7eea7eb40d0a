"""Watches and notices in PostgreSQL. What writes belongs into the caller's transaction."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import msgspec
import orjson

from actors.errors import NotFound, Refusal
from actors.runtime.database import Database as Database
from actors.trials.assessing import store as assessing
from actors.trials.watching.asked import Asked
from actors.trials.watching.notes import Made, Note, Now, SearchWatch, TrialWatch
from actors.trials.watching.shown import Notice, Unread, Watch, notice
from schema import query

MOST_WATCHES = 200  # of one owner
CODED_WITHIN_S = 1800.0  # then trials are looked at with the codes that they have
LATEST = 5  # notices that are told at once
MOST_FOUND = 20_000  # trials of a saved search


async def lock(db: Database) -> None:
    """Waits until nobody else makes notices or adds a watch; to the end of the transaction."""
    await db.execute(query("watching.lock"))


async def is_early(db: Database) -> bool:
    """Whether the trials that are due have yet to be coded: before that, a search does not find them by a meaning."""
    return bool(await db.fetchval(query("watching.is_early"), CODED_WITHIN_S))


async def look_again(db: Database, trial_ids: Sequence[int]) -> None:
    """What saved searches find may differ for these, though no new version of them tells of it."""
    await db.execute(query("watching.look_again"), list(trial_ids))


# ── what is watched ──


async def watch_trial(db: Database, owner: str, trial_id: int, name: str, at: datetime) -> int:
    """The id of the watch; of one that there is already, of that one. In a transaction. Raises NotFound and Refusal."""
    await _make_room(db, owner)
    id_ = await db.fetchval(query("watching.add_trial"), owner, trial_id, name, at)
    if id_ is None:
        raise NotFound(f"trial: there is no trial {trial_id}")
    return int(id_)


async def save_search(db: Database, owner: str, name: str, written: str, asked: Asked, at: datetime) -> int:
    """The id of the watch; what the search finds now is known to its owner. In a transaction.

    `written` is the search as a page's address holds it. Raises Refusal.
    """
    await _make_room(db, owner)
    given = orjson.dumps(msgspec.to_builtins(asked)).decode()
    id_ = await db.fetchval(query("watching.add_search"), owner, name, written, given, at)
    if id_ is None:
        return int(await db.fetchval(query("watching.same_search"), owner, written))
    found = await _found(db, asked)
    watch_ids = [id_] * len(found)
    await db.execute(query("watching.add_members"), watch_ids, [*found], [*found.values()])
    return int(id_)


async def _make_room(db: Database, owner: str) -> None:
    await lock(db)
    kept = await db.fetchval(query("watching.count_of"), owner)
    if kept is None:
        raise Refusal("owner: there is nobody of this login", field="owner")
    if kept >= MOST_WATCHES:
        raise Refusal(f"watches: {MOST_WATCHES} at most are kept of one owner; remove another first")


async def remove(db: Database, owner: str, watch_id: int) -> None:
    """Raises NotFound."""
    if await db.fetchval(query("watching.remove"), owner, watch_id) is None:
        raise NotFound(f"watch: there is no watch {watch_id} of yours")


async def watches(db: Database, owner: str, *, before: int | None = None, limit: int = 50) -> list[Watch]:
    """Somebody's, the newest first; `before` is the id of the last one seen."""
    return [Watch(**row) for row in await db.fetch(query("watching.watches"), owner, before, limit)]


async def watch(db: Database, owner: str, watch_id: int) -> Watch:
    """Raises NotFound."""
    row = await db.fetchrow(query("watching.watch"), owner, watch_id)
    if row is None:
        raise NotFound(f"watch: there is no watch {watch_id} of yours")
    return Watch(**row)


async def watch_of(db: Database, owner: str, trial_id: int) -> int | None:
    """Somebody's watch of a trial."""
    id_: int | None = await db.fetchval(query("watching.watch_of"), owner, trial_id)
    return id_


# ── what a search finds ──


async def _found(db: Database, asked: Asked) -> dict[int, int]:
    """The trials with their versions. Raises Refusal where it asks nothing, or finds too much to be told of."""
    if not asked.question:
        raise Refusal("q: expected words or a filter: a search for everything cannot be watched", field="q")
    found = {row["id"]: row["version"] for row in await db.fetch(query("watching.found"), *asked.given, MOST_FOUND + 1)}
    if len(found) > MOST_FOUND:
        raise Refusal(f"q: it finds more than {MOST_FOUND:,} trials: too many to be told of; narrow it", field="q")
    return found | await _numbered(db, asked)


async def _matching(db: Database, asked: Asked, ids: Sequence[int]) -> frozenset[int]:
    """Those of these trials that a search finds."""
    found = {row["id"] for row in await db.fetch(query("watching.matching"), *asked.given, ids)}
    return frozenset(found | ((await _numbered(db, asked)).keys() & set(ids)))


async def _numbered(db: Database, asked: Asked) -> dict[int, int]:
    """The trials that the search names by a number, with their versions."""
    if not asked.numbers:
        return {}
    return {row["id"]: row["version"] for row in await db.fetch(query("watching.numbered"), list(asked.numbers))}


# ── notices ──


async def is_anything_watched(db: Database) -> bool:
    return bool(await db.fetchval(query("watching.any_watch")))


async def of_trials(db: Database, ids: Sequence[int]) -> list[TrialWatch]:
    return [TrialWatch(**row) for row in await db.fetch(query("watching.of_trials"), ids)]


async def of_searches(db: Database, ids: Sequence[int]) -> list[SearchWatch]:
    """The saved searches that these trials concern. One that cannot be run any more is marked as such, and left out."""
    members: dict[int, dict[int, int]] = {}
    for row in await db.fetch(query("watching.members"), ids):
        members.setdefault(row["watch_id"], {})[row["trial_id"]] = row["seen"]
    known: dict[str, frozenset[int]] = {}  # many may have saved the same search
    concerned = []
    for row in await db.fetch(query("watching.searches")):
        try:
            if row["asked"] not in known:
                asked = msgspec.json.decode(row["asked"], type=Asked)
                known[row["asked"]] = await _matching(db, asked, ids)
        except msgspec.ValidationError as error:
            await db.execute(query("watching.broken"), row["id"], f"it cannot be run any more: {error}")
            continue
        found, before = known[row["asked"]], members.get(row["id"], {})
        if found or before:
            concerned.append(SearchWatch(row["id"], row["owner"], found, before))
    return concerned


async def now(db: Database, ids: Sequence[int]) -> list[Now]:
    """These trials as they stand, by id."""
    steps = await assessing.steps(db, ids)
    rows = await db.fetch(query("watching.versions"), ids)
    return sorted((Now(**row, steps=steps.get(row["id"], ())) for row in rows), key=lambda one: one.id)


async def write(db: Database, made: Made, at: datetime) -> list[tuple[int, str, tuple[str, ...]]]:
    """Writes what a page gave rise to; id, owner and kinds of each notice that is new."""
    notes = sorted(made.notes, key=lambda one: (one.owner, one.trial.id, one.version))
    rows = await db.fetch(query("watching.add_notices"), at, *_columns(notes)) if notes else []
    if made.found:
        await db.execute(query("watching.add_members"), *map(list, zip(*sorted(made.found), strict=True)))
    if made.lost:
        await db.execute(query("watching.remove_members"), *map(list, zip(*sorted(made.lost), strict=True)))
    if made.told:
        await db.execute(query("watching.told"), *map(list, zip(*sorted(made.told), strict=True)))
    return [(row["id"], row["owner"], tuple(row["kinds"])) for row in rows]


def _columns(notes: Sequence[Note]) -> tuple[list[Any], ...]:
    return (
        [one.owner for one in notes], [one.trial.id for one in notes], [one.version for one in notes],
        [one.watch_id for one in notes], [one.trial.registry for one in notes],
        [one.trial.registry_id for one in notes], [one.trial.title for one in notes],
        [",".join(one.kinds) for one in notes],
        [orjson.dumps([asdict(told) for told in one.matters]).decode() for one in notes],
    )  # fmt: skip


async def notices(
    db: Database, owner: str, *, unread: bool = False, before: int | None = None, limit: int = 50
) -> list[Notice]:
    """Somebody's, the newest first; `before` is the id of the last one seen."""
    return [notice(row) for row in await db.fetch(query("watching.notices"), owner, unread, before, limit)]


async def read(db: Database, owner: str, ids: Sequence[int] | None, at: datetime) -> int:
    """Marks notices as read, all of them without ids; how many were not."""
    return int(await db.fetchval(query("watching.read"), owner, None if ids is None else list(ids), at))


async def unread(db: Database, owners: Sequence[str]) -> dict[str, Unread]:
    """What each of these has not read; who has read everything is left out."""
    counts = {row["owner"]: row["unread"] for row in await db.fetch(query("watching.unread"), list(owners))}
    latest: dict[str, list[Notice]] = {}
    for row in await db.fetch(query("watching.latest"), list(counts), LATEST) if counts else ():
        told = dict(row)
        latest.setdefault(told.pop("owner"), []).append(notice(told))
    return {owner: Unread(number, tuple(latest.get(owner, ()))) for owner, number in counts.items()}


async def trim(db: Database, before: datetime) -> int:
    """How many notices were removed."""
    return int(await db.fetchval(query("watching.trim"), before))
