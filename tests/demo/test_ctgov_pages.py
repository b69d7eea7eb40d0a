"""Lists, single records and versions through real HTTP."""

from collections.abc import AsyncIterator

import pytest

from demo.ctgov_server import Ctgov, serve
from demo.switches import Switches
from demo.world_source import world_of

from .client import STUDIES, fetch, get, listed, nct, pages


@pytest.fixture
async def server() -> AsyncIterator[Ctgov]:
    async with serve(world_of(250)) as started:
        yield started


async def test_tokens_lead_through_every_record_once_and_the_last_page_has_none(server: Ctgov) -> None:
    """N32: the fixture server of ClinicalTrials.gov speaks its paging."""
    got = [page async for page in pages(server.url, pageSize="100")]
    assert [len(page["studies"]) for page in got] == [100, 100, 50]
    assert ["nextPageToken" in page for page in got] == [True, True, False]
    numbers = [nct(study) for page in got for study in page["studies"]]
    assert len(set(numbers)) == 250


@pytest.mark.parametrize(
    ("asked", "served"), [({}, 10), ({"pageSize": "0"}, 10), ({"pageSize": "1"}, 1), ({"pageSize": "5000"}, 1000)]
)
async def test_a_page_is_ten_by_default_and_at_most_a_thousand(asked: dict[str, str], served: int) -> None:
    async with serve(world_of(1_001)) as server:
        page = (await get(server.url, **asked)).json
        assert len(page["studies"]) == served
        assert "nextPageToken" in page


async def test_a_full_last_page_has_no_token(server: Ctgov) -> None:
    assert [len(page["studies"]) async for page in pages(server.url, pageSize="125")] == [125, 125]


async def test_an_empty_world_has_one_empty_page() -> None:
    async with serve(world_of(0)) as server:
        assert (await get(server.url, countTotal="true")).json == {"totalCount": 0, "studies": []}


async def test_the_total_comes_only_on_request(server: Ctgov) -> None:
    assert "totalCount" not in (await get(server.url)).json
    assert (await get(server.url, countTotal="true")).json["totalCount"] == 250


async def test_a_token_goes_with_no_other_query(server: Ctgov) -> None:
    token = (await get(server.url, pageSize="10")).json["nextPageToken"]
    refused = await get(server.url, pageToken=token, filter__overallStatus="RECRUITING")
    assert refused.status == 400
    assert refused.headers["Content-Type"].startswith("text/plain")
    assert (await get(server.url, pageToken=token, pageSize="20", countTotal="true")).status == 200


@pytest.mark.parametrize(
    "params",
    [
        {"pageToken": "x"},
        {"pageToken": "!!!"},
        {"pageSize": "-1"},
        {"pageSize": "ten"},
        {"countTotal": "yes"},
        {"format": "csv"},
        {"nosuch": "1"},
        {"filter__overallStatus": "OPEN"},
        {"filter__ids": "NCT1,12"},
        {"filter__advanced": "AREA[LastUpdatePostDate]2024"},
        {"filter__advanced": "AREA[LastUpdatePostDate]RANGE[yesterday,MAX]"},
        {"filter__advanced": "AREA[Phase]RANGE[1,2]"},
        {"sort": "BriefTitle"},
        {"sort": "NCTId:up"},
        {"fields": "NoSuchField"},
    ],
)
async def test_what_cannot_be_understood_is_400_in_plain_text(server: Ctgov, params: dict[str, str]) -> None:
    refused = await get(server.url, **params)
    assert refused.status == 400
    assert refused.headers["Content-Type"].startswith("text/plain")
    assert server.pages[-1].status == 400


async def test_fields_cut_records_down(server: Ctgov) -> None:
    swept = await listed(server.url, pageSize="1000", fields="NCTId,LastUpdatePostDate")
    whole = await listed(server.url, pageSize="1000")
    assert len(swept) == 250
    for small, study in zip(swept, whole, strict=True):
        date = study["protocolSection"]["statusModule"]["lastUpdatePostDateStruct"]["date"]
        assert small == {
            "protocolSection": {
                "identificationModule": {"nctId": nct(study)},
                "statusModule": {"lastUpdatePostDateStruct": {"date": date}},
            }
        }
    other = await listed(server.url, pageSize="1000", fields="NCTId|HasResults|derivedSection.miscInfoModule")
    assert set(other[0]) == {"protocolSection", "derivedSection", "hasResults"}


