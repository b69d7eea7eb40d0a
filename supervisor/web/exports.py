"""Everything that a search finds, streamed as a file, with no more than some rows in memory."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

from aiohttp import web

from actors.trials.finding import export
from actors.trials.finding.export import Format
from supervisor import finding
from supervisor.finding import Wanted
from supervisor.web.parquet import as_parquet
from supervisor.web.problems import Refused

AT_ONCE = 2  # each holds a connection and a snapshot of the database
WAIT_S = 20.0
WRITE_WITHIN_S = 30.0  # a part of some hundred kB; who reads slower than that is left

_places = asyncio.Semaphore(AT_ONCE)

Rows = AsyncIterator[Sequence[Any]]


async def exported(request: web.Request, pool: Any, wanted: Wanted, form: Format) -> web.StreamResponse:
    """The answer, already sent. Raises BadSearch and Refused before anything is sent."""
    try:
        async with asyncio.timeout(WAIT_S):
            await _places.acquire()
    except TimeoutError:
        raise Refused(503, "busy", "other exports are under way: try again in a minute") from None
    try:
        async with pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
            rows = finding.everything(db, wanted)
            first = await anext(rows, None) or ()  # what cannot be searched for is told before anything is sent
            response = web.StreamResponse(headers=_headers(form))
            return await _send(request, response, _parts(first, rows, form))
    finally:
        _places.release()


def _headers(form: Format) -> dict[str, str]:
    return {
        "Content-Type": export.MEDIA[form],
        "Content-Disposition": f'attachment; filename="trials.{form}"',
        "Cache-Control": "no-store",
    }


async def _send(request: web.Request, response: web.StreamResponse, parts: AsyncIterator[bytes]) -> web.StreamResponse:
    first = await anext(parts, b"")
    await response.prepare(request)
    await _write(response.write, first)
    async for part in parts:
        await _write(response.write, part)
    await response.write_eof()
    return response


async def _write(write: Callable[[bytes], Awaitable[None]], part: bytes) -> None:
    async with asyncio.timeout(WRITE_WITHIN_S):
        await write(part)


async def _parts(first: Sequence[Any], rows: Rows, form: Format) -> AsyncIterator[bytes]:
    match form:
        case "csv":
            yield export.header() + export.csv_lines(first)
            async for some in rows:
                yield export.csv_lines(some)
        case "ndjson":
            yield export.json_lines(first)
            async for some in rows:
                yield export.json_lines(some)
        case "parquet":
            async for part in as_parquet(_lines(first, rows)):
                yield part


async def _lines(first: Sequence[Any], rows: Rows) -> AsyncIterator[bytes]:
    yield export.json_lines(first)
    async for some in rows:
        yield export.json_lines(some)
