"""What a file may be called, what it is handed out as, and how much room one that comes is given."""

import pytest

from actors.errors import Refusal
from actors.storage import (
    OCTETS,
    OverQuota,
    Room,
    TooLarge,
    check_name,
    granted,
    media_type_of,
    new_key,
    sent_as,
)


@pytest.mark.parametrize(
    "name",
    ["a", "ECG 12.csv", "Übersicht (endgültig).pdf", "数据.parquet", ".hidden", "a..b", "%2e%2e", "a" * 255, "é" * 127,
     "<script>.txt", "it's \"so\".txt", "con.txt", "نامه\u200cها.txt"],
)  # fmt: skip
def test_people_name_files_as_they_like(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../x", "a/b", "/etc/passwd", "a\\b", "..\\x", "a\0b", "a\nb", "a\r\nSet-Cookie: x", "a" * 256,
     "é" * 128, "a\x85b", "\x7f", " a", "a ", "\u202etxt.exe", "a\ud800", "\ufeffa"],
)  # fmt: skip
def test_a_name_that_leads_elsewhere_or_cannot_be_shown_is_refused_by_its_field(name: str) -> None:
    """S23, N17: paths, control characters, letters that turn the text around, more than 255 bytes."""
    with pytest.raises(Refusal) as refused:
        check_name(name)
    assert refused.value.field == "name"


def test_two_spellings_of_one_name_are_one_name() -> None:
    assert check_name("e\u0301.txt") == check_name("\u00e9.txt")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("text/csv", "text/csv"), ("Text/CSV; charset=utf-8", "text/csv"), ("", OCTETS), ("csv", OCTETS),
        ("a/b/c", OCTETS), ("text/\r\nx", OCTETS), ("text/" + "x" * 100, OCTETS), ("text/<b>", OCTETS),
        ("application/vnd.ms-excel", "application/vnd.ms-excel"), ("image/svg+xml", "image/svg+xml"),
    ],
)  # fmt: skip
def test_a_media_type_is_kept_as_it_came_or_is_none(given: str, kept: str) -> None:
    assert media_type_of(given) == kept


@pytest.mark.parametrize(
    "kind",
    ["text/html", "application/xhtml+xml", "image/svg+xml", "text/xml", "application/xml", "text/javascript",
     "application/javascript", "application/x-javascript", "text/ecmascript", "text/css", "application/xslt+xml",
     "application/x-shockwave-flash", "application/rss+xml"],
)  # fmt: skip
def test_what_a_browser_would_run_is_handed_out_as_bytes(kind: str) -> None:
    assert sent_as(kind) == OCTETS


@pytest.mark.parametrize("kind", ["text/csv", "application/pdf", "image/png", "application/json", "text/plain"])
def test_other_files_are_handed_out_as_what_they_came(kind: str) -> None:
    assert sent_as(kind) == kind


@pytest.mark.parametrize(
    ("room", "announced", "most", "given"),
    [
        (Room(0, 100, 0, 100), 50, 50, 50),
        (Room(50, 100, 50, 100), 50, 50, 50),
        (Room(0, 100, 0, 100), None, 50, 50),
        (Room(70, 100, 0, 100), None, 50, 30),
        (Room(100, 100, 0, 100), 0, 50, 0),
        (Room(51, 100, 0, 100), 50, 50, "tenant"),
        (Room(51, 100, 51, 80), 50, 50, "project"),
        (Room(100, 100, 0, 100), None, 50, "tenant"),
        (Room(200, 100, 0, 100), 0, 50, 0),
        (Room(200, 100, 0, 100), 1, 50, "tenant"),
        (Room(0, 100, 0, 100), 51, 50, "too large"),
        (Room(100, 100, 0, 100), 51, 50, "too large"),
    ],
)  # fmt: skip
def test_one_that_comes_is_given_what_it_announces_or_what_there_is(
    room: Room, announced: int | None, most: int, given: int | str
) -> None:
    """N17: a byte below the border, on it, and beyond; also where a quota was made smaller than what is there."""
    try:
        found: int | str = granted(room, announced, most)
    except OverQuota as error:
        found = error.whose
    except TooLarge:
        found = "too large"
    assert found == given


def test_a_key_tells_nothing_and_is_no_other() -> None:
    made = {new_key() for _ in range(1000)}
    assert len(made) == 1000
    assert all(key.startswith("stored/") and key[7:9] == key[10:12] for key in made)
