"""Pages of jobs: the list, and one job with what may be done about it."""

from typing import Any, get_args
from urllib.parse import urlencode

import orjson
from aiohttp import web

from actors.queue import store
from actors.queue.explain import explain
from supervisor.roles import Role
from supervisor.web import job_commands as commands
from supervisor.web.job_answers import JobsQuery, JobState, Reason
from supervisor.web.pages_of import page
from supervisor.web.problems import Refused
from supervisor.web.route import Call, Nothing, Resource, Route


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
    )


async def show(call: Call[Nothing, Nothing]) -> web.Response:
    """One job: why it is where it is, what happened to it, and what may be done."""
    told = await commands.show(call)
    reasons = explain(await store.facts(call.db, told.id, call.site.kinds))
    return page(call, "job.html", here="jobs", job=told, reasons=reasons, pretty=_pretty)


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
    if not await store.discard(call.db, [call.id()]):
        raise Refused(409, "conflict", f"job {call.id()} is no dead letter")
    return _back(call)


def _back(call: Call[Any, Any]) -> web.Response:
    return web.Response(status=303, headers={"Location": f"/jobs/{call.id()}"})


RESOURCE = Resource(
    "job_pages",
    (
        Route("GET", "/jobs", listed, Role.VIEWER),
        Route("GET", "/jobs/{id}", show, Role.VIEWER),
        Route("POST", "/jobs/{id}/retry", retry, Role.OPERATOR, status=303, form=True),
        Route("POST", "/jobs/{id}/cancel", cancel, Role.OPERATOR, status=303, form=True),
        Route("POST", "/jobs/{id}/run", run_now, Role.OPERATOR, status=303, form=True),
        Route("POST", "/jobs/{id}/discard", discard, Role.OPERATOR, status=303, form=True),
    ),
)
