"""`triald watch`: trials and searches that somebody is told about, and what they were told."""

import argparse
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from actors.errors import Refusal
from actors.trials import store as trials
from actors.trials.watching import store
from supervisor import saving
from supervisor.commands import Command, Exit, action, actions, database, json_option, row_id, run_action, whole
from supervisor.printing import as_json, printable, table
from supervisor.settings import Settings
from supervisor.web.problems import Refused
from supervisor.web.reading import read_query
from supervisor.web.trial_answers import SearchQuery

WATCHES = ("id", "name", "registry_id", "status", "trials", "created_at", "problem")
NOTICES = ("id", "made_at", "registry_id", "version", "kinds", "title")


def arguments(parser: argparse.ArgumentParser) -> None:
    where = actions(parser)
    listing = action(where, "list", _list, "what somebody watches, the newest first")
    notices = action(where, "notices", _notices, "what has changed of it, the newest first")
    notices.add_argument("--unread", action="store_true", help="only those that were not read")
    for one in (listing, notices):
        one.add_argument("--before", type=row_id, metavar="ID", help="older than this one")
        one.add_argument("--limit", type=whole(1, 1000), default=50, metavar="N")
    trial = action(where, "trial", _trial, "watch a trial")
    trial.add_argument("trial", metavar="TRIAL", help="our id, or any registry number that it states")
    search = action(where, "search", _search, "save a search")
    search.add_argument("query", metavar="QUERY", help="as its page's address holds it: q=heart&status=recruiting")
    search.add_argument("--name", metavar="NAME")
    end = action(where, "end", _end, "watch it no more")
    end.add_argument("id", type=row_id, metavar="ID")
    for one in where.choices.values():
        one.add_argument("--owner", default="admin", metavar="LOGIN", help="whose watches; admin by default")
        json_option(one)


async def _list(given: argparse.Namespace, settings: Settings) -> int:
    async with database(settings) as pool:
        found = await store.watches(pool, given.owner, before=given.before, limit=given.limit)
    return _shown(given, [asdict(one) for one in found], WATCHES, "nothing is watched")


async def _notices(given: argparse.Namespace, settings: Settings) -> int:
    async with database(settings) as pool:
        found = await store.notices(pool, given.owner, unread=given.unread, before=given.before, limit=given.limit)
    return _shown(given, [asdict(one) for one in found], NOTICES, "there is no notice")


def _shown(given: argparse.Namespace, rows: list[dict[str, Any]], columns: tuple[str, ...], none: str) -> int:
    print(as_json(rows) if given.json else printable(table(rows, columns, none=none)))
    return Exit.OK


async def _trial(given: argparse.Namespace, settings: Settings) -> int:
    async with database(settings) as pool, pool.acquire() as db, db.transaction():
        found = await trials.get(db, given.trial)
        name = str(found.record.get("title") or found.registry_id)[:200]
        id_ = await store.watch_trial(db, given.owner, found.id, name, datetime.now(UTC))
    return _added(given, id_)


async def _search(given: argparse.Namespace, settings: Settings) -> int:
    try:
        pairs = saving.pairs(given.query)
        wanted = read_query(pairs, SearchQuery).wanted()
    except (ValueError, Refused) as error:
        raise Refusal(f"query: {error}") from error
    async with database(settings) as pool, pool.acquire() as db, db.transaction():
        asked = await saving.asked(db, wanted)
        name = (given.name or " · ".join(value for _, value in pairs) or "search")[:200]
        id_ = await store.save_search(db, given.owner, name, saving.written(pairs), asked, datetime.now(UTC))
    return _added(given, id_)


def _added(given: argparse.Namespace, id_: int) -> int:
    print(as_json({"id": id_}) if given.json else f"watch {id_} of {given.owner}")
    return Exit.OK


async def _end(given: argparse.Namespace, settings: Settings) -> int:
    async with database(settings) as pool:
        await store.remove(pool, given.owner, given.id)
    print(as_json({"id": given.id}) if given.json else f"watch {given.id} has ended")
    return Exit.OK


COMMAND = Command("watch", "what somebody is told about", arguments, run_action)
