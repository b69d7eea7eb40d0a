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
    tenant: int | None = None,
) -> tuple[Asked, ...]:
    """The jobs, one for each registry; `kinds` as the settings make them; `trace` is the id that leads to who asks.

    `tenant` is whose jobs they are, and who is told how they end.
    """
    kind, trace = (kinds or job_kinds())["scrape"], trace or f"asked-{secrets.token_hex(8)}"
    whose = None if tenant is None else str(tenant)
    wanted = [
        kind.payload(registry=registry, mode=mode, since=since, accept_removed=accept_removed)
        for registry in registries
    ]
    jobs = [kind.new(one, trace_id=trace, tenant=whose) for one in wanted]
    ids = await store.enqueue(db, jobs)
    return tuple(
        [
            Asked(registry, job, joined=(await operating.show(db, job))["trace_id"] != trace)
            for registry, job in zip(registries, ids, strict=True)
        ]
    )
