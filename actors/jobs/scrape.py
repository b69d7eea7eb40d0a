"""Scrapes a registry page by page, each page with its checkpoint in one transaction: it goes on where it was."""

import asyncio
from dataclasses import dataclass
from datetime import date

from actors.errors import LeaseLost
from actors.jobs import JobKind
from actors.passage import NotOurTurn, Passage
from actors.queue.attempt import Attempt
from actors.queue.outcome import Cancel, Fail, Outcome, Snooze
from actors.runtime.rate_limit import RateLimited
from actors.runtime.telemetry import emit
from actors.tools import Tools
from actors.trials.scrapes import Mode

TURN_S = 15.0  # until a look whether the registry is free


@dataclass(frozen=True, slots=True)
class Payload:
    """`since` begins an incremental scrape at a day; without it, it begins where the mirror is complete.

    `reconcile` compares the numbers and dates of everything, and asks for what differs; of a registry that has no such
    list, it asks for everything. `accept_removed`: what is gone at the source is marked, however much that is.
    """

    registry: str
    mode: Mode = "incremental"
    since: date | None = None
    accept_removed: bool = False


def key(payload: Payload) -> str:
    """One job of each waits or runs at most: who asks for the same joins it."""
    since = [str(payload.since)] if payload.since and payload.mode == "incremental" else []
    accept = ["accept-removed"] if payload.accept_removed else []
    return " ".join([payload.registry, payload.mode, *since, *accept])


async def run(payload: Payload, attempt: Attempt, tools: Tools) -> Outcome:
    registry = tools.registries.get(payload.registry)
    if registry is None:
        return Fail(f"registry: there is no registry {payload.registry!r}", final=True)
    passage = Passage(registry, attempt, tools)
    try:
        await passage.begin(payload)
        await passage.pages()
        return await passage.end(accept_removed=payload.accept_removed)
    except NotOurTurn as wait:
        emit("scrape.waited", registry=registry.name, job=attempt.job.id, reason=str(wait))
        return Snooze(TURN_S)
    except RateLimited as error:
        return await passage.put_off(error)
    except LeaseLost:
        raise
    except asyncio.CancelledError:
        if isinstance(attempt.stop, Cancel):
            await passage.close("cancelled", attempt.stop.reason)
        raise
    except Exception as error:  # one registry's turn: whatever it was, the next attempt goes on from the checkpoint
        return await passage.failed(f"{type(error).__name__}: {error}")


JOB = JobKind("scrape", Payload, run, queue="scraping", timeout_s=24 * 3600.0, key=key)
