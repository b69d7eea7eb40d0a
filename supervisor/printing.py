"""What commands print: tables for people, JSON for programs. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from typing import Any

import orjson

CUT = "…"


def as_json(value: object) -> str:
    """Indented; times in UTC as RFC 3339."""
    option = orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
    return orjson.dumps(value, default=_plain, option=option).decode()


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, none: str = "none") -> str:
    """Columns under their names; numbers to the right. `none` where there are no rows."""
    if not rows:
        return none
    cells = [[cell(row.get(column)) for column in columns] for row in rows]
    right = [all(isinstance(row.get(column), int | float | None) for row in rows) for column in columns]
    widths = [max(len(column), *(len(line[i]) for line in cells)) for i, column in enumerate(columns)]
    lines = [[column.replace("_", " ") for column in columns], *cells]
    return "\n".join(
        "  ".join(
            text.rjust(width) if to_right else text.ljust(width)
            for text, width, to_right in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in lines
    )


def cell(value: object, most: int = 80) -> str:
    """A value on one line."""
    match value:
        case None:
            text = "-"
        case bool():
            text = "yes" if value else "no"
        case float():
            text = f"{value:,.1f}"
        case int():
            text = str(value)
        case datetime():
            text = value.strftime("%Y-%m-%d %H:%M:%S")
        case date():
            text = value.isoformat()
        case list() | tuple():
            text = ", ".join(cell(one) for one in value)
        case _:
            text = " ".join(str(value).split())
    return text if len(text) <= most else text[: most - 1] + CUT


def printable(text: str) -> str:
    """Text of others without control characters, which a terminal would obey."""
    return "".join(letter if letter.isprintable() or letter in "\n\t" else "�" for letter in text)


def duration(seconds: float) -> str:
    """As people say it: 45 s, 3 min 20 s, 2 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def count(number: int) -> str:
    return f"{number:,}"
