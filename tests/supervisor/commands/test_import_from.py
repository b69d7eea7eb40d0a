"""`triald import-from`: dumps of the five replaced systems, with a report of what is not taken over."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from supervisor.taking_over import known_systems
from tests.replaced.test_reading import ROW
from tests.supervisor.commands.running import Triald

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]


def globaltrials(folder: Path) -> Path:
    """600 trials, one of which cannot be read and one twice, and a row of each other kind."""
    trials: list[dict[str, Any]] = [ROW | {"id": f"t{n}", "trial_id": f"NCT{n:08}"} for n in range(600)]
    trials += [ROW | {"id": "bad", "start_date": "soon"}, trials[0]]
    tables = {
        "users": [{"id": "u1", "email": "a@x.example", "role": "researcher", "password_hash": "x"}],
        "clinical_trials": trials,
        "trial_sources": [{"id": 1, "trial_id": "t1", "registry": "ISRCTN", "source_id": "ISRCTN12345678"}],
        "saved_searches": [
            {"id": "s1", "user_id": "u1", "query": "heart"},
            {"id": "s2", "user_id": "u1", "query": "heart", "filters": {"location": "Berlin"}},
            {"id": "s3", "user_id": "nobody", "query": "angina"},
        ],
        "patients": [{"id": "p1", "name": "canary"}],
        "odd_table": [{"id": 1}],
    }
    path = folder / "globaltrials.json"
    path.write_bytes(orjson.dumps(tables))
    return path


async def test_trials_searches_and_people_are_taken_over_once_and_the_rest_is_told(
    triald: Triald, connection: "Connection", tmp_path: Path
) -> None:
    """N38: fixture dump → counts, reasons, invented fields not imported; again, nothing is doubled."""
    path, report = globaltrials(tmp_path), tmp_path / "refused.jsonl"
    dry = await triald("import-from", "globaltrials", str(path), "--dry-run", "--json")
    assert (dry.code, dry.err.count("Traceback")) == (0, 0)
    assert await connection.fetchval("select count(*) from trials") == 0
    done = await triald("import-from", "globaltrials", str(path), "--refused", str(report), "--json")
    assert {**dry.json, "dry_run": False} == done.json
    assert done.json["new"] == {"people": 1, "trials": 600, "searches": 1}
    left = {one["field"]: one["rows"] for one in done.json["left_out"]}
    assert (left["compensation (invented)"], left["locations.coordinates (invented)"]) == (601, 601)
    assert left["password_hash (secret)"] == 1
    reasons = {(one["table"], one["reason"]): one["rows"] for one in done.json["refused"]}
    assert reasons["clinical_trials", "start_date: 'soon' is not a date (YYYY, YYYY-MM or YYYY-MM-DD)"] == 1
    assert reasons["patients", "no place yet: patients have no place yet"] == 1
    assert reasons["odd_table", "no place yet: a table that this system is not known to have"] == 1
    lines = [orjson.loads(line) for line in report.read_bytes().splitlines()]
    assert len(lines) == sum(reasons.values())
    assert "canary" not in report.read_text()
    rows = await connection.fetchrow("select count(*), count(distinct registry_id), max(version) from trials")
    assert tuple(rows or ()) == (600, 600, 1)
    stored = await connection.fetchval("select string_agg(record::text, '') from trials")
    assert ("1500" in stored, "40.7" in stored) == (False, False)
    again = await triald("import-from", "globaltrials", str(path), "--json")
    assert again.json["new"] == {"trials": 0}
    assert (again.json["there"]["people"], again.json["there"]["searches"]) == (1, 1)
    people = await triald("import-from", "globaltrials", str(path))
    assert "LEFT OUT OF ROWS THAT WERE TAKEN OVER" in people.out
    assert "compensation (invented)" in people.out
    assert await connection.fetchval("select password from users where login = 'a@x.example'") is None


async def test_lay_terms_become_decisions_where_mesh_is_there_and_are_refused_where_not(
    triald: Triald, connection: "Connection", tmp_path: Path
) -> None:
    path = tmp_path / "medical_term_mappings.json"
    row = {"id": 1, "patient_terms": ["heart attack"], "medical_terms": ["MI"], "mesh_codes": ["D009203"]}
    path.write_bytes(orjson.dumps([row, row | {"mesh_codes": ["D999999"], "patient_terms": ["odd"]}]))
    told = await triald("import-from", "globaltrials", str(path), "--json")
    assert told.json["new"] == {}
    assert {one["reason"] for one in told.json["refused"]} == {
        "uis: there is no MeSH record 'D009203'", "uis: there is no MeSH record 'D999999'",
    }  # fmt: skip
    await connection.execute("insert into mesh_records (ui, kind, name, numbers) values ('D009203', 1, 'MI', '{}')")
    then = await triald("import-from", "globaltrials", str(path), "--json")
    again = await triald("import-from", "globaltrials", str(path), "--json")
    assert (then.json["new"], again.json["new"], again.json["there"]) == ({"terms": 1}, {}, {"terms": 1})
    assert await connection.fetchval("select uis from mesh_curated where sample = 'heart attack'") == ["D009203"]


@pytest.mark.parametrize("system", [name for name in known_systems() if name != "globaltrials"])
async def test_people_and_projects_of_every_other_system_are_taken_over_and_the_rest_has_its_reason(
    triald: Triald, connection: "Connection", tmp_path: Path, system: str
) -> None:
    """N38: CER jobs, analyses, guideline cards and images have no place yet, and are counted so."""
    known = known_systems()[system]
    tables: dict[str, list[dict[str, Any]]] = {table: [{"id": 1, "name": "x"}] for table in known.no_place}
    tables["users"] = [{"id": "u1", "email": "b@x.example", "role": "ADMIN"}, {"id": "u2"}]
    tables["projects"] = [{"id": 1, "title": "Spheroids", "user_id": "u1"}, {"id": 2, "title": "Ownerless"}]
    path = tmp_path / "dump.json"
    path.write_bytes(orjson.dumps(tables))
    told = await triald("import-from", system, str(path), "--json", "--owner", "b@x.example")
    assert told.json["new"] == {"people": 1, "projects": 2}
    reasons = {one["table"]: one["reason"] for one in told.json["refused"]}
    assert reasons == {table: f"no place yet: {why}" for table, why in known.no_place.items()} | {
        "users": "name: expected a value, got none"
    }
    again = await triald("import-from", system, str(path), "--json", "--owner", "b@x.example")
    assert (again.json["new"], again.json["there"]) == ({}, {"people": 1, "projects": 2})


async def test_what_is_no_dump_or_no_system_of_ours_is_said_so(triald: Triald, tmp_path: Path) -> None:
    nobody = await triald("import-from", "nobody", str(tmp_path))
    nothing = await triald("import-from", "clay", str(tmp_path))
    assert (nobody.code, "those that are read are cer, clay, globaltrials" in nobody.err) == (3, True)
    assert (nothing.code, "expected a file that ends in .json" in nothing.err) == (2, True)
