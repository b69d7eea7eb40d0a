"""Notices for those who watch: one for each change that matters, whatever dies, and however many make them."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from actors.errors import NotFound, Refusal
from actors.jobs import watch
from actors.queue import store as queue
from actors.tools import Tools
from actors.trials import store as trials
from actors.trials.mirroring import store as mirroring
from actors.trials.record import Outcome, Trial, When
from actors.trials.watching import store
from actors.trials.watching.asked import Asked
from actors.trials.watching.shown import Notice
from tests.people import people
from tests.postgres import Postgres
from tests.queue.house import house, tools_at
from tests.trials.pages import START, mirror, nct, on, trial

LATER = START + timedelta(days=1)
HEART = Asked("'heart' & 'failur' & '=status:recruiting'")


@pytest.fixture
async def tools(any_postgres: Postgres, tmp_path: Path) -> AsyncIterator[Tools]:
    async with asyncpg.create_pool(any_postgres.dsn, min_size=2, max_size=10) as pool, tools_at(pool, tmp_path) as one:
        await people(pool, "eve", "bob")
        yield one


async def see(tools: Tools, *given: Trial, at: datetime = LATER) -> None:
    async with tools.db.acquire() as db:
        await mirror(db, *given, at=at)


async def make(tools: Tools) -> None:
    """All pages that are due."""
    while await watch._page(tools) is not None:
        pass


async def watch_trial(tools: Tools, owner: str, number: int) -> int:
    kept = await trials.get(tools.db, nct(number))
    async with tools.db.acquire() as db, db.transaction():
        return await store.watch_trial(db, owner, kept.id, "mine", START)


async def save(tools: Tools, owner: str, asked: Asked, written: str = "q=heart+failure") -> int:
    async with tools.db.acquire() as db, db.transaction():
        return await store.save_search(db, owner, "hearts", written, asked, START)


async def told(tools: Tools, owner: str = "eve") -> list[tuple[str, int, tuple[str, ...]]]:
    found: list[Notice] = await store.notices(tools.db, owner, limit=500)
    return [(one.registry_id, one.version, one.kinds) for one in reversed(found)]


def changed(one: Trial, day: int, **more: Any) -> Trial:
    return replace(one, last_updated=on(date(2026, 2, day)), **more)


ONE = trial(1, title="Heart failure in adults", start=on(date(2020, 1, 1)), outcomes=(Outcome("primary", "Survival"),))
DONE: dict[str, Any] = {"status": "completed", "status_raw": "COMPLETED"}


async def test_a_change_is_told_once_to_each_who_watches(tools: Tools) -> None:
    """N05: change fixture → one notice per watcher, though each looks twice, by a watch and by a search."""
    await see(tools, ONE, trial(2, title="Asthma"), at=START)
    await make(tools)
    for owner in ("eve", "bob"):
        await watch_trial(tools, owner, 1)
    await save(tools, "eve", HEART)
    await see(tools, changed(ONE, 1, **DONE), changed(trial(2, title="Asthma"), 1, **DONE))
    await make(tools)
    await make(tools)
    assert await told(tools, "eve") == [(nct(1), 2, ("status", "left"))]
    assert await told(tools, "bob") == [(nct(1), 2, ("status",))]
    [notice] = await store.notices(tools.db, "bob")
    assert [(one.field, one.before, one.after) for one in notice.changes] == [("status", "recruiting", "completed")]


async def test_all_that_matters_of_a_trial_comes_in_order(tools: Tools) -> None:
    """N05: dates, switched outcomes, results, removed, returned; a new title alone is not told."""
    await see(tools, ONE, at=START)
    await watch_trial(tools, "eve", 1)
    await make(tools)
    await see(tools, two := changed(ONE, 1, completion=When(date(2027, 1, 1), "month")))
    await see(tools, three := changed(two, 2, title="Heart failure in all adults"))
    await see(tools, four := changed(three, 3, outcomes=(Outcome("primary", "Pain"),)))
    await see(tools, five := changed(four, 4, has_results=True, results_posted=on(date(2026, 2, 4))))
    async with tools.db.acquire() as db, db.transaction():
        scrape = await mirroring.open_scrape(db, "ctgov", "full", since=None, job_id=None, at=LATER + timedelta(days=1))
        await mirroring.mark_removed(db, scrape, at=LATER + timedelta(days=1), accept=True)
    await see(tools, five, at=LATER + timedelta(days=2))
    await make(tools)
    assert await told(tools) == [
        (nct(1), 2, ("dates",)), (nct(1), 4, ("outcomes_switched",)), (nct(1), 5, ("results_posted",)),
        (nct(1), 6, ("removed",)), (nct(1), 7, ("returned",)),
    ]  # fmt: skip


async def test_a_saved_search_tells_of_trials_that_are_new_to_it_and_not_of_those_it_found_already(
    tools: Tools,
) -> None:
    """N05: new trial in a saved search; also one that changed so that it is found."""
    other = trial(2, title="Heart failure in children", **DONE)
    await see(tools, ONE, other, at=START)
    id_ = await save(tools, "eve", HEART)
    await make(tools)
    assert await told(tools) == []
    assert (await store.watch(tools.db, "eve", id_)).trials == 1
    await see(tools, trial(3, title="Acute heart failure"), trial(4, title="Asthma"))
    await see(tools, changed(other, 1, status="recruiting", status_raw="RECRUITING"))
    await make(tools)
    assert await told(tools) == [(nct(3), 1, ("new",)), (nct(2), 2, ("new", "status"))]
    assert (await store.watch(tools.db, "eve", id_)).trials == 3


async def test_many_who_make_notices_at_once_make_each_of_them_once(tools: Tools) -> None:
    """N05: exactly once across parallel workers."""
    many = [trial(number, title=f"Heart failure {number}") for number in range(1, 41)]
    await see(tools, *many, at=START)
    await save(tools, "eve", HEART)
    await make(tools)
    for day in (1, 2, 3):
        async with tools.db.acquire() as db:
            for one in many:  # a page each: forty rows that are due
                status: dict[str, Any] = DONE if day % 2 else {}
                await mirror(db, changed(one, day, **status), at=LATER + timedelta(hours=day))
    await asyncio.gather(*(make(tools) for _ in range(6)))
    found = await told(tools)
    assert len(found) == len(set(found)) == 120
    assert await tools.db.fetchval("select count(*) from trial_due where follower = 'watch'") == 0


async def test_who_dies_halfway_has_told_nothing_and_the_next_tells_all(tools: Tools) -> None:
    """N05: exactly once across crashes: what was due, what was told and what is known move together."""
    await see(tools, ONE, at=START)
    await watch_trial(tools, "eve", 1)
    await make(tools)
    await see(tools, changed(ONE, 1, **DONE))
    await tools.db.execute("create function fail() returns trigger language plpgsql as $$ begin raise 'dead'; end $$")
    await tools.db.execute("create trigger fail before update on watches for each row execute function fail()")
    with pytest.raises(asyncpg.RaiseError):
        await make(tools)
    assert await told(tools) == []
    await tools.db.execute("drop trigger fail on watches")
    await make(tools)
    assert await told(tools) == [(nct(1), 2, ("status",))]


async def test_the_job_goes_through_all_that_is_due(tools: Tools) -> None:
    """N05: as the schedule runs it."""
    await see(tools, ONE, at=START)
    await watch_trial(tools, "eve", 1)
    await see(tools, changed(ONE, 1, **DONE))
    await tools.db.execute("delete from trial_due where follower = 'mesh'")
    await queue.enqueue(tools.db, [watch.JOB.new()])
    async with house(tools.db, tools, watch.JOB, slots=1) as one:
        await one.heard.until_settled(1, "done")
        assert one.heard.all("notices.made", kind="status", number=1)
    assert len(await told(tools)) == 1


async def test_a_page_waits_until_it_is_coded_though_not_for_ever(tools: Tools) -> None:
    """N05: a search that asks for a meaning finds a trial by its codes, which come after it was written."""
    await see(tools, ONE, at=START)
    assert await store.is_early(tools.db)
    await tools.db.execute("update trial_due set at = at + interval '1 s' where follower = 'mesh'")
    assert not await store.is_early(tools.db)
    await tools.db.execute("update trial_due set at = now() - interval '1 hour'")
    assert not await store.is_early(tools.db)
    await tools.db.execute("update trial_due set at = now()")
    await tools.db.execute("delete from trial_due where follower = 'mesh'")
    assert not await store.is_early(tools.db)


async def test_what_changed_before_a_watch_was_added_is_told_of_by_nobody(tools: Tools) -> None:
    """N05."""
    await see(tools, ONE, at=START)
    await see(tools, changed(ONE, 1, **DONE))
    await watch_trial(tools, "eve", 1)
    await make(tools)
    assert await told(tools) == []


async def test_a_search_by_number_and_one_by_day_are_watched_too(tools: Tools) -> None:
    """N05: a saved search finds what the search finds."""
    await see(tools, ONE, trial(2, title="Heart failure", start=on(date(2027, 5, 1))), at=START)
    await save(tools, "eve", Asked("'=status:withdrawn'", numbers=(nct(1),)), "q=NCT00000001")
    await save(tools, "bob", Asked("'heart'", days=(date(2027, 1, 1), *(None,) * 5)), "q=heart&start_from=2027-01-01")
    await make(tools)
    await see(tools, changed(ONE, 1, start=on(date(2027, 2, 1))))
    await make(tools)
    assert await told(tools, "eve") == [(nct(1), 2, ("dates",))]
    assert await told(tools, "bob") == [(nct(1), 2, ("new", "dates"))]


async def test_what_cannot_be_watched_is_refused_with_the_reason(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    """N05: an empty search, one that finds too much, too many watches, another's watch."""
    await see(tools, ONE, trial(2, title="Heart failure"), at=START)
    with pytest.raises(Refusal, match="a search for everything"):
        await save(tools, "eve", Asked(""))
    monkeypatch.setattr(store, "MOST_FOUND", 1)
    with pytest.raises(Refusal, match="more than 1 trials"):
        await save(tools, "eve", HEART)
    monkeypatch.setattr(store, "MOST_WATCHES", 1)
    id_ = await watch_trial(tools, "eve", 1)
    with pytest.raises(Refusal, match="1 at most"):
        await watch_trial(tools, "eve", 2)
    with pytest.raises(NotFound):
        await store.remove(tools.db, "bob", id_)
    await store.remove(tools.db, "eve", id_)
    assert await store.watches(tools.db, "eve") == []


