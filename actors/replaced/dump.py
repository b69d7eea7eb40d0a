"""Rows of a dump on the disk: JSON, JSON lines, CSV, pg_dump's SQL, or a folder of such files."""

import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from actors.errors import Refusal
from actors.replaced import Row, sql

MOST_BYTES = 2 << 30  # of a JSON file, which is read as a whole; the others are read row by row
LONGEST_CELL = 16 << 20
ENDS = (".json", ".jsonl", ".ndjson", ".csv", ".sql")


class BadDump(Refusal):
    """A file is no dump that can be read; the message names the file and what was expected."""


@dataclass(frozen=True, slots=True)
class Found:
    """A row, and where it stood: the number of its line, or of the row in its file."""

    file: str
    number: int
    table: str
    row: Row


def files_of(path: Path) -> list[Path]:
    """Raises BadDump."""
    if path.is_dir():
        found = sorted(file for file in path.iterdir() if file.suffix.lower() in ENDS and file.is_file())
    else:
        found = [path] if path.is_file() and path.suffix.lower() in ENDS else []
    if not found:
        raise BadDump(f"{path}: expected a file that ends in {', '.join(ENDS)}, or a folder of such")
    return found


def rows(path: Path) -> Iterator[Found]:
    """Every row of every file. Raises BadDump."""
    for file in files_of(path):
        try:
            yield from _rows(file)
        except UnicodeDecodeError as error:
            raise BadDump(f"{file}: expected UTF-8: {error}") from error
        except (sql.NotSql, csv.Error) as error:
            raise BadDump(f"{file}: {error}") from error
        except OSError as error:
            raise BadDump(f"{file}: {error.strerror}") from error


def _rows(file: Path) -> Iterator[Found]:
    match file.suffix.lower():
        case ".json":
            yield from _json(file)
        case ".csv":
            yield from _csv(file)
        case ".sql":
            with file.open(encoding="utf-8", newline="") as lines:
                for table, number, row in sql.rows(lines):
                    yield Found(file.name, number, table, row)
        case _:
            yield from _json_lines(file)


def _json(file: Path) -> Iterator[Found]:
    """{"table": [rows]}, or a list of the rows of the table that the file is named after."""
    if file.stat().st_size > MOST_BYTES:
        raise BadDump(f"{file}: expected at most {MOST_BYTES:,} bytes of JSON: give it as JSON lines")
    try:
        told = orjson.loads(file.read_bytes())
    except orjson.JSONDecodeError as error:
        raise BadDump(f"{file}: expected JSON: {error}") from error
    tables = {file.stem: told} if isinstance(told, list) else told
    if not isinstance(tables, dict) or not all(isinstance(one, list) for one in tables.values()):
        raise BadDump(f"{file}: expected a list of rows, or an object of such lists by table")
    for table, listed in tables.items():
        for number, row in enumerate(listed, start=1):
            yield Found(file.name, number, table, _row(row, file, number))


def _json_lines(file: Path) -> Iterator[Found]:
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                try:
                    row = orjson.loads(line)
                except orjson.JSONDecodeError as error:
                    raise BadDump(f"{file}: line {number}: expected JSON: {error}") from error
                yield Found(file.name, number, file.stem, _row(row, file, number))


def _row(row: Any, file: Path, number: int) -> Row:
    if not isinstance(row, dict):
        raise BadDump(f"{file}: row {number}: expected an object, got {str(row)[:40]!r}")
    return row


def _csv(file: Path) -> Iterator[Found]:
    """With a header; an empty cell says nothing."""
    csv.field_size_limit(min(sys.maxsize, LONGEST_CELL))
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines, strict=True)
        for row in reader:
            if None in row:
                raise BadDump(f"{file}: line {reader.line_num}: it has more cells than the header")
            yield Found(file.name, reader.line_num, file.stem, {name: value or None for name, value in row.items()})
