"""Trials that were found, as lines of CSV or JSON. No I/O.

Numbers and dates are written as in the lists; of what has several values, CSV joins them by `; `. A spreadsheet takes a
cell that begins with = + - @ for a formula: such a text gets an apostrophe in front, as spreadsheets do it themselves
(OWASP, CSV injection).
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal

import orjson

Format = Literal["csv", "ndjson", "parquet"]

MEDIA = {
    "csv": "text/csv; charset=utf-8; header=present",
    "ndjson": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}
COLUMNS = (
    "registry_id", "registry", "title", "status", "study_type", "phases", "conditions", "interventions", "sponsor",
    "sponsor_class", "enrolment", "start", "completion", "last_updated", "countries", "sex", "min_age_days",
    "max_age_days", "has_results", "url", "version", "first_seen_at", "changed_at", "removed_at", "trial",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def header() -> bytes:
    return _line(COLUMNS)


def csv_lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    return b"".join(_line([_cell(row[name]) for name in COLUMNS]) for row in rows)


def json_lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    option = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z
    return b"".join(orjson.dumps({name: row[name] for name in COLUMNS}, option=option) for row in rows)


def _line(cells: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue().encode()


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case list() | tuple():
            return harmless("; ".join(map(str, value)))
        case str():
            return harmless(value)
    return str(value)


def harmless(text: str) -> str:
    """The text, so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
