"""The EU Clinical Trials Register's pages and downloads, as a client sees them."""

import re
from collections.abc import AsyncIterator

import pytest

from demo.euctr_pages import search_page
from demo.euctr_query import parse
from demo.euctr_server import FULL, SEARCH, Euctr, from_world, serve
from demo.world import World

from .client import get

NUMBER = re.compile(r"EudraCT Number:</span> (20\d\d-0\d{5}-\d\d)")
PROTOCOL = re.compile(r"^Summary\nEudraCT Number: (\S+)", re.MULTILINE)


@pytest.fixture
async def server() -> AsyncIterator[Euctr]:
    async with serve(from_world(World(3_000))) as started:
        yield started


async def listed(server: Euctr, **params: str) -> list[str]:
    found: list[str] = []
    page = 1
    while numbers := NUMBER.findall((await get(server.url, SEARCH, query="", page=str(page), **params)).body.decode()):
        found += numbers
        page += 1
    return found


async def test_twenty_trials_a_page_and_the_same_twenty_as_full_text(server: Euctr) -> None:
    """N32: the fixture server of EU CTR speaks its pages and downloads."""
    page = (await get(server.url, SEARCH, query="", page="2")).body.decode()
    text = (await get(server.url, FULL, query="", page="2", mode="current_page")).body.decode()
    numbers = NUMBER.findall(page)
    assert len(numbers) == 20
    assert list(dict.fromkeys(PROTOCOL.findall(text))) == numbers
    total = re.search(r"Trials with a EudraCT protocol \(([\d,]+)\)", page)
    assert total is not None
    assert len(await listed(server)) == int(total[1]) > 100


async def test_a_trial_has_a_record_for_each_country(server: Euctr) -> None:
    one = next(one for one in server.today.records if len(one.protocols) > 2)
    text = (await get(server.url, FULL, query=f"eudract_number:{one.number}", mode="current_page")).body.decode()
    assert PROTOCOL.findall(text) == [one.number] * len(one.protocols)
    for protocol in one.protocols:
        code = protocol.code.lower() if protocol.code == "3RD" else protocol.code
        answer = await get(server.url, f"/ctr-search/rest/download/trial/{one.number}/{code}")
        assert f"A.2 EudraCT number: {one.number}" in answer.body.decode()
        page = await get(server.url, f"/ctr-search/trial/{one.number}/{code}")
        assert f'<td class="third">{one.number}</td>' in page.body.decode()
    assert (await get(server.url, f"/ctr-search/trial/{one.number}/XX")).status == 404


async def test_windows_of_start_dates_list_all_but_those_that_have_none(server: Euctr) -> None:
    windows = [("1990-01-01", "2012-12-31"), ("2013-01-01", "2018-12-31"), ("2019-01-01", "2099-12-31")]
    found = [number for since, until in windows for number in await listed(server, dateFrom=since, dateTo=until)]
    undated = {one.number for one in server.today.records if one.started is None}
    assert len(found) == len(set(found))
    assert set(await listed(server)) - set(found) == undated != set()


def test_counts_from_a_thousand_up_have_a_comma() -> None:
    query = parse({"page": "1200"})
    page = search_page((), (), query, "", 44_400, grouped=True)
    assert "protocol (44,400)" in page
    assert "44,400 result(s) found for: . Displaying page 1,200 of 2,220." in page
    assert "protocol (44400)" in search_page((), (), query, "", 44_400, grouped=False)


async def test_line_breaks_between_fields_can_be_missing(server: Euctr) -> None:
    whole = (await get(server.url, FULL, query="")).body.decode()
    server.switch(missing_breaks=0.2)
    joined = (await get(server.url, FULL, query="")).body.decode()
    assert len(joined.splitlines()) < len(whole.splitlines())
    assert joined.replace("\n", "") == whole.replace("\n", "")
    assert re.search(r"\S[A-F]\.\d+\.\d+ ", joined)
    assert joined == (await get(server.url, FULL, query="")).body.decode()


async def test_the_feed_tells_of_seven_days(server: Euctr) -> None:
    server.switch(day=30)
    feed = (await get(server.url, "/ctr-search/rest/feed/bydates", query="")).body.decode()
    told = set(re.findall(r"<link>[^<]*eudract_number:(\S+?)</link>", feed))
    newest = max(one.changed for one in server.today.records)
    assert told == {one.number for one in server.today.records if (newest - one.changed).days <= 7} != set()


async def test_faults_befall_pages_and_texts(server: Euctr) -> None:
    server.switch(errors=1, not_json=1, cut_json=1)
    answers = [await get(server.url, FULL, query="") for _ in range(4)]
    assert [answer.status for answer in answers] == [500, 200, 200, 200]
    assert len(answers[1].body) == len(answers[3].body) // 2
    assert b"maintenance" in answers[2].body
    server.switch(shapeless_every=1)
    assert b"A.2 EudraCT number" not in (await get(server.url, FULL, query="")).body
