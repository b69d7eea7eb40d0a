"""CTIS, EU CTR, ISRCTN and ICTRP, mirrored by the running service from servers that answer as the registries do."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import pytest

from actors.reading import known_registries
from actors.trials import store
from demo.holdings import Entry, holdings, truth_for
from demo.ictrp_copies import copies
from demo.process import Demo
from demo.process import running as demo_running
from demo.records import sources_in
from demo.truth import clusters
from demo.world import Truth, World
from tests.survive.processes import Ended, command, running

Pool: TypeAlias = "asyncpg.Pool[Any]"
STATED = "select t.registry, t.registry_id, i.value from trial_ids i join trials t on t.id = i.trial_id"
POSTED = "select registry_id, first_posted_on, first_posted_precision from trials where registry = 'ictrp'"
NAMES = ("ctis", "euctr", "isrctn", "ictrp")
WORLD = World(500, seed=2)


def settings_for(world: Demo, names: tuple[str, ...] = NAMES) -> dict[str, object]:
    bases = {host: world.urls[name] for name in names for host in known_registries()[name].hosts}
    return {
        "registries": ",".join(names),
        "registry_bases": ",".join(f"{host}={url}" for host, url in bases.items()),
        "registry_per_min": ",".join(f"{name}=60000" for name in names),
    }


async def mirrored(dsn: str, folder: Path, settings: dict[str, object], *words: str) -> Ended:
    async with running(dsn, folder, settings=settings) as triald:
        ended = await command(dsn, "scrape", "--full", "--wait", "--json", *words, settings=settings)
        assert triald.alive
    return ended


async def numbers_here(db: Pool) -> dict[str, set[str]]:
    here = defaultdict(set)
    for row in await db.fetch("select registry, registry_id from trials"):
        here[row["registry"]].add(row["registry_id"])
    return here


def numbers_told(world: World) -> dict[str, set[str]]:
    """What each registry has of the world, by the number without the submission where it counts them."""
    told = defaultdict(set)
    for cluster in clusters(world):
        for one in cluster.records:
            told[one.registry].add(one.id[:14] if one.registry == "ctis" else one.id)
    return told


def truths(world: World, name: str) -> Iterator[tuple[str, Entry, Truth]]:
    """(number as it is mirrored, record, trial) of all that a registry has."""
    if name == "ictrp":
        found = [(copy.number, copy.entry) for copy in copies(world)]
    else:
        found = [(one.id[:14] if name == "ctis" else one.id, one) for one in holdings(world)[name]]
    for number, entry in found:
        yield number, entry, truth_for(world, entry.index)


async def test_the_mirror_of_a_world_is_its_truth(dsn: str, db: Pool, tmp_path: Path) -> None:
    """G01, N32: from each registry every trial once, and what it is: sponsor, start, size, conditions, numbers."""
    async with demo_running(trials=WORLD.trials, seed=WORLD.seed) as world:
        ended = await mirrored(dsn, tmp_path, settings_for(world))
    assert ended.code == 0, ended.error
    here, told = await numbers_here(db), numbers_told(WORLD)
    assert here == {name: told[name] for name in NAMES}
    assert {scrape.refused for scrape in await store.scrapes(db)} == {0}
    rows = {(row["registry"], row["registry_id"]): row for row in await db.fetch("select * from trials")}
    stated = defaultdict(set)
    for row in await db.fetch(
        "select t.registry, t.registry_id, i.value from trial_ids i join trials t on t.id = i.trial_id"
    ):
        stated[row["registry"], row["registry_id"]].add(row["value"])
    for name in NAMES:
        for number, entry, of in truths(WORLD, name):
            row = rows[name, number]
            assert row["sponsor"] == of.sponsor.name
            assert set(of.named) <= {one for text in row["conditions"] for one in re.split(", |;", text)}, (
                name,
                row["conditions"],
            )
            assert (row["enrolment"] or 0) in (of.outline.planned, of.outline.enrolment)
            assert row["title"]
            if name in ("isrctn", "ictrp") and row["start_precision"] == "day":
                assert row["start_on"] == date.fromordinal(of.outline.started)
            if name != "ictrp":
                bare = {one[:14] if one[:2] == "20" else one for one in entry.states if not one.startswith("NCT8")}
                assert bare <= {value[:14] if value[:2] == "20" else value for value in stated[name, number]}


async def test_countries_of_one_trial_are_one_and_submissions_too(dsn: str, db: Pool, tmp_path: Path) -> None:
    """G01: EU CTR's protocols of one trial, and CTIS's submissions, are one trial; the highest submission stands."""
    async with demo_running(trials=WORLD.trials, seed=WORLD.seed) as world:
        ended = await mirrored(dsn, tmp_path, settings_for(world, ("ctis", "euctr")))
    assert ended.code == 0, ended.error
    countries = {
        row["registry_id"]: set(row["countries"])
        for row in await db.fetch("select registry_id, countries from trials where registry = 'euctr'")
    }
    assert max(map(len, countries.values())) > 1
    again = [one.id for one in next(c for c in clusters(WORLD) if any(r.id.endswith("-01") for r in c.records)).records]
    number = next(one for one in again if one.endswith("-01"))
    url = await db.fetchval("select url from trials where registry = 'ctis' and registry_id = $1", number[:14])
    assert number in url


UPDATED = "select registry, registry_id, last_updated_on from trials where removed_at is null"


async def test_another_day_brings_what_has_changed(dsn: str, db: Pool, tmp_path: Path) -> None:
    """G01: an incremental scrape of each registry, after twenty days of its world."""
    async with demo_running(trials=WORLD.trials, seed=WORLD.seed) as world:
        settings = settings_for(world)
        async with running(dsn, tmp_path, settings=settings):
            first = await command(dsn, "scrape", "--full", "--wait", "--json", settings=settings)
            for name in NAMES:
                await world.registry(name).switch(day=20)
            later = await command(dsn, "scrape", "--wait", "--json", settings=settings)
    assert (first.code, later.code) == (0, 0), (first.error, later.error)
    changed = {scrape.registry: scrape.changed for scrape in await store.scrapes(db) if scrape.mode == "incremental"}
    assert min(changed[name] for name in NAMES) > 0, changed
    here = {(row["registry"], row["registry_id"]): row["last_updated_on"] for row in await db.fetch(UPDATED)}
    for name in ("ctis", "isrctn"):
        for number, entry, _ in truths(WORLD.on(20), name):
            assert here[name, number] == date.fromordinal(entry.updated)


TRAPS: Mapping[str, Mapping[str, Any]] = {
    "ctis": {"cap": 15, "too_many": 2, "errors": 1, "truncated": 1, "cut_json": 1, "not_json": 1, "uneven_days": 5},
    "euctr": {"missing_breaks": 0.1, "too_many": 1, "errors": 1, "truncated": 1, "cut_json": 1, "not_json": 1},
    "isrctn": {"too_many": 1, "errors": 1, "truncated": 1, "cut_json": 1, "not_json": 1, "wrong_shape": 1},
    "ictrp": {"instead": "zip", "swapped_days": True, "byte_order_mark": True, "errors": 1, "truncated": 1},
}


async def test_traps_and_faults_lose_no_trial(dsn: str, db: Pool, tmp_path: Path) -> None:
    """N06: caps without a word, no order, missing breaks, 429, 5xx, what is cut or no answer at all: none is lost."""
    async with demo_running(trials=WORLD.trials, seed=WORLD.seed) as world:
        for name, switches in TRAPS.items():
            await world.registry(name).switch(**switches)
        ended = await mirrored(dsn, tmp_path, settings_for(world))
    assert ended.code == 0, ended.error
    told = numbers_told(WORLD)
    assert await numbers_here(db) == {name: told[name] for name in NAMES}
    days = {number: date.fromordinal(entry.registered) for number, entry, _ in truths(WORLD, "ictrp")}
    posted = {row["registry_id"]: row["first_posted_on"] for row in await db.fetch(POSTED) if row[2] == "day"}
    assert posted == {number: days[number] for number in posted}


async def test_a_record_that_cannot_be_read_is_set_aside_and_the_others_are_here(
    dsn: str, db: Pool, tmp_path: Path
) -> None:
    """N06: records without their shape, with a NUL, or with bytes that are no text."""
    async with demo_running(trials=WORLD.trials, seed=WORLD.seed) as world:
        for name in NAMES:
            await world.registry(name).switch(shapeless_every=9)
        await mirrored(dsn, tmp_path, settings_for(world))
    told, here = numbers_told(WORLD), await numbers_here(db)
    for scrape in await store.scrapes(db):
        assert scrape.refused > 0, scrape
        assert here[scrape.registry] < told[scrape.registry]
        assert len(here[scrape.registry]) >= len(told[scrape.registry]) * 3 // 4


async def test_one_registry_down_leaves_the_others_alone(dsn: str, db: Pool, tmp_path: Path) -> None:
    """N06: a registry that does not answer fails by itself."""
    names = ("isrctn", "ictrp")
    async with demo_running(trials=300) as world:
        settings = settings_for(world, names) | {"max_attempts": 1}
        await world.registry("isrctn").switch(errors=1_000_000, error_status=404)
        ended = await mirrored(dsn, tmp_path, settings)
    assert ended.code != 0
    here = await numbers_here(db)
    assert here == {"ictrp": numbers_told(World(300))["ictrp"]}


@pytest.mark.parametrize(("name", "doctype"), [("isrctn", "bomb"), ("ictrp", "external"), ("ictrp", "bomb")])
async def test_xml_that_declares_entities_is_refused(
    dsn: str, db: Pool, tmp_path: Path, name: str, doctype: str
) -> None:
    """N06: nothing unfolds, no file of this machine is read, and nothing of such a document is here."""
    async with demo_running(trials=300) as world:
        await world.registry(name).switch(doctype=doctype)
        ended = await mirrored(dsn, tmp_path, settings_for(world, (name,)) | {"max_attempts": 1})
    assert ended.code != 0
    assert await db.fetchval("select count(*) from trials") == 0


async def test_an_archive_that_is_a_bomb_is_refused(dsn: str, db: Pool, tmp_path: Path) -> None:
    """N06: it is not unpacked, and nothing of it is here."""
    async with demo_running(trials=300) as world:
        await world.registry("ictrp").switch(instead="zip", zip_bomb=True, gigantic_bytes=400 << 20)
        settings = settings_for(world, ("ictrp",)) | {"max_attempts": 1}
        ended = await mirrored(dsn, tmp_path, settings)
    assert ended.code != 0
    assert await db.fetchval("select count(*) from trials") == 0


async def test_every_real_record_of_each_registry_is_mirrored(
    dsn: str, db: Pool, tmp_path: Path, shared_data: Path
) -> None:
    """G01, N32: real records, replayed: none refused, none lost."""
    if not all((shared_data / name).is_dir() for name in NAMES):
        pytest.skip(f"no records of {', '.join(NAMES)} in {shared_data}")
    sources = sources_in(shared_data)
    async with demo_running(records=shared_data, start_within_s=90) as world:
        ended = await mirrored(dsn, tmp_path, settings_for(world))
    assert ended.code == 0, ended.error
    here = await numbers_here(db)
    assert sources.ctis and sources.euctr and sources.isrctn and sources.ictrp
    assert here["ctis"] == {one.number[:14] for one in sources.ctis.records}
    assert here["euctr"] == {one.number for one in sources.euctr.records}
    assert here["isrctn"] == {one.number for one in sources.isrctn.records}
    assert here["ictrp"] == {one.number for one in sources.ictrp.records}
    assert {scrape.refused for scrape in await store.scrapes(db)} == {0}
