"""Real rows of ICTRP's exports, kept in files. Without a day the newest of each; on day n, those of the n-th export."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from functools import partial
from pathlib import Path
from xml.etree.ElementTree import fromstring

from demo.ictrp_record import COLUMNS, Listed, Row
from demo.listing import Listing
from demo.record_files import is_a, lines, text_of

_SNAPSHOT = "_snapshot"
_NO_DAY = date(2020, 1, 1)


def from_directory(directory: Path) -> Listing[Listed]:
    """Rows of the directory's *.ndjson, *.xml and *.csv, if they have the export's columns. Raises ValueError."""
    newest: dict[str, Row] = {}
    exports: dict[str, list[Row]] = {}
    for path in sorted(directory.iterdir(), key=lambda path: (not is_a(path, ".ndjson"), path.name)):
        for row in _rows(path):
            if _SNAPSHOT in row:
                exports.setdefault(row[_SNAPSHOT], []).append(row)
            else:
                newest.setdefault(row["TrialID"].strip(), row)
    if not newest and not exports:
        raise ValueError(f"no rows with TrialID (*.ndjson, *.xml, *.csv) in {directory}")
    days = [exports[name] for name in sorted(exports)]
    version = hashlib.sha256(repr((newest, days)).encode()).hexdigest()
    return Listing(version, partial(_of_day, newest, days))


def _of_day(newest: dict[str, Row], days: Sequence[Sequence[Row]], day: int | None) -> Sequence[Listed]:
    """Each export tells what is new or changed since the one before."""
    kept = dict(newest)
    if day is not None and days:
        kept = {row["TrialID"].strip(): row for export in days[: day + 1] for row in export}
    return [Listed(number, _refreshed(row), partial(dict, _columns(row))) for number, row in kept.items()]


def _rows(path: Path) -> Iterator[Row]:
    if is_a(path, ".ndjson", ".json"):
        yield from ({name: str(value) for name, value in one.items() if value is not None} for one in lines(path))
    elif is_a(path, ".xml"):
        for trial in fromstring(text_of(path)).iter("Trial"):  # noqa: S314 - a file of the caller's
            yield {field.tag: field.text or "" for field in trial}
    elif is_a(path, ".csv"):
        text = text_of(path).decode("utf-8-sig")
        header = [name.replace(" ", "_") for name in next(csv.reader(io.StringIO(text)), [])]
        if set(header) >= {"TrialID", "Source_Register"}:
            yield from csv.DictReader(io.StringIO(text.partition("\n")[2]), fieldnames=header)


def _columns(row: Row) -> Row:
    """Those of the export first, in its order; what else a row holds after them."""
    own = {name: row.get(name, "") for name in COLUMNS}
    return own | {name: text for name, text in row.items() if name not in own and not name.startswith("_")}


def _refreshed(row: Row) -> date:
    text = row.get("Last_Refreshed_on", "").strip()
    for form, part in (("%d %B %Y", text), ("%Y-%m-%d", text[:10])):
        if re.match(r"\d", part):
            try:
                return datetime.strptime(part, form).date()
            except ValueError:
                continue
    return _NO_DAY
