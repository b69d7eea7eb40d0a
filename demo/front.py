"""Requests at the first registry's port that are another registry's: passed on, so that one address serves all."""

from __future__ import annotations

import aiohttp
from aiohttp import web

PATHS = {
    "ctgov": ("/api/v2/",),
    "ctis": ("/ctis-public-api/",),
    "euctr": ("/ctr-search/",),
    "isrctn": ("/api/query/", "/api/trial/"),
    "ictrp": ("/ICTRP-Results.", "/export."),
}
_OWN_TO_A_HOP = frozenset({"connection", "content-length", "host", "keep-alive", "transfer-encoding", "date", "server"})


async def pass_on(request: web.Request, url: str) -> web.Response:
    """The other's answer, as it came; one that breaks off is 502."""
    headers = {name: value for name, value in request.headers.items() if name.lower() not in _OWN_TO_A_HOP}
    timeout = aiohttp.ClientTimeout(total=600)
    try:
        async with (
            aiohttp.ClientSession(url, timeout=timeout, auto_decompress=False) as session,
            session.request(
                request.method,
                request.rel_url,
                headers=headers,
                data=await request.read(),
                allow_redirects=False,
            ) as response,
        ):
            body = await response.read()
    except aiohttp.ClientError as error:
        return web.Response(status=502, text=str(error))
    kept = {name: value for name, value in response.headers.items() if name.lower() not in _OWN_TO_A_HOP}
    return web.Response(status=response.status, body=body, headers=kept)
