"""Why a job is not running. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides whether a job may run, as the database knows it."""

    id: int
    state: str
    queue: str
    kind: str
    kind_known: bool = True
    priority: int = 0
    attempts: int = 0
    max_attempts: int = 3
    cancel_asked: bool = False
    tenant: str | None = None
    due_in_s: float = 0.0
    queue_exists: bool = True
    paused: bool = False
    most_running: int | None = None
    per_minute: float | None = None
    fair: bool = False
    starts_left: float | None = None  # in this moment's share of per_minute
    running_in_queue: int = 0
    counted_in_queue: int = 0
    ahead: int = 0
    workers: int = 1
    worker: str | None = None
    running_s: float | None = None
    beat_age_s: float | None = None
    waits_for: Sequence[int] = ()
    waits_for_states: Sequence[str] = ()
    last_error: str | None = None


def explain(facts: Facts) -> list[str]:
    """One sentence per reason, the one that decides first; a job that may run says what is ahead of it."""
    match facts.state:
        case "done" | "cancelled" | "discarded":
            return [f"it has ended: {facts.state}"]
        case "dead":
            return [
                f"it is a dead letter after {facts.attempts} of {facts.max_attempts} attempts: {facts.last_error}",
                f"triald jobs retry {facts.id} revives it",
            ]
        case "running":
            return _running(facts)
        case "held":
            return [f"it is held: triald jobs release {facts.id} lets it go"]
        case "blocked":
            return [f"it waits for {len(facts.waits_for)} other jobs to end: {', '.join(facts.waits_for_states)}"]
        case "scheduled":
            return [_due(facts), *_obstacles(facts)]
        case _:
            return _obstacles(facts) or _in_line(facts)


def _due(facts: Facts) -> str:
    if facts.due_in_s <= 0:
        return "it is due and becomes ready at the next look"
    after = f" after attempt {facts.attempts} of {facts.max_attempts} failed" if facts.attempts else ""
    return f"it is not due: {facts.due_in_s:.0f} s to go{after}"


def _running(facts: Facts) -> list[str]:
    lines = [
        f"it is running on worker {facts.worker} for {facts.running_s or 0:.0f} s, "
        f"attempt {facts.attempts} of {facts.max_attempts}"
    ]
    if facts.beat_age_s is None:
        lines.append("its worker is not registered: the job is taken back soon unless it registers again")
    elif facts.beat_age_s > 10:
        lines.append(
            f"its worker's last beat is {facts.beat_age_s:.0f} s old: the job is taken back soon unless it beats again"
        )
    if facts.cancel_asked:
        lines.append("its cancelling was asked for")
    return lines


def _obstacles(facts: Facts) -> list[str]:
    lines = []
    if not facts.queue_exists:
        lines.append(f"there is no queue {facts.queue}: nobody looks at it")
    if facts.paused:
        lines.append(f"queue {facts.queue} is paused: triald jobs resume {facts.queue}")
    if facts.workers == 0:
        lines.append(f"no worker that is alive takes jobs of queue {facts.queue}")
    if not facts.kind_known:
        lines.append(f"this version of triald knows no job kind {facts.kind}")
    if facts.most_running is not None and facts.counted_in_queue >= facts.most_running:
        lines.append(f"queue {facts.queue} runs at most {facts.most_running} at once, and that many are running")
    if facts.per_minute is not None and (facts.starts_left or 0.0) < 1.0:
        lines.append(f"queue {facts.queue} starts at most {facts.per_minute:g} a minute, and has started as many")
    if facts.cancel_asked:
        lines.append("its cancelling was asked for: whoever claims it next cancels it")
    return lines


def _in_line(facts: Facts) -> list[str]:
    lines = [
        f"it is ready, with {facts.ahead} ahead of it in queue {facts.queue} ({facts.running_in_queue} running there)"
    ]
    if facts.fair and facts.tenant:
        lines.append("turns are shared between tenants")
    return lines
