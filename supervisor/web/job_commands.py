"""What can be asked of jobs, and done to them: what the interface and the pages share."""

from typing import Any, NoReturn

from actors.errors import NotFound
from actors.queue import operating
from actors.queue.explain import explain as reasons_of
from supervisor.web import job_answers as answers
from supervisor.web.job_answers import (
    DeadLetters,
    Explained,
    JobFull,
    JobIds,
    JobIs,
    JobsPage,
    JobsQuery,
    Reason,
    Rescued,
)
from supervisor.web.paging import page_of
from supervisor.web.problems import Refused
from supervisor.web.route import Call, Nothing


async def jobs(call: Call[JobsQuery, Nothing]) -> JobsPage:
    """Jobs that have not ended, or of the states asked for."""
    asked = call.query
    if asked.state and len({state in operating.ENDED for state in asked.state}) == 2:
        raise Refused.field(
            "state", f"expected states of ended jobs ({', '.join(sorted(operating.ENDED))}) or of others, not both"
        )
    rows = await operating.list_jobs(
        call.db, states=asked.state or None, queue=asked.queue, kind=asked.kind, before=asked.before,
        limit=asked.limit + 1, tenant=_tenant(call),
    )  # fmt: skip
    page, following = page_of(rows, asked.limit)
    return JobsPage(tuple(map(answers.brief, page)), following)


async def show(call: Call[Nothing, Nothing]) -> JobFull:
    """One job, with what happened to it."""
    row = await operating.show(call.db, call.id())
    _check_is_seen(call, row["id"], row["tenant"])
    return answers.full(row)


def _tenant(call: Call[Any, Any]) -> str | None:
    """Whose jobs are seen: by the tenant that runs the service everybody's."""
    return None if call.who.is_home else str(call.who.tenant)


def _check_is_seen(call: Call[Any, Any], job: int, tenant: str | None) -> None:
    """Raises NotFound for another tenant's."""
    if _tenant(call) not in (None, tenant):
        raise NotFound(f"job: there is no job {job}")


async def explain(call: Call[Nothing, Nothing]) -> Explained:
    """Why a job is not running."""
    facts = await operating.facts(call.db, call.id(), call.site.kinds)
    _check_is_seen(call, facts.id, facts.tenant)
    return Explained(facts.id, facts.state, tuple(reasons_of(facts)))


async def retry(call: Call[Nothing, Nothing]) -> JobIs:
    """A dead letter becomes ready again, its attempts at zero."""
    job = call.id()
    if not await operating.revive(call.db, ids=[job]):
        await _refuse(call, job, "dead")
    return JobIs(job, "ready")


async def run_now(call: Call[Nothing, Nothing]) -> JobIs:
    """A job that waits for its time becomes ready now."""
    job = call.id()
    if not await operating.run_now(call.db, job):
        await _refuse(call, job, "scheduled")
    return JobIs(job, "ready")


async def cancel(call: Call[Nothing, Reason]) -> JobIs:
    """A job that waits is cancelled, with all that waits for it; one that runs is asked to stop."""
    job = call.id()
    was = await operating.state_of(call.db, job)
    match await operating.cancel(call.db, job, call.body.reason):
        case "asked":
            return JobIs(job, "asked")
        case "cancelled" if was not in operating.ENDED:
            return JobIs(job, "discarded" if was == "dead" else "cancelled")
        case state:
            raise Refused(409, "conflict", f"job {job} cannot be cancelled: it is {state}", {"state": state})


async def requeue(call: Call[Nothing, DeadLetters]) -> JobIds:
    """Dead letters become ready again: these, or all since a time."""
    asked = _chosen(call.body)
    ids = await operating.revive(call.db, ids=asked.ids, since=asked.since, kind=asked.kind)
    return JobIds(tuple(sorted(ids)))


async def discard(call: Call[Nothing, DeadLetters]) -> JobIds:
    """Dead letters go to the history for good: these, or all since a time."""
    asked = _chosen(call.body)
    ids = await operating.discard(call.db, ids=asked.ids, since=asked.since, kind=asked.kind)
    return JobIds(tuple(sorted(ids)))


def _chosen(asked: DeadLetters) -> DeadLetters:
    if asked.since is not None and asked.since.tzinfo is None:
        raise Refused.field("since", "expected a time with its zone, such as 2026-03-01T00:00:00Z")
    if asked.ids is None and asked.since is None and asked.kind is None:
        raise Refused.field("ids", "expected these, since or kind: all dead letters at once are not meant by oversight")
    return asked


async def rescue(call: Call[Nothing, Nothing]) -> Rescued:
    """Jobs are taken back from processes that are dead, without waiting for the service to do it: takes some beats."""
    dead, rows = await call.site.rescue()
    return Rescued(tuple(sorted(row["id"] for row in rows)), tuple(dead))


async def release(call: Call[Nothing, Nothing]) -> JobIs:
    """A job that is held is let go."""
    job = call.id()
    match await operating.release(call.db, job):
        case "ready" | "scheduled" | "blocked" as state:
            return JobIs(job, state)
        case _:
            return await _refuse(call, job, "held")


async def _refuse(call: Call[Nothing, Nothing], job: int, expected: str) -> NoReturn:
    state = await operating.state_of(call.db, job)
    if state is None:
        raise NotFound(f"job: there is no job {job}")
    why = (
        "another job with its unique key has taken its place" if state == expected else f"it is {state}, not {expected}"
    )
    raise Refused(409, "conflict", f"job {job}: {why}", {"state": state})
