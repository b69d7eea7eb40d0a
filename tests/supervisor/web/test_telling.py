"""Webhooks, silences and the ways by which people are told, over HTTP and in a real headless Chromium."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import Browser

from actors.monitoring import store as monitoring
from actors.monitoring.alarms import Close, Open, Thresholds, rules
from actors.notices.alerts import store
from actors.notices.alerts.telling import Item
from actors.notices.outbox import store as outbox
from actors.notices.outbox.event import KINDS, New
from actors.notices.webhooks import store as webhooks
from supervisor.roles import Role
from tests.supervisor.web.asking import Api
from tests.supervisor.web.browsing import chromium, visiting

RULES = {rule.name: rule for rule in rules(Thresholds())}
NOW = datetime.now(UTC)
PAGES = ("/alerts", "/webhooks", "/webhooks/1")


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A Chromium, or a visible skip."""
    async with chromium() as one:
        yield one


@pytest.fixture
async def told(api: Api) -> Api:
    """Alerts of each kind, of some of which people were told; a webhook that answers and one that was switched off."""
    pool = api.site.all_tenants
    async with pool.acquire() as db, db.transaction():
        for name, subject, value in (
            ("disk_full", "/var/lib/triald", 91.4), ("registry_unavailable", "ctis", 1.0),
            ("queue_deep", "default", 12_345.0),
        ):  # fmt: skip
            await monitoring.open_alert(db, Open(RULES[name], subject, value))
        await monitoring.open_alert(db, Open(RULES["loop_lagging"], "host/7", 1.5))
        await monitoring.close_alert(db, Close(RULES["loop_lagging"], "host/7"), quiet_s=0.0)
        await store.follow(db, NOW)
        one, two, *_ = await store.going_on(db)
        for channel in ("mail", "pagerduty"):
            await store.add_send(db, channel, channel, [Item(one, "opened"), Item(two, "opened")], NOW)
        await store.add_silence(
            db, name="registry_*", subject="ctis", severity=None, why="the register moves house this week", by="eve",
            at=NOW - timedelta(hours=1), until=NOW + timedelta(days=3),
        )  # fmt: skip
        sent = await store.claim(db, "mail", NOW + timedelta(seconds=1))
        assert sent is not None
        await store.sent(db, sent, NOW + timedelta(seconds=2), status=250, took_s=0.3)
        failed = await store.claim(db, "pagerduty", NOW + timedelta(seconds=1))
        assert failed is not None
        await store.not_sent(
            db, failed, NOW + timedelta(seconds=2), status=503, error="events.pagerduty.com answered 503",
            again_at=NOW + timedelta(minutes=1), is_last=False, closed_until=None,
        )  # fmt: skip
        good = await webhooks.add(db, "admin", "https://example.org/hook", "whsec_c2VjcmV0", list(KINDS)[:3], NOW)
        bad = await webhooks.add(db, "admin", "https://example.com/old", "whsec_c2VjcmV0", ["job.failed"], NOW)
        await outbox.append(db, [New(1, "job.failed", str(n), {"job": n, "kind": "scrape"}) for n in range(3)], NOW)
        for row in await db.fetch("select id, webhook_id from webhook_deliveries order by id"):
            if row["webhook_id"] == good:
                await webhooks.delivered(db, row["id"], NOW, 200, took_s=0.12, excerpt='{"ok": true}')
        await db.execute(
            "update webhooks set is_on = false, off_at = $2, off_why = '20 attempts in a row failed, over 2 days',"
            " unavailable_since = $2 where id = $1", bad, NOW,
        )  # fmt: skip
    object.__setattr__(api.site, "told_by", frozenset({"mail", "pagerduty"}))
    return api


