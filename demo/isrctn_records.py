"""Real trials of ISRCTN, kept in files: the register's own XML as it came, or XML again of ctrdata's JSON."""

from __future__ import annotations

import hashlib
import re
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from demo.isrctn_record import Listed
from demo.listing import Listing
from demo.record_files import is_a, lines, text_of

_ADDED = frozenset({"_id", "ctrname", "record_last_import"})
_FULL = re.compile(rb"<fullTrial[ >].*?</fullTrial>", re.DOTALL)
_NO_INSTANT = "2000-01-01T00:00:00.000Z"


def from_directory(directory: Path) -> Listing[Listed]:
    """All trials of the directory's *.xml, *.ndjson and *.json; raises ValueError when there is none."""
    kept: dict[str, Listed] = {}
    for path in sorted(directory.iterdir(), key=lambda path: (not is_a(path, ".xml"), path.name)):
        for body in _bodies(path):
            one = _listed(body)
            kept.setdefault(one.number, one)
    if not kept:
        raise ValueError(f"no records (*.xml with fullTrial, *.ndjson, *.json) in {directory}")
    version = hashlib.sha256(b"".join(one.body() for one in kept.values())).hexdigest()
    return Listing(version, lambda _: list(kept.values()))


def _bodies(path: Path) -> list[bytes]:
    if is_a(path, ".xml"):
        return _FULL.findall(text_of(path))
    return [_as_xml(document) for document in lines(path)] if is_a(path, ".ndjson", ".json") else []


def _listed(body: bytes) -> Listed:
    number = re.search(rb"<isrctn[^>]*>\s*(?:ISRCTN)?(\d{8})", body)
    if number is None:
        raise ValueError("a record without its ISRCTN number")
    return Listed(
        f"ISRCTN{number[1].decode()}",
        _attribute(body, b"dateAssigned"),
        _attribute(body, b"lastUpdated"),
        partial(bytes, body),
    )


def _attribute(body: bytes, name: bytes) -> str:
    """What was kept without its attributes has the same day as all of its kind."""
    found = re.search(rb"\b" + name + rb'="([^"]*)"', body)
    return found[1].decode() if found else _NO_INSTANT


def _as_xml(document: dict[str, Any]) -> bytes:
    full = Element("fullTrial")
    trial = SubElement(full, "trial")
    for name, value in document.items():
        if name not in _ADDED:
            _add(trial, name, value)
    return tostring(full, encoding="unicode").encode()


def _add(parent: Element, name: str, value: Any) -> None:
    """A list is an element for each of its members; a text is what stands in the element."""
    if isinstance(value, list):
        for member in value:
            _add(parent, name, member)
        return
    made = SubElement(parent, name)
    if isinstance(value, dict):
        for inner, of in value.items():
            _add(made, inner, of)
    else:
        made.text = str(value) if value not in (None, "") else None
