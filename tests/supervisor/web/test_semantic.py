"""Search by likeness over HTTP and as pages, where it is to be had and where it is not."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from actors.trials.semantic import store
from actors.trials.semantic.embedder import LOCAL, mark, written_vectors
from tests.supervisor.web.asking import Api
from tests.supervisor.web.browsing import chromium, visiting


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as one:
        yield one


@pytest.fixture
async def embedded(trials: Api) -> Api:
    """Every trial of the demo world has a vector."""
    pool = trials.site.all_tenants
    assert await store.open_for(pool, mark(LOCAL), LOCAL.dimensions) is None
    worded = await store.wording(pool, [row["id"] for row in await pool.fetch("select id from trials")])
    vectors = written_vectors(LOCAL, [text for _, text in worded])
    await store.put(pool, dict(zip((id_ for id_, _ in worded), vectors, strict=True)))
    return trials


async def test_trials_are_found_by_likeness_and_each_says_where_it_stands(embedded: Api) -> None:
    """G23: mode=semantic and mode=hybrid name the embedder, and each trial its places in both rankings."""
    by_text = await embedded.get("/api/v1/trials?q=heart")
    alike = await embedded.get("/api/v1/trials?q=hearts&mode=semantic&limit=5")
    assert (by_text["embedder"], alike["embedder"]) == (None, "hashed-words-1")
    assert [one["ranked"]["by_likeness"] for one in alike["trials"]] == [1, 2, 3, 4, 5]
    likeness = [one["ranked"]["likeness"] for one in alike["trials"]]
    assert likeness == sorted(likeness, reverse=True)
    following = await embedded.get(f"/api/v1/trials?q=hearts&mode=semantic&limit=5&cursor={alike['next']}")
    assert following["trials"][0]["ranked"]["by_likeness"] == 6
    both = await embedded.get("/api/v1/trials?q=heart&mode=hybrid&limit=100&status=recruiting")
    assert {one["status"] for one in both["trials"]} == {"recruiting"}
    assert any(one["ranked"]["by_text"] and one["ranked"]["by_likeness"] for one in both["trials"])
    healthy = await embedded.get("/health/services/semantic", role=None)
    assert (healthy["status"], healthy["details"]["embedder"]) == ("healthy", "hashed-words-1")


@pytest.mark.parametrize(
    ("query", "field"), [("mode=no", "mode"), ("mode=hybrid&order=newest", "order"), ("mode=hybrid&cursor=x", "cursor")]
)
async def test_what_likeness_cannot_do_names_its_parameter(embedded: Api, query: str, field: str) -> None:
    status, answer = await embedded.ask("GET", f"/api/v1/trials?q=heart&{query}")
    assert (status, answer["details"]["field"]) == (400, field)


@pytest.mark.parametrize("mode", ["semantic", "hybrid"])
async def test_what_likeness_finds_is_neither_exported_nor_watched_and_says_what_is(embedded: Api, mode: str) -> None:
    """G23: refused by the name of the parameter, with what to use instead; never a search by words in its place."""
    asked = [
        await embedded.ask("GET", f"/api/v1/trials/export?q=heart&mode={mode}"),
        await embedded.ask("POST", "/api/v1/watches", json={"query": f"q=heart&mode={mode}"}),
        await embedded.ask("POST", "/watching/searches", data={"query": f"q=heart&mode={mode}"}),
    ]
    for status, answer in asked:
        assert (status, answer["details"]["field"]) == (400, "mode")
        assert "leave mode out, or say mode=text" in answer["message"]
    assert (await embedded.get("/api/v1/watches"))["watches"] == []
    whole = await embedded.get("/api/v1/trials/export?q=heart&format=ndjson")
    assert await embedded.get("/api/v1/trials/export?q=heart&format=ndjson&mode=text") == whole != b""
    assert (await embedded.ask("GET", f"/api/v1/trials/export?status=recruiting&mode={mode}"))[0] == 200
    assert (await embedded.ask("POST", "/api/v1/watches", json={"query": "q=heart&mode=text"}))[0] == 200


async def test_similar_trials_are_others_and_are_like_it(embedded: Api) -> None:
    """G23: a trial's neighbours, the most alike first, without itself and its own other records."""
    one = (await embedded.get("/api/v1/trials?q=heart"))["trials"][0]
    told = await embedded.get(f"/api/v1/trials/{one['id']}/similar?limit=3")
    assert (told["trial"], told["embedder"], told["unavailable"]) == (one["id"], "hashed-words-1", None)
    assert len(told["trials"]) == 3
    assert one["id"] not in [other["id"] for other in told["trials"]]
    twin = told["trials"][0]["id"]
    await embedded.site.all_tenants.execute("update trials set cluster_id = 7 where id = any($1)", [one["id"], twin])
    again = await embedded.get(f"/api/v1/trials/{one['id']}/similar?limit=3")
    assert twin not in [other["id"] for other in again["trials"]]


async def test_where_there_is_none_every_answer_says_why(trials: Api) -> None:
    """G23: unavailable with the reason, in the search, beside a trial and in the health."""
    await store.close(trials.site.all_tenants, "the setting semantic is off")
    status, answer = await trials.ask("GET", "/api/v1/trials?q=heart&mode=semantic")
    reason = "semantic search is unavailable: the setting semantic is off"
    assert (status, answer["details"]) == (400, {"field": "mode", "problem": reason})
    one = (await trials.get("/api/v1/trials?q=heart"))["trials"][0]
    assert (await trials.get(f"/api/v1/trials/{one['id']}/similar"))["unavailable"] == "the setting semantic is off"
    assert (await trials.get("/health/services/semantic", role=None))["message"] == reason


async def test_pages_offer_likeness_or_say_why_not(embedded: Api, browser: Browser) -> None:
    """G23: the search page offers it and explains what it found; a trial's page has similar ones; both say why not."""
    async with visiting(browser, embedded) as visit:
        await visit.go("/trials?q=heart")
        await visit.page.select_option('select[name="mode"]', "hybrid")
        await visit.page.click(".searchbar button")
        assert "hashed-words-1" in await visit.text(".alike")
        assert "by likeness" in await visit.text(".hits")
        assert (await visit.pale(), await visit.stumbles()) == ([], [])
        await _picture(visit.page, "hybrid")
        await visit.page.click(".hit h3 a >> nth=0")
        assert await visit.page.locator(".similar .hit").count() == 5
        assert (await visit.pale(), await visit.stumbles()) == ([], [])
        await visit.page.locator("#similar").scroll_into_view_if_needed()
        await _picture(visit.page, "similar")
        await store.close(embedded.site.all_tenants, "the setting semantic is off")
        await visit.page.reload()
        assert "unavailable: the setting semantic is off" in await visit.text(".similar")
        await visit.go("/trials?q=heart")
        assert await visit.page.is_disabled('select[name="mode"]')
        assert "unavailable: the setting semantic is off" in await visit.text("#unlike")
        assert (await visit.pale(), await visit.stumbles()) == ([], [])
        await _picture(visit.page, "unlike")


async def _picture(page: Page, name: str) -> None:
    """For people who want to see it: TRIALD_TEST_PICTURES is a folder."""
    if folder := os.environ.get("TRIALD_TEST_PICTURES"):
        await asyncio.to_thread(Path(folder).mkdir, parents=True, exist_ok=True)
        await page.screenshot(path=Path(folder) / f"{name}.png")