async def test_the_secret_of_a_webhook_is_shown_once_and_its_kinds_may_be_changed(api: Api) -> None:
    """C21: what it asks for is checked at the door."""
    made: dict[str, Any]
    body = {"url": "https://example.org/hook", "kinds": ["job.failed", "trial.changed", "job.failed"]}
    status, made = await api.ask("POST", "/api/v1/webhooks", json=body, role=Role.VIEWER)
    assert status == 200 and made["secret"].startswith("whsec_")
    listed = await api.get("/api/v1/webhooks", role=Role.VIEWER)
    assert listed["webhooks"][0]["kinds"] == ["trial.changed", "job.failed"]
    assert (set(listed["kinds"]), made["secret"] in str(listed)) == (set(KINDS), False)
    path = f"/api/v1/webhooks/{made['id']}"
    assert (await api.ask("POST", f"{path}/kinds", json={"kinds": ["alert.opened"]}, role=Role.VIEWER))[0] == 200
    for kinds in ([], ["nonsense"], ["webhook.test"]):
        status, told = await api.ask("POST", f"{path}/kinds", json={"kinds": kinds}, role=Role.VIEWER)
        assert (status, told["details"]["field"]) == (400, "kinds"), kinds
    assert (await api.ask("POST", f"{path}/test", json={}, role=Role.ADMIN))[0] == 404
    status, tested = await api.ask("POST", f"{path}/test", json={}, role=Role.VIEWER)
    [delivery] = (await api.get(f"{path}/deliveries", role=Role.VIEWER))["deliveries"]
    assert (delivery["id"], delivery["kind"], delivery["state"]) == (tested["delivery"], "webhook.test", "waiting")
    again = f"{path}/deliveries/{delivery['id']}/replay"
    assert (await api.ask("POST", again, json={}, role=Role.VIEWER))[1] == {"replayed": 0}  # it waits anyway
    assert (await api.ask("POST", f"{path}/deliveries/99/replay", json={}, role=Role.VIEWER))[0] == 404
    assert (await api.ask("POST", f"{path}/replay", json={}, role=Role.VIEWER))[1] == {"replayed": 0}


async def test_who_asks_for_a_scrape_is_told_how_it_ended(api: Api) -> None:
    """C21: it is a job of their organisation."""
    await api.ask("POST", "/api/v1/webhooks", json={"url": "https://example.org/hook", "kinds": ["job.failed"]})
    status, asked = await api.ask("POST", "/api/v1/scrapes", json={"registry": "ctgov", "mode": "full"})
    assert status in (200, 202)
    await api.site.all_tenants.execute(
        "update jobs set state = 'running', worker = gen_random_uuid(), fence = 1 where id = $1", asked["job"]
    )
    await api.site.all_tenants.execute("update jobs set state = 'dead', worker = null where id = $1", asked["job"])
    [told] = (await api.get("/api/v1/webhooks/1/deliveries"))["deliveries"]
    assert (told["kind"], told["data"]["job"], told["data"]["kind"]) == ("job.failed", asked["job"], "scrape")


async def test_a_silence_says_of_what_for_how_long_and_why(api: Api) -> None:
    """N24: by an operator; who reads sees it."""
    body = {"name": "registry_*", "hours": 4, "why": "it moves house"}
    assert (await api.ask("POST", "/api/v1/silences", json=body, role=Role.VIEWER))[0] == 403
    status, made = await api.ask("POST", "/api/v1/silences", json=body, role=Role.OPERATOR)
    assert status == 200
    [one] = (await api.get("/api/v1/silences", role=Role.VIEWER))["silences"]
    assert (one["name"], one["made_by"], one["why"]) == ("registry_*", "operator", "it moves house")
    for bad, field in (
        ({"hours": 4, "why": "all"}, "name"), ({"name": "x", "hours": 0, "why": "y"}, "hours"),
        ({"name": "x", "hours": 9000, "why": "y"}, "hours"), ({"name": "x", "hours": 1, "why": " "}, "why"),
        ({"severity": "worst", "hours": 1, "why": "y"}, "severity"), ({"name": "x", "why": "y"}, "hours"),
    ):  # fmt: skip
        status, told = await api.ask("POST", "/api/v1/silences", json=bad, role=Role.OPERATOR)
        assert (status, told["details"]["field"]) == (400, field), bad
    path = f"/api/v1/silences/{made['id']}"
    assert (await api.ask("DELETE", path, role=Role.OPERATOR))[0] == 200
    assert (await api.ask("DELETE", path, role=Role.OPERATOR))[0] == 404


