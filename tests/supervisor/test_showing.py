"""How far something is, as a terminal shows it and a file does."""

from io import StringIO

import pytest

from supervisor.showing import CLEAR, line, shown_on, size


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_has_one_line_that_is_written_over_now_and_then() -> None:
    out, clock = Terminal(), iter([10.0, 10.05, 10.2])
    with shown_on(out, lambda: next(clock)) as tell:
        for number in (1, 2, 3):
            tell("files", number, 4)
    assert out.getvalue() == f"{CLEAR}files: 1 of 4 (25 %){CLEAR}files: 3 of 4 (75 %){CLEAR}"


def test_a_file_has_a_line_for_each_step() -> None:
    out = StringIO()
    with shown_on(out) as tell:
        tell("database", 0, 0)
        tell("database", 10, 0)
        tell("files", 1, 2)
    assert out.getvalue() == "database …\nfiles …\n"


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (12_345_678, "12.3 MB"), (5e15, "5000.0 TB")],
)
def test_sizes_are_as_people_read_them(number: float, text: str) -> None:
    assert size(number) == text


def test_what_nobody_knows_the_end_of_has_no_percentage() -> None:
    assert (line("database", 2_000_000, 0), line("database", 0, 0)) == ("database: 2.0 MB", "database …")
