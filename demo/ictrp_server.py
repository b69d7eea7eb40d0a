"""ICTRP's export on loopback: one file of everything at a stable address, as XML, CSV or ZIP."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass, field
from typing import Any

from aiohttp import web

from demo.answers import Format, tag, with_doctype
from demo.asked import Asked, for_pages
from demo.ictrp_files import as_csv, as_xml, as_zip
from demo.ictrp_record import Listed, from_world
from demo.listing import Listing
from demo.server import Server
from demo.serving import served
from demo.switches import Fault, IctrpSwitches

EXPORT = "/ICTRP-Results.xml"  # the name that the portal gives to an export
_FORMS = {
    "xml": Format("text/xml", b"<?xml version='1.0'?><Trials><count>7</count></Trials>"),
    "csv": Format("text/csv", b"number,name\r\n1,nothing here\r\n", tail=0),
    "zip": Format("application/zip", b"PK\x05\x06" + b"\0" * 18, tail=0),
}
Ictrp = Server[Listing[Listed], IctrpSwitches]


@dataclass(slots=True)
class Api:
    _made: dict[object, bytes] = field(default_factory=dict)
    """The newest file."""

    async def export(self, asked: Asked[Listing[Listed], IctrpSwitches]) -> web.StreamResponse:
        source, switches = asked.source, asked.switches
        kind = switches.instead or asked.request.match_info["kind"]
        etag = tag(source.version, kind, sorted(_shaping(switches).items()))
        if asked.has(etag):
            return asked.not_modified(etag)
        body = self._made.get(etag)
        if body is None:
            body = await asyncio.to_thread(_file, source, kind, switches)
            self._made = {etag: body}
        asked.note(0, len(source.records))
        asked.suffer(range(len(source.records)))
        if asked.fault is Fault.EMPTY_PAGE:
            body = await asyncio.to_thread(_file, Listing("", lambda _: ()), kind, switches)
        return await asked.answer(body, etag, _FORMS[kind])


def _shaping(switches: IctrpSwitches) -> dict[str, Any]:
    """What decides the bytes of a file."""
    counts = {"too_many", "errors", "truncated", "cut_json", "not_json", "wrong_shape", "gigantic", "pass_first"}
    return {name: value for name, value in asdict(switches).items() if name not in counts | {"empty_pages"}}


def _file(source: Listing[Listed], kind: str, switches: IctrpSwitches) -> bytes:
    if kind == "csv":
        return as_csv(source.records, switches)
    body = with_doctype(as_xml(source.records, switches), switches.doctype, b"<Public_title>")
    return as_zip(body, "xml", switches) if kind == "zip" else body


def serve(
    source: Listing[Listed], *, port: int = 0, switches: IctrpSwitches | None = None
) -> AbstractAsyncContextManager[Ictrp]:
    """The server on 127.0.0.1 until the context ends; port 0 takes a free one."""
    server: Ictrp = Server(source, switches or IctrpSwitches(), EXPORT)
    export = for_pages(server, Api().export)
    name = "{name:ICTRP-Results|export}.{kind:xml|csv|zip}"
    return served(server, [web.get("/" + name, export), web.get("/{folder:.*}/" + name, export)], port=port)


__all__ = ["EXPORT", "Ictrp", "from_world", "serve"]
