"""A request's body as it arrives: in time, of a bounded size, and as it is; whole, or in parts."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from supervisor.web.problems import Refused

PART_BYTES = 256 * 1024
SLOWEST_BYTES_PER_S = 64 * 1024  # of one that comes in parts: who sends slower is not waited for
FILE = "file"  # the field of a form that a file comes in
MOST_FIELDS_BEFORE = 10
# How aiohttp's reader of forms says that something is none.
NO_FORM = (HttpProcessingError, ValueError, AssertionError, LookupError, RuntimeError)


async def body_of(request: web.Request, *, within_s: float) -> bytes:
    """Raises Refused for one that is too large, that comes too slowly, or that is packed."""
    _check_not_packed(request)
    most = request.client_max_size
    if request.content_length is not None and request.content_length > most:
        raise Refused(413, "too_large", f"body: expected at most {most:,} bytes, got {request.content_length:,}")
    try:
        async with asyncio.timeout(within_s):
            return await request.read()
    except TimeoutError:
        raise Refused(408, "timeout", f"body: expected all of it within {within_s:g} s") from None


def allowed_s(size_bytes: int, within_s: float) -> float:
    """How long a body in parts may take altogether. No I/O."""
    return within_s + size_bytes / SLOWEST_BYTES_PER_S


def parts_of(request: web.Request, *, most_bytes: int, within_s: float) -> AsyncIterator[bytes]:
    """The body in parts. Raises Refused, as `body_of` does; how much comes is for the caller to count."""
    _check_not_packed(request)
    return _in_time(lambda: request.content.read(PART_BYTES), most_bytes, within_s)


@dataclass(frozen=True, slots=True)
class FormFile:
    """A file in a page's form: its name, its kind, and where to read it."""

    form: MultipartReader
    part: BodyPartReader

    async def read(self) -> bytes:
        """The next part. Raises ValueError where the form ends before the file does."""
        if not (some := await self.part.read_chunk(PART_BYTES)):
            await self.form.next()  # without the boundary after it, this one may be half a file
        return some


async def file_of(request: web.Request, *, within_s: float) -> FormFile:
    """Raises Refused where there is none."""
    _check_not_packed(request)
    if request.content_type != "multipart/form-data":
        raise Refused(
            415, "unsupported_media_type", f"body: expected multipart/form-data, got {request.content_type!r}"
        )
    try:
        async with asyncio.timeout(within_s):
            reader = await request.multipart()
            for _ in range(MOST_FIELDS_BEFORE):
                match await reader.next():
                    case BodyPartReader(name=name) as part if name == FILE:
                        return FormFile(reader, part)
                    case None | MultipartReader():
                        break
    except TimeoutError:
        raise _too_slow(within_s) from None
    except NO_FORM as error:
        raise Refused.field("body", "expected a form as a browser sends it") from error
    raise Refused.field(FILE, "expected, but not given")


def parts_of_file(file: FormFile, *, most_bytes: int, within_s: float) -> AsyncIterator[bytes]:
    """The same of a file in a form. Raises Refused."""
    return _in_time(file.read, most_bytes, within_s)


async def _in_time(read: Callable[[], Awaitable[bytes]], most_bytes: int, within_s: float) -> AsyncIterator[bytes]:
    clock = asyncio.get_running_loop().time
    until_s = clock() + allowed_s(most_bytes, within_s)
    while True:
        try:
            async with asyncio.timeout(min(within_s, until_s - clock())):
                part = await read()
        except TimeoutError:
            raise _too_slow(within_s) from None
        except NO_FORM as error:
            raise Refused.field("body", "expected a form that is whole") from error
        if not part:
            return
        yield part


def _too_slow(within_s: float) -> Refused:
    return Refused(408, "timeout", f"body: expected some of it every {within_s:g} s, and all of it in time")


def _check_not_packed(request: web.Request) -> None:
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise Refused(415, "unsupported_media_type", "Content-Encoding: expected a body as it is, and not packed")
