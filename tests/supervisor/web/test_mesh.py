"""MeSH over HTTP and in a real browser: the tree, a record, texts for people to map."""

import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from playwright.async_api import Browser

from supervisor.roles import Role
from tests.postgres import Stock
from tests.supervisor.web.asking import Api
from tests.supervisor.web.browsing import chromium, visiting
from tests.supervisor.web.coded import code, put_mesh
from tests.supervisor.web.site import mirror
from tests.trials.pages import nct, page, trial

HEART = "D009203"
PATHS = (
    "/mesh", "/mesh?at=C14.280.647#at", "/mesh?q=heart", "/mesh?q=no+such+thing", f"/mesh/{HEART}", "/mesh/unmatched",
    "/mesh/unsure", "/mesh/map?about=condition&text=Ticker+trouble", "/trials/1", "/mesh/D999999",
)  # fmt: skip


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as one:
        yield one


async def _fill(dsn: str) -> None:
    async with asyncpg.create_pool(dsn, min_size=1, max_size=2) as pool:
        await mirror(pool)
        await mirror(pool, page([
            trial(1, conditions=("Ticker trouble",), title="Heart one"),
            trial(2, conditions=("ticker troubles", "heart atack"), title="Heart two"),
        ]))  # fmt: skip
        with tempfile.TemporaryDirectory() as folder:
            await put_mesh(pool, Path(folder))


CODED = Stock("coded", _fill)


@pytest.fixture
def stock(request: pytest.FixtureRequest) -> Stock | None:
    return CODED if "coded" in request.fixturenames else None


@pytest.fixture
def coded(api: Api) -> Api:
    """Trials of the demo world and two of our own, coded with the world's MeSH."""
    return api


async def test_a_heading_is_found_by_any_of_its_names_with_its_trials(coded: Api) -> None:
    """G16, G17: "heart attack" leads to Myocardial Infarction, and that to the trials below it."""
    [first, *_] = (await coded.get("/api/v1/mesh/descriptors?q=heart+att"))["descriptors"]
    assert (first["ui"], first["term"]) == (HEART, "Heart Attack")
    record = await coded.get(f"/api/v1/mesh/records/{HEART}")
    assert record["trials"] == first["trials"] > 0
    assert "Heart Attack" in record["terms"]
    assert [step["name"] for step in record["ways"][-1]][-1] == "Myocardial Infarction"
    branch = await coded.get("/api/v1/mesh/tree/C14")
    assert branch["name"] == "Cardiovascular Diseases"
    assert "Heart Diseases" in [one["name"] for one in branch["below"]]
    categories = (await coded.get("/api/v1/mesh/tree"))["categories"]
    assert [one["letter"] for one in categories][2] == "C"
    assert (await coded.get("/api/v1/mesh/tree/C"))["below"][0]["number"].startswith("C")


async def test_texts_are_mapped_and_named_over_http(coded: Api) -> None:
    [one] = (await coded.get("/api/v1/mesh/map?text=heart+attack"))["terms"]
    assert (one["ui"], one["how"], one["start"], one["end"]) == (HEART, "entry", 0, 12)
    named = (await coded.get("/api/v1/mesh/named?q=trials+on+heart+attack+in+Vienna"))["terms"]
    assert [(term["ui"], term["start"], term["end"]) for term in named] == [(HEART, 10, 22)]


async def test_a_trial_tells_what_it_is_coded_with(coded: Api) -> None:
    told = await coded.get(f"/api/v1/trials/{nct(2)}/mesh")
    assert [(one["ui"], one["how"], one["text"]) for one in told["codes"]] == [(HEART, "approximate", "heart atack")]


async def test_an_unmatched_text_is_mapped_once_and_undone(coded: Api) -> None:
    """N30: the report has the text with its count; a decision codes its trials; only operators decide."""
    found = await coded.get("/api/v1/mesh/unmatched?about=condition")
    assert ("Ticker trouble", 2) in [(one["sample"], one["trials"]) for one in found["unmatched"]]
    body = {"about": "condition", "text": "Ticker trouble", "uis": ["D006331"]}
    status, _ = await coded.ask("POST", "/api/v1/mesh/decisions", json=body, role=Role.VIEWER)
    assert status == 403
    status, told = await coded.ask("POST", "/api/v1/mesh/decisions", json=body)
    assert (status, told["trials"]) == (200, 2)
    assert await coded.site.all_tenants.fetchval("select count(*) from jobs where kind = 'mesh_code'") == 1
    await code(coded)
    assert (await coded.get(f"/api/v1/trials/{nct(1)}/mesh"))["codes"][0]["how"] == "curated"
    [decision] = (await coded.get("/api/v1/mesh/decisions"))["decisions"]
    assert (decision["sample"], decision["by"], decision["terms"][0]["name"]) == (
        "Ticker trouble",
        "admin",
        "Heart Diseases",
    )
    undo = {"about": "condition", "key": decision["key"]}
    assert (await coded.ask("POST", "/api/v1/mesh/decisions/undo", json=undo))[0] == 200
    await code(coded)
    assert (await coded.get(f"/api/v1/trials/{nct(1)}/mesh"))["codes"] == []
    assert (await coded.ask("POST", "/api/v1/mesh/decisions/undo", json=undo))[0] == 404


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("decisions", {"about": "condition", "text": "x", "uis": ["D999999"]}, "uis"),
        ("decisions", {"about": "weather", "text": "x", "uis": []}, "about"),
        ("decisions", {"about": "condition", "text": "!!", "uis": []}, "text"),
        ("decisions", {"about": "condition", "text": "x" * 600, "uis": []}, "text"),
        ("decisions", {"about": "condition", "text": "x", "uis": ["'; drop table trials"]}, "uis"),
    ],
)
async def test_a_bad_decision_is_refused_by_its_field(
    coded: Api, path: str, body: dict[str, object], field: str
) -> None:
    status, told = await coded.ask("POST", f"/api/v1/mesh/{path}", json=body)
    assert status in (400, 422)
    assert field in told["message"]


