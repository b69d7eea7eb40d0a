"""The database: named statements in queries/, numbered changes in migrations/.

queries/<area>.sql holds statements, each under a line `-- name: claim`; the comment lines that follow say
what goes in and what comes back. `query("jobs.claim")` gives the text to run. migrate.py applies and reverses
migrations/.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

QUERIES = Path(__file__).parent / "queries"
NAME_LINE = re.compile(r"--\s*name:\s*(?P<name>[a-z][a-z0-9_]*)\s*")


class BadQueryFile(Exception):
    """A file of statements cannot be understood; the message names the file and the line."""


class UnknownQuery(Exception):
    """Code asks for a statement that no file holds; the message names the file where it was looked for."""


@dataclass(frozen=True, slots=True)
class Statement:
    name: str  # "jobs.claim"
    doc: str  # what goes in and what comes back, without the dashes
    sql: str


def query(name: str) -> str:
    """The text of one statement, "area.name". Raises UnknownQuery."""
    try:
        return _statements()[name].sql
    except KeyError:
        area = name.partition(".")[0]
        raise UnknownQuery(f"there is no statement {name!r} in {QUERIES / f'{area}.sql'}") from None


def queries() -> dict[str, str]:
    """Every statement by its full name."""
    return {name: statement.sql for name, statement in _statements().items()}


def read_statements(folder: Path) -> dict[str, Statement]:
    """All statements of a folder's .sql files. Raises BadQueryFile."""
    return {
        statement.name: statement
        for file in sorted(folder.glob("*.sql"))
        for statement in parse(file.read_text("utf-8"), file)
    }


def parse(text: str, file: Path) -> list[Statement]:
    """The statements of one file's text. No I/O. Raises BadQueryFile."""
    found: dict[str, Statement] = {}
    for name, line_no, lines in _blocks(text, file):
        if name in found:
            raise BadQueryFile(f"{file}:{line_no}: a second statement is named {name!r}")
        doc, sql = _doc_and_sql(lines)
        if not sql:
            raise BadQueryFile(f"{file}:{line_no}: {name!r} holds no statement")
        found[name] = Statement(f"{file.stem}.{name}", doc, sql)
    return list(found.values())


def _blocks(text: str, file: Path) -> Iterator[tuple[str, int, list[str]]]:
    name, start, lines = "", 0, list[str]()
    for line_no, line in enumerate(text.splitlines(), start=1):
        if match := NAME_LINE.fullmatch(line):
            if name:
                yield name, start, lines
            name, start, lines = match["name"], line_no, []
        elif line.lower().replace(" ", "").startswith("--name:"):
            raise BadQueryFile(f"{file}:{line_no}: {line!r} is no name: lower case letters, digits and _")
        elif name:
            lines.append(line)
        elif line.strip() and not line.startswith("--"):
            raise BadQueryFile(f"{file}:{line_no}: text before the first `-- name:` line")
    if name:
        yield name, start, lines


def _doc_and_sql(lines: list[str]) -> tuple[str, str]:
    head = next((i for i, line in enumerate(lines) if not line.startswith("--")), len(lines))
    doc = "\n".join(line.removeprefix("--").strip() for line in lines[:head])
    return doc, "\n".join(lines[head:]).strip().removesuffix(";").rstrip()


@cache
def _statements() -> Mapping[str, Statement]:
    return MappingProxyType(read_statements(QUERIES))
