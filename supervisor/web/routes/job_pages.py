"""Pages of jobs: the list, and one job with what may be done about it."""

from typing import Annotated, Any, get_args
from urllib.parse import urlencode

import msgspec
import orjson
from aiohttp import web
from msgspec import Meta

from actors.queue import operating, store
from actors.queue.explain import explain
from supervisor.roles import Role
from supervisor.web import job_commands as commands
from supervisor.web.job_answers import JobFull, JobsQuery, JobState, Reason
from supervisor.web.pages_of import page, see
from supervisor.web.paging import MOST_ROWS, Before
from supervisor.web.problems import Refused
from supervisor.web.route import Call, Nothing, Resource, Route


class Chosen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The jobs whose boxes were ticked."""

    ids: Annotated[tuple[Before, ...], Meta(max_length=MOST_ROWS)] = ()


class Back(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The page that the form stood on."""

    back: str = "/jobs"


async def listed(call: Call[JobsQuery, Nothing]) -> web.Response:
    """The jobs."""
    told = await commands.jobs(call)
    kept = [(name, value) for name, value in call.request.query.items() if value and name != "before"]
    queues = sorted(await store.queue_rules(call.db))
    return page(
        call,
        "jobs.html",
        here="jobs",
        jobs=told.jobs,
        asked=call.query,
        next=urlencode([*kept, ("before", told.next)]) if told.next else None,
        first=urlencode(kept) if call.query.before else None,
        states=get_args(JobState),
        queues=queues,
        kinds=sorted({kind.name for kind in call.site.kinds.values()}),
        here_now=call.request.path_qs,
    )


async def show(call: Call[Nothing, Nothing]) -> web.Response:
    """One job: why it is where it is, what happened to it, and what may be done."""
    told = await commands.show(call)
    reasons = explain(await operating.facts(call.db, told.id, call.site.kinds))
    return page(call, "job.html", here="jobs", job=told, reasons=reasons, scrape=_scrape_of(told), pretty=_pretty)


def _scrape_of(job: JobFull) -> int | None:
    """The scrape that the job is, by what it has noted down."""
    told = [value.get("scrape") for value in (job.result, job.checkpoint) if isinstance(value, dict)]
    return next((one for one in told if job.kind == "scrape" and isinstance(one, int)), None)


def _pretty(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


async def retry(call: Call[Nothing, Nothing]) -> web.Response:
    """The button that revives a dead letter."""
    await commands.retry(call)
    return _back(call)


async def cancel(call: Call[Nothing, Reason]) -> web.Response:
    """The button that cancels a job."""
    await commands.cancel(call)
    return _back(call)


async def run_now(call: Call[Nothing, Nothing]) -> web.Response:
    """The button that lets a job run before its time."""
    await commands.run_now(call)
    return _back(call)


async def discard(call: Call[Nothing, Nothing]) -> web.Response:
    """The button that puts a dead letter into the history."""
    if not await operating.discard(call.db, ids=[call.id()]):
        raise Refused(409, "conflict", f"job {call.id()} is no dead letter")
    return _back(call)


async def release(call: Call[Nothing, Nothing]) -> web.Response:
    """The button that lets a held job go."""
    await commands.release(call)
    return _back(call)


async def requeue_chosen(call: Call[Back, Chosen]) -> web.Response:
    """The button that revives the dead letters that were chosen."""
    await operating.revive(call.db, ids=_chosen(call))
    return see(call.query.back)


async def discard_chosen(call: Call[Back, Chosen]) -> web.Response:
    """The button that puts the dead letters that were chosen into the history."""
    await operating.discard(call.db, ids=_chosen(call))
    return see(call.query.back)


def _chosen(call: Call[Back, Chosen]) -> list[int]:
    if not call.body.ids:
        raise Refused.field("ids", "expected at least one job to be chosen")
    return list(call.body.ids)


def _back(call: Call[Any, Any]) -> web.Response:
    return see(f"/jobs/{call.id()}")


RESOURCE = Resource(
    "job_pages",
    (
        Route("GET", "/jobs", listed, Role.VIEWER),
        Route("POST", "/jobs/requeue", requeue_chosen, Role.OPERATOR, status=303, form=True),
        Route("POST", "/jobs/discard", discard_chosen, Role.OPERATOR, status=303, form=True),
        Route("GET", "/jobs/{id}", show, Role.VIEWER),
        Route("POST", "/jobs/{id}/retry", retry, Role.OPERATOR, status=303, form=True),
        Route("POST", "/jobs/{id}/cancel", cancel, Role.OPERATOR, status=303, form=True),
        Route("POST", "/jobs/{id}/run", run_now, Role.OPERATOR, status=303, form=True),
        Route("POST", "/jobs/{id}/release", release, Role.OPERATOR, status=303, form=True),
        Route("POST", "/jobs/{id}/discard", discard, Role.OPERATOR, status=303, form=True),
    ),
    of_registries=False,
)
