"""CTIS, mirrored by the running service from the demo's server: in full, by what changed, and by bare numbers."""

from pathlib import Path
from typing import Any, TypeAlias

import asyncpg

from actors.reading import known_registries
from demo.process import Demo
from demo.process import running as demo_running
from tests.survive.processes import SMALL, command, running

Pool: TypeAlias = "asyncpg.Pool[Any]"
MISSED, STALE = 2, 3


def _settings(world: Demo) -> dict[str, object]:
    (host,) = known_registries()["ctis"].hosts
    bases = f"{host}={world.urls['ctis']}"
    return {**SMALL, "registries": "ctis", "registry_bases": bases, "registry_per_min": "ctis=60000"}


async def _latest(db: Pool) -> Any:
    row = await db.fetchrow("select * from scrapes order by id desc limit 1")
    assert row is not None
    return row


async def test_what_differs_by_number_and_day_is_looked_up_and_read(dsn: str, db: Pool, tmp_path: Path) -> None:
    """G06, G07: after a full scrape, a reconciliation lists all trials and reads those that differ; none is lost."""
    async with demo_running(trials=1_500) as world:
        settings = _settings(world)
        async with running(dsn, tmp_path, settings=settings):
            full = await command(dsn, "scrape", "ctis", "--full", "--wait", "--json", settings=settings)
            assert full.code == 0, full.error
            first = await _latest(db)
            assert first["missed"] == 0
            assert first["records"] == first["total"] == first["new"] > MISSED + STALE
            here = [row[0] for row in await db.fetch("select registry_id from trials order by registry_id")]
            await db.execute("delete from trials where registry_id = any($1)", here[:MISSED])
            await db.execute(
                "update trials set last_updated_on = '2001-01-01', content_sha256 = sha256('')"
                " where registry_id = any($1)",
                here[MISSED : MISSED + STALE],
            )
            again = await command(dsn, "scrape", "ctis", "--reconcile", "--wait", "--json", settings=settings)
            assert again.code == 0, again.error
    scrape = await _latest(db)
    assert (scrape["mode"], scrape["state"], scrape["removed"], scrape["missed"]) == ("reconcile", "done", 0, 0)
    assert (scrape["new"], scrape["changed"]) == (MISSED, STALE)
    assert [row[0] for row in await db.fetch("select registry_id from trials order by registry_id")] == here
