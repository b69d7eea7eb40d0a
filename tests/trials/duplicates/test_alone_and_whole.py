"""Records that are compared one by one, as they come, and all of them at once: the same is found."""

import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from actors.trials.comparable import Comparable
from bench import dedupe_gold as gold
from tests.trials.duplicates.records import clusters, compare, forget, keep, links, proposed, put, swept

if TYPE_CHECKING:
    import asyncpg

    Pool = asyncpg.Pool[Any]

ORDERS = 20
OTHERS = 60  # records that no judged pair names


@pytest.fixture(scope="module")
def records(shared_data: Path) -> list[Comparable]:
    """Records of judged pairs, and some more."""
    if not (shared_data / "dedupe_gold").exists():
        pytest.skip("no gold pairs")
    every = gold.records(shared_data)
    judged = {number for pair in gold.pairs(shared_data) for number in (pair.a, pair.b)}
    of_pairs = [one for one in every if one.record.id in judged]
    others = [one for one in every if one.record.id not in judged]
    return [*of_pairs, *others[:OTHERS]]


async def test_twenty_orders_of_arrival_give_the_clusters_of_the_whole(
    db: "Pool", records: list[Comparable], tmp_path: Path
) -> None:
    """G14: what is found does not depend on the order in which records came, nor on how they were compared."""
    ids = await put(db, records)
    await keep(db, records, ids)
    found = await swept(db, tmp_path)
    whole = await links(db), await clusters(db), await proposed(db)
    assert found.links == len(whole[0]) > 100
    assert found.clusters == len(whole[1]) > 20
    for seed in range(ORDERS):
        await forget(db)
        given = random.Random(seed).sample(records, len(records))  # noqa: S311 - no secret
        await compare(db, given, ids)
        assert (await links(db), await clusters(db), await proposed(db)) == whole
