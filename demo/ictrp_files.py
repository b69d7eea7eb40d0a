"""ICTRP's export files: XML, CSV, or either in an archive, and the ways in which they come out wrong. No I/O."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from xml.sax.saxutils import escape

from demo.ictrp_record import COLUMNS, DATES, Listed, Row
from demo.switches import IctrpSwitches, is_hit

_MIB = 1 << 20
_NAME = "ICTRP-Results"
_DAYS = ("%d/%m/%Y", "%Y-%m-%d", "%d-%m-%Y")
_NO_XML = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f]")


def rows(records: Sequence[Listed], switches: IctrpSwitches) -> Iterable[tuple[int, Row]]:
    """With their places in the file."""
    for place, one in enumerate(records, start=1):
        made = one.row()
        if is_hit(place, switches.shapeless_every):
            yield place, {"TrialID": ""}
            continue
        if is_hit(place, switches.nul_every):
            made = made | {"Public_title": "\0" + made["Public_title"]}
        yield place, swapped(made) if switches.swapped_days else made


def swapped(made: Row) -> Row:
    """Day and month change places in dates that remain one; what has only a month, and the digits, stay."""
    return made | {name: _swap(made[name]) for name in DATES if made.get(name)}


def _swap(text: str) -> str:
    for form in _DAYS:
        try:
            day = datetime.strptime(text, form).date()
        except ValueError:
            continue
        return day.replace(day=day.month, month=day.day).strftime(form) if day.day <= 12 else text
    return text


def as_xml(records: Sequence[Listed], switches: IctrpSwitches) -> bytes:
    parts = [f"<?xml version='1.0' encoding='{switches.declared}' ?><Trials_downloaded_from_ICTRP>\r\n"]
    for place, made in rows(records, switches):
        parts.append("  <Trial>\r\n")
        parts += [_element(name, text) for name, text in made.items()]
        parts.append("  </Trial>\r\n")
        if is_hit(place, switches.bad_utf8_every):
            parts[-2] = parts[-2].replace("</", "\udcff</", 1)
    return _encoded("".join([*parts, "</Trials_downloaded_from_ICTRP>"]), switches)


def _element(name: str, text: str) -> str:
    if not text:
        return f"    <{name} />\r\n"
    space = ' xml:space="preserve"' if not text.strip() else ""
    inner = _NO_XML.sub(lambda found: f"&#{ord(found[0])};", escape(text))
    return f"    <{name}{space}>{inner}</{name}>\r\n"


def as_csv(records: Sequence[Listed], switches: IctrpSwitches) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_MINIMAL)
    writer.writerow([name.replace("_", " ") for name in COLUMNS])
    for place, made in rows(records, switches):
        cells = [made.get(name, "") for name in COLUMNS]
        if is_hit(place, switches.bad_utf8_every):
            cells[2] = "\udcff" + cells[2]
        writer.writerow(cells)
    return _encoded(out.getvalue(), switches)


def _encoded(text: str, switches: IctrpSwitches) -> bytes:
    """A lone surrogate stands for a byte that is not UTF-8."""
    errors = "surrogateescape" if switches.encoding.lower().replace("-", "") == "utf8" else "replace"
    body = text.encode(switches.encoding, errors)
    return b"\xef\xbb\xbf" + body if switches.byte_order_mark else body


def as_zip(inner: bytes, kind: str, switches: IctrpSwitches) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{_NAME}.{kind}", inner)
        if switches.zip_bomb:
            with archive.open(f"{_NAME}-2.{kind}", "w", force_zip64=True) as member:
                for _ in range(-(-switches.gigantic_bytes // _MIB)):
                    member.write(b" " * _MIB)
    if not switches.nested_zip:
        return out.getvalue()
    outer = io.BytesIO()
    with zipfile.ZipFile(outer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{_NAME}.zip", out.getvalue())
    return outer.getvalue()