@pytest.mark.parametrize("path", ["tree/X", "tree/C99", "tree/nonsense", "records/D999999", "records/x%00"])
async def test_what_is_not_in_mesh_is_not_found(coded: Api, path: str) -> None:
    status, told = await coded.ask("GET", f"/api/v1/mesh/{path}")
    assert (status, told["code"]) == (404, "not_found")


async def test_status_says_which_year_is_held(coded: Api) -> None:
    told = await coded.get("/api/v1/mesh")
    [held] = told["imports"]
    assert (held["year"], held["kind"], held["added"]) == (2024, "descriptors", told["descriptors"])
    assert told["coded"] == 302


async def test_without_mesh_every_page_says_what_to_do(api: Api, browser: Browser) -> None:
    async with visiting(browser, api) as visit:
        for path in ("/mesh", "/mesh/unmatched"):
            await visit.go(path)
            assert "triald mesh import" in await visit.text("main .notice:not(.standing)")
    assert (await api.ask("GET", "/api/v1/mesh/map?text=x"))[0] == 404
    assert (await api.get("/api/v1/mesh"))["imports"] == []


async def test_a_text_is_mapped_on_the_page_without_a_script(coded: Api, browser: Browser) -> None:
    """N30: a suggestion, another term, and the way back."""
    async with visiting(browser, coded, java_script_enabled=False) as visit:
        await visit.go("/mesh/unmatched")
        await visit.page.click("text=another… for Ticker trouble")
        await visit.page.fill('[name="q"]', "heart dis")
        await visit.page.click("text=Look")
        await visit.page.check('label:has-text("Heart Diseases") input')
        await visit.page.click("text=This is what it means")
        assert "Heart Diseases" in await visit.text("#decided ~ div")
        await code(coded)
        await visit.go("/mesh/D006331")
        assert "No trial" not in await visit.text("main")
        await visit.go(f"/trials/{nct(1)}")
        assert "decided by a person" in await visit.text("#coded ~ dl")
        await visit.go("/mesh/unmatched")
        assert "Ticker trouble" not in await visit.text("table")
        await visit.page.click("text=Undo Ticker trouble")
        await code(coded)
        await visit.go("/mesh/unmatched")
        assert "Ticker trouble" in await visit.text("table")


async def test_the_tree_opens_along_the_way_to_a_heading(coded: Api, browser: Browser) -> None:
    async with visiting(browser, coded, java_script_enabled=False) as visit:
        await visit.go("/mesh")
        await visit.page.click('[aria-label="Open Diseases"]')
        await visit.page.click('[aria-label="Open Cardiovascular Diseases"]')
        await visit.page.click('[aria-label="Open Heart Diseases"]')
        assert (await visit.text(".crumb")).endswith("› Cardiovascular Diseases › Heart Diseases")
        await visit.page.click('.tree a:text-is("Myocardial Ischemia")')
        assert await visit.text("h1") == "Myocardial Ischemia"
        await visit.page.click("#places ~ ul a:has(strong)")
        assert (await visit.text(".crumb")).endswith("› Heart Diseases › Myocardial Ischemia")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
async def test_the_pages_of_mesh_are_sound(coded: Api, browser: Browser, scheme: Any, width: int) -> None:
    """Readable in both schemes, on a phone and a desk; nothing to stumble over."""
    shots = os.environ.get("TRIALD_TEST_SHOTS")
    options: dict[str, Any] = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
    async with visiting(browser, coded, **options) as visit:
        for number, path in enumerate(PATHS):
            await visit.go(path)
            assert coded.failed == [], path
            assert not await visit.is_wide(), path
            assert await visit.stumbles() == [], path
            assert await visit.pale() == [], path
            if shots:
                await visit.page.screenshot(path=f"{shots}/mesh{number}-{scheme}-{width}.png", full_page=True)
        visit.wrong.clear()  # the last path is not there
