"""The search over HTTP and as a page: what is found, counted, offered and exported."""

import csv
import io
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from playwright.async_api import Browser

from actors.jobs.learn_search import places
from actors.trials.finding import store
from supervisor.roles import Role
from supervisor.web.parquet import TYPES
from tests.supervisor.web.asking import Api
from tests.supervisor.web.browsing import chromium, visiting

FOUND = "/api/v1/trials?q=heart&facets=true&duplicates=collapsed"


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as one:
        yield one


@pytest.fixture
async def taught(trials: Api) -> Api:
    """The search has learnt what the trials write; two records are the same trial."""
    pool = trials.site.all_tenants
    ids = [row["id"] for row in await pool.fetch("select id from trials")]
    await store.learn(pool, ids)
    await store.learn_places(pool, places(await store.sites(pool, ids)))
    same = [one["id"] for one in (await trials.get("/api/v1/trials?q=heart"))["trials"][:2]]
    await pool.execute("update trials set cluster_id = 1 where id = any($1)", same)
    return trials


async def exported(api: Api, query: str) -> bytes:
    headers = {"Authorization": f"Bearer {api.site.tokens[Role.VIEWER]}"}
    async with api.http.get(f"{api.url}/api/v1/trials/export?{query}", headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        assert "attachment" in answer.headers["Content-Disposition"]
        return await answer.read()


async def test_a_search_tells_what_was_found_by_value(taught: Api) -> None:
    """G23: facets, distance, and the records that stand behind one."""
    found = await taught.get(FOUND)
    assert found["count"] == sum(one["trials"] for one in found["facets"]["status"]) > 1
    assert any(one["others"] for one in found["trials"])
    city = await taught.site.all_tenants.fetchrow("select * from search_places order by seen desc limit 1")
    assert city
    near = await taught.get(f"/api/v1/trials?near={city['shown']}&within=30&order=distance")
    kms = [one["distance_km"] for one in near["trials"]]
    assert kms == sorted(kms) != []
    assert kms[-1] <= 30
    assert near["place"]["within_km"] == 30


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("q=(heart", "q"), ("q=phase:9", "q"), ("near=Nowhere", "near"), ("age=old", "age"), ("order=distance", "near"),
        ("near=48,16&within=9000", "within"), ("mesh=heart", "mesh"), ("near=91,0", "near"), ("expand=maybe", "expand"),
    ],
)  # fmt: skip
async def test_what_cannot_be_searched_for_names_its_parameter(taught: Api, query: str, field: str) -> None:
    for path in (f"/api/v1/trials?{query}", f"/api/v1/trials/export?{query}"):
        status, answer = await taught.ask("GET", path)
        assert (status, answer["details"]["field"]) == (400, field), path


async def test_what_is_exported_is_what_is_found(taught: Api) -> None:
    """G23: the same trials in each format; Parquet keeps lists, numbers and times as such."""
    count = (await taught.get("/api/v1/trials?q=heart"))["count"]
    lines = [json.loads(line) for line in (await exported(taught, "q=heart&format=ndjson")).splitlines()]
    table = list(csv.DictReader(io.StringIO((await exported(taught, "q=heart")).decode(), newline="")))
    assert len(lines) == len(table) == count
    assert [one["registry_id"] for one in lines] == [one["registry_id"] for one in table]
    assert len(await exported(taught, "q=nothingisfound")) < 400, "a header alone"


async def test_parquet_is_written_with_the_types_that_are_told(taught: Api, tmp_path: Path) -> None:
    file = tmp_path / "trials.parquet"
    file.write_bytes(await exported(taught, "q=heart&format=parquet"))
    with duckdb.connect() as db:
        held = db.read_parquet(str(file))
        columns = {name: str(kind) for name, kind in zip(held.columns, held.types, strict=True)}
        [rows] = held.aggregate("count(*), count(distinct trial)").fetchall()
    assert {name: kind.replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ") for name, kind in columns.items()} == TYPES
    count = (await taught.get("/api/v1/trials?q=heart"))["count"]
    assert rows == (count, count)


async def test_what_is_typed_is_completed(taught: Api) -> None:
    offered = (await taught.get("/api/v1/trials/suggest?q=hea"))["suggestions"]
    assert offered
    assert all(one["text"].lower().startswith("hea") for one in offered)
    assert (await taught.get("/api/v1/trials/suggest?q=NCT0"))["suggestions"][0]["kind"] == "id"


async def test_the_search_page_shows_what_was_asked_and_what_each_filter_leaves(taught: Api, browser: Browser) -> None:
    """G23: chips that take a filter away, counts, distances, the records of one trial, and files to take along."""
    city = await taught.site.all_tenants.fetchval("select shown from search_places order by seen desc limit 1")
    async with visiting(browser, taught) as visit:
        await visit.go(f"/trials?near={city}&within=2000&age=60")
        await _picture(visit.page, "search")
        assert f"within 2000 km of {city}" in await visit.text(".chips")
        assert "km away" in await visit.text(".hits")
        await visit.page.click('.chip:has-text("age 60")')
        assert "age" not in visit.page.url
        assert await visit.page.locator(".exports a").count() == 3
        await visit.go("/trials?q=heart&duplicates=shown")
        counted = visit.page.locator('label:has(input[value="recruiting"]) .left')
        count = (await taught.get("/api/v1/trials?q=heart&status=recruiting"))["count"]
        assert await counted.inner_text() == str(count)
        await visit.go("/trials?q=heart")
        assert "in 2 records" in await visit.text(".hits")
        await visit.page.fill("#q", "")
        await visit.page.type("#q", "heart")
        await visit.page.wait_for_selector("#meant option", state="attached")
        await visit.go("/trials?q=hert")
        await _picture(visit.page, "corrected")
        assert "Nothing was found for that" in await visit.text("main")
    status, page = await taught.ask("GET", "/trials?q=(heart")
    assert (status, b"position 1: expected" in page) == (400, True)


async def _picture(page: Any, name: str) -> None:
    if folder := os.environ.get("TRIALD_TEST_PICTURES"):
        await page.screenshot(path=f"{folder}/{name}.png", full_page=True)
