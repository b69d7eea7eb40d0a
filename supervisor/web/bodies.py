"""A request's body as it arrives: in time, of a bounded size, and as it is."""

import asyncio

from aiohttp import web

from supervisor.web.problems import Refused


async def body_of(request: web.Request, *, within_s: float) -> bytes:
    """Raises Refused for one that is too large, that comes too slowly, or that is packed."""
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise Refused(415, "unsupported_media_type", "Content-Encoding: expected a body as it is, and not packed")
    most = request.client_max_size
    if request.content_length is not None and request.content_length > most:
        raise Refused(413, "too_large", f"body: expected at most {most:,} bytes, got {request.content_length:,}")
    try:
        async with asyncio.timeout(within_s):
            return await request.read()
    except TimeoutError:
        raise Refused(408, "timeout", f"body: expected all of it within {within_s:g} s") from None
