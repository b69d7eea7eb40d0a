"""Watches, notices, webhooks, reports and freshness, over HTTP and in a real headless Chromium."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser

from supervisor.roles import Role
from supervisor.web import live
from tests.supervisor.web.asking import Api
from tests.supervisor.web.browsing import chromium, visiting
from tests.supervisor.web.watched import fill, follow
from tests.trials.pages import nct

PAGES = (
    "/watching", "/watching?unread=true", "/webhooks", "/webhooks/1", "/webhooks/2", "/reports/daily",
    "/reports/daily/latest", "/flagged/stale", "/flagged/outcomes_switched", "/registries", f"/trials/{nct(901)}",
)  # fmt: skip


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A Chromium, or a visible skip."""
    async with chromium() as one:
        yield one


@pytest.fixture
async def watched(trials: Api) -> Api:
    """Something of everything."""
    await fill(trials.site.all_tenants)
    return trials


async def test_a_trial_is_watched_and_its_change_is_told_to_who_watches_it_alone(trials: Api) -> None:
    """N05: over HTTP; another's notices are nobody's business."""
    status, watch = await trials.ask("POST", "/api/v1/watches", json={"trial": "1"}, role=Role.VIEWER)
    assert (status, watch["trial_id"]) == (200, 1)
    await trials.site.all_tenants.execute(
        """insert into trial_versions (trial_id, version, seen_at, registry, event, changes)
           values (1, 2, now(), 'ctgov', 'changed',
                   '[{"field": "status", "before": "recruiting", "after": "completed"}]')"""
    )
    await trials.site.all_tenants.execute("update trials set version = 2 where id = 1")
    await follow(trials.site.all_tenants)
    told = await trials.get("/api/v1/notices?unread=true", role=Role.VIEWER)
    [notice] = told["notices"]
    assert (notice["kinds"], notice["version"], notice["watch_id"]) == (["status"], 2, watch["id"])
    assert (await trials.get("/api/v1/notices", role=Role.ADMIN))["notices"] == []
    assert (await trials.ask("POST", "/api/v1/notices/read", json={}, role=Role.ADMIN))[1] == {"read": 0}
    body = {"ids": [notice["id"]]}
    assert (await trials.ask("POST", "/api/v1/notices/read", json=body, role=Role.VIEWER))[1] == {"read": 1}
    assert (await trials.get("/api/v1/notices?unread=true", role=Role.VIEWER))["notices"] == []
    assert (await trials.ask("DELETE", f"/api/v1/watches/{watch['id']}", role=Role.ADMIN))[0] == 404
    assert (await trials.ask("DELETE", f"/api/v1/watches/{watch['id']}", role=Role.VIEWER))[0] == 200


async def test_a_search_is_saved_with_the_parameters_of_the_search_and_finds_what_it_finds(trials: Api) -> None:
    """N05: whatever page of it was looked at."""
    query = "status=recruiting&q=heart&limit=5&order=newest&cursor=x"
    status, watch = await trials.ask("POST", "/api/v1/watches", json={"query": query, "name": "hearts"})
    found = await trials.get("/api/v1/trials?q=heart&status=recruiting")
    assert (status, watch["query"], watch["trials"]) == (200, "q=heart&status=recruiting", found["count"])
    again = await trials.ask("POST", "/api/v1/watches", json={"query": "q=heart&status=recruiting"})
    assert again[1]["id"] == watch["id"]
    listed = await trials.get("/api/v1/watches")
    assert [one["name"] for one in listed["watches"]] == ["hearts"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "trial"), ({"trial": "1", "query": "q=heart"}, "trial"), ({"query": "status=nonsense"}, "status"),
        ({"query": "nothing=1"}, "nothing"), ({"query": ""}, "q"), ({"query": "with_removed=true"}, "q"),
        ({"query": "q=heart&start_from=2027-01-01&start_to=2026-01-01"}, "start_from"), ({"trial": ""}, "trial"),
        ({"query": "q=(heart"}, "q"), ({"unknown": 1}, "unknown"),
    ],
)  # fmt: skip
async def test_what_cannot_be_watched_names_its_field(trials: Api, body: dict[str, Any], field: str) -> None:
    """N05, N29."""
    status, told = await trials.ask("POST", "/api/v1/watches", json=body)
    assert (status, told["details"]["field"]) == (400, field), told


async def test_what_is_not_there_cannot_be_watched(trials: Api) -> None:
    assert (await trials.ask("POST", "/api/v1/watches", json={"trial": "NCT99999999"}))[0] == 404


