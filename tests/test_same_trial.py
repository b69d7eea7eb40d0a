"""Which records of the made-up world are one trial: found by the running service, compared with what is true."""

from itertools import combinations
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import orjson

from demo.process import running as demo_running
from demo.truth import clusters, traps
from demo.world import World
from tests.survive.processes import command, running
from tests.test_mirror_registries import NAMES, settings_for

Pool: TypeAlias = "asyncpg.Pool[Any]"
WORLD = World(1200, seed=3)
PRECISION, RECALL = 0.995, 0.97

Two: TypeAlias = tuple[str, str]


def two(a: str, b: str) -> Two:
    return (a, b) if a < b else (b, a)


def same_in(world: World) -> set[Two]:
    """Every two different numbers under which records of one trial are mirrored."""
    return {
        two(a, b)
        for cluster in clusters(world)
        for a, b in combinations({one.id[:14] if one.registry == "ctis" else one.id for one in cluster.records}, 2)
    }


def share(of: set[Two], among: set[Two]) -> float:
    """How many of them are among the others."""
    return len(of & among) / len(of)


async def test_records_of_one_trial_are_found_and_traps_are_not(dsn: str, db: Pool, tmp_path: Path) -> None:
    """G14, N03: precision 0.995 at least, of what is merged by itself too; recall 0.97; no trap is merged; once
    more adds nothing.
    """
    async with demo_running(trials=WORLD.trials, seed=WORLD.seed) as world:
        settings = settings_for(world, ("ctgov", *NAMES))
        async with running(dsn, tmp_path, settings=settings) as triald:
            scraped = await command(dsn, "scrape", "--full", "--wait", "--json", settings=settings)
            assert scraped.code == 0, scraped.error
            compared = await command(dsn, "dedupe", "--wait", "--json", settings=settings)
            assert compared.code == 0, compared.error
            listed = await command(dsn, "dedupe", "pairs", "--json", settings=settings)
            again = await command(dsn, "dedupe", "--wait", "--json", settings=settings)
            assert again.code == 0, again.error
            once_more = await command(dsn, "dedupe", "pairs", "--json", settings=settings)
            assert triald.alive
    pairs = [orjson.loads(line) for line in listed.out.splitlines()]
    assert {tuple(pair) for pair in pairs} == {("a", "b", "score", "type", "decision")}
    found = {two(one["a"], one["b"]) for one in pairs if one["type"] != "possible" and one["a"] != one["b"]}
    merged = {two(one["a"], one["b"]) for one in pairs if one["decision"] == "automatic" and one["a"] != one["b"]}
    true, mistaken = same_in(WORLD), {two(one.trial, one.like) for one in traps(WORLD)}
    print(f"found: precision {share(found, true):.4f}, recall {share(true, found):.4f} of {len(true)} pairs")
    print(f"merged: precision {share(merged, true):.4f}, recall {share(true, merged):.4f}")
    assert share(found, true) >= PRECISION
    assert share(true, found) >= RECALL
    assert share(merged, true) >= PRECISION
    assert mistaken
    assert not merged & mistaken
    assert once_more.out == listed.out
