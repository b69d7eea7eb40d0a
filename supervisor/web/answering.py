"""Around every request: its id, one log event, security headers, and every error in one envelope."""

import re
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import count
from types import MappingProxyType
from urllib.parse import quote

import asyncpg
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware
from multidict import MultiDict

from actors.runtime import telemetry
from actors.runtime.telemetry import emit
from supervisor.metrics import LASTING
from supervisor.spans import joined
from supervisor.web import standing
from supervisor.web.door import ACCOUNT, LOGIN, TURN, Door, check_door
from supervisor.web.problems import MALFORMED, Problem, envelope, problem_of, problem_of_status
from supervisor.web.render import Pages
from supervisor.web.route import Who

NOWHERE = "nowhere"  # the name of the resource that takes what no route does
REQUEST_ID: "web.RequestKey[str]" = web.RequestKey("request_id", str)

# What asyncpg raises where the database does not answer: lost, not there yet, shut down, overrun, too slow.
OUTSIDE = (
    OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError, asyncpg.InternalClientError,
)  # fmt: skip

CSP = "; ".join((
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'",
    "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
))  # fmt: skip

HEADERS: Mapping[str, str] = MappingProxyType({
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # not "no-referrer": forms would then send `Origin: null`
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
})  # fmt: skip

# Ids of requests that brought none: of this process, and each once; nobody has to be kept from guessing one.
_PREFIX, _numbers = secrets.token_hex(4), count(1)
_PLAIN = MultiDict(HEADERS)
_SANE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/+=-]{0,99}")


def answering(pages: Pages, door: Door) -> Middleware:
    """The outermost middleware."""

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        request[REQUEST_ID] = request_id = request_id_of(request.headers.get("X-Request-Id"))
        trace = telemetry.trace_id.set(joined(request_id, request.headers.get("traceparent")))
        began_s = time.monotonic()
        status, response = 499, None  # who asked went away, unless an answer follows
        try:
            response = await _answered(request, handler, pages, door)
            status = response.status
            return response
        finally:
            took_s = round(time.monotonic() - began_s, 4)
            told = {"kind": LASTING} if response is not None and _lasts(response) else {}
            emit("request.answered", method=request.method, path=_template(request), status=status, took_s=took_s,
                 **told)  # fmt: skip
            telemetry.trace_id.reset(trace)

    return answer


async def _answered(request: web.Request, handler: Handler, pages: Pages, door: Door) -> web.StreamResponse:
    try:
        check_door(request, door.public_urls)
        return await handler(request)
    except web.HTTPException as error:
        kept = {name: value for name, value in error.headers.items() if name in ("Allow", "Location")}
        problem = problem_of_status(error.status, error.reason, kept)
    except web.RequestPayloadError:
        problem = MALFORMED
    except Exception as error:
        problem = problem_of(error, outside=OUTSIDE)
        if problem.status >= 500:
            emit("request.failed", path=_template(request), error=f"{type(error).__name__}: {error}")
    return _told(request, problem, pages, door.remembered(request))


def _told(request: web.Request, problem: Problem, pages: Pages, who: Who | None) -> web.Response:
    """The problem, as a page for a browser that asked for one, else as JSON."""
    if not _wants_page(request):
        return as_json(problem, request[REQUEST_ID])
    if problem.status == 401:
        after = f"?next={quote(request.path_qs, safe='')}" if request.method == "GET" else ""
        return web.Response(status=303, headers={"Location": LOGIN + after})
    if problem.code == "password_change_needed":
        return web.Response(status=303, headers={"Location": ACCOUNT})
    text = pages.render("error.html", problem=problem, request_id=request[REQUEST_ID], who=who, here="")
    return web.Response(status=problem.status, text=text, content_type="text/html", headers=dict(problem.headers))


def as_json(problem: Problem, request_id: str) -> web.Response:
    body = envelope(problem, at=datetime.now(UTC), request_id=request_id)
    return web.Response(status=problem.status, body=body, content_type="application/json", headers=problem.headers)


def _wants_page(request: web.Request) -> bool:
    return "text/html" in request.headers.get("Accept", "") and not request.path.startswith("/api/")


async def set_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Just before an answer begins, whoever made it."""
    if len(response.headers) == 1 and hdrs.CONTENT_TYPE in response.headers:  # as most have it: nothing to look for
        response.headers.extend(_PLAIN)
    else:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
    response.headers["X-Request-Id"] = request.get(REQUEST_ID) or request_id_of(None)
    if silent := standing.header(request):
        response.headers[standing.HEADER] = silent
    if turn := request.get(TURN):
        response.headers.update(turn.headers())
    response.headers.pop("Server", None)
    if "Upgrade" in request.headers and response.status != 101:
        response.force_close()  # what comes next on this connection was meant for another protocol


def request_id_of(given: str | None) -> str:
    """The id that came along, if it is one that a log can hold; else a fresh one."""
    return given if given and _SANE_ID.fullmatch(given) else f"{_PREFIX}{next(_numbers):08x}"


def _lasts(response: web.StreamResponse) -> bool:
    """As long as somebody listens: how long that was says nothing of how fast this is."""
    return response.status == 101 or response.content_type == "text/event-stream"


def _template(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource and resource.name != NOWHERE else "(none)"