async def test_the_same_is_watched_once(tools: Tools) -> None:
    """N05."""
    await see(tools, ONE, at=START)
    assert await watch_trial(tools, "eve", 1) == await watch_trial(tools, "eve", 1)
    assert await save(tools, "eve", HEART) == await save(tools, "eve", HEART)
    assert len(await store.watches(tools.db, "eve")) == 2


async def test_a_search_that_cannot_be_run_any_more_says_so_and_stops_no_other(tools: Tools) -> None:
    """N05."""
    await see(tools, ONE, at=START)
    broken, good = await save(tools, "eve", HEART), await save(tools, "bob", HEART)
    await tools.db.execute(
        "update watches set asked = jsonb_set(asked, '{days}', '[\"nonsense\"]') where id = $1", broken
    )
    await see(tools, changed(ONE, 1, start=on(date(2021, 1, 1))))
    await make(tools)
    assert "cannot be run" in str((await store.watch(tools.db, "eve", broken)).problem)
    assert (await store.watch(tools.db, "bob", good)).problem is None
    assert await told(tools, "bob") == [(nct(1), 2, ("dates",))]


async def test_notices_are_read_by_their_owner_and_trimmed(tools: Tools) -> None:
    """N05."""
    await see(tools, ONE, at=START)
    await watch_trial(tools, "eve", 1)
    await see(tools, changed(ONE, 1, **DONE))
    await make(tools)
    [notice] = await store.notices(tools.db, "eve", unread=True)
    now = datetime.now(UTC)
    assert (await store.unread(tools.db, ["eve", "bob"]))["eve"].unread == 1
    assert await store.read(tools.db, "bob", None, now) == 0
    assert await store.read(tools.db, "eve", [notice.id], now) == 1
    assert await store.notices(tools.db, "eve", unread=True) == []
    assert await store.unread(tools.db, ["eve"]) == {}
    assert await store.trim(tools.db, now - timedelta(days=1)) == 0
    assert await store.trim(tools.db, now + timedelta(days=1)) == 1
