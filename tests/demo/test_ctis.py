"""CTIS's public API, as a client sees it."""

import re
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from demo.ctis_server import SEARCH, Ctis, from_world, serve
from demo.world import World

from .client import fetch, get, post

RETRIEVE = "/ctis-public-api/retrieve"


@pytest.fixture
async def server() -> AsyncIterator[Ctis]:
    async with serve(from_world(World(3_000))) as started:
        yield started


def asked(page: int = 1, size: int = 100, order: str = "DESC", **criteria: Any) -> dict[str, Any]:
    return {
        "searchCriteria": criteria,
        "pagination": {"page": page, "size": size},
        "sort": {"property": "lastUpdated", "direction": order},
    }


async def rows(server: Ctis, **criteria: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    page = 1
    while True:
        answer = (await post(server.url, SEARCH, asked(page, 20, **criteria))).json
        found += answer["data"]
        if not answer["pagination"]["nextPage"]:
            return found
        page += 1


async def test_pages_list_every_trial_once_with_the_total(server: Ctis) -> None:
    """N32: the fixture server of CTIS speaks its search."""
    found = await rows(server)
    numbers = [row["ctNumber"] for row in found]
    first = (await post(server.url, SEARCH, asked(1, 20))).json
    assert first["pagination"]["totalRecords"] == len(numbers) == len(set(numbers)) > 40
    assert all(re.fullmatch(r"20\d\d-5\d{5}-\d\d-0[01]", number) for number in numbers)
    assert all(isinstance(row["ctStatus"], int) for row in found)
    assert all(re.fullmatch(r"\d\d/\d\d/\d{4}", row["lastUpdated"]) for row in found)


async def test_a_page_has_at_most_a_hundred_and_a_get_is_forbidden(server: Ctis) -> None:
    answer = (await post(server.url, SEARCH, asked(1, 5000))).json
    assert len(answer["data"]) <= 100
    assert (await get(server.url, SEARCH)).status == 403


@pytest.mark.parametrize("body", [{}, {"pagination": {"page": 0, "size": 10}}, asked(1, 10, nosuch="x")])
async def test_what_cannot_be_understood_is_400(server: Ctis, body: dict[str, Any]) -> None:
    assert (await post(server.url, SEARCH, body)).status == 400


async def test_a_search_stops_at_its_cap_without_a_word_and_its_other_end_shows_the_rest(server: Ctis) -> None:
    every = {row["ctNumber"] for row in await rows(server)}
    server.switch(cap=len(every) - 10)
    capped = await rows(server)
    answer = (await post(server.url, SEARCH, asked(1, 20))).json
    assert (len(capped), answer["pagination"]["totalRecords"]) == (len(every) - 10, len(every))
    other_end = (await post(server.url, SEARCH, asked(1, 20, "ASC"))).json["data"]
    assert {row["ctNumber"] for row in (*capped, *other_end)} == every


async def test_order_by_last_update_is_near_that_order_and_not_strictly_it(server: Ctis) -> None:
    days = ["-".join(reversed(row["lastUpdated"].split("/"))) for row in await rows(server)]
    assert days != sorted(days, reverse=True)
    server.switch(uneven_days=0)
    days = ["-".join(reversed(row["lastUpdated"].split("/"))) for row in await rows(server)]
    assert days == sorted(days, reverse=True)


async def test_statuses_and_numbers_are_searched_for(server: Ctis) -> None:
    every = await rows(server)
    assert {row["ctNumber"] for row in await rows(server, status=[4, 5])} == {
        row["ctNumber"] for row in every if row["ctStatus"] in (4, 5)
    }
    assert [row["ctNumber"] for row in await rows(server, number=every[3]["ctNumber"])] == [every[3]["ctNumber"]]


async def test_a_record_is_retrieved_with_the_status_of_its_application_beside_the_trials(server: Ctis) -> None:
    row = (await rows(server, status=[4]))[0]
    answer = await get(server.url, f"{RETRIEVE}/{row['ctNumber']}")
    record = answer.json
    assert (record["ctNumber"], record["ctStatus"], record["ctPublicStatusCode"]) == (row["ctNumber"], "Authorised", 4)
    named = record["authorizedApplication"]["authorizedPartI"]["trialDetails"]["clinicalTrialIdentifiers"]
    assert named["fullTitle"] == row["ctTitle"]
    headers = {"If-None-Match": answer.headers["ETag"]}
    assert (await fetch(server.url, f"{RETRIEVE}/{row['ctNumber']}", {}, headers)).status == 304
    assert (await get(server.url, f"{RETRIEVE}/2099-500000-00-00")).status == 404


async def test_faults_befall_searches_and_records(server: Ctis) -> None:
    server.switch(too_many=1, errors=1, not_json=1, wrong_shape=1)
    answers = [await post(server.url, SEARCH, asked()) for _ in range(5)]
    assert [answer.status for answer in answers] == [429, 500, 200, 200, 200]
    assert b"maintenance" in answers[2].body
    assert isinstance(answers[3].json["data"], dict)
    number = answers[4].json["data"][0]["ctNumber"]
    server.switch(cut_json=1)
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads((await get(server.url, f"{RETRIEVE}/{number}")).body)


async def test_requests_are_noted_with_what_was_asked(server: Ctis) -> None:
    await post(server.url, SEARCH, asked(2, 20))
    [seen] = server.pages
    assert (seen.method, seen.first, seen.status) == ("POST", 20, 200)
    assert orjson.loads(seen.body)["pagination"] == {"page": 2, "size": 20}
