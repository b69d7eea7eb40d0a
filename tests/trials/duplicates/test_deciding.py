"""What people decide: it holds at once, over every later comparison, and can be taken back to the byte."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from actors.trials.duplicates import deciding, store
from actors.trials.duplicates.merging import merged_view
from tests.trials.comparables import made
from tests.trials.duplicates.records import clusters, keep, links, put, swept

if TYPE_CHECKING:
    import asyncpg

    Pool = asyncpg.Pool[Any]

A, B, C = "NCT00000001", "ISRCTN12345678", "NCT00000003"
HASHES = (
    "select registry_id, md5(t::text) as hash from (select {} from trials) t order by registry_id",
    "select trial_id::text as registry_id, md5(r::text) as hash from trial_raw r order by 1",
)


async def ready(db: "Pool", folder: Path) -> dict[str, int]:
    """Two trials of which one names the other's number, and one that names none."""
    records = [made(A, says=(B,)), made(B), made(C, titles=("Walking for asthma in winter",), enrolment=20)]
    ids = await put(db, records)
    await keep(db, records, ids)
    await swept(db, folder)
    return ids


async def hashes(db: "Pool") -> list[tuple[str, str]]:
    """Of every row of trials, but for the number of its cluster."""
    columns = await db.fetchval(
        "select string_agg(column_name, ', ') from information_schema.columns"
        " where table_name = 'trials' and column_name <> 'cluster_id'"
    )
    return [tuple(row) for one in HASHES for row in await db.fetch(one.format(columns))]


async def decide(db: "Pool", a: int, b: int, verdict: Any) -> deciding.Became:
    async with db.acquire() as one, one.transaction():
        return await deciding.decide(one, a, b, verdict, by="ann", note="seen")


async def undo(db: "Pool", a: int, b: int) -> deciding.Became:
    async with db.acquire() as one, one.transaction():
        return await deciding.undo(one, a, b, by="bea")


async def test_a_merge_that_is_undone_leaves_every_byte_as_it_was(db: "Pool", tmp_path: Path) -> None:
    """G15: merge then undo → row hashes equal; the view is made anew whenever it is asked for."""
    ids = await ready(db, tmp_path)
    before = await hashes(db), await links(db), await clusters(db)
    assert before[2] == {frozenset((A, B))}
    merged = await decide(db, ids[A], ids[C], "same")
    assert [one.event for one in merged.moves] == ["merged"]
    assert await clusters(db) == {frozenset((A, B, C))}
    parted = await undo(db, ids[A], ids[C])
    assert [(one.event, one.parts) for one in parted.moves] == [
        ("unmerged", tuple(sorted([(ids[A], ids[B]), (ids[C],)])))
    ]
    assert (await hashes(db), await links(db), await clusters(db)) == before


async def test_a_merge_that_breaks_off_has_changed_nothing(db: "Pool", tmp_path: Path) -> None:
    """G15: crash in the middle → nothing changed."""
    ids = await ready(db, tmp_path)
    before = await hashes(db), await links(db), await clusters(db)
    with pytest.raises(ZeroDivisionError):
        async with db.acquire() as one, one.transaction():
            await deciding.decide(one, ids[A], ids[C], "same", by="ann")
            raise ZeroDivisionError
    assert (await hashes(db), await links(db), await clusters(db)) == before
    assert await store.decided_all(db) == []


@pytest.mark.parametrize(
    ("other", "verdict", "expected"),
    [(B, "different", set()), (C, "same", {frozenset((A, B, C))})],
)
async def test_what_was_decided_holds_over_a_later_sweep(
    db: "Pool", tmp_path: Path, other: str, verdict: Any, expected: set[frozenset[str]]
) -> None:
    """N04: decisions survive re-runs, and a re-run adds nothing to them."""
    ids = await ready(db, tmp_path)
    await decide(db, ids[A], ids[other], verdict)
    decided = await links(db), await clusters(db)
    assert decided[1] == expected
    again = await swept(db, tmp_path)
    assert (await links(db), await clusters(db)) == decided
    assert (again.new, again.changed, again.gone) == (0, 0, 0)


async def test_of_two_numbers_of_one_register_that_would_be_one_trial_none_is_merged(
    db: "Pool", tmp_path: Path
) -> None:
    """N03: a conflict goes to review and is not merged; an older number of the same record is no conflict."""
    records = [made(A), made(B, says=(A, C)), made(C)]
    ids = await put(db, records)
    await keep(db, records, ids)
    await swept(db, tmp_path)
    assert await clusters(db) == set()
    waiting = await store.queue(db)
    assert {row["held"] for row in waiting if row["waits"] == 3} == {
        "two numbers of the register nct would be one trial"
    }


async def test_the_view_of_a_trial_names_the_records_of_each_datum(db: "Pool", tmp_path: Path) -> None:
    ids = await ready(db, tmp_path)
    for number in (A, B):
        record = f'{{"registry": "made", "registry_id": "{number}", "status": "unknown", "title": "Title of {number}"}}'
        await db.execute("update trials set record = $1 where id = $2", record, ids[number])
    view = await merged_view(db, ids[A])
    [title] = [one for one in view.fields if one.name == "title"]
    assert {one.registry_id for one in view.records} == {A, B}
    assert {title.records[0], title.others[0].records[0]} == {ids[A], ids[B]}
    assert view.record["title"] == title.value