async def test_the_secret_of_a_webhook_is_shown_once_and_its_address_is_checked(api: Api) -> None:
    """N05: also a host of our own network, which a setting names."""
    status, made = await api.ask("POST", "/api/v1/webhooks", json={"url": "https://example.org/hook"}, role=Role.VIEWER)
    assert status == 200 and made["secret"].startswith("whsec_")
    assert (await api.ask("POST", "/api/v1/webhooks", json={"url": "http://hooks.test:8080/"}))[0] == 200
    listed = await api.get("/api/v1/webhooks", role=Role.VIEWER)
    assert [one["url"] for one in listed["webhooks"]] == ["https://example.org/hook"]
    assert made["secret"] not in str(listed)
    for url in ("http://example.org/", "https://127.0.0.1/", "https://user:pw@example.org/", "nonsense"):
        status, told = await api.ask("POST", "/api/v1/webhooks", json={"url": url})
        assert (status, told["details"]["field"]) == (400, "url"), url
    path = f"/api/v1/webhooks/{made['id']}"
    assert (await api.ask("DELETE", path, role=Role.ADMIN))[0] == 404
    assert (await api.ask("POST", f"{path}/switch", json={"on": False}, role=Role.VIEWER))[0] == 200
    assert (await api.get("/api/v1/webhooks", role=Role.VIEWER))["webhooks"][0]["is_on"] is False
    assert (await api.ask("DELETE", path, role=Role.VIEWER))[0] == 200


async def test_an_assessment_a_report_and_a_registry_are_told_over_http(watched: Api) -> None:
    """G19, G24: with reasons."""
    told = await watched.get(f"/api/v1/trials/{nct(901)}/assessment")
    assert (told["urgency"], told["quality"]) == ("low", 1.0)
    assert {"outcomes_switched"} <= {one["name"] for one in told["flags"]}
    report = await watched.get("/api/v1/reports/daily/latest")
    assert report["told"]["registries"][0]["registry"] == "ctgov"
    assert len((await watched.get("/api/v1/reports/daily?limit=5"))["reports"]) == 5
    registry = await watched.get("/api/v1/registries/ctgov")
    assert registry["told"]["name"] == "ctgov" and registry["history"]
    for path in ("/api/v1/reports/daily/never", "/api/v1/registries/none", "/api/v1/flags/none"):
        assert (await watched.ask("GET", path))[0] == 404
    assert (await watched.get("/api/v1/flags/outcomes_switched"))["trials"][0]["registry_id"] == nct(901)


async def test_a_researcher_watches_a_trial_and_reads_what_changed(watched: Api, browser: Browser) -> None:
    """N05: with the buttons of the pages, without a script too."""
    async with visiting(browser, watched, java_script_enabled=False) as visit:
        await visit.go("/trials/1")
        await visit.page.click("text=Watch this trial")
        assert "Watched" in await visit.text("main header form")
        await visit.page.click("text=Watched: stop watching")
        assert "Watch this trial" in await visit.text("main header form")
        await visit.go("/watching")
        text = await visit.text("main")
        assert "Outcomes switched" in text and "Results posted" in text and "Recruiting hearts" in text
        await visit.page.click("text=Mark all as read")
        assert "unread" not in await visit.text("#notices")


async def test_a_researcher_saves_a_search_from_its_page(watched: Api, browser: Browser) -> None:
    """N05: it finds what the page showed."""
    async with visiting(browser, watched) as visit:
        await visit.go("/trials?q=failure&status=recruiting")
        count = (await watched.get("/api/v1/trials?q=failure&status=recruiting"))["count"]
        await visit.page.click("text=Save this search and be told of changes")
        await visit.page.fill(".saving input[name=name]", "My hearts")
        await visit.page.click("text=Save the search")
        await visit.page.wait_for_url("**/watching")
        assert "My hearts" in await visit.text("main")
        [one, *_] = (await watched.get("/api/v1/watches"))["watches"]
        assert (one["name"], one["trials"]) == ("My hearts", count)


async def test_a_trial_page_shows_what_to_beware_of_and_a_map_of_its_sites(watched: Api, browser: Browser) -> None:
    """N05, N01: the sites that say where they are, and no others."""
    async with visiting(browser, watched) as visit:
        await visit.go(f"/trials/{nct(901)}")
        assert "Primary outcomes switched: on 2025-06-01, after the start" in await visit.text(".assessed")
        await visit.page.click(".assessed a >> nth=0")
        assert visit.page.url.endswith("#version-2")
        assert "8 of 9 sites" in await visit.text(".map figcaption")
        assert await visit.page.locator(".map circle").count() == 7
        await visit.go("/trials/1")


async def test_news_is_told_while_the_page_is_open(watched: Api, browser: Browser) -> None:
    """N05: by the WebSocket, to its owner."""
    task = asyncio.create_task(live.tell(watched.site, every_s=0.05))
    try:
        async with visiting(browser, watched) as visit:
            await visit.go("/watching")
            await watched.site.all_tenants.execute(
                """insert into notices
                       (tenant_id, trial_id, version, made_at, owner, registry, registry_id, kinds, changes)
                   values (1, 1, 77, now(), 'admin', 'ctgov', 'NCT00000077', '{status}', '[]')"""
            )
            await visit.until("#news:not([hidden])")
            assert "NCT00000077" in await visit.text("#said")
    finally:
        task.cancel()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_page_can_be_read_by_everybody(watched: Api, browser: Browser, scheme: str) -> None:
    """N05: contrast, structure, and nothing to scroll sideways on a telephone."""
    async with visiting(browser, watched, color_scheme=scheme) as visit:
        for path in PAGES:
            await visit.go(path)
            assert await visit.stumbles() == [], path
            assert await visit.pale() == [], path
            await visit.page.set_viewport_size({"width": 360, "height": 740})
            assert not await visit.is_wide(), path
            await visit.page.set_viewport_size({"width": 1280, "height": 900})
