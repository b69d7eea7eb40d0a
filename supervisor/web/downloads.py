"""The bytes of a stored file, sent in parts: all of them or a range, never to be shown in place.

Nothing of the database is held while they are sent.
"""

import asyncio
from types import MappingProxyType
from typing import BinaryIO
from urllib.parse import quote

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from actors.runtime.files import LocalFiles
from actors.storage import StoredFile, sent_as
from supervisor.web.problems import Refused
from supervisor.web.ranges import NoSuchPart, Span, names, span_of

PART_BYTES = 256 * 1024
# However it is opened, nothing in it runs and nothing is fetched.
HEADERS = MappingProxyType({
    "Accept-Ranges": "bytes",
    "Cache-Control": "private, no-cache",
    "Content-Security-Policy": "sandbox; default-src 'none'",
})  # fmt: skip


class Download(web.StreamResponse):
    """Sends itself once it is prepared, as aiohttp's own of files does, and closes the file."""

    def __init__(self, status: int, headers: dict[str, str], file: BinaryIO, span: Span) -> None:
        super().__init__(status=status, headers=headers)
        self._file, self._span = file, span

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        try:
            writer = await super().prepare(request)
            if request.method != "HEAD":
                await self._send()
            await self.write_eof()
            return writer
        finally:
            self._file.close()

    async def _send(self) -> None:
        left = self._span.size_bytes
        await asyncio.to_thread(self._file.seek, self._span.start)
        while left:
            part = await asyncio.to_thread(self._file.read, min(PART_BYTES, left))
            if not part:
                raise ConnectionResetError("the file is shorter than it was: the answer cannot be whole")
            await self.write(part)
            left -= len(part)


async def download(request: web.Request, files: LocalFiles, one: StoredFile) -> web.StreamResponse:
    """What a request for its content is answered with. Raises Refused, NotFound where its bytes are not there."""
    etag = one.sha256.hex()
    headers = {**HEADERS, "ETag": f'"{etag}"'}
    if names(request.headers.get("If-None-Match"), etag, weakly=True):
        return web.Response(status=304, headers=headers)
    span = _span(request, one, etag)
    whole = Span(0, one.size_bytes)
    sent = span or whole
    headers |= {
        "Content-Type": sent_as(one.media_type),
        "Content-Disposition": disposition(one.name),
        "Content-Length": str(sent.size_bytes),
    }
    if span is not None:
        headers["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{one.size_bytes}"
    return Download(200 if span is None else 206, headers, await files.opened(one.key), sent)


def _span(request: web.Request, one: StoredFile, etag: str) -> Span | None:
    """A range counts only where it is of what is here still."""
    condition = request.headers.get("If-Range")
    if condition is not None and not names(condition, etag, weakly=False):
        return None
    try:
        return span_of(request.headers.get("Range"), one.size_bytes)
    except NoSuchPart:
        told = f"Range: expected a part of {one.size_bytes:,} bytes"
        raise Refused(416, "no_such_part", told, Content_Range=f"bytes */{one.size_bytes}") from None


def disposition(name: str) -> str:
    """Always a file to keep, under its name: as RFC 6266 has it, with one of plain letters for who reads no other."""
    plain = "".join(letter if letter.isascii() and (letter.isalnum() or letter in " ._-()") else "_" for letter in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
