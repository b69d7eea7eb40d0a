"""The report of which tests show which row of an acceptance table."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance import Case, Row, cases_in, report, rows_named_in, rows_of, shown, strangers

ROOT = Path(__file__).parent.parent
TABLE = """# Table

| id | feature | how a test shows it |
|---|---|---|
| X01 | Schema | as X09 says |
| X02 | Dates \u2014 partial | a table |
|X03|Scrape|pages|
not | X04 | a row
| X01 | again | ignored |
"""
SOURCE = '''
"""X03: a module's text does not count."""

def test_plain():
    """X01: shows it."""

async def test_waits():
    """Shows X01 and X07, once X01 is there."""

class TestMore:
    def test_inside(self):
        """X02."""

def helper():
    """X03: no test."""

def test_silent():
    assert "X03"
'''


@pytest.mark.parametrize(
    ("doc", "rows"),
    [
        ("G04: resumes", ["G04"]),
        ("G04, S22; N39.", ["G04", "S22", "N39"]),
        ("G01\u2013G03 and G08-G09", ["G01", "G02", "G03", "G08", "G09"]),
        ("G01 \u2014 G02", ["G01", "G02"]),
        ("G05-S02", ["G05", "S02"]),
        ("G04 again G04", ["G04"]),
        ("NG04, G4, G044 and SHA256 are no rows", []),
        ("", []),
    ],
)
def test_a_docstring_names_rows_one_by_one_or_as_a_range(doc: str, rows: list[str]) -> None:
    assert rows_named_in(doc) == rows


def test_rows_are_the_table_lines_that_begin_with_an_id() -> None:
    assert rows_of(TABLE) == [Row("X01", "Schema"), Row("X02", "Dates \u2014 partial"), Row("X03", "Scrape")]


def test_only_docstrings_of_tests_count() -> None:
    tests = list(cases_in(SOURCE, "tests/test_x.py"))
    assert shown(rows_of(TABLE), tests) == {
        "X01": ["tests/test_x.py::test_plain", "tests/test_x.py::test_waits"],
        "X02": ["tests/test_x.py::test_inside"],
        "X03": [],
    }
    assert strangers(rows_of(TABLE), tests) == {"X07": ["tests/test_x.py::test_waits"]}


def test_the_report_ends_with_the_rows_that_no_test_names() -> None:
    text = report(rows_of(TABLE), [Case("a::test_b", "X01 and X04")])
    assert "X01  Schema\n       a::test_b\n" in text
    assert text.endswith(
        "1 of 3 rows have a test; without one:\n  X02  Dates \u2014 partial\n  X03  Scrape\n"
        "not in the table: X04, named by a::test_b"
    )


def test_the_command_reads_a_table_and_a_folder_of_tests(tmp_path: Path) -> None:
    (tmp_path / "table.md").write_text(TABLE)
    (tmp_path / "tests" / "deep").mkdir(parents=True)
    (tmp_path / "tests" / "deep" / "test_x.py").write_text(SOURCE)
    command = [sys.executable, "-m", "tests.acceptance", "--tests", str(tmp_path / "tests")]
    done = subprocess.run([*command, "--json", str(tmp_path / "table.md")], cwd=ROOT, check=True, capture_output=True)
    assert json.loads(done.stdout)["X02"] == ["tests/deep/test_x.py::test_inside"]
    missing = subprocess.run([*command, str(tmp_path / "nowhere.md")], cwd=ROOT, capture_output=True, text=True)
    assert missing.returncode == 2
    assert "cannot read the table" in missing.stderr
