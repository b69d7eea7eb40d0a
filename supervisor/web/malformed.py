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

KEPT_OPEN_S = 620.0  # for the next request: longer than proxies in front keep a connection, of which the longest is 600
LINGERS_S = 2.0  # what a client may take to stop sending a body that nobody wants, and to read why

NO_LOG = logging.Logger("aiohttp.access", logging.CRITICAL + 1)  # each answer is an event of telemetry instead

TOO_LONG = Problem(
    400,
    "too_long",
    f"request: its first line may have {LONGEST_LINE_BYTES} bytes, a header {LONGEST_FIELD_BYTES}",
    {"field": "request"},
)


class Speaker(web.RequestHandler):
    """Speaks HTTP on one connection. What a client sent is not repeated, neither to it nor in the log.

    Who has not sent the head of a request within `within_s` is hung up on, however busily it sends, and who takes
    nothing of an answer for so long. Bodies that are packed stay so: they would be unpacked before anybody asked how
    large they become.
    """

    __slots__ = ("_head_timer", "_within_s")

    def __init__(self, server: web.Server, *, loop: asyncio.AbstractEventLoop, within_s: float) -> None:
        super().__init__(
            server, loop=loop, max_line_size=LONGEST_LINE_BYTES, max_field_size=LONGEST_FIELD_BYTES, access_log=NO_LOG,
            keepalive_timeout=KEPT_OPEN_S, lingering_time=LINGERS_S, auto_decompress=False,
        )  # fmt: skip
        self._within_s = within_s
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        seen = self._request_count
        super().data_received(data)
        if self._request_count > seen:
            self._forget_head()
        elif self._waiter is not None and self._head_timer is None:  # nobody is being answered: a head has begun
            self._wait_for_head()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._forget_head()
        super().connection_lost(exc)

    def _wait_for_head(self) -> None:
        self._head_timer = self._loop.call_later(self._within_s, self._hang_up)

    def _forget_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    async def _drain_helper(self) -> None:
        """Waits until the client has taken what was written: one that takes nothing holds nothing of ours for long."""
        if not self._paused:
            return await super()._drain_helper()
        try:
            async with asyncio.timeout(self._within_s):
                return await super()._drain_helper()
        except TimeoutError:
            self._hang_up()
            await asyncio.sleep(self._within_s)  # the loss of the connection cancels whoever writes
            raise ConnectionResetError("the client does not read") from None

    def _hang_up(self) -> None:
        self._head_timer = None
        emit("request.answered", method="(none)", path="(none)", status=408, took_s=self._within_s)
        transport = self.transport
        self.force_close()
        if transport is not None:
            transport.abort()  # what nobody takes would keep it from closing

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
