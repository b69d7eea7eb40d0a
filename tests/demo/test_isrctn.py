"""ISRCTN's XML API, as a client sees it."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from xml.etree.ElementTree import Element, ParseError, fromstring

import pytest

from demo.isrctn_server import LIST, Isrctn, from_world, serve
from demo.world import World

from .client import fetch, get

SPACE = "{http://www.67bricks.com/isrctn}"


@pytest.fixture
async def server() -> AsyncIterator[Isrctn]:
    async with serve(from_world(World(1_000))) as started:
        yield started


async def asked(server: Isrctn, q: str, limit: int | None = None) -> Element:
    params = {"q": q} | ({} if limit is None else {"limit": str(limit)})
    answer = await fetch(server.url, LIST, params, {})
    assert answer.status == 200
    return fromstring(answer.body)  # noqa: S314 - our own


def numbers(answer: Element) -> list[str]:
    return [one.text or "" for one in answer.iter(f"{SPACE}isrctn")]


async def test_a_limit_of_zero_counts_and_without_one_there_are_ten(server: Isrctn) -> None:
    """N32: the fixture server of ISRCTN speaks its queries."""
    counted = await asked(server, "", 0)
    total = int(counted.attrib["totalCount"])
    assert numbers(counted) == []
    assert len(numbers(await asked(server, ""))) == 10
    every = await asked(server, "", total)
    assert len(set(numbers(every))) == total > 60
    assert every.attrib["totalCount"] == str(total)


async def test_there_is_no_order_and_a_limit_gives_any(server: Isrctn) -> None:
    first, second = [numbers(await asked(server, "", 20)) for _ in range(2)]
    assert first != second
    server.switch(shuffled=False)
    first, second = [numbers(await asked(server, "", 20)) for _ in range(2)]
    assert first == second


@pytest.mark.parametrize("field", ["dateApplied", "lastEdited"])
async def test_windows_that_touch_hold_every_record_once(server: Isrctn, field: str) -> None:
    found: list[str] = []
    start = date(1999, 1, 1)
    while start < date(2027, 1, 1):
        end = start + timedelta(days=600)
        window = f"{field} GE {start}T00:00:00.000Z AND {field} LT {end}T00:00:00.000Z"
        count = int((await asked(server, window, 0)).attrib["totalCount"])
        found += numbers(await asked(server, window, count)) if count else []
        start = end
    assert sorted(found) == sorted(numbers(await asked(server, "", 10_000)))


async def test_one_trial_is_had_by_its_number_and_unchanged_is_304(server: Isrctn) -> None:
    number = numbers(await asked(server, ""))[0]
    answer = await get(server.url, f"/api/trial/ISRCTN{number}/format/default")
    assert numbers(fromstring(answer.body)) == [number]  # noqa: S314 - our own
    headers = {"If-None-Match": answer.headers["ETag"]}
    assert (await fetch(server.url, f"/api/trial/ISRCTN{number}/format/default", {}, headers)).status == 304
    assert (await get(server.url, "/api/trial/ISRCTN00000000/format/default")).status == 404


@pytest.mark.parametrize("params", [{"q": "nosuch GE 2020-01-01"}, {"q": "lastEdited GE soon"}, {"limit": "-1"}])
async def test_what_cannot_be_understood_is_400(server: Isrctn, params: dict[str, str]) -> None:
    assert (await get(server.url, LIST, **params)).status == 400


async def test_faults_befall_answers_and_records(server: Isrctn) -> None:
    server.switch(too_many=1, cut_json=1)
    assert (await get(server.url, LIST, q="")).status == 429
    with pytest.raises(ParseError):
        fromstring((await get(server.url, LIST, q="")).body)  # noqa: S314 - our own
    server.switch(nul_every=1)
    assert b"<title>&#0;" in (await get(server.url, LIST, q="")).body
    server.switch(nul_every=0, shapeless_every=1)
    assert numbers(await asked(server, "")) == []


async def test_xml_can_declare_entities_that_unfold_or_read_files(server: Isrctn) -> None:
    server.switch(doctype="bomb")
    body = (await get(server.url, LIST, q="", limit="3")).body
    assert body.count(b"<!ENTITY e") == 10
    assert b"<title>&e9;" in body
    server.switch(doctype="external")
    assert b'SYSTEM "file:///' in (await get(server.url, LIST, q="", limit="3")).body
