"""Real records, mirrored by the running service from a server that speaks the registry's protocol."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import zstandard

from actors.trials import store
from actors.trials.pack import unpack
from demo.process import running as demo_running
from tests.survive.processes import command, running, world_settings


def raw_studies(shared_data: Path) -> Iterator[dict[str, Any]]:
    with (shared_data / "ctgov_v2" / "studies.ndjson.zst").open("rb") as file:
        body = zstandard.ZstdDecompressor().stream_reader(file).read()
    yield from (orjson.loads(line) for line in body.splitlines() if line)


async def test_every_real_record_is_mirrored_as_its_raw_json_says(
    dsn: str, db: "asyncpg.Pool[Any]", tmp_path: Path, shared_data: Path
) -> None:
    """G01, N32: real records, replayed: none refused, none lost; ids, statuses, dates and conditions are equal."""
    studies = {study["protocolSection"]["identificationModule"]["nctId"]: study for study in raw_studies(shared_data)}
    async with demo_running(records=shared_data / "ctgov_v2") as world:
        settings = world_settings(world.url)
        async with running(dsn, tmp_path, settings=settings) as triald:
            ended = await command(dsn, "scrape", "ctgov", "--full", "--wait", "--json", settings=settings)
            assert ended.code == 0, ended.error
            assert triald.alive
    [scrape] = await store.scrapes(db)
    assert (scrape.state, scrape.records, scrape.new, scrape.refused) == ("done", len(studies), len(studies), 0)
    rows = {row["registry_id"]: row for row in await db.fetch("select * from trials")}
    assert rows.keys() == studies.keys()
    for nct, study in studies.items():
        protocol = study["protocolSection"]
        status, row = protocol["statusModule"], rows[nct]
        assert row["status_raw"] == status.get("overallStatus")
        assert row["status"] == (status.get("overallStatus") or "unknown").lower()
        assert row["conditions"] == protocol.get("conditionsModule", {}).get("conditions", [])
        assert shown(row, "start") == status.get("startDateStruct", {}).get("date")
        assert shown(row, "completion") == status.get("completionDateStruct", {}).get("date")
        assert shown(row, "last_updated") == status.get("lastUpdatePostDateStruct", {}).get("date")
    bodies = await db.fetch("select t.registry_id, r.body from trials t join trial_raw r on r.trial_id = t.id")
    assert {row["registry_id"]: orjson.loads(unpack(row["body"])) for row in bodies} == studies


def shown(row: Any, name: str) -> str | None:
    """The date as the registry writes it: as precise as it was given."""
    day, precision = row[f"{name}_on"], row[f"{name}_precision"]
    return None if day is None else day.isoformat()[: {"day": 10, "month": 7, "year": 4}[precision]]
