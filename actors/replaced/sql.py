"""Rows of pg_dump's plain SQL: `COPY … FROM stdin` and `INSERT INTO … VALUES`. No I/O.

Nothing of it is run: values are read, statements of every other kind passed over.
"""

import re
from collections.abc import Iterable, Iterator

_COPY = re.compile(r'COPY (?:"?\w+"?\.)?"?(\w+)"? \(([^)]*)\) FROM stdin', re.I)
_INSERT = re.compile(r'INSERT\s+INTO\s+(?:"?\w+"?\.)?"?(\w+)"? \(([^)]*)\) VALUES\s*', re.I)
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}
_ESCAPE = re.compile(r"\\(.)")
_VALUE = re.compile(r"\s*(?:E?'([^']*(?:''[^']*)*)'(?:::[\w \[\]\".]+)?|([^,()']+))\s*([,)])", re.S)
LONGEST = 64 << 20  # characters of one statement


class NotSql(ValueError):
    """A statement cannot be understood; the message says where."""


def rows(lines: Iterable[str]) -> Iterator[tuple[str, int, dict[str, str | None]]]:
    """(table, number of the line, row). Raises NotSql."""
    numbered = enumerate(lines, start=1)
    for number, line in numbered:
        if copy := _COPY.match(line):
            yield from _copied(copy[1].lower(), _columns(copy[2]), numbered)
        elif _INSERT.match(line):
            yield from _inserted(line, number, numbered)


def _columns(listed: str) -> list[str]:
    return [one.strip().strip('"') for one in listed.split(",")]


def _copied(
    table: str, columns: list[str], numbered: Iterator[tuple[int, str]]
) -> Iterator[tuple[str, int, dict[str, str | None]]]:
    for number, line in numbered:
        plain = line.rstrip("\r\n")
        if plain == "\\.":
            return
        fields = plain.split("\t")
        if len(fields) != len(columns):
            raise NotSql(f"line {number}: {table} has {len(columns)} columns, and the line {len(fields)}")
        yield table, number, {name: _unescaped(one) for name, one in zip(columns, fields, strict=True)}
    raise NotSql(f"{table}: the file ends within its rows")


def _unescaped(value: str) -> str | None:
    return None if value == "\\N" else _ESCAPE.sub(lambda one: _ESCAPES.get(one[1], one[1]), value)


def _inserted(
    line: str, number: int, numbered: Iterator[tuple[int, str]]
) -> Iterator[tuple[str, int, dict[str, str | None]]]:
    """One statement, which may go over several lines and hold several rows."""
    statement = _statement(line, number, numbered)
    head = _INSERT.match(statement)
    if head is None:
        raise NotSql(f"line {number}: expected INSERT INTO table (columns) VALUES")
    columns, at = _columns(head[2]), head.end()
    while at < len(statement) and statement[at] == "(":
        values, at = _values(statement, at + 1, number)
        if len(values) != len(columns):
            raise NotSql(f"line {number}: {head[1]} has {len(columns)} columns, and the row {len(values)}")
        yield head[1].lower(), number, dict(zip(columns, values, strict=True))
        at = len(statement) - len(statement[at:].lstrip(", \r\n\t"))


def _statement(line: str, number: int, numbered: Iterator[tuple[int, str]]) -> str:
    """To the ; at the end of a line that is in no text. Raises NotSql."""
    lines, quotes, length = [line], line.count("'"), len(line)
    while quotes % 2 or not lines[-1].rstrip().endswith(";"):
        following = next(numbered, None)
        if following is None or length > LONGEST:
            raise NotSql(f"line {number}: the statement has no end")
        lines.append(following[1])
        quotes += following[1].count("'")
        length += len(following[1])
    return "".join(lines)


def _values(statement: str, at: int, number: int) -> tuple[list[str | None], int]:
    """The values of a row, and where it ends."""
    found: list[str | None] = []
    while match := _VALUE.match(statement, at):
        quoted, bare, end = match.groups()
        plain = (bare or "").strip()
        found.append(quoted.replace("''", "'") if quoted is not None else None if plain.upper() == "NULL" else plain)
        at = match.end()
        if end == ")":
            return found, at
    raise NotSql(f"line {number}: expected values between ( and ), got {statement[at : at + 40]!r}")
