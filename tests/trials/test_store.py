"""Pages written into PostgreSQL, and what can be read of them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import asyncpg
import orjson
import pytest
from zstandard import ZstdDecompressor

from actors.errors import NotFound
from actors.queue import store as queue
from actors.queue.job import Job, NewJob
from actors.registries.ctgov import REGISTRY
from actors.trials import store
from actors.trials.finding import answer
from actors.trials.history import Change, plain
from actors.trials.mirroring import store as mirroring
from actors.trials.pack import PackedPage, Source, pack_page
from actors.trials.record import Identifier, Site, When
from actors.trials.scrapes import Met, PageCounts, Removed, TooManyVanished, progress
from actors.trials.search import Search
from schema.migrate import migrate
from tests.postgres import Postgres
from tests.trials.pages import START, Refused, begin, mirror, nct, on, page, trial, write

if TYPE_CHECKING:
    from tests.trials.pages import Connection

LATER = START + timedelta(days=1)
AT_SEVEN = """
insert into trials (version, adapter_version, first_seen_at, changed_at, registry, registry_id, content_sha256, url,
                    status, study_type, phases, conditions, keywords, interventions, countries, facets, record)
values (1, 1, $1, $1, 'ctgov', $2, $3, '', 'unknown', 'unknown', '{}', '{}', '{}', '{}', '{}', '', '{}') returning id
"""


@pytest.fixture
async def conn(any_postgres: Postgres) -> "AsyncIterator[Connection]":
    """A connection, on PostgreSQL 18 and on 15."""
    one = await asyncpg.connect(any_postgres.dsn)
    yield one
    one.terminate()


async def test_a_new_trial_is_kept_as_read_and_as_it_came(conn: "Connection") -> None:
    given = trial(
        1,
        start=When(date(2027, 2, 1), "month", False),
        phases=("phase_1", "phase_2"),
        conditions=("Ménière’s disease", "日本"),
        enrolment=2**40,
        has_results=False,
    )
    scrape_id = await begin(conn)
    counts = await write(conn, page([given]), scrape_id)
    assert counts == PageCounts(new=1)
    kept = await store.get(conn, nct(1))
    assert kept.record == orjson.loads(orjson.dumps(plain(given)))
    assert (kept.version, kept.first_seen_at, kept.changed_at, kept.removed_at) == (1, START, START, None)
    columns = await conn.fetchrow(
        "select start_on, start_precision, completion_on, phases, conditions, enrolment, has_results, sponsor "
        "from trials"
    )
    assert columns is not None
    assert tuple(columns) == (
        date(2027, 2, 1), "month", None, ["phase_1", "phase_2"], ["Ménière’s disease", "日本"], 2**40, False, None,
    )  # fmt: skip
    raw = await store.raw(conn, kept.id)
    assert raw.body == f"raw {given}".encode()
    assert (raw.version, raw.size_bytes, raw.fetched_at) == (1, len(raw.body), START)


async def test_what_a_record_does_not_state_stays_unstated(conn: "Connection") -> None:
    """N02: no column of a trial holds a value that its record does not state."""
    await mirror(conn, trial(1, title=None, status="unknown", status_raw=None, ids=(), last_updated=None))
    row = await conn.fetchrow("select * from trials")
    assert row is not None
    kept = {name for name, value in row.items() if value not in (None, [], "")}
    assert kept == {
        "id", "version", "adapter_version", "first_seen_at", "changed_at", "registry", "registry_id", "content_sha256",
        "url", "status", "study_type", "facets", "record", "words",
    }  # fmt: skip
    assert (row["status"], row["study_type"]) == ("unknown", "unknown")
    (shown,) = (await answer.search(conn, Search())).rows
    assert (shown.title, shown.snippet, shown.sponsor, shown.start, shown.has_results) == ((), (), None, None, None)


async def test_the_second_scrape_of_five_of_which_two_changed_makes_two_updates_and_two_history_rows(
    conn: "Connection",
) -> None:
    """G06: updates instead of duplicates, with the change of each field recorded."""
    first = [trial(number, enrolment=10) for number in range(1, 6)]
    await mirror(conn, *first)
    second = [
        replace(first[0], enrolment=20, last_updated=on(date(2026, 1, 2))),
        first[1],
        replace(first[2], status="completed", status_raw="COMPLETED", last_updated=on(date(2026, 1, 3))),
        *first[3:],
    ]
    scrape_id = await begin(conn, "incremental", at=LATER)
    counts = await write(conn, page(second, at=LATER), scrape_id)
    assert counts == PageCounts(changed=2, unchanged=3)
    assert await conn.fetchval("select count(*) from trials") == 5
    history = await conn.fetch("select * from trial_versions where version > 1 order by trial_id")
    assert [(row["version"], row["event"], row["scrape_id"]) for row in history] == [(2, "changed", scrape_id)] * 2
    one = await store.get(conn, nct(1))
    assert (one.version, one.first_seen_at, one.changed_at) == (2, START, LATER)
    changed, new = await store.versions(conn, one.id)
    assert changed.changes == (Change("last_updated", "2020-01-02", "2026-01-02"), Change("enrolment", 10, 20))
    assert (new.event, new.changes) == ("new", ())
    assert (await store.raw(conn, one.id, 1)).body == f"raw {first[0]}".encode()
    assert (await store.raw(conn, one.id)).body == f"raw {second[0]}".encode()


async def test_an_unchanged_record_writes_nothing(conn: "Connection") -> None:
    trials = [trial(number) for number in range(3)]
    await mirror(conn, *trials)
    before = await conn.fetch("select xmin, * from trials order by id")
    await mirror(conn, *trials, at=LATER)
    assert await conn.fetch("select xmin, * from trials order by id") == before
    assert await conn.fetchval("select count(*) from trial_versions") == 3


async def test_a_page_that_was_under_way_for_long_does_not_overwrite_what_came_after_it(conn: "Connection") -> None:
    newer = trial(1, title="new", last_updated=on(date(2026, 1, 2)))
    await mirror(conn, newer, at=LATER)
    for day in (date(2026, 1, 1), date(2026, 1, 2)):
        late = page([replace(newer, title="old", last_updated=on(day))], at=START)
        assert await write(conn, late, await begin(conn)) == PageCounts(unchanged=1)
    assert (await store.get(conn, nct(1))).record["title"] == "new"


async def test_an_update_that_the_source_dates_back_is_a_change_like_any_other(conn: "Connection") -> None:
    await mirror(conn, trial(1, title="wrong", last_updated=on(date(2099, 1, 1))))
    corrected = trial(1, title="right", status="withdrawn", last_updated=on(date(2026, 12, 1)))
    assert await write(conn, page([corrected], at=LATER), await begin(conn)) == PageCounts(changed=1)
    kept = await store.get(conn, nct(1))
    assert (kept.record["title"], kept.version) == ("right", 2)
    assert await write(conn, page([corrected], at=LATER), await begin(conn)) == PageCounts(unchanged=1)


async def test_a_better_reading_of_an_untouched_record_makes_no_version(conn: "Connection") -> None:
    """N01: what is shown still leads to the bytes that it was read from, and to the adapter that read them."""
    await mirror(conn, trial(1))
    scrape_id = await begin(conn)
    better = page([trial(1, acronym="NEW")], adapter_version=2, at=LATER)
    assert await write(conn, better, scrape_id) == PageCounts(unchanged=1)
    kept = await store.get(conn, nct(1))
    assert (kept.version, kept.adapter_version, kept.record["acronym"]) == (1, 2, "NEW")
    assert kept.changed_at == START
    raw = await store.raw(conn, kept.id)
    assert (raw.version, raw.adapter_version, raw.fetched_at) == (1, 2, LATER)
    assert b"acronym='NEW'" in raw.body
    assert raw.sha256 == sha256(raw.body).digest()
    worse = page([trial(1)], adapter_version=1, at=LATER)
    assert await write(conn, worse, scrape_id) == PageCounts(unchanged=1)
    assert (await store.raw(conn, kept.id)).body == raw.body
    assert (await store.get(conn, nct(1))).record["acronym"] == "NEW"


async def test_a_record_that_stands_twice_on_a_page_is_one_trial(conn: "Connection") -> None:
    scrape_id = await begin(conn)
    counts = await write(conn, page([trial(1, title="a"), trial(1, title="b")]), scrape_id)
    assert counts == PageCounts(new=1, unchanged=1)
    assert (await store.get(conn, nct(1))).record["title"] == "b"


async def test_an_empty_page_counts_as_a_page(conn: "Connection") -> None:
    scrape_id = await begin(conn)
    assert await write(conn, page([]), scrape_id, total=7) == PageCounts()
    scrape = await store.scrape(conn, scrape_id)
    assert (scrape.pages, scrape.records, scrape.total) == (1, 0, 7)


async def test_a_page_can_hold_new_changed_unchanged_and_refused_records(conn: "Connection") -> None:
    await mirror(conn, trial(1), trial(2))
    scrape_id = await begin(conn)
    mixed = [trial(1), trial(2, title="other"), trial(3), trial(4, title="\0")]
    counts = await write(conn, page(mixed, [Refused("no shape", b"{}")]), scrape_id)
    assert counts == PageCounts(new=1, changed=1, unchanged=1, refused=2)
    scrape = await store.scrape(conn, scrape_id)
    assert (scrape.records, scrape.reached_on) == (5, date(2020, 1, 4))


async def test_a_page_that_is_rolled_back_leaves_nothing(conn: "Connection") -> None:
    scrape_id = await begin(conn)
    with pytest.raises(ZeroDivisionError):
        async with conn.transaction():
            await mirroring.write_page(conn, page([trial(1)]), scrape_id=scrape_id)
            raise ZeroDivisionError
    tables = ("trials", "trial_ids", "trial_versions", "trial_raw", "scrape_seen", "refused_records")
    for table in tables:
        assert await conn.fetchval(f"select count(*) from {table}") == 0  # noqa: S608 - names from above
    assert (await store.scrape(conn, scrape_id)).pages == 0


async def test_two_writers_of_the_same_page_make_one_trial_each(any_postgres: Postgres) -> None:
    pool = await asyncpg.create_pool(any_postgres.dsn, min_size=2, max_size=2)
    async with pool.acquire() as one, pool.acquire() as other:
        scrape_id = await begin(one)
        same = page([trial(number) for number in range(50)])
        done = await asyncio.gather(write(one, same, scrape_id), write(other, same, scrape_id))
        assert sorted(counts.new for counts in done) == [0, 50]
        assert await one.fetchval("select count(*) from trial_versions") == 50
    await pool.close()


async def test_the_late_page_of_an_ended_scrape_is_refused(conn: "Connection") -> None:
    scrape_id = await begin(conn)
    assert await mirroring.close_scrape(conn, scrape_id, "cancelled", at=LATER)
    assert not await mirroring.close_scrape(conn, scrape_id, "done", at=LATER)
    with pytest.raises(mirroring.ScrapeEnded):
        await write(conn, page([trial(1)]), scrape_id)
    assert await conn.fetchval("select count(*) from trials") == 0


async def test_a_page_notifies_once_and_an_unchanged_one_not_at_all(conn: "Connection") -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    await conn.add_listener("triald_trials", lambda *told: heard.put_nowait(str(told[-1])))
    await mirror(conn, trial(1), trial(2))
    await mirror(conn, trial(1), trial(2))
    await mirror(conn, trial(1, title="x"), trial(2), trial(3))
    async with asyncio.timeout(10):
        told = [orjson.loads(await heard.get()), orjson.loads(await heard.get())]
    assert told == [
        {"registry": "ctgov", "new": 2, "changed": 0, "removed": 0, "returned": 0},
        {"registry": "ctgov", "new": 1, "changed": 1, "removed": 0, "returned": 0},
    ]
    assert heard.empty()


# ── refused records ──


async def test_a_refused_record_waits_aside_with_its_reason_until_it_can_be_read(conn: "Connection") -> None:
    scrape_id = await begin(conn)
    bad = Refused("status is missing", b"\0\xff{}", nct(5))
    await write(conn, page([], [bad, bad]), scrape_id)
    await write(conn, page([], [bad], at=LATER), scrape_id)
    (kept,) = await store.refusals(conn, "ctgov")
    assert (kept.registry_id, kept.reason, kept.times) == (nct(5), "status is missing", 2)
    assert (kept.first_at, kept.last_at) == (START, LATER)
    assert await store.refusal_body(conn, kept.id) == b"\0\xff{}"
    await write(conn, page([trial(5)], at=LATER), scrape_id)
    assert await store.refusals(conn) == []


# ── what is gone at the source ──


async def full_scrape(db: "Connection", numbers: range, at: datetime) -> int:
    scrape_id = await begin(db, at=at)
    for number in numbers:
        await write(db, page([trial(number)], at=at + timedelta(minutes=1)), scrape_id)
    return scrape_id


async def test_a_full_scrape_marks_what_it_has_not_met(conn: "Connection") -> None:
    await mirror(conn, *(trial(number) for number in range(20)))
    scrape_id = await full_scrape(conn, range(1, 20), LATER)
    assert await mirroring.mark_removed(conn, scrape_id, at=LATER) == Removed(1)
    assert await mirroring.close_scrape(conn, scrape_id, "done", at=LATER)
    gone = await store.get(conn, nct(0))
    assert (gone.removed_at, gone.version) == (LATER, 2)
    assert [version.event for version in await store.versions(conn, gone.id)] == ["removed", "new"]
    assert (await store.raw(conn, gone.id)).version == 1
    assert (await store.get(conn, nct(1))).removed_at is None
    (count,) = await store.counts(conn)
    assert (count.present, count.removed) == (19, 1)
    assert (count.newest_on, count.changed_at) == (date(2020, 1, 20), START)
    assert await conn.fetchval("select count(*) from scrape_seen where scrape_id = $1", scrape_id) == 0
    assert (await store.scrape(conn, scrape_id)).removed == 1


async def test_a_removed_trial_that_comes_back_is_there_again(conn: "Connection") -> None:
    await mirror(conn, *(trial(number) for number in range(20)))
    scrape_id = await full_scrape(conn, range(1, 20), LATER)
    await mirroring.mark_removed(conn, scrape_id, at=LATER)
    assert await write(conn, page([trial(0)], at=LATER), scrape_id) == PageCounts(changed=1)
    back = await store.get(conn, nct(0))
    assert (back.removed_at, back.version) == (None, 3)
    assert [one.event for one in await store.versions(conn, back.id)] == ["returned", "removed", "new"]
    (count,) = await store.counts(conn)
    assert (count.present, count.removed, count.changed_at) == (20, 0, LATER)


@pytest.mark.parametrize(("missing", "answer"), [(30, Removed(30)), (31, TooManyVanished(31, 300))])
async def test_when_more_than_a_tenth_would_vanish_nothing_is_marked_until_somebody_accepts_it(
    conn: "Connection", missing: int, answer: Removed | TooManyVanished
) -> None:
    await mirror(conn, *(trial(number) for number in range(300)))
    scrape_id = await begin(conn, at=LATER)
    await write(conn, page([trial(number) for number in range(missing, 300)], at=LATER), scrape_id)
    assert await mirroring.mark_removed(conn, scrape_id, at=LATER) == answer
    marked = await conn.fetchval("select count(*) from trials where removed_at is not null")
    assert marked == (missing if isinstance(answer, Removed) else 0)
    if not marked:
        assert await mirroring.mark_removed(conn, scrape_id, at=LATER, accept=True) == Removed(missing)


async def test_what_is_gone_from_a_small_registry_is_noticed(conn: "Connection") -> None:
    await mirror(conn, *(trial(number) for number in range(9)))
    scrape_id = await full_scrape(conn, range(1, 9), LATER)
    assert await mirroring.mark_removed(conn, scrape_id, at=LATER) == Removed(1)


async def test_a_record_that_is_refused_is_met_all_the_same(conn: "Connection") -> None:
    await mirror(conn, *(trial(number) for number in range(20)))
    scrape_id = await begin(conn, at=LATER)
    refused = [Refused("lone surrogate", b"{bad", nct(0)), Refused("lone surrogate", b"{unknown", nct(77))]
    await write(conn, page([trial(number) for number in range(1, 20)], refused, at=LATER), scrape_id)
    assert await mirroring.met(conn, scrape_id) == Met(21, 0)
    assert await mirroring.mark_removed(conn, scrape_id, at=LATER) == Removed(0)
    assert (await store.get(conn, nct(0))).removed_at is None


async def test_what_is_met_is_counted_once_for_each_query_and_in_all(conn: "Connection") -> None:
    scrape_id = await begin(conn)
    await write(
        conn, page([trial(1), trial(2)], [Refused("bad", b"{", nct(3)), Refused("?", b"?")]), scrape_id, part_of="a"
    )
    await write(conn, page([trial(2), trial(3)]), scrape_id, part_of="a")
    await write(conn, page([trial(3), trial(4)]), scrape_id, part_of="b")
    assert await mirroring.met(conn, scrape_id, "a") == Met(4, 1)
    assert await mirroring.met(conn, scrape_id, "b") == Met(2, 0)
    assert await mirroring.met(conn, scrape_id, "c") == Met(0, 0)
    assert await mirroring.met(conn, scrape_id) == Met(5, 1)


async def test_what_is_asked_anew_is_counted_once(conn: "Connection") -> None:
    scrape_id = await begin(conn)
    bad = Refused("bad", b"{", nct(3))
    first = page([trial(1), trial(2)], [bad])
    assert await write(conn, first, scrape_id) == PageCounts(new=2, refused=1)
    again = page([trial(1), trial(2, title="other"), trial(4)], [bad])
    assert await write(conn, again, scrape_id, anew=True) == PageCounts(new=1, changed=1)


async def test_a_trial_that_came_while_the_full_scrape_ran_has_not_vanished(conn: "Connection") -> None:
    await mirror(conn, *(trial(number) for number in range(20)))
    scrape_id = await full_scrape(conn, range(20), LATER)
    await mirror(conn, trial(20), at=LATER + timedelta(minutes=2))
    assert await mirroring.mark_removed(conn, scrape_id, at=LATER) == Removed(0)


async def test_what_a_full_scrape_has_met_survives_a_crash_of_the_server(postgres: Postgres) -> None:
    before = await asyncpg.connect(postgres.dsn)
    await mirror(before, *(trial(number) for number in range(20)))
    scrape_id = await full_scrape(before, range(10), LATER)
    await postgres.kill()
    await postgres.restart()
    after = await asyncpg.connect(postgres.dsn)
    for number in range(10, 19):
        await write(after, page([trial(number)], at=LATER), scrape_id)
    assert await mirroring.mark_removed(after, scrape_id, at=LATER) == Removed(1)
    assert (await store.get(after, nct(19))).removed_at is not None
    await after.close()


# ── scrapes ──


async def test_a_scrape_tells_how_far_it_is(conn: "Connection") -> None:
    """N02: while a share, a rate or an end cannot be told, none is shown."""
    scrape_id = await begin(conn)
    await mirroring.add_requests(conn, scrape_id, 2)
    now = START + timedelta(seconds=10)
    assert progress(await store.scrape(conn, scrape_id), now).share is None
    await write(conn, page([trial(1)]), scrape_id, total=4)
    early = progress(await store.scrape(conn, scrape_id), now)
    assert (early.share, early.per_s, early.left_s) == (0.25, None, None)
    await write(conn, page([trial(2)]), scrape_id)
    half = progress(await store.scrape(conn, scrape_id), now)
    assert (half.share, half.per_s, half.left_s) == (0.5, 0.2, 10.0)
    await mirroring.close_scrape(conn, scrape_id, "failed", at=now, error="503")
    ended = await store.scrape(conn, scrape_id)
    assert (ended.state, ended.error, ended.requests) == ("failed", "503", 2)
    assert progress(ended, LATER).left_s is None


async def test_scrapes_are_listed_the_newest_first_and_the_last_success_is_found(conn: "Connection") -> None:
    ids = [await begin(conn) for _ in range(3)]
    assert await store.last_success(conn, "ctgov") is None
    await mirroring.close_scrape(conn, ids[0], "done", at=LATER)
    await mirroring.close_scrape(conn, ids[1], "failed", at=LATER, error="x")
    assert [one.id for one in await store.scrapes(conn, "ctgov")] == ids[::-1]
    assert [one.id for one in await store.scrapes(conn, before=ids[2], limit=1)] == [ids[1]]
    last = await store.last_success(conn, "ctgov")
    assert last is not None
    assert last.id == ids[0]
    assert await store.scrapes(conn, "isrctn") == []


async def test_all_is_here_up_to_the_day_that_the_furthest_of_the_scrapes_that_ended_well_covers(
    conn: "Connection",
) -> None:
    assert await store.covered_to(conn, "ctgov") is None
    days = [date(2026, 3, 1), date(2026, 2, 1), None]
    for day in days:
        await mirroring.close_scrape(conn, await begin(conn), "done", at=LATER, covers_to=day)
    await mirroring.close_scrape(conn, await begin(conn), "failed", at=LATER, error="x")
    assert await store.covered_to(conn, "ctgov") == date(2026, 3, 1)
    assert await store.covered_to(conn, "isrctn") is None


async def test_a_registry_is_one_attempt_s_at_a_time_until_that_does_not_run_any_more(db: "asyncpg.Pool[Any]") -> None:
    await queue.ensure_queues(db, ["scraping"])
    await queue.enqueue(db, [NewJob("scrape", queue="scraping") for _ in range(2)])
    worker = uuid4()
    one, other = await queue.claim(db, "scraping", 2, worker, 5.0)

    async def asks(job: Job) -> int | None:
        async with db.acquire() as conn, conn.transaction():
            await mirroring.lock_registry(conn, "ctgov")
            return await mirroring.take_turn(conn, "ctgov", job_id=job.id, fence=job.fence)

    assert sorted(await asyncio.gather(asks(one), asks(other)), key=str) != [None, None]
    held, waits = (one, other) if await asks(one) is None else (other, one)
    assert await asks(waits) == held.id
    await queue.put_off(db, [held.id], [held.fence], [0.0], [None], [True], worker)
    assert await asks(waits) is None
    [again] = await queue.claim(db, "scraping", 2, worker, 5.0)
    assert (again.id, await asks(again)) == (held.id, waits.id)
    await queue.finish(db, [waits.id], [waits.fence], [None], worker)
    assert await asks(again) is None


async def test_a_scrape_under_way_keeps_what_it_has_met_while_the_schema_moves_on(any_empty_postgres: Postgres) -> None:
    db = await asyncpg.connect(any_empty_postgres.dsn)
    await migrate(db, 7)
    trial_id = await db.fetchval(AT_SEVEN, START, nct(1), bytes(32))
    scrape_id = await begin(db)
    await db.execute(
        "insert into scrape_seen (scrape_id, trial_ids) values ($1, array[$2::bigint, 77])", scrape_id, trial_id
    )
    await migrate(db, 8)
    assert await mirroring.met(db, scrape_id) == Met(1, 0)
    await migrate(db, 7)
    assert await db.fetchval("select trial_ids from scrape_seen") == [trial_id]
    await db.close()


# ── one trial ──


async def test_a_trial_is_found_by_any_number_that_it_states_its_own_first(conn: "Connection") -> None:
    stated = (
        Identifier("nct", nct(1), "main"),
        Identifier("nct", nct(7), "alias"),
        Identifier("eudract", "2021-000736-66", "secondary"),
        Identifier("other", "D6900C00001", "organisation"),
    )
    await mirror(conn, trial(1, ids=stated), trial(2, ids=(Identifier("nct", nct(1), "secondary"),)))
    wanted = (await store.get(conn, nct(1))).id
    for key in (wanted, str(wanted), "nct00000001", "NCT 00000001", nct(7), "2021-000736-66", "D6900C00001"):
        assert (await store.get(conn, key)).id == wanted
    for key in (0, 2**70, "NCT99999999", "", "heart", "'; drop table trials"):
        with pytest.raises(NotFound):
            await store.get(conn, key)


async def test_the_numbers_of_a_changed_trial_are_those_that_it_states_now(conn: "Connection") -> None:
    await mirror(conn, trial(1, ids=(Identifier("nct", nct(8), "alias"),)))
    await mirror(conn, trial(1, ids=(Identifier("nct", nct(9), "alias"),)))
    assert (await store.get(conn, nct(9))).registry_id == nct(1)
    with pytest.raises(NotFound):
        await store.get(conn, nct(8))


async def test_a_record_that_is_not_there_is_said_to_be_missing(conn: "Connection") -> None:
    for missing in (store.raw(conn, 5), store.scrape(conn, 5), store.refusal_body(conn, 5)):
        with pytest.raises(NotFound):
            await missing
    assert await store.versions(conn, 5) == []
    assert await store.counts(conn) == []


# ── sizes ──


async def test_records_at_the_limits_of_postgresql_are_kept_and_found(conn: "Connection") -> None:
    words = " ".join(f"w{number:x}" for number in range(200_000))  # 1.3 MB of different words
    huge = trial(
        1, title="enormous " + words, official_title="x" * 5_000, summary=words, keywords=(words,),
        conditions=("y" * 3_000, words), description="d" * 1_000_000,
        sites=tuple(Site("Hospital", f"City {n}", country="France") for n in range(2_000)),
        countries=("France", "z" * 5_000), sponsor="s" * 5_000,
    )  # fmt: skip
    wide = trial(2, title="\U0001d11e " * 30_000, summary="漢字" * 30_000)
    scrape_id = await begin(conn)
    assert await write(conn, page([huge, wide]), scrape_id) == PageCounts(new=2)
    assert len((await store.get(conn, nct(1))).record["sites"]) == 2_000
    found = await conn.fetch("select registry_id from trials where words @@ to_tsquery('english', 'enormous')")
    assert [row["registry_id"] for row in found] == [nct(1)]


@pytest.mark.parametrize(
    "given",
    [
        {"sponsor": " ".join(f"w{number}" for number in range(200_000))},
        {"sponsor": " ".join(chr(0x20000 + number) * 200 for number in range(200))},
        {"countries": tuple(f"c{number}" * 10 for number in range(60_000))},
        {"conditions": tuple(f"c{number}" for number in range(200_000))},
        {
            "sponsor": " ".join(chr(0x20000 + number) * 200 for number in range(200)),
            "countries": tuple(chr(0x20000 + number) * 250 for number in range(400)),
            **{
                name: " ".join(map(chr, range(0x20000 + 60_000 * part, 0x20000 + 60_000 * (part + 1))))
                for part, name in enumerate(("title", "summary"))
            },
            "conditions": (" ".join(map(chr, range(0x3D000, 0x3D000 + 40_000))),),
        },
    ],
    ids=["words", "long_words", "countries", "conditions", "everything"],
)
async def test_a_record_of_whatever_size_never_keeps_its_page_from_being_written(
    conn: "Connection", given: dict[str, Any]
) -> None:
    scrape_id = await begin(conn)
    assert await write(conn, page([trial(1, **given), trial(2)]), scrape_id) == PageCounts(new=2)


async def test_an_update_of_a_record_rewrites_what_search_finds(conn: "Connection") -> None:
    await mirror(conn, trial(1, title="cardiac"))
    await mirror(conn, trial(1, title="renal", status="completed"))
    asked = "select count(*) from trials where words @@ $1::tsquery"
    assert await conn.fetchval(asked, "cardiac") == 0
    assert await conn.fetchval(asked, "'=status:completed' & !'=status:recruiting'") == 1


# ── real records ──


def lines(file: Path) -> list[bytes]:
    return ZstdDecompressor().stream_reader(file.read_bytes()).read().splitlines()


def read(studies: Sequence[bytes], at: datetime = START) -> PackedPage:
    answer = REGISTRY.read(REGISTRY.first(None)[0], b'{"studies":[' + b",".join(studies) + b"]}")
    source = Source("ctgov", "https://registry.example", at, REGISTRY.adapter_version, REGISTRY.media_type)
    return pack_page(answer.found, answer.refused, source)


async def test_every_real_record_is_kept_as_it_came_and_as_it_says(conn: "Connection", shared_data: Path) -> None:
    """G01: real records of the one registry that is read so far go into the tables without an error."""
    studies = lines(shared_data / "ctgov_v2" / "studies.ndjson.zst")
    scrape_id = await begin(conn)
    for start in range(0, len(studies), 500):
        await write(conn, read(studies[start : start + 500]), scrape_id)
    scrape = await store.scrape(conn, scrape_id)
    assert (scrape.new, scrape.refused, scrape.records) == (len(studies), 0, len(studies))
    found = await conn.fetch("select t.*, r.sha256 from trials t join trial_raw r on r.trial_id = t.id")
    kept = {row["registry_id"]: row for row in found}
    for body in studies:
        protocol = orjson.loads(body)["protocolSection"]
        row = kept[protocol["identificationModule"]["nctId"]]
        assert row["sha256"] == sha256(body).digest()
        assert row["status_raw"] == protocol["statusModule"]["overallStatus"]
        assert row["conditions"] == protocol.get("conditionsModule", {}).get("conditions", [])
        start_on = protocol["statusModule"].get("startDateStruct", {}).get("date")
        assert (row["start_on"] and row["start_on"].isoformat()[: len(start_on)]) == start_on
    one = await store.get(conn, max(kept))
    assert (await store.raw(conn, one.id)).body in studies


async def test_real_versions_of_a_record_become_its_history_in_whatever_order_they_are_written(
    conn: "Connection", shared_data: Path
) -> None:
    """Each was fetched on the day of its update; a page that comes to be written after a later one changes nothing."""
    studies = lines(shared_data / "ctgov_v2" / "versions.ndjson.zst")
    scrape_id = await begin(conn)
    newest = dict[str, str]()
    for body in studies:
        protocol = orjson.loads(body)["protocolSection"]
        number = protocol["identificationModule"]["nctId"]
        day = protocol["statusModule"]["lastUpdatePostDateStruct"]["date"]
        await write(conn, read([body], datetime.fromisoformat(f"{day}T00:00Z")), scrape_id)
        newest[number] = max(newest.get(number, ""), day)
    kept = await conn.fetch("select registry_id, last_updated_on, version from trials")
    assert {row["registry_id"]: row["last_updated_on"].isoformat() for row in kept} == newest
    assert sum(row["version"] for row in kept) > len(newest)
    diffs = await conn.fetch("select changes::text from trial_versions where event = 'changed'")
    assert all("last_updated" in {change["field"] for change in orjson.loads(row["changes"])} for row in diffs)
