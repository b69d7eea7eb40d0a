"""Answers as they leave a demo registry: whole and compressed, or spoiled in one of the ways of `Fault`."""

from __future__ import annotations

import asyncio
import hashlib
import zlib
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web

from demo.switches import Common, Fault

_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Format:
    """What a registry answers with. `tail` bytes at the end of a document may have white space before them."""

    content_type: str
    wrong_shape: bytes
    tail: int = 1


JSON = Format("application/json", b'{"studies":{"protocolSection":[]},"nextPageToken":7}')


_BOMB = b"".join(b'<!ENTITY e%d "%s">' % (at, b"&e%d;" % (at - 1) * 10) for at in range(1, 10))
_DOCTYPES = {
    "": b"",
    "bomb": b'<!DOCTYPE made_up [<!ENTITY e0 "ten bytes.">' + _BOMB + b"]>",
    "external": b'<!DOCTYPE made_up [<!ENTITY e9 SYSTEM "file:///etc/hostname">]>',
}


def with_doctype(xml: bytes, doctype: str, element: bytes) -> bytes:
    """Declares the entity before the root, and uses it at the beginning of the first such element."""
    if not doctype:
        return xml
    root = xml.index(b"<", xml.index(b"?>"))
    return xml[:root] + _DOCTYPES[doctype] + xml[root:].replace(element, element + b"&e9;", 1)


def as_json(value: Any) -> web.Response:
    return web.Response(body=orjson.dumps(value), content_type="application/json")


def tag(*parts: object) -> str:
    """An ETag from what decides the body, which costs nothing beside hashing a body of 19 MB."""
    return f'"{hashlib.sha256(repr(parts).encode()).hexdigest()[:24]}"'


def refused(fault: Fault | None, switches: Common) -> web.Response | None:
    """The answer to a request that is turned away before it is looked at."""
    match fault:
        case Fault.ERROR:
            return web.Response(status=switches.error_status, text="Internal error")
        case Fault.TOO_MANY:
            wait = switches.retry_after
            return web.Response(status=429, text="Too many requests", headers={"Retry-After": wait} if wait else {})
        case _:
            return None


async def answer(
    request: web.Request,
    body: bytes,
    etag: str | None,
    *,
    fault: Fault | None,
    switches: Common,
    form: Format = JSON,
) -> web.StreamResponse:
    headers = {"Content-Type": form.content_type} | ({"ETag": etag} if etag else {})
    match fault:
        case Fault.NOT_JSON:
            return web.Response(text="<html><body>Scheduled maintenance</body></html>", content_type="text/html")
        case Fault.WRONG_SHAPE:
            return web.Response(body=form.wrong_shape, headers={"Content-Type": form.content_type})
        case Fault.CUT_JSON:
            body = body[: len(body) // 2]
        case Fault.TRUNCATED:
            return await _truncated(request, body, headers)
        case Fault.GIGANTIC:
            return await _gigantic(request, body, headers, switches.gigantic_bytes, form.tail)
        case _:
            pass
    if switches.gzip and "gzip" in request.headers.get("Accept-Encoding", ""):
        body = await asyncio.to_thread(_gzip, body)
        headers["Content-Encoding"] = "gzip"
    return web.Response(body=body, headers=headers)


def _gzip(body: bytes) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return packer.compress(body) + packer.flush()


async def _truncated(request: web.Request, body: bytes, headers: dict[str, str]) -> web.StreamResponse:
    response = web.StreamResponse(headers=headers)
    response.content_length = len(body)
    await response.prepare(request)
    with suppress(ConnectionError):
        await response.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()  # after what was written has left
    return response


async def _gigantic(
    request: web.Request, body: bytes, headers: dict[str, str], size: int, tail: int
) -> web.StreamResponse:
    """White space is allowed there: a client that does not bound what it reads, reads all of it."""
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    at = len(body) - tail
    with suppress(ConnectionError):  # a client that bounds what it reads leaves
        await response.write(body[:at])
        for _ in range(-(-size // _MIB)):
            await response.write(b" " * _MIB)
        await response.write(body[at:])
    return response
