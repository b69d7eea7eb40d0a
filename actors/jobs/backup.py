"""Makes a backup of the database and the files, and removes sets that are older than they are kept."""

from dataclasses import dataclass
from pathlib import Path

from actors.backup import recorded
from actors.backup.keeping import Rule
from actors.backup.sets import AnotherAtWork
from actors.jobs import JobKind
from actors.queue.attempt import Attempt
from actors.queue.outcome import Done, Fail, Outcome, Snooze
from actors.tools import Tools

AGAIN_S = 300.0  # while another is made in the same folder


@dataclass(frozen=True, slots=True)
class Payload:
    folder: str
    days: int = 30
    files_days: int = 14


def key(payload: Payload) -> str:
    return payload.folder


async def run(payload: Payload, attempt: Attempt, tools: Tools) -> Outcome:
    if tools.place is None:
        return Fail("this process makes no backups", final=True)
    try:
        made = await recorded.backup(tools.place, Path(payload.folder), rule=Rule(payload.days, payload.files_days))
    except AnotherAtWork:
        return Snooze(AGAIN_S)
    manifest = made.set.manifest
    return Done({"set": str(made.set.path), "bytes": manifest.size_bytes, "removed": len(made.removed)})


JOB = JobKind("backup", Payload, run, timeout_s=12 * 3600.0, key=key)
