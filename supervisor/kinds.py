"""The kinds of jobs there are, as the settings make them; without all else that the service stands on."""

from dataclasses import replace
from typing import Any

import actors.jobs
from actors.jobs import JobKind
from actors.queue.job import MAX_ATTEMPTS
from actors.runtime.catalog import catalog


def job_kinds(max_attempts: int = MAX_ATTEMPTS) -> dict[str, JobKind[Any]]:
    """Every kind; one that does not say how often it is attempted gets `max_attempts`."""
    kinds = catalog(actors.jobs, "JOB", JobKind)
    return {name: replace(kind, max_attempts=kind.max_attempts or max_attempts) for name, kind in kinds.items()}
