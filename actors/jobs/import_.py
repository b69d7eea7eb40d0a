"""Imports an export file of a registry page by page, each page with its checkpoint in one transaction."""

import asyncio
from dataclasses import dataclass
from datetime import date

from actors.errors import LeaseLost
from actors.file_passage import ExportFile, FilePassage, UnusableFile, count_records
from actors.jobs import JobKind
from actors.passage import NotOurTurn
from actors.queue.attempt import Attempt
from actors.queue.outcome import Cancel, Fail, Outcome, Snooze
from actors.runtime.telemetry import emit
from actors.tools import Tools
from actors.trials.scrapes import Mode

TURN_S = 5.0  # until a look whether the registry is free


@dataclass(frozen=True, slots=True)
class Payload:
    """The file as it was when it was given; `machine` is where it lies."""

    registry: str
    path: str
    size_bytes: int
    modified_ns: int
    machine: str


@dataclass(frozen=True, slots=True)
class Part:
    """What is asked of the passage: a part of the registry."""

    mode: Mode = "incremental"
    since: date | None = None
    accept_removed: bool = False


def key(payload: Payload) -> str:
    """The same file is imported once at a time; who gives it again goes on with it."""
    return f"{payload.registry} {payload.machine} {payload.path} {payload.size_bytes} {payload.modified_ns}"


async def run(payload: Payload, attempt: Attempt, tools: Tools) -> Outcome:
    file = ExportFile(payload.registry, payload.path, payload.size_bytes, payload.modified_ns)
    passage: FilePassage | None = None
    try:
        total = await asyncio.to_thread(count_records, file)
        passage = FilePassage(file, attempt, tools, total)
        await passage.begin(Part())
        await passage.pages()
        return await passage.end(accept_removed=False)
    except NotOurTurn as wait:
        emit("scrape.waited", registry=file.registry, job=attempt.job.id, reason=str(wait))
        return Snooze(TURN_S)
    except UnusableFile as error:
        if passage is not None:
            await passage.close("failed", str(error))
        return Fail(str(error), final=True)
    except LeaseLost:
        raise
    except asyncio.CancelledError:
        if passage is not None and isinstance(attempt.stop, Cancel):
            await passage.close("cancelled", attempt.stop.reason)
        raise
    except Exception as error:  # whatever it was, the next attempt goes on from the checkpoint
        if passage is None:
            return Fail(f"{type(error).__name__}: {error}")
        return await passage.failed(f"{type(error).__name__}: {error}")


JOB = JobKind("import", Payload, run, queue="importing", timeout_s=24 * 3600.0, key=key)
