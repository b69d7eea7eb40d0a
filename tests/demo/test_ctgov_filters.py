"""What is listed: filters, searches, sorting."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import orjson
import pytest

from demo.ctgov_server import Ctgov, serve
from demo.records_source import Kept, RecordsSource
from demo.world_source import world_of

from .client import get, listed, nct, posted, status, updated


@pytest.fixture(scope="module")
def source() -> Any:
    return world_of(400)


@pytest.fixture
async def server(source: Any) -> AsyncIterator[Ctgov]:
    async with serve(source) as started:
        yield started


async def _all(server: Ctgov) -> list[dict[str, Any]]:
    return await listed(server.url, pageSize="1000")


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("AREA[LastUpdatePostDate]RANGE[2024-03-01,MAX]", lambda s: updated(s) >= "2024-03-01"),
        ("AREA[LastUpdatePostDate]RANGE[MIN,2015-12-31]", lambda s: updated(s) <= "2015-12-31"),
        ("AREA[LastUpdatePostDate]RANGE[MIN,MAX]", lambda s: True),
        ("AREA[StudyFirstPostDate]RANGE[2010-01,2019-06]", lambda s: "2010-01-01" <= posted(s) <= "2019-06-30"),
        ("AREA[StudyFirstPostDate]RANGE[01/01/2010, 12/31/2012]", lambda s: "2010" <= posted(s) <= "2012-12-31"),
        (
            "AREA[StudyFirstPostDate]RANGE[MIN,2019-12-31] AND AREA[LastUpdatePostDate]RANGE[2021-01-01,MAX]",
            lambda s: posted(s) <= "2019-12-31" and updated(s) >= "2021-01-01",
        ),
    ],
)
async def test_a_range_of_dates_lists_these_and_no_others(
    server: Ctgov, expression: str, holds: Callable[[dict[str, Any]], bool]
) -> None:
    expected = {nct(study) for study in await _all(server) if holds(study)}
    answer = (await get(server.url, pageSize="1000", countTotal="true", filter__advanced=expression)).json
    assert {nct(study) for study in answer["studies"]} == expected
    assert answer["totalCount"] == len(expected) > 0


async def test_records_that_lack_a_date_are_listed_as_missing_and_fall_into_no_range() -> None:
    """As the registry has it: a sweep by windows finds such records by MISSING alone."""
    kept = [_kept(1, posted="2001-05-06"), _kept(2, posted=""), _kept(3, posted="2020-01-01"), _kept(4, posted="")]
    async with serve(RecordsSource(kept)) as server:

        async def numbers(expression: str) -> list[str]:
            answer = await get(server.url, pageSize="1000", filter__advanced=expression)
            return [nct(study) for study in answer.json["studies"]]

        assert await numbers("AREA[StudyFirstPostDate]MISSING") == ["NCT00000002", "NCT00000004"]
        assert await numbers("AREA[StudyFirstPostDate]RANGE[MIN,MAX]") == ["NCT00000001", "NCT00000003"]
        assert await numbers("AREA[LastUpdatePostDate]MISSING") == []
        both = "AREA[StudyFirstPostDate]MISSING AND AREA[LastUpdatePostDate]RANGE[2024-01-03,MAX]"
        assert await numbers(both) == ["NCT00000004"]
        assert (await get(server.url, filter__advanced="AREA[NoSuchDate]MISSING")).status == 400


def _kept(number: int, *, posted: str) -> Kept:
    name, last = f"NCT{number:08}", f"2024-01-{number:02}"
    study = {"protocolSection": {"identificationModule": {"nctId": name}, "statusModule": {}}}
    return Kept(name, (), posted, last, "COMPLETED", last, orjson.dumps(study))


async def test_windows_that_touch_list_every_record_once(server: Ctgov) -> None:
    found: list[str] = []
    for low, high in (("MIN", "2009-12-31"), ("2010-01-01", "2020-06-14"), ("2020-06-15", "MAX")):
        window = f"AREA[StudyFirstPostDate]RANGE[{low},{high}]"
        found += [nct(study) for study in await listed(server.url, pageSize="100", filter__advanced=window)]
    assert sorted(found) == sorted(nct(study) for study in await _all(server))


async def test_statuses_are_filtered(server: Ctgov) -> None:
    got = await listed(server.url, pageSize="1000", filter__overallStatus="RECRUITING,NOT_YET_RECRUITING")
    assert {status(study) for study in got} == {"RECRUITING", "NOT_YET_RECRUITING"}
    wanted = [s for s in await _all(server) if status(s) in ("RECRUITING", "NOT_YET_RECRUITING")]
    assert len(got) == len(wanted)


async def test_ids_list_what_there_is_of_them(server: Ctgov) -> None:
    some = [nct(study) for study in (await _all(server))[5:9]]
    got = await listed(server.url, filter__ids=",".join([*some, "NCT00000001"]))
    assert {nct(study) for study in got} == set(some)
    assert await listed(server.url, filter__ids="NCT00000001") == []


async def test_a_search_for_numbers_ignores_filters(server: Ctgov) -> None:
    study = next(one for one in await _all(server) if status(one) == "COMPLETED")
    got = await listed(server.url, query__term=nct(study).lower(), filter__overallStatus="RECRUITING")
    assert [nct(one) for one in got] == [nct(study)]


async def test_a_search_for_words_lists_records_that_hold_them_all(server: Ctgov) -> None:
    study = next(one for one in await _all(server) if status(one) == "COMPLETED")
    code = study["protocolSection"]["identificationModule"]["orgStudyIdInfo"]["id"]
    assert nct(study) in {nct(one) for one in await listed(server.url, pageSize="1000", query__term=code)}
    assert await listed(server.url, query__term=f"{code} nosuchword") == []


@pytest.mark.parametrize(
    ("sort", "key", "descending"),
    [
        ("LastUpdatePostDate:asc", updated, False),
        ("LastUpdatePostDate:desc", updated, True),
        ("LastUpdatePostDate", updated, True),
        ("StudyFirstPostDate:asc", posted, False),
        ("NCTId:asc", nct, False),
    ],
)
async def test_lists_are_sorted_across_pages(
    server: Ctgov, sort: str, key: Callable[[dict[str, Any]], str], descending: bool
) -> None:
    got = [key(study) for study in await listed(server.url, pageSize="90", sort=sort)]
    assert len(got) == 400
    assert got == sorted(got, reverse=descending)
