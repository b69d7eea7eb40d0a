"""What is new is compared soon: by itself, or with everything; and not while somebody else compares everything."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from actors.runtime.compute import Compute
from actors.trials.duplicates import store
from actors.trials.duplicates.following import Followed, When, follow, is_due
from actors.trials.duplicates.store import State
from actors.trials.duplicates.sweeping import store as sweeping
from tests.supervisor.commands.test_dedupe import twins
from tests.trials.duplicates.records import clusters, links
from tests.trials.pages import mirror, nct, trial

if TYPE_CHECKING:
    import asyncpg

    Pool = asyncpg.Pool[Any]

ALONE = When(small=0, share=10.0)


@pytest.fixture
async def compute() -> AsyncIterator[Compute]:
    one = Compute(1)
    yield one
    await one.close()


async def arrived(db: "Pool", *trials: Any) -> None:
    async with db.acquire() as one:
        await mirror(one, *trials)


async def test_new_trials_are_compared_at_once_and_by_themselves(db: "Pool", compute: Compute, tmp_path: Path) -> None:
    """G14: the first with everything, those after it alone; the same is found, and a second look adds nothing."""
    first, *others = twins()
    await arrived(db, first)
    begun = await follow(db, compute, tmp_path)
    assert (begun.kept, begun.swept and begun.swept.records) == (1, 1)
    await arrived(db, *others)
    alone = await follow(db, compute, tmp_path, when=ALONE)
    assert (alone.kept, alone.compared, alone.swept) == (3, 3, None)
    assert await clusters(db) == {frozenset((nct(1), nct(2)))}
    assert await follow(db, compute, tmp_path, when=ALONE) == Followed()
    found = await links(db)
    whole = await follow(db, compute, tmp_path, all_anew=True)
    assert whole.swept and (whole.swept.merged, whole.swept.unmerged, whole.swept.gone) == (0, 0, 0)
    assert (await links(db)).keys() == found.keys()


async def test_a_trial_that_changes_leaves_its_cluster(db: "Pool", compute: Compute, tmp_path: Path) -> None:
    """N03: what no record says any more joins nothing any more."""
    first, second, *_ = twins()
    await arrived(db, first, second)
    await follow(db, compute, tmp_path)
    own = tuple(one for one in first.ids if one.place == "main")
    await arrived(db, trial(1, title="Something else", ids=own))
    changed = await follow(db, compute, tmp_path, when=ALONE)
    assert (changed.kept, changed.compared) == (1, 1)
    assert (await links(db), await clusters(db)) == ({}, set())
    events = [row["event"] for row in await store.events(db)]
    assert events == ["unmerged", "merged"]


async def test_who_finds_everything_being_compared_waits(db: "Pool", compute: Compute, tmp_path: Path) -> None:
    await arrived(db, *twins())
    async with db.acquire() as one, one.transaction():
        await sweeping.begin(one, uuid4())
    assert (await follow(db, compute, tmp_path)).busy
    assert await links(db) == {}
    await db.execute("update duplicate_state set heard_at = now() - interval '1 hour'")
    assert (await follow(db, compute, tmp_path)).swept is not None


@pytest.mark.parametrize(
    ("records", "counted", "changed", "due"),
    [
        (100, 0, 1, True),
        (20_000, 20_000, 1, True),
        (20_001, 20_000, 1, False),
        (20_001, 20_000, 1_000, False),
        (20_001, 20_000, 1_001, True),
        (500_000, 0, 1, True),
        (100, 100, 0, False),
    ],
)
def test_everything_is_compared_where_it_is_quick_or_words_have_another_worth(
    records: int, counted: int, changed: int, *, due: bool
) -> None:
    state = State(1, counted, changed, None, None, None, 0)
    assert is_due(state, records) is due
