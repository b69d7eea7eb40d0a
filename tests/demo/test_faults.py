"""Each switch does what it says, seen by a client."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import orjson
import pytest

from demo.ctgov_server import Ctgov, serve
from demo.switches import BadSwitch, Fault, Switches, changed, take
from demo.world_source import world_of

from .client import STUDIES, get, nct, pages


@pytest.fixture
async def server() -> AsyncIterator[Ctgov]:
    async with serve(world_of(250)) as started:
        yield started


def test_faults_are_used_up_in_order_after_those_that_pass() -> None:
    switches = Switches(pass_first=1, errors=1, too_many=2)
    faults = []
    for _ in range(5):
        fault, switches = take(switches, listing=True)
        faults.append(fault)
    assert faults == [None, Fault.TOO_MANY, Fault.TOO_MANY, Fault.ERROR, None]
    assert switches == Switches()


def test_faults_of_lists_wait_for_a_list() -> None:
    switches = Switches(empty_pages=1)
    assert take(switches, listing=False) == (None, switches)
    assert take(switches, listing=True) == (Fault.EMPTY_PAGE, Switches())


@pytest.mark.parametrize("changes", [{"nosuch": 1}, {"errors": "three"}, {"gzip": 3}])
def test_a_change_that_is_no_switch_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(BadSwitch):
        changed(Switches(), changes)


async def test_the_next_n_are_429_with_retry_after(server: Ctgov) -> None:
    server.switch(too_many=2, retry_after="7")
    answers = [await get(server.url) for _ in range(3)]
    assert [answer.status for answer in answers] == [429, 429, 200]
    assert answers[0].headers["Retry-After"] == "7"
    server.switch(too_many=1, retry_after="")
    assert "Retry-After" not in (await get(server.url)).headers


async def test_the_next_n_are_500_and_version_stays_well(server: Ctgov) -> None:
    server.switch(errors=1, pass_first=1)
    assert (await get(server.url, "/api/v2/version")).status == 200
    assert [(await get(server.url)).status for _ in range(3)] == [200, 500, 200]
    server.switch(errors=1, error_status=503)
    assert (await get(server.url)).status == 503


async def test_a_truncated_answer_breaks_off_before_its_length(server: Ctgov) -> None:
    server.switch(truncated=1)
    with pytest.raises(aiohttp.ClientPayloadError):
        await get(server.url)
    assert (await get(server.url)).status == 200


async def test_cut_json_is_whole_http(server: Ctgov) -> None:
    server.switch(cut_json=1)
    answer = await get(server.url)
    assert answer.status == 200
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(answer.body)


async def test_answers_that_are_not_json_or_of_another_shape(server: Ctgov) -> None:
    server.switch(not_json=1, wrong_shape=1)
    assert (await get(server.url)).body.startswith(b"<html>")
    assert isinstance((await get(server.url)).json["studies"], dict)


async def test_a_gigantic_answer_is_as_big_as_it_says_and_survives_a_client_that_leaves(server: Ctgov) -> None:
    server.switch(gigantic=2, gigantic_bytes=3_000_000)
    answer = await get(server.url)
    assert len(answer.body) > 3_000_000
    assert len(answer.json["studies"]) == 10
    server.switch(gigantic_bytes=1 << 33)
    async with aiohttp.ClientSession(server.url) as session, session.get(STUDIES) as response:
        assert await response.content.read(1000)
    assert (await get(server.url)).status == 200


async def test_dead_tokens_are_refused_and_new_ones_work(server: Ctgov) -> None:
    token = (await get(server.url)).json["nextPageToken"]
    server.switch(token_epoch=1)
    assert (await get(server.url, pageToken=token)).status == 400
    assert len([page async for page in pages(server.url, pageSize="100")]) == 3


async def test_a_looping_token_leads_to_its_own_page(server: Ctgov) -> None:
    token = (await get(server.url, pageSize="100")).json["nextPageToken"]
    server.switch(token_loops=1)
    second = (await get(server.url, pageSize="100", pageToken=token)).json
    assert second["nextPageToken"] == token
    assert second["studies"] == (await get(server.url, pageSize="100", pageToken=token)).json["studies"]


async def test_an_empty_page_with_a_token_loses_nothing(server: Ctgov) -> None:
    server.switch(empty_pages=1, pass_first=1)
    sizes = [len(page["studies"]) async for page in pages(server.url, pageSize="100")]
    assert sizes == [100, 0, 100, 50]


async def test_an_empty_last_page_follows_a_full_one(server: Ctgov) -> None:
    server.switch(empty_last_page=True)
    assert [len(page["studies"]) async for page in pages(server.url, pageSize="125")] == [125, 125, 0]


async def test_totals_drift(server: Ctgov) -> None:
    server.switch(total_drift=3)
    totals = [page["totalCount"] async for page in pages(server.url, pageSize="100", countTotal="true")]
    assert totals == [250, 253, 256]


@pytest.mark.parametrize(("shift", "seen", "different"), [(-1, 251, 250), (1, 249, 249)])
async def test_records_move_between_pages(server: Ctgov, shift: int, seen: int, different: int) -> None:
    server.switch(page_shift=shift)
    numbers = [nct(study) async for page in pages(server.url, pageSize="100") for study in page["studies"]]
    assert (len(numbers), len(set(numbers))) == (seen, different)


async def test_every_nth_record_is_spoiled(server: Ctgov) -> None:
    server.switch(nul_every=4)
    named = [study["protocolSection"]["identificationModule"] for study in (await get(server.url)).json["studies"]]
    titles = [one["briefTitle"] for one in named]
    assert [title.startswith("\0") for title in titles] == [number % 4 == 0 for number in range(1, 11)]
    server.switch(nul_every=0, surrogate_every=5)
    assert (await get(server.url)).body.count(rb"\ud800") == 2
    server.switch(surrogate_every=0, bad_utf8_every=10)
    with pytest.raises(UnicodeDecodeError):
        (await get(server.url)).body.decode()
    server.switch(bad_utf8_every=0, shapeless_every=3)
    shapes = [type(study) for study in (await get(server.url)).json["studies"]]
    assert shapes.count(str) == 3


async def test_a_record_spoils_every_page_that_it_stands_on_as_a_whole(server: Ctgov) -> None:
    number = nct((await get(server.url, pageSize="7")).json["studies"][6])
    server.switch(cut_record=7, gigantic_record=8, gigantic_bytes=3_000_000)
    for params in ({"pageSize": "7"}, {"filter__ids": number}):
        with pytest.raises(orjson.JSONDecodeError):
            orjson.loads((await get(server.url, **params)).body)
    assert len((await get(server.url, pageSize="6")).json["studies"]) == 6
    assert len((await get(server.url, pageSize="9", fields="NCTId")).json["studies"]) == 9
    token = (await get(server.url, pageSize="7", fields="NCTId")).json["nextPageToken"]
    assert len((await get(server.url, pageSize="7", fields="NCTId", pageToken=token)).body) < 3_000_000
    server.switch(cut_record=0)
    assert len((await get(server.url, pageSize="9")).body) > 3_000_000


async def test_a_refusing_port_opens_again_at_the_same_place(server: Ctgov) -> None:
    async with aiohttp.ClientSession(server.url) as session:
        async with session.get(STUDIES) as response:
            await response.read()
        await server.refuse()
        with pytest.raises(aiohttp.ClientConnectionError):
            await session.get(STUDIES)
        await server.accept()
        async with session.get(STUDIES) as response:
            assert response.status == 200


async def test_latency_delays_answers_but_not_the_note_of_the_request(server: Ctgov) -> None:
    server.switch(latency_ms=600_000)
    call = asyncio.create_task(get(server.url))
    async with asyncio.timeout(10):
        await server.until(lambda seen: len(seen.pages) == 1)
    assert server.pages[0].status is None
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)


async def test_requests_are_noted_with_their_place_in_the_list(server: Ctgov) -> None:
    [_ async for _ in pages(server.url, pageSize="100")]
    assert [(seen.first, seen.records, seen.status) for seen in server.pages] == [
        (0, 100, 200),
        (100, 100, 200),
        (200, 50, 200),
    ]
    assert server.pages[0].params == {"pageSize": "100"}
    assert "user-agent" in server.pages[0].headers


async def test_switches_and_requests_are_reached_over_http(server: Ctgov) -> None:
    async with aiohttp.ClientSession(server.url) as session:
        async with session.patch("/__demo/switches", data=b'{"errors": 1}') as response:
            assert (await response.json())["errors"] == 1
        async with session.patch("/__demo/switches", data=b'{"nosuch": 1}') as response:
            assert (response.status, await response.text()) == (400, "no such switch: nosuch")
        async with session.get(STUDIES) as response:
            assert response.status == 500
        async with session.get("/__demo/switches") as response:
            assert (await response.json())["errors"] == 0
        async with session.get("/__demo/requests") as response:
            noted = await response.json()
        assert [one["status"] for one in noted["requests"]] == [500]
        assert sum(noted["perMinute"].values()) == 1
        async with session.delete("/__demo/requests") as response:
            assert response.status == 204
    assert server.requests == []
