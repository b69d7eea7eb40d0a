"""Which tests show which row of an acceptance table: `python -m tests.acceptance TABLE.md [--json]`.

A row is a table line `| G04 | feature | … |`. A test shows it by naming it in its docstring: "G04", "G04, S22", and
"G01-G06" (or with a longer dash) for each from the first to the last. Tests are read, not run.
"""

import argparse
import ast
import json
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).parent
ROW_LINE = re.compile(r"\|\s*(?P<id>[A-Z]\d{2})\s*\|\s*(?P<feature>[^|]*?)\s*\|")
ROW_ID = r"\b([A-Z])(\d{2})\b"
NAMED = re.compile(rf"{ROW_ID}(?:\s*[-\u2013\u2014]\s*{ROW_ID})?")


@dataclass(frozen=True, slots=True)
class Row:
    id: str
    feature: str


@dataclass(frozen=True, slots=True)
class Case:
    name: str  # "tests/schema/test_migrate.py::test_…"
    doc: str


def rows_of(table: str) -> list[Row]:
    """The rows of a Markdown text, in its order; the first of two with the same id counts. No I/O."""
    found: dict[str, Row] = {}
    for line in table.splitlines():
        if match := ROW_LINE.match(line):
            found.setdefault(match["id"], Row(match["id"], match["feature"]))
    return list(found.values())


def rows_named_in(doc: str) -> list[str]:
    """The row ids that a docstring names, ranges spelled out. No I/O."""
    found: list[str] = []
    for letter, first, other, last in NAMED.findall(doc):
        end = int(last) if other == letter else int(first)
        found += [f"{letter}{number:02}" for number in range(int(first), end + 1)]
        if other not in ("", letter):
            found.append(f"{other}{last}")
    return list(dict.fromkeys(found))


def cases_in(source: str, name: str) -> Iterator[Case]:
    """The test functions of one file's text, those in classes too. No I/O."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield Case(f"{name}::{node.name}", ast.get_docstring(node) or "")


def shown(rows: Iterable[Row], tests: Iterable[Case]) -> dict[str, list[str]]:
    """For each row the names of the tests that name it. No I/O."""
    found: dict[str, list[str]] = {row.id: [] for row in rows}
    for test in tests:
        for row in rows_named_in(test.doc):
            if row in found:
                found[row].append(test.name)
    return found


def strangers(rows: Iterable[Row], tests: Iterable[Case]) -> dict[str, list[str]]:
    """The row ids that tests name and the table lacks: a slip of the pen, most likely. No I/O."""
    known = {row.id for row in rows}
    named = ((row, test.name) for test in tests for row in rows_named_in(test.doc) if row not in known)
    found: dict[str, list[str]] = {}
    for row, name in named:
        found.setdefault(row, []).append(name)
    return found


def read_cases(folder: Path) -> list[Case]:
    """Every test under a folder."""
    return [
        test
        for file in sorted(folder.rglob("test_*.py"))
        for test in cases_in(file.read_text("utf-8"), file.relative_to(folder.parent).as_posix())
    ]


def report(rows: list[Row], tests: list[Case]) -> str:
    """The table as text: each row with its tests, then the rows without. No I/O."""
    by_row = shown(rows, tests)
    without = [row for row in rows if not by_row[row.id]]
    lines: list[str] = []
    for row in rows:
        lines.append(f"{row.id}  {row.feature}")
        lines += [f"       {name}" for name in by_row[row.id]] or ["       (no test)"]
    lines += ["", f"{len(rows) - len(without)} of {len(rows)} rows have a test; without one:"]
    lines += [f"  {row.id}  {row.feature}" for row in without] or ["  none"]
    lines += [f"not in the table: {row}, named by {', '.join(by)}" for row, by in strangers(rows, tests).items()]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.acceptance")
    parser.add_argument("table", type=Path, help="a Markdown file with rows such as | G01 | feature | … |")
    parser.add_argument("--json", action="store_true", help="row ids with their tests, for programs")
    parser.add_argument("--tests", type=Path, default=TESTS, help="where the tests are")
    arguments = parser.parse_args()
    try:
        rows = rows_of(arguments.table.read_text("utf-8"))
    except OSError as error:
        print(f"cannot read the table: {error}", file=sys.stderr)
        return 2
    tests = read_cases(arguments.tests)
    print(json.dumps(shown(rows, tests), indent=2) if arguments.json else report(rows, tests))
    return 0


if __name__ == "__main__":
    sys.exit(main())
