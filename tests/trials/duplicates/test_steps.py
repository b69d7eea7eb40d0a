"""The steps of a comparison of all records: in however many parts, and broken off wherever, they find the same."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from actors.trials.blocking import Blocks
from actors.trials.comparable import Comparable, packed
from actors.trials.duplicates.sweeping.comparing import compare, together
from actors.trials.duplicates.sweeping.counting import count
from actors.trials.duplicates.sweeping.files import RECORDS, Part, head, some
from actors.trials.duplicates.sweeping.grouping import Grouped, group
from bench.dedupe_world import world

RECORDS_MADE, PAIRS_AT_ONCE = 600, 100
Rows = dict[str, bytes]


@pytest.fixture(scope="module")
def records() -> list[Comparable]:
    return [made.record for made in world(RECORDS_MADE)]


class BrokenOff(Exception):
    pass


def put(folder: Path, records: list[Comparable], size: int) -> list[Part]:
    """The records in a file, and its parts of so many."""
    folder.mkdir()
    parts, at = [], 0
    with (folder / RECORDS).open("wb") as file:
        for begin in range(0, len(records), size):
            parts.append(Part(begin, min(begin + size, len(records)), at))
            for row, one in enumerate(records[begin : begin + size], begin):
                body = packed(one)
                at += file.write(head(row + 1, body)) + file.write(body)
    return parts


async def compared(folder: Path, parts: list[Part], steps: int = 1_000_000) -> tuple[int, Grouped, Rows]:
    """How many pairs, and all that would be copied into the database; after so many steps it is broken off."""
    rows: Rows = {"keys": b"", "links": b"", "words": b""}
    left = iter(range(steps))

    async def run(work: Callable[..., Any], *given: Any) -> Any:
        if next(left, None) is None:
            raise BrokenOff
        return work(*given)

    async def kept(name: str, path: Path) -> None:
        rows[name] += path.read_bytes()[19:-2]

    for part in parts:
        await run(count, str(folder), part)
    links = await compare(folder, parts, (), run=run, kept=kept, tell=lambda *_: None, pairs_at_once=PAIRS_AT_ONCE)
    grouped = await run(group, str(folder), ())
    return links, grouped, rows | {name: (folder / f"{name}.copy").read_bytes() for name in ("clusters", "held")}


def words_of(rows: Rows) -> int:
    return len(rows.pop("words"))


async def test_parts_of_any_size_give_the_same_rows(records: list[Comparable], tmp_path: Path) -> None:
    """G15: what is found does not depend on how the work was parted; all of it comes to the database."""
    links, grouped, whole = await compared(tmp_path / "one", put(tmp_path / "one", records, RECORDS_MADE))
    assert links > 100 and grouped.clusters > 20
    words = words_of(whole)
    for size in (7, 250):
        folder = tmp_path / str(size)
        again = await compared(folder, put(folder, records, size))
        assert words_of(again[2]) == words
        assert again == (links, grouped, whole)


async def test_what_is_broken_off_after_any_step_goes_on_to_the_same_end(
    records: list[Comparable], tmp_path: Path
) -> None:
    """G15: no step is done twice where its files are, and none is left out."""
    folder = tmp_path / "whole"
    expected = await compared(folder, put(folder, records, 200))
    folder = tmp_path / "broken"
    parts = put(folder, records, 200)
    for steps in range(1, 14):
        with pytest.raises(BrokenOff):
            await compared(folder, parts, steps)
    links, grouped, rows = await compared(folder, parts)
    assert (links, grouped, rows) == expected


async def test_no_record_at_all_gives_nothing(tmp_path: Path) -> None:
    parts = put(tmp_path / "none", [], 10)
    links, grouped, rows = await compared(tmp_path / "none", parts)
    assert (links, grouped, parts) == (0, Grouped(0, 0), [])
    assert rows["links"] == rows["keys"] == rows["words"] == b""


def test_a_part_is_read_by_itself(records: list[Comparable], tmp_path: Path) -> None:
    parts = put(tmp_path / "parts", records, 250)
    assert [one.record for _, _, one in some(tmp_path / "parts", parts[1])] == [one.record for one in records[250:500]]
    assert [row for row, _, _ in some(tmp_path / "parts", parts[2])] == list(range(500, 600))


def test_blocks_that_are_put_together_choose_as_those_of_one_piece() -> None:
    whole, parts = Blocks(), [Blocks(0), Blocks(40), Blocks(80)]
    for row in range(100):
        for blocks in (whole, parts[row // 40]):
            assert blocks.add(f"register{(row * 7) % 3 + row // 50}", [f"w{row % 5}", f"v{row % 7}", "x"]) == row
    joined = Blocks()
    for one in parts:
        joined.take(one.packed())
    assert list(joined.pairs()) == list(whole.pairs()) != []


async def test_where_one_of_several_fails_the_others_are_ended() -> None:
    ended = asyncio.Event()

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def fails() -> None:
        await asyncio.sleep(0)
        raise BrokenOff

    with pytest.raises(BrokenOff):
        await together([waits(), fails()])
    assert ended.is_set()
