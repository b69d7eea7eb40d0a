"""Asks for scrapes: jobs that the scrapers of any running process take."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from actors.jobs import JobKind
from actors.queue import operating, store
from actors.trials.scrapes import Mode
from supervisor.kinds import job_kinds


@dataclass(frozen=True, slots=True)
class Asked:
    """`joined`: somebody had asked for the same before, and it has not ended; it is that job."""

    registry: str
    job: int
    joined: bool


async def ask_for_scrapes(
    db: store.Database,
    registries: Sequence[str],
    *,
    mode: Mode,
    since: date | None = None,
    accept_removed: bool = False,
    kinds: Mapping[str, JobKind[Any]] | None = None,
    trace: str = "",
) -> tuple[Asked, ...]:
    """The jobs, one for each registry; `kinds` as the settings make them; `trace` is the id that leads to who asks."""
    kind, trace = (kinds or job_kinds())["scrape"], trace or f"asked-{secrets.token_hex(8)}"
    jobs = [
        kind.new(kind.payload(registry=registry, mode=mode, since=since, accept_removed=accept_removed), trace_id=trace)
        for registry in registries
    ]
    ids = await store.enqueue(db, jobs)
    return tuple(
        [
            Asked(registry, job, joined=(await operating.show(db, job))["trace_id"] != trace)
            for registry, job in zip(registries, ids, strict=True)
        ]
    )
