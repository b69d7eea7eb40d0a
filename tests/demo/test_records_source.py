"""Real records, replayed."""

from pathlib import Path

import orjson
import pytest
import zstandard

from demo.ctgov_server import serve
from demo.records_source import RecordsSource, from_directory

from .client import STUDIES, get, listed, nct, pages, updated


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    if not (shared_data / "ctgov_v2" / "studies.ndjson.zst").exists():
        pytest.skip(f"no ClinicalTrials.gov records in {shared_data}")
    return shared_data / "ctgov_v2"


@pytest.fixture(scope="module")
def real(folder: Path) -> RecordsSource:
    return from_directory(folder)


def _lines(path: Path) -> list[bytes]:
    with path.open("rb") as file:
        return zstandard.ZstdDecompressor().stream_reader(file).read().splitlines()


async def test_every_real_record_is_served_once_and_unchanged(folder: Path, real: RecordsSource) -> None:
    """N32: the server replays recorded records of ClinicalTrials.gov."""
    kept = {nct(study): study for study in map(orjson.loads, _lines(folder / "studies.ndjson.zst"))}
    async with serve(real) as server:
        got = [page async for page in pages(server.url, pageSize="200", countTotal="true")]
        served = [study for page in got for study in page["studies"]]
        assert {page["totalCount"] for page in got} == {len(kept)}
        assert len(served) == len(kept)
        assert {nct(study): study for study in served} == kept


async def test_real_records_are_filtered_by_their_own_dates_and_found_by_number(real: RecordsSource) -> None:
    async with serve(real) as server:
        window = "AREA[LastUpdatePostDate]RANGE[2026-01-01,MAX]"
        got = await listed(server.url, pageSize="1000", filter__advanced=window)
        assert got
        assert all(updated(study) >= "2026-01-01" for study in got)
        assert nct((await get(server.url, f"{STUDIES}/{nct(got[0])}")).json) == nct(got[0])
        assert len(await listed(server.url, pageSize="1000", fields="NCTId,LastUpdatePostDate")) == len(
            real.positions()
        )


async def test_a_day_chooses_among_the_versions_of_a_real_record(folder: Path, real: RecordsSource) -> None:
    versions: dict[str, list[str]] = {}
    for study in map(orjson.loads, _lines(folder / "versions.ndjson.zst")):
        versions.setdefault(nct(study), []).append(updated(study))
    async with serve(real) as server:
        for day in (0, 1):
            server.switch(day=day)
            for number, dates in versions.items():
                study = (await get(server.url, f"{STUDIES}/{number}")).json
                assert updated(study) == sorted(dates)[min(day, len(dates) - 1)]


def test_files_hold_one_record_a_list_or_a_page(tmp_path: Path) -> None:
    def study(number: int) -> dict[str, object]:
        return {"protocolSection": {"identificationModule": {"nctId": f"NCT{number:08d}"}}}

    (tmp_path / "a.json").write_bytes(orjson.dumps(study(1)))
    (tmp_path / "b.json").write_bytes(orjson.dumps([study(2), study(3)]))
    (tmp_path / "c.json").write_bytes(orjson.dumps({"studies": [study(4)], "nextPageToken": "x"}))
    (tmp_path / "d.ndjson").write_bytes(orjson.dumps(study(5)) + b"\n\n" + orjson.dumps(study(1)) + b"\n")
    (tmp_path / "e.ndjson.zst").write_bytes(zstandard.compress(orjson.dumps(study(6))))
    (tmp_path / "notes.md").write_text("not a record")
    source = from_directory(tmp_path)
    assert [source.nct(at) for at in source.positions()] == [f"NCT{number:08d}" for number in range(1, 7)]


def test_a_directory_without_records_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no records"):
        from_directory(tmp_path)