async def test_an_operator_says_which_severities_go_by_which_way(told: Api) -> None:
    """N24, S19."""
    body = {"routes": {"critical": ["pagerduty"], "low": []}}
    assert (await told.ask("PUT", "/api/v1/alerts/routes", json=body, role=Role.VIEWER))[0] == 403
    status, made = await told.ask("PUT", "/api/v1/alerts/routes", json=body, role=Role.OPERATOR)
    assert (status, made["routes"]) == (200, {"critical": ["pagerduty"], "high": [], "medium": [], "low": []})
    for bad in ({"worst": ["mail"]}, {"low": ["pigeon"]}):
        status, why = await told.ask("PUT", "/api/v1/alerts/routes", json={"routes": bad}, role=Role.OPERATOR)
        assert (status, why["details"]["field"]) == (400, "routes")
    ways = await told.get("/api/v1/alerts/ways", role=Role.VIEWER)
    assert ([one["channel"] for one in ways["sent"]], ways["there"]) == (
        ["pagerduty", "mail"], ["mail", "pagerduty", "webhooks"],
    )  # fmt: skip
    assert ways["sent"][1]["items"][0] == "opened disk_full (/var/lib/triald)"


async def test_health_says_which_way_to_people_does_not_work(told: Api) -> None:
    """N24: unavailable, with since when; a way that nobody set up is not used."""
    assert (await told.get("/health/services/mail", role=None))["status"] == "healthy"
    pager = await told.get("/health/services/pagerduty", role=None)
    assert (pager["status"], "unavailable since" in pager["message"]) == ("degraded", True)
    object.__setattr__(told.site, "told_by", frozenset())
    assert (await told.get("/health/services/pagerduty", role=None))["status"] == "not_used"


async def test_an_operator_silences_and_acknowledges_an_alert_from_its_page(told: Api, browser: Browser) -> None:
    """G13, N24: with the buttons of the page, without a script too."""
    async with visiting(browser, told, role=Role.OPERATOR, java_script_enabled=False) as visit:
        await visit.go("/alerts")
        assert "silenced" in await visit.text("main section >> nth=0")
        await visit.page.click("text=Acknowledge >> nth=0")
        assert "seen by operator" in await visit.text("main section >> nth=0")
        await visit.page.click("text=Silence… >> nth=0")
        await visit.page.fill("details[open] input[name=why]", "a larger disk comes today")
        await visit.page.click("text=Silence it >> nth=0")
        assert "a larger disk comes today" in await visit.text("section[aria-labelledby=silences]")
        await visit.page.uncheck("input[name=critical][value=mail]")
        await visit.page.click("form[action='/alerts/routes'] button")
        assert not await visit.page.is_checked("input[name=critical][value=mail]")
    assert "mail" not in (await store.routes(told.site.all_tenants))["critical"]


async def test_who_only_reads_has_no_buttons_on_the_page_of_alerts(told: Api, browser: Browser) -> None:
    """R03."""
    async with visiting(browser, told, role=Role.VIEWER) as visit:
        await visit.go("/alerts")
        assert await visit.page.locator("main form button").count() == 0


async def test_a_webhook_is_added_tested_and_switched_from_its_page(told: Api, browser: Browser) -> None:
    """C21."""
    async with visiting(browser, told, java_script_enabled=False) as visit:
        await visit.go("/webhooks")
        assert "It was switched off by itself" in await visit.text("main")
        await visit.page.fill("input[name=url]", "https://example.net/new")
        await visit.page.check("form[action='/webhooks'] input[value='job.failed']")
        await visit.page.click("text=Add the webhook")
        assert "whsec_" in await visit.text(".notice.good")
        await visit.page.click("text=Send a test >> nth=0")
        assert "webhook.test" in await visit.text("main")
        await visit.go("/webhooks")
        await visit.page.click("text=Switch on >> nth=0")
        assert "It was switched off by itself" not in await visit.text("main")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_page_can_be_read_by_everybody(told: Api, browser: Browser, scheme: str) -> None:
    """N24: contrast, structure, and nothing to scroll sideways on a telephone."""
    async with visiting(browser, told, color_scheme=scheme) as visit:
        for path in PAGES:
            await visit.go(path)
            assert await visit.stumbles() == [], path
            assert await visit.pale() == [], path
            await visit.page.set_viewport_size({"width": 360, "height": 740})
            assert not await visit.is_wide(), path
            await visit.page.set_viewport_size({"width": 1280, "height": 900})
