"""Asks for scrapes: jobs that the scrapers of any running process take."""

import secrets
from collections.abc import Sequence
from datetime import date
from typing import Literal

from actors.queue import store
from supervisor.wiring import job_kinds


async def ask_for_scrapes(
    db: store.Database, registries: Sequence[str], *, mode: Literal["full", "incremental"], since: date | None = None
) -> dict[int, str]:
    """The jobs with their registries. A registry whose scrape was asked for and has not ended keeps that one."""
    kind, trace = job_kinds()["scrape"], f"asked-{secrets.token_hex(8)}"
    jobs = [
        kind.new(kind.payload(registry=registry, mode=mode, since=since), unique_key=registry, trace_id=trace)
        for registry in registries
    ]
    return dict(zip(await store.enqueue(db, jobs), registries, strict=True))