async def test_a_record_is_found_by_its_number_however_it_is_written(server: Ctgov) -> None:
    number = nct((await get(server.url, pageSize="1")).json["studies"][0])
    for written in (number, number.lower(), f"NCT{int(number[3:])}", f"nct000{number[3:]}"):
        assert nct((await get(server.url, f"{STUDIES}/{written}")).json) == number


async def test_an_obsolete_number_moves_an_unknown_one_is_missing_a_malformed_one_is_refused(server: Ctgov) -> None:
    named = [study["protocolSection"]["identificationModule"] for study in await listed(server.url, pageSize="1000")]
    moved = next(one for one in named if "nctIdAliases" in one)
    unmoved = next(one["nctId"] for one in named if "nctIdAliases" not in one)
    answer = await get(server.url, f"{STUDIES}/{moved['nctIdAliases'][0]}", markupFormat="legacy")
    assert answer.status == 301
    assert answer.headers["Location"] == f"{STUDIES}/{moved['nctId']}?markupFormat=legacy"
    never_given = f"NCT{int(unmoved[3:]) + 500:08d}"
    assert (await get(server.url, f"{STUDIES}/{never_given}")).status == 404
    assert (await get(server.url, f"{STUDIES}/NCT00000001")).status == 404
    malformed = await get(server.url, f"{STUDIES}/NCTabc")
    assert malformed.status == 400
    assert malformed.headers["Content-Type"].startswith("text/plain")


async def test_version_and_size_are_told(server: Ctgov) -> None:
    version = (await get(server.url, "/api/v2/version")).json
    assert version == {"apiVersion": "2.0.5", "dataTimestamp": "2026-01-05T14:00:00"}
    size = (await get(server.url, "/api/v2/stats/size")).json
    assert size["totalStudies"] == 250
    assert size["averageSizeBytes"] > 5_000


async def test_an_unchanged_page_is_304(server: Ctgov) -> None:
    first = await get(server.url, pageSize="5")
    again = await fetch(server.url, STUDIES, {"pageSize": "5"}, {"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")
    server.switch(day=1)
    assert (await fetch(server.url, STUDIES, {"pageSize": "5"}, {"If-None-Match": first.headers["ETag"]})).status == 200


async def test_answers_are_compressed_when_the_client_can_read_it(server: Ctgov) -> None:
    packed = await get(server.url, pageSize="5")
    plain = await fetch(server.url, STUDIES, {"pageSize": "5"}, {"Accept-Encoding": "identity"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert int(packed.headers["Content-Length"]) < int(plain.headers["Content-Length"]) / 2
    assert packed.body == plain.body
    server.switch(gzip=False)
    assert "Content-Encoding" not in (await get(server.url, pageSize="5")).headers


async def test_the_world_moves_on_by_a_switch() -> None:
    async with serve(world_of(2_000), switches=Switches(day=0)) as server:
        before = {nct(study) for study in await listed(server.url, pageSize="1000", fields="NCTId,LastUpdatePostDate")}
        server.switch(day=7)
        version = (await get(server.url, "/api/v2/version")).json["dataTimestamp"]
        swept = await listed(server.url, pageSize="1000", fields="NCTId,LastUpdatePostDate")
        after = {nct(study) for study in swept}
        assert version == "2026-01-12T14:00:00"
        assert len(swept) == len(after)
        assert after - before
        gone = before - after
        assert gone
        assert (await get(server.url, f"{STUDIES}/{min(gone)}")).status == 404
        since = "AREA[LastUpdatePostDate]RANGE[2026-01-06,MAX]"
        changed = await listed(server.url, pageSize="1000", filter__advanced=since)
        assert {nct(study) for study in changed} == {
            nct(study)
            for study in swept
            if study["protocolSection"]["statusModule"]["lastUpdatePostDateStruct"]["date"] >= "2026-01-06"
        }
        assert 50 < len(changed) < 300
