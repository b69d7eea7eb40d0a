"""The pages of the mode, approvals and the audit, in a real headless Chromium."""

import os
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser

from actors.governance.approvals import Rule as ApprovalRule
from actors.governance.approvals import Wish, deciding
from actors.governance.approvals import store as approvals
from actors.governance.audit.sealer import seal_all
from actors.governance.mode import Mode
from actors.queue import store as queue
from actors.queue.job import NewJob
from supervisor.roles import Role
from tests.supervisor.web.asking import Api
from tests.supervisor.web.browsing import chromium, visiting
from tests.supervisor.web.test_governance import put

PAGES = ("/governance", "/approvals", "/audit", "/audit?outcome=refused")
ACCESS = {"subject": "phi:trial:123", "because": "A serious event must be followed up.", "duration": "day"}


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A Chromium, or a visible skip."""
    async with chromium() as one:
        yield one


@pytest.fixture
async def governed(api: Api) -> Api:
    """Something of everything."""
    pool = api.site.all_tenants
    async with pool.acquire() as db, db.transaction():
        now = await db.fetchval("select now()")
        jobs = await queue.enqueue(db, [NewJob("maintain", held=True) for _ in range(3)])
        for job, rows in zip(jobs, (240_000, 118_000, 512_000), strict=True):
            wish = Wish(
                "export", "researcher", 1, rows, "", "format=parquet&q=heart+failure", "The yearly review.", job
            )
            one = await approvals.ask(db, wish, ApprovalRule(), now)
        await deciding.deny(db, one.id, by="steward", reason="Ask for one registry at a time.", now=now)
    for role in (Role.RESEARCHER, Role.VIEWER):
        assert (await api.ask("POST", "/api/v1/access-requests", role=role, json=ACCESS))[0] == 201
    assert (await api.ask("POST", "/api/v1/access-requests/1/grant", role=Role.STEWARD))[0] == 200
    await api.ask("POST", "/api/v1/governance/mode", role=Role.VIEWER, json={"mode": "DEMO"})
    await api.ask("POST", "/api/v1/governance/mode", json={"mode": "LIVE", "because": "The move is over."})
    await seal_all(pool)
    api.site.mode.forget()
    return api


async def test_a_steward_decides_on_the_page_and_the_audit_shows_it(governed: Api, browser: Browser) -> None:
    """R11, R13: with the buttons of the pages, without a script too."""
    async with visiting(browser, governed, role=Role.STEWARD, java_script_enabled=False) as visit:
        await visit.go("/approvals")
        assert "240,000 rows" in await visit.text("main")
        await visit.page.click("#waiting ~ article >> nth=1 >> text=Approve")
        await visit.page.click("#waiting ~ article >> nth=0 >> summary")
        await visit.page.fill("#waiting ~ article input[name=reason]", "Not this week.")
        await visit.page.click("#waiting ~ article button.bad")
        text = await visit.text("main")
        assert "Nothing waits." in text and "Not this week." in text
        await visit.go("/audit?action=governance_pages_deny")
        assert "steward" in await visit.text("tbody") and "gate export" in await visit.text("tbody")


async def test_an_admin_switches_the_mode_and_every_page_says_so(governed: Api, browser: Browser) -> None:
    """R01, R03: the watermark stands on every page; in STANDBY the pages of trials are closed."""
    async with visiting(browser, governed) as visit:
        await visit.go("/governance")
        await visit.page.click("text=Switch the mode")
        await visit.page.select_option("select[name=mode]", "DEMO")
        await visit.page.click("text=Switch it")
        await visit.page.wait_for_url("**/governance")
        governed.site.mode.forget()
        for path in ("/", "/trials", "/jobs", "/governance"):
            await visit.go(path)
            assert "Demonstration" in await visit.text(".watermark"), path
        await put(governed, Mode.STANDBY)
        await visit.go("/governance")
        assert "The mode is STANDBY" in await visit.text("main")
        await visit.go("/trials")
        assert "stands by" in await visit.text("main")
        visit.wrong.clear()  # the browser notes a 403


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_page_can_be_read_by_everybody(governed: Api, browser: Browser, scheme: str) -> None:
    """Contrast, structure, and nothing to scroll sideways on a telephone."""
    async with visiting(browser, governed, color_scheme=scheme) as visit:
        for path in PAGES:
            await visit.go(path)
            if folder := os.environ.get("TRIALD_TEST_PICTURES"):
                await visit.page.screenshot(
                    path=f"{folder}{path.partition('?')[0].replace('/', '-')}-{scheme}.png", full_page=True
                )
            assert await visit.stumbles() == [], path
            assert await visit.pale() == [], path
            await visit.page.set_viewport_size({"width": 360, "height": 740})
            assert not await visit.is_wide(), path
            await visit.page.set_viewport_size({"width": 1280, "height": 900})
