"""Which part of a file is asked for, and under which name it is handed out."""

import pytest

from supervisor.web.downloads import disposition
from supervisor.web.ranges import NoSuchPart, Span, names, span_of


@pytest.mark.parametrize(
    ("asked", "span"),
    [
        (None, None), ("", None), ("bytes=0-0", Span(0, 1)), ("bytes=9-", Span(9, 10)), ("bytes=0-9", Span(0, 10)),
        ("bytes=0-10", Span(0, 10)), ("bytes=-1", Span(9, 10)), ("bytes=-10", Span(0, 10)), ("bytes=-11", Span(0, 10)),
        ("BYTES = 1 - 2", Span(1, 3)), ("bytes=2-1", None), ("bytes=0-1,2-3", None), ("bytes=1_0-", None),
        ("bytes=٣-", None), ("bytes=+1-2", None), ("bytes=" + "9" * 19 + "-", None), ("lines=0-1", None),
    ],
)  # fmt: skip
def test_one_range_counts_and_anything_else_is_all_of_it(asked: str | None, span: Span | None) -> None:
    assert span_of(asked, 10) == span


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=10-11", "bytes=-0", "bytes=999999999999999999-"])
def test_what_begins_behind_the_end_is_no_part(asked: str) -> None:
    with pytest.raises(NoSuchPart):
        span_of(asked, 10)


def test_an_empty_file_has_no_part() -> None:
    with pytest.raises(NoSuchPart):
        span_of("bytes=0-", 0)


def test_a_tag_is_compared_strongly_where_a_range_depends_on_it() -> None:
    assert names('W/"a"', "a", weakly=True) and not names('W/"a"', "a", weakly=False)
    assert names("*", "a", weakly=True) and not names("*", "a", weakly=False)
    assert names('"b", "a"', "a", weakly=True) and not names(None, "a", weakly=True)


@pytest.mark.parametrize("name", ['a"; filename="evil.html', "a\\b", "x'y%00.csv", "é; q.csv", "a\u200cb", "<b>.csv"])
def test_a_name_cannot_say_more_than_a_name(name: str) -> None:
    """S23: whatever a file is called, the header has two parameters, of plain letters."""
    told = disposition(name)
    assert told.isascii() and told.count('"') == 2 and told.count(";") == 2
    assert told.startswith('attachment; filename="') and "\\" not in told
