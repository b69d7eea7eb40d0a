"""ICTRP's export on loopback: one file of everything at a stable address, as XML, CSV or ZIP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from aiohttp import web

from demo import control
from demo.answers import Format, answer, refused, tag, with_doctype
from demo.ictrp_files import as_csv, as_xml, as_zip
from demo.ictrp_record import Listed, from_world
from demo.listing import Listing
from demo.server import NOTED, Server, served
from demo.switches import Fault, IctrpSwitches, befalls, take

EXPORT = "/ICTRP-Results.xml"  # the name that the portal gives to an export
_FORMS = {
    "xml": Format("text/xml", b"<?xml version='1.0'?><Trials><count>7</count></Trials>"),
    "csv": Format("text/csv", b"number,name\r\n1,nothing here\r\n", tail=0),
    "zip": Format("application/zip", b"PK\x05\x06" + b"\0" * 18, tail=0),
}
Ictrp = Server[Listing[Listed], IctrpSwitches]


@dataclass(slots=True)
class Api:
    server: Ictrp
    _made: dict[object, bytes] = field(default_factory=dict)
    """The newest file."""

    async def export(self, request: web.Request) -> web.StreamResponse:
        server = self.server
        fault, server.switches = take(server.switches, listing=True)
        source, switches = server.today, server.switches
        turned_away = refused(fault, switches)
        if turned_away is not None:
            return turned_away
        kind = switches.instead or request.match_info["kind"]
        etag = tag(source.version, kind, sorted(_shaping(switches).items()))
        if fault is None and request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers={"ETag": etag})
        body = self._made.get(etag)
        if body is None:
            body = await asyncio.to_thread(_file, source, kind, switches)
            self._made = {etag: body}
        noted = NOTED.get()
        noted.first, noted.records = 0, len(source.records)
        fault = fault or befalls(range(len(source.records)), switches)
        if fault is Fault.EMPTY_PAGE:
            body = await asyncio.to_thread(_file, Listing("", lambda _: ()), kind, switches)
        return await answer(request, body, etag, fault=fault, switches=switches, form=_FORMS[kind])


def _shaping(switches: IctrpSwitches) -> dict[str, Any]:
    """What decides the bytes of a file."""
    counts = {"too_many", "errors", "truncated", "cut_json", "not_json", "wrong_shape", "gigantic", "pass_first"}
    return {name: value for name, value in asdict(switches).items() if name not in counts | {"empty_pages"}}


def _file(source: Listing[Listed], kind: str, switches: IctrpSwitches) -> bytes:
    if kind == "csv":
        return as_csv(source.records, switches)
    body = with_doctype(as_xml(source.records, switches), switches.doctype, b"<Public_title>")
    return as_zip(body, "xml", switches) if kind == "zip" else body


@asynccontextmanager
async def serve(
    source: Listing[Listed], *, port: int = 0, switches: IctrpSwitches | None = None
) -> AsyncIterator[Ictrp]:
    """The server on 127.0.0.1 until the context ends; port 0 takes a free one."""
    server: Ictrp = Server(source, switches or IctrpSwitches(), EXPORT)
    api = Api(server)
    routes = [
        web.get("/{name:ICTRP-Results|export}.{kind:xml|csv|zip}", api.export),
        web.get("/{folder:.*}/{name:ICTRP-Results|export}.{kind:xml|csv|zip}", api.export),
    ]
    async with served(server, [*routes, *control.routes()], port=port):
        yield server


__all__ = ["EXPORT", "Ictrp", "from_world", "serve"]
