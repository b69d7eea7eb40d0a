"""What is no request as HTTP knows them: answered like every other error, before there is anything to route."""

import asyncio
import logging
from http import HTTPStatus

from aiohttp import web
from aiohttp.http_exceptions import LineTooLong

from actors.runtime.telemetry import emit
from supervisor.web.answering import HEADERS, as_json, request_id_of
from supervisor.web.problems import INTERNAL, MALFORMED, Problem

LONGEST_LINE_BYTES = 32 * 1024  # the longest text of a search, every letter of four bytes, with room for filters
LONGEST_FIELD_BYTES = 16 * 1024

NO_LOG = logging.Logger("aiohttp.access", logging.CRITICAL + 1)  # each answer is an event of telemetry instead

TOO_LONG = Problem(
    400,
    "too_long",
    f"request: its first line may have {LONGEST_LINE_BYTES} bytes, a header {LONGEST_FIELD_BYTES}",
    {"field": "request"},
)


class Speaker(web.RequestHandler):
    """Speaks HTTP on one connection. What a client sent is not repeated, neither to it nor in the log."""

    __slots__ = ()

    def __init__(self, server: web.Server, *, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            server, loop=loop, max_line_size=LONGEST_LINE_BYTES, max_field_size=LONGEST_FIELD_BYTES, access_log=NO_LOG
        )

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = HTTPStatus.INTERNAL_SERVER_ERROR,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        problem = _problem(status, exc)
        if problem is INTERNAL:
            emit("request.failed", path="(none)", error=type(exc).__name__)
        emit("request.answered", method="(none)", path="(none)", status=problem.status, took_s=0.0)
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun: the connection can only be closed")
        return _Alone(problem)

    def log_exception(self, *args: object, exc_info: BaseException | None = None, **more: object) -> None:
        """A body that could not be read was told to who sent it."""
        if not isinstance(exc_info, web.RequestPayloadError):
            super().log_exception(*args, exc_info=exc_info, **more)


class _Alone(web.Response):
    """An answer that no application prepares."""

    def __init__(self, problem: Problem) -> None:
        request_id = request_id_of(None)
        told = as_json(problem, request_id)
        super().__init__(status=told.status, body=told.body, headers=told.headers)
        self.headers.update(HEADERS)
        self.headers["X-Request-Id"] = request_id
        self.force_close()

    async def _prepare_headers(self) -> None:
        await super()._prepare_headers()
        self.headers.popall("Server", None)


def _problem(status: int, error: BaseException | None) -> Problem:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return INTERNAL
    return TOO_LONG if isinstance(error, LineTooLong) else MALFORMED
