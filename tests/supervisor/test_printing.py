"""What commands print."""

from datetime import UTC, date, datetime
from uuid import UUID

import orjson
import pytest

from actors.queue.job import QueueRules
from supervisor.printing import as_json, cell, duration, printable, table


def test_a_table_has_its_columns_aligned_and_numbers_to_the_right() -> None:
    rows = [{"name": "a", "size_bytes": 5, "why": None}, {"name": "longer", "size_bytes": 12345, "why": "x"}]
    assert table(rows, ("name", "size_bytes", "why")) == (
        "name    size bytes  why\n"
        "a                5  -\n"
        "longer       12345  x"
    )  # fmt: skip
    assert table([], ("name",), none="nothing") == "nothing"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"), (True, "yes"), (False, "no"), (1234.56, "1,234.6"), (1234, "1234"), ("a\n b\t", "a b"),
        (datetime(2026, 1, 2, 3, 4, 5, 6, UTC), "2026-01-02 03:04:05"), (date(2026, 1, 2), "2026-01-02"),
        (["a", None], "a, -"), ("x" * 80, "x" * 80), ("x" * 81, "x" * 79 + "…"),
    ],
)  # fmt: skip
def test_a_cell_is_one_short_line(value: object, text: str) -> None:
    assert cell(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (200, "3 min 20 s"),
        (3599, "59 min 59 s"),
        (7500, "2 h 5 min"),
    ],
)
def test_a_duration_is_said_as_people_say_it(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_json_takes_what_the_stores_give() -> None:
    told = as_json(
        {"rule": QueueRules("default"), "at": datetime(2026, 1, 2, tzinfo=UTC), "id": UUID(int=1), "sha": b"\x01"}
    )
    assert orjson.loads(told) == {
        "rule": {"name": "default", "paused": False, "most_running": None, "per_minute": None, "fair": False},
        "at": "2026-01-02T00:00:00Z",
        "id": "00000000-0000-0000-0000-000000000001",
        "sha": "01",
    }


def test_text_of_others_does_not_steer_the_terminal() -> None:
    assert printable("a\x1b[31mb\rc\x9bd\n\t日本") == "a�[31mb�c�d\n\t日本"
