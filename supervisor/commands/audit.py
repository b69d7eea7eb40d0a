"""`triald audit`: what was done and by whom; whether all of it is still there; as a file that others can check."""

import argparse
import asyncio
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actors.errors import NotFound, Refusal
from actors.governance.audit import Head, store
from actors.governance.audit.checking import Fault
from actors.governance.audit.exporting import LONGEST_LINE, Read, Writing, check
from actors.governance.audit.sealer import seal_all
from actors.governance.audit.signing import fingerprint, is_signed, known_key, public_of
from supervisor.auditing import by_command, key_file, own_key
from supervisor.commands import Command, Exit, action, actions, database, json_option, run_action, whole
from supervisor.printing import as_json, table
from supervisor.settings import Settings

if TYPE_CHECKING:
    import asyncpg

COLUMNS = ("at", "seq", "who", "role", "action", "subject", "outcome")


def arguments(parser: argparse.ArgumentParser) -> None:
    where = actions(parser)
    listing = action(where, "list", _list, "the latest entries, the newest first")
    listing.add_argument("--actor", metavar="LOGIN")
    listing.add_argument("--action", dest="act", metavar="WORD", help="such as jobs_cancel")
    listing.add_argument("--limit", type=whole(1, 10_000), default=50, metavar="N")
    verifying = action(where, "verify", _verify, "look at every link of the chain; the first bad row is named")
    verifying.add_argument("file", nargs="?", type=Path, metavar="FILE", help="an export, without any database")
    verifying.add_argument(
        "--head", type=_head, metavar="SEQ:HASH", help="what was printed before: it must still be there"
    )
    exporting = action(where, "export", _export, "the whole chain as JSON lines, signed")
    exporting.add_argument("file", type=Path, metavar="FILE")
    action(where, "key", _key, "the public key that exports of this installation are signed with")
    for one in where.choices.values():
        json_option(one)


def _head(text: str) -> Head:
    try:
        return Head.of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


async def _list(given: argparse.Namespace, settings: Settings) -> int:
    asked = store.Asked(actor=given.actor, action=given.act)
    async with database(settings) as pool:
        found = await store.listed(pool, asked, before=None, limit=given.limit)
    rows = [_row(one) for one in found[: given.limit]]
    print(as_json(rows) if given.json else table(rows, COLUMNS, none="nothing was done yet"))
    return Exit.OK


def _row(one: store.Listed) -> dict[str, Any]:
    entry = one.entry
    return {
        "id": entry.id, "at": entry.at, "seq": one.seq, "who": one.login or f"actor {entry.actor}", "role": entry.role,
        "action": entry.action, "subject": entry.subject, "outcome": entry.outcome, "tenant": entry.tenant,
        "request_id": entry.request_id, "details": dict(entry.details),
    }  # fmt: skip


async def _verify(given: argparse.Namespace, settings: Settings) -> int:
    if given.file is not None:
        return await _verify_file(given, settings)
    async with database(settings) as pool:
        await seal_all(pool)
        async with pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
            found = await store.verify(db, expected=given.head)
    told = {"links": found.links, "head": str(found.head), "unsealed": found.unsealed}
    tail = f"; {found.unsealed} entries have no place in it yet" if found.unsealed else ""
    well = f"{found.links:,} links, each follows from the one before{tail}\nhead {found.head}"
    return _say(given, told, found.fault, well)


async def _verify_file(given: argparse.Namespace, settings: Settings) -> int:
    try:
        found = await asyncio.to_thread(_read, given.file, given.head)
    except OSError as error:
        raise NotFound(f"file: {given.file}: {error.strerror}") from error
    key = found.manifest.get("key")
    ours = await asyncio.to_thread(known_key, key_file(settings))
    told = {"links": found.links, "head": str(found.head), "whole": found.whole, "at": found.manifest.get("at"),
            "key": key, "key_is_ours": None if ours is None else key == ours}  # fmt: skip
    if found.fault is None and given.head is not None and not found.whole:
        raise Refusal("head: this file holds the links of one tenant alone, so it cannot show that none is missing")
    return _say(given, told, found.fault, _of_file(found, ours))


def _read(file: Path, head: Head | None) -> Read:
    with file.open("rb") as lines:
        return check(_lines(lines), is_signed, head)


def _lines(file: Any) -> Iterator[bytes]:
    """No line is longer than one of ours can be: the rest of it is then another line, which is none of ours."""
    while line := file.readline(LONGEST_LINE):
        yield line


def _of_file(found: Read, ours: str | None) -> str:
    key = str(found.manifest.get("key"))
    whose = {None: f"compare it with triald audit key: {key}", key: "the key of this installation"}.get(
        ours, "ANOTHER KEY than ours"
    )
    kind = "links, each follows from the one before" if found.whole else "links of one tenant, each as it was sealed"
    return (
        f"{found.links:,} {kind}\nhead {found.head}\nsigned {found.manifest.get('at')} with {fingerprint(key)}: {whose}"
    )


def _say(given: argparse.Namespace, told: dict[str, Any], fault: Fault | None, well: str) -> int:
    if given.json:
        print(as_json(told | {"well": fault is None, "fault": fault}))
    else:
        print(well if fault is None else f"BROKEN at {fault}\n{told['links']:,} links before it are well")
    return Exit.OK if fault is None else Exit.FAILED


async def _export(given: argparse.Namespace, settings: Settings) -> int:
    target = given.file.expanduser().absolute()
    if not target.parent.is_dir():
        raise Refusal(f"file: there is no folder {target.parent}")
    async with database(settings) as pool:
        await seal_all(pool)
        written = await _write(pool, target, settings)
        head = str(written.head)
        async with pool.acquire() as db, db.transaction():
            await store.append(db, by_command("audit_export", count=written.links, head=head, format="file"))
    told = {"file": str(target), "links": written.links, "head": head}
    print(as_json(told) if given.json else f"{written.links:,} links in {target}\nhead {head}")
    return Exit.OK


async def _write(pool: "asyncpg.Pool[Any]", target: Path, settings: Settings) -> Writing:
    """The file is there whole or not at all, and for its owner alone."""
    key = await own_key(settings)
    writing = Writing(whole=True)
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(writing.first())
            async with pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
                async for some in store.every(db):
                    await asyncio.to_thread(file.write, writing.lines(some))
            file.write(writing.manifest(at=datetime.now(UTC), key=public_of(key), sign=key.sign))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    except ValueError as error:
        raise Refusal(str(error)) from error
    finally:
        beside.unlink(missing_ok=True)
    return writing


async def _key(given: argparse.Namespace, settings: Settings) -> int:
    key = public_of(await own_key(settings))
    told = {"key": key, "fingerprint": fingerprint(key), "file": str(key_file(settings))}
    print(as_json(told) if given.json else f"{key}\nfingerprint {told['fingerprint']}, in {told['file']}")
    return Exit.OK


COMMAND = Command("audit", "what was done and by whom, in a chain that shows what was changed", arguments, run_action)
