"""The pages in a real headless Chromium."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Browser

from actors.monitoring import store as monitoring
from actors.monitoring.alarms import Open, Rule
from actors.queue import operating
from actors.queue import store as queue
from actors.queue.job import NewJob
from actors.trials import store
from actors.trials.mirroring import store as mirroring
from actors.trials.record import Arm, Eligibility, Identifier, Intervention, Outcome, Site
from supervisor.roles import Role
from supervisor.web import live, wording
from supervisor.web.app import listening
from tests.supervisor.web.asking import Api
from tests.supervisor.web.browsing import WAIT_MS, chromium, visiting
from tests.supervisor.web.site import fired, mirror, nightly, world_page
from tests.supervisor.web.wire import wire_to
from tests.trials.pages import Refused, trial
from tests.trials.pages import page as page_of

LIVE = '#live[data-state="live"]'
DEEP = Rule("queue_deep", "job_queue_depth", 10, "high", "queue {subject} holds {value:.0f} ready jobs")
PATHS = (
    "/", "/trials", "/trials?q=heart+attack", "/trials/1", "/jobs", "/jobs/1", "/trials?cursor=nonsense", "/nowhere",
    "/jobs?state=dead", "/scrapes", "/scrapes/2", "/schedules", "/alerts", "/refused", "/refused/1",
    "/trials?start_from=2020-13-01", "/trials/2",
)  # fmt: skip


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A Chromium, or a visible skip."""
    async with chromium() as one:
        yield one


@contextmanager
def telling(api: Api) -> Iterator[None]:
    """The dashboard is told what happens, as `serve` sees to."""
    task = asyncio.create_task(live.tell(api.site, every_s=0.05))
    try:
        yield
    finally:
        task.cancel()


def figure(name: str, text: str) -> str:
    """A figure of the dashboard that shows this."""
    return f'[data-figure="{name}"]:text-is("{text}")'


async def _busy(api: Api) -> None:
    """Something of everything that pages show."""
    pool = api.site.all_tenants
    await mirror(pool, world_page(day=2))
    await queue.enqueue(pool, [NewJob("maintain", delay_s=60), NewJob("scrape", queue="scraping")])
    await monitoring.open_alert(pool, Open(DEEP, "default", 12))
    await mirror(pool, page_of([], [Refused("it is broken: " + "x" * 200, b'{"broken": ' + b"x" * 300, "NCT00000009")]))
    await pool.execute("update trials set removed_at = now() where id = 2")
    await dead_letters(pool, 3)
    await nightly(pool)
    await fired(pool, 1)
    await monitoring.open_alert(pool, Open(DEEP, "closed", 12))
    await pool.execute("update alerts set closed_at = now() where subject = 'closed'")
    scrape = await mirroring.open_scrape(pool, "ctgov", "full", since=None, job_id=None, at=datetime.now(UTC))
    await mirroring.close_scrape(pool, scrape, "failed", at=datetime.now(UTC), error="SourceUnavailable: refused")


async def dead_letters(db: queue.Database, count: int) -> list[int]:
    """Jobs that have died."""
    jobs = await queue.enqueue(db, [NewJob("maintain") for _ in range(count)])
    for job in jobs:
        await db.execute(
            "update jobs set state = 'running', worker = gen_random_uuid(), deadline_at = now() where id = $1", job
        )
        await db.execute("update jobs set state = 'dead', worker = null where id = $1", job)
    return jobs


async def test_a_search_for_heart_attack_finds_trials_and_opens_one(trials: Api, browser: Browser) -> None:
    async with visiting(browser, trials) as visit:
        await visit.page.click("text=Trials")
        await visit.page.fill("#q", "heart attack")
        await visit.page.press("#q", "Enter")
        await visit.page.wait_for_url("**/trials?q=heart+attack", timeout=WAIT_MS)
        expected = (await trials.get("/api/v1/trials?q=heart+attack"))["trials"]
        titles = [await one.inner_text() for one in await visit.page.query_selector_all(".hit h3 a")]
        assert titles == [one["title"] for one in expected] != []
        await visit.page.click(".hit h3 a")
        assert expected[0]["registry_id"] in await visit.text("main .meta")
        assert "Heart Attack" in await visit.text("main")
        await visit.page.click(".crumb a")
        assert await visit.page.input_value("#q") == "heart attack"


async def test_the_search_works_without_a_script(trials: Api, browser: Browser) -> None:
    async with visiting(browser, trials, java_script_enabled=False) as visit:
        await visit.go("/trials")
        await visit.page.check('input[name="status"][value="recruiting"]')
        await visit.page.click("text=Apply")
        count = (await trials.get("/api/v1/trials?status=recruiting"))["count"]
        assert await visit.text("#found") == f"{count} trials"
        await visit.page.click("text=Next page")
        assert await visit.page.is_checked('input[name="status"][value="recruiting"]')
        assert await visit.text("#found") == f"{count} trials"
        assert await visit.page.locator(".hit").count() == min(20, count - 20)


async def test_the_dashboard_follows_what_happens(trials: Api, browser: Browser) -> None:
    pool = trials.site.all_tenants
    with telling(trials):
        async with visiting(browser, trials) as visit:
            await visit.until(LIVE)
            await visit.until(figure("ready", "0"))
            await visit.page.focus('[data-rows="queues"] a')
            await queue.enqueue(pool, [NewJob("maintain") for _ in range(1234)])
            await visit.until(figure("ready", "1,234"))
            assert "1,234" in await visit.text('[data-rows="queues"]')
            assert await visit.page.evaluate("document.activeElement.textContent") == "default", "the focus stays"
            await monitoring.open_alert(pool, Open(DEEP, "default", 1234))
            await visit.until(figure("alerts", "1"))
            assert "queue default holds 1234 ready jobs" in await visit.text('[data-rows="alerts"]')
            assert await visit.text("#said") == "High alert: queue default holds 1234 ready jobs"
            started = datetime.now(UTC) - timedelta(seconds=60)
            scrape = await mirroring.open_scrape(pool, "ctgov", "full", since=None, job_id=None, at=started)
            await pool.execute("update scrapes set pages = 4, records = 3000, total = 12000 where id = $1", scrape)
            await visit.until('[data-rows="scrapes"] :text("25 %")')
            assert "25 % · 3,000 of 12,000 records" in await visit.text('[data-rows="scrapes"]')
            assert " to go" in await visit.text('[data-rows="scrapes"]')
            await visit.until('[data-chart="depth"] polyline.b')
            assert await visit.page.locator('[data-chart="depth"] polyline').count() == 2
            assert "waiting: 1,234 now" in await visit.text('[data-chart="depth"] [data-alternative]')
            assert "scheduler" in await visit.text('[data-rows="actors"]')


async def test_the_dashboard_connects_again_by_itself(api: Api, browser: Browser) -> None:
    """A connection that is lost is told, and made again for as long as it takes; then all is as it is now."""
    with telling(api):
        async with wire_to(api.url) as wire, visiting(browser, api, port=wire.port) as visit:
            await visit.until(LIVE)
            wire.cut()
            await visit.until('#live[data-state="lost"]')
            assert "Not connected; as of" in await visit.text("#live")
            await queue.enqueue(api.site.all_tenants, [NewJob("maintain") for _ in range(3)])
            wire.mend()
            await visit.until(LIVE)
            await visit.until(figure("ready", "3"))
            visit.wrong.clear()  # Chromium tells of every attempt that failed


async def test_a_dashboard_whose_session_ended_asks_for_the_login(api: Api, browser: Browser) -> None:
    """Whose login has ended meanwhile is not left with a picture of before; a restart alone ends none."""
    with telling(api):
        async with wire_to(api.url) as wire, visiting(browser, api, port=wire.port) as visit:
            await visit.until(LIVE)
            async with listening(api.site, "127.0.0.1", 0) as port:
                wire.to_port = port
                wire.cut()
                await visit.until('#live[data-state="lost"]')
                wire.mend()
                await visit.until(LIVE)
                wire.cut()
                await visit.until('#live[data-state="lost"]')
                await api.site.all_tenants.execute("update sessions set ended_at = now(), why_ended = 'a test'")
                wire.mend()
                await visit.page.wait_for_url("**/login?next=%2F", timeout=WAIT_MS)
            visit.wrong.clear()


async def test_without_its_script_the_dashboard_shows_what_is(trials: Api, browser: Browser) -> None:
    await _busy(trials)
    async with visiting(browser, trials, java_script_enabled=False) as visit:
        text = await visit.text("main")
        assert "queue default holds 12 ready jobs" in text
        assert "no answer since" in text and "SourceUnavailable: refused" in text
        assert "Unavailable" in await visit.text('[data-rows="registries"]')
        assert "302" in await visit.text('[data-rows="registries"]')


async def test_a_trial_shows_where_it_came_from_and_what_changed(trials: Api, browser: Browser) -> None:
    await mirror(trials.site.all_tenants, world_page(day=2))
    changed = await trials.site.all_tenants.fetchval(
        "select trial_id from trial_versions where event = 'changed' limit 1"
    )
    raw = await store.raw(trials.site.all_tenants, changed)
    [diff, _] = (await trials.get(f"/api/v1/trials/{changed}/versions"))["versions"]
    async with visiting(browser, trials) as visit:
        await visit.go(f"/trials/{changed}")
        history = await visit.text(".history")
        assert "Version 2 Changed" in history and "Version 1 New" in history
        rows = await visit.page.query_selector_all(".diff tbody tr")
        assert len(rows) == len(diff["changes"])
        before, after = diff["changes"][0]["before"], diff["changes"][0]["after"]
        assert str(before) in await rows[0].inner_text() and str(after) in await rows[0].inner_text()
        assert await visit.page.locator('.history a[href^="/scrapes/"]').count() == 2
        source = await visit.text(".provenance")
        assert raw.sha256.hex() in source and raw.url in source
        assert wording.moment(raw.fetched_at) in source
        async with visit.page.expect_download(timeout=WAIT_MS) as downloading:
            await visit.page.click(".provenance dd a[href*='/raw']")
        path = await (await downloading.value).path()
        assert path.read_bytes() == raw.body


EVIL = '<script>window.hacked = 1</script><img src=x onerror="window.hacked = 1">'


async def test_what_a_record_says_is_shown_as_text(api: Api, browser: Browser) -> None:
    evil = trial(
        1,
        title=f"{EVIL} title",
        official_title=f"{EVIL} official",
        acronym=EVIL,
        status_raw=EVIL,
        summary=f"{EVIL} summary",
        description=EVIL,
        sponsor=EVIL,
        url="javascript:window.hacked=1",
        conditions=(EVIL,),
        keywords=(EVIL,),
        countries=(EVIL,),
        interventions=(Intervention(EVIL, EVIL, EVIL, (EVIL,)),),
        arms=(Arm(EVIL, EVIL, EVIL, (EVIL,)),),
        outcomes=(Outcome("primary", EVIL, EVIL, EVIL),),
        sites=(Site(EVIL, EVIL, EVIL, EVIL, EVIL),),
        eligibility=Eligibility(criteria=EVIL),
        why_stopped=EVIL,
    )
    await mirror(api.site.all_tenants, page_of([evil]))
    error = await mirroring.open_scrape(
        api.site.all_tenants, "ctgov", "full", since=None, job_id=None, at=datetime.now(UTC)
    )
    await mirroring.close_scrape(api.site.all_tenants, error, "failed", at=datetime.now(UTC), error=EVIL)
    await queue.enqueue(api.site.all_tenants, [NewJob("maintain", tenant=EVIL, unique_key=EVIL, trace_id=EVIL)])
    await monitoring.open_alert(api.site.all_tenants, Open(DEEP, EVIL, 12))
    with telling(api):
        async with visiting(browser, api) as visit:
            await visit.until(LIVE)
            for path in (
                "/",
                "/trials?q=title",
                "/trials/1",
                "/jobs",
                "/jobs/1",
                f"/trials?q={EVIL}",
                f"/login?next={EVIL}",
            ):
                await visit.go(path)
                if path == "/":
                    await visit.until(LIVE)
                assert await visit.page.evaluate("window.hacked") is None, path
                assert await visit.page.locator("main script, main img").count() == 0, path
                assert await visit.page.locator('a[href^="javascript"]').count() == 0, path
            await visit.go("/trials/1")
            assert await visit.text("h1") == f"{EVIL} title ({EVIL})"
            await visit.go("/trials?q=summary")
            assert EVIL in await visit.text(".hit h3")
            assert await visit.text(".snippet mark") == "summary"


async def test_a_job_can_be_retried_and_cancelled_by_who_may(api: Api, browser: Browser) -> None:
    [job] = await queue.enqueue(api.site.all_tenants, [NewJob("maintain", delay_s=600)])
    async with visiting(browser, api, role=Role.VIEWER) as visit:
        await visit.go(f"/jobs/{job}")
        assert "it is not due" in await visit.text("main")
        assert await visit.page.locator("main button").count() == 0
    async with visiting(browser, api, role=Role.OPERATOR) as visit:
        await visit.go(f"/jobs/{job}")
        await visit.page.click("text=Run now")
        await visit.page.wait_for_selector('h1 .state[data-state="ready"]', timeout=WAIT_MS)
        await visit.page.click("main >> text=Cancel…")
        await visit.page.click("text=Yes, cancel it")
        await visit.page.wait_for_selector('h1 .state[data-state="cancelled"]', timeout=WAIT_MS)
        assert "it has ended: cancelled" in await visit.text("main")
    assert await operating.state_of(api.site.all_tenants, job) == "cancelled"


async def test_everything_can_be_reached_and_used_with_the_keyboard_alone(trials: Api, browser: Browser) -> None:
    async with visiting(browser, trials) as visit:
        keyboard = visit.page.keyboard
        focused = "document.activeElement.textContent.trim()"
        await keyboard.press("Tab")
        assert await visit.page.evaluate(focused) == "Skip to content"
        assert await visit.page.evaluate("document.activeElement.getBoundingClientRect().top >= 0"), "it can be seen"
        await keyboard.press("Enter")
        assert await visit.page.evaluate("location.hash") == "#main"
        await visit.go("/trials")
        await keyboard.press("/")
        await keyboard.type("heart attack")
        await keyboard.press("Enter")
        await visit.page.wait_for_url("**q=heart+attack", timeout=WAIT_MS)
        first = await visit.page.inner_text(".hit h3 a")
        for _ in range(150):
            await keyboard.press("Tab")
            ring = await visit.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert ring != "none", await visit.page.evaluate("document.activeElement.outerHTML")
            if await visit.page.evaluate(focused) == first:
                break
        await keyboard.press("Enter")
        await visit.page.wait_for_url("**/trials/*", timeout=WAIT_MS)
        assert await visit.text("h1") == first


async def test_every_page_can_be_tabbed_through_to_its_end(trials: Api, browser: Browser) -> None:
    await _busy(trials)
    async with visiting(browser, trials) as visit:
        for path in ("/", "/trials/1", "/jobs", "/jobs?state=dead", "/schedules", "/alerts"):
            await visit.go(path)
            usable = await visit.page.evaluate(
                "[...document.querySelectorAll('a[href], button, input, select, summary, [tabindex=\"0\"]')]"
                ".filter((one) => one.checkVisibility() && !one.closest('template')).length"
            )
            await visit.page.evaluate("window.met = new Set()")
            for _ in range(usable):
                await visit.page.keyboard.press("Tab")
                await visit.page.evaluate("window.met.add(document.activeElement)")
            assert await visit.page.evaluate("window.met.size") == usable, path


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_text_stands_out_from_what_is_behind_it(trials: Api, browser: Browser, scheme: str) -> None:
    await _busy(trials)
    async with visiting(browser, trials, color_scheme=scheme) as visit:
        for path in PATHS:
            await visit.go(path)
            await visit.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
            assert await visit.pale() == [], path
            background = await visit.page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert (background == "rgb(20, 22, 26)") == (scheme == "dark")
        visit.wrong = [one for one in visit.wrong if "400" not in one and "404" not in one]


async def test_a_theme_that_was_chosen_stays(api: Api, browser: Browser) -> None:
    async with visiting(browser, api, color_scheme="light") as visit:
        dark = "getComputedStyle(document.body).backgroundColor === 'rgb(20, 22, 26)'"
        assert await visit.text("#theme") == "Theme: auto"
        for expected in ("light", "dark"):
            await visit.page.click("#theme")
            assert await visit.text("#theme") == f"Theme: {expected}"
        assert await visit.page.evaluate(dark)
        await visit.go("/trials")
        assert await visit.page.evaluate(dark)


async def test_no_page_is_wider_than_a_small_phone(trials: Api, browser: Browser) -> None:
    await _busy(trials)
    long = trial(9, title="x" * 300, sponsor="y" * 300, conditions=("z" * 300,), url="https://e.example/" + "u" * 300)
    await mirror(trials.site.all_tenants, page_of([long]))
    with telling(trials):
        async with visiting(browser, trials, viewport={"width": 360, "height": 740}) as visit:
            for path in (*PATHS, "/trials?q=" + "w" * 300, "/trials?q=" + "x" * 300, "/trials/NCT00000009"):
                await visit.go(path)
                if path == "/":
                    await visit.until(LIVE)
                assert not await visit.is_wide(), path
            visit.wrong = [one for one in visit.wrong if "400" not in one and "404" not in one]


async def test_no_page_makes_a_screen_reader_stumble(trials: Api, browser: Browser) -> None:
    await _busy(trials)
    async with visiting(browser, trials) as visit:
        for path in PATHS:
            await visit.go(path)
            assert await visit.stumbles() == [], path
        visit.wrong = [one for one in visit.wrong if "400" not in one and "404" not in one]


async def test_motion_is_left_out_for_who_asked_for_that(api: Api, browser: Browser) -> None:
    async with visiting(browser, api, reduced_motion="reduce") as visit:
        moving = """[...document.querySelectorAll("*")].map((one) => getComputedStyle(one)).some(
            (style) => !["0s", ""].includes(style.transitionDuration) || style.animationName !== "none")"""
        assert not await visit.page.evaluate(moving)


async def test_values_are_written_alike_by_page_and_script(api: Api, browser: Browser) -> None:
    values: list[tuple[object, str]] = [
        *((value, "number") for value in (0, 1, 999, 1000, 1234567, 0.04, 0.25, 3.14159, 99.94, 99.96, 100.4, 1e6)),
        *((value, "duration") for value in (0, 0.9, 59.9, 60, 61, 3599, 3600, 3660, 86399, 86400, 90061)),
        *((value, "ago") for value in (5, 7200)),
        *((value, "percent") for value in (0.0, 0.25, 0.123, 1.0)),
        *((value, "state") for value in ("ok", "never", "unavailable", "no_longer_running")),
        *((value, "moment") for value in ("2026-03-01T02:03:04.567Z", "2026-03-01T02:03:04+00:00")),
        *((None, how) for how in ("number", "duration", "text")),
        ("a text", "text"),
    ]
    async with visiting(browser, api) as visit:
        told = await visit.page.evaluate(
            "async (values) => { const { written } = await import('/static/wording.js');"
            " return values.map(([value, how]) => written(value, how)); }",
            [list(pair) for pair in values],
        )
    assert told == [wording.written(value, how) for value, how in values]


# ── what may be done ──


async def test_who_may_operate_does_it_from_the_dashboard(api: Api, browser: Browser) -> None:
    """Acknowledge, pause, resume, start a scrape: with the script that keeps the rows, whose buttons then work too."""
    pool = api.site.all_tenants
    with telling(api):
        async with visiting(browser, api, role=Role.OPERATOR) as visit:
            await visit.until(LIVE)
            await monitoring.open_alert(pool, Open(DEEP, "default", 12))
            await visit.page.click('[data-rows="alerts"] >> text=Acknowledge')
            await visit.page.wait_for_url("**/alerts", timeout=WAIT_MS)
            assert "seen by operator" in await visit.text("main")
            await visit.go("/")
            await visit.page.click('[data-rows="queues"] tr:has-text("default") button:has-text("Pause")')
            await visit.until('[data-rows="queues"] tr:has-text("default") .flag:not([hidden])')
            assert (await queue.queue_rules(pool))["default"].paused
            await visit.page.click('[data-rows="queues"] tr:has-text("default") button:has-text("Resume")')
            await visit.until('[data-rows="queues"] tr:has-text("default") .flag[hidden]')
            assert not (await queue.queue_rules(pool))["default"].paused
            await visit.page.select_option('select[name="mode"]', "full")
            await visit.page.click("text=Start a scrape")
            await visit.page.wait_for_url("**/jobs/*", timeout=WAIT_MS)
            assert '"mode": "full"' in await visit.text("main")
    [job] = await operating.list_jobs(pool)
    assert (job["kind"], job["queue"]) == ("scrape", "scraping")


async def test_who_may_only_look_is_shown_no_button(api: Api, browser: Browser) -> None:
    await _busy(api)
    with telling(api):
        async with visiting(browser, api, role=Role.VIEWER) as visit:
            for path in ("/", "/alerts", "/schedules", "/scrapes", "/jobs?state=dead", "/jobs/1"):
                await visit.go(path)
                if path == "/":
                    await visit.until(LIVE)
                assert await visit.page.locator('main form[method="post"]').count() == 0, path


async def test_dead_letters_are_revived_and_discarded_by_choice_and_not_by_oversight(
    api: Api, browser: Browser
) -> None:
    """N15: one and in bulk; what is given up for good is asked about once more."""
    pool = api.site.all_tenants
    first, second, third, fourth = await dead_letters(pool, 4)
    async with visiting(browser, api, role=Role.OPERATOR) as visit:
        await visit.go("/jobs?state=dead")
        await visit.page.check(f'input[value="{first}"]')
        await visit.page.click("text=Requeue the chosen")
        await visit.page.wait_for_url("**/jobs?state=dead", timeout=WAIT_MS)
        assert await operating.state_of(pool, first) == "ready"
        await visit.page.check(f'input[value="{second}"]')
        assert not await visit.page.is_visible("text=Yes, discard them")
        await visit.page.click("text=Discard the chosen…")
        assert await operating.state_of(pool, second) == "dead"
        await visit.page.click("text=Yes, discard them")
        await visit.page.wait_for_selector(f'main:not(:has(input[value="{second}"]))', timeout=WAIT_MS)
        assert await operating.state_of(pool, second) == "discarded"
        await visit.page.click("text=Choose all")
        await visit.page.click("text=Requeue the chosen")
        await visit.page.wait_for_selector("main >> text=There are none.", timeout=WAIT_MS)
    assert [await operating.state_of(pool, job) for job in (third, fourth)] == ["ready", "ready"]


async def test_a_form_without_its_script_and_with_nothing_chosen_says_so(api: Api) -> None:
    for path in ("/jobs/requeue", "/jobs/discard"):
        status, told = await api.ask("POST", path, data={})
        assert (status, told["details"]["field"]) == (400, "ids")


async def test_a_foreign_page_cannot_press_a_button(api: Api) -> None:
    """What a form does, it does for a page of this service only."""
    _, headers, _ = await api.whole("POST", "/login", role=None, data={"token": api.site.tokens[Role.ADMIN]})
    session = {"Cookie": headers["Set-Cookie"].partition(";")[0]}
    for origin, expected in (("http://evil.example", 403), (api.url, 303)):
        status, _ = await api.ask(
            "POST", "/queues/default/pause", role=None, headers=session | {"Origin": origin}, data={}
        )
        assert status == expected


async def test_a_schedule_is_switched_off_and_on(api: Api, browser: Browser) -> None:
    await nightly(api.site.all_tenants)
    [job] = await queue.enqueue(api.site.all_tenants, [NewJob("maintain")])
    await fired(api.site.all_tenants, job)
    async with visiting(browser, api, role=Role.OPERATOR) as visit:
        await visit.go("/schedules")
        assert "0 2 * * * UTC" in await visit.text(".schedule")
        await visit.page.click("summary:has-text('Last fired')")
        await visit.page.click(f"text=job {job}")
        assert await visit.text("h1") == f"Job {job} Ready"
        await visit.go("/schedules")
        await visit.page.click("text=Switch off")
        await visit.page.wait_for_selector("text=not while it is off", timeout=WAIT_MS)
        await visit.page.click("text=Switch on")
        await visit.page.wait_for_selector("text=Switch off", timeout=WAIT_MS)
        assert "not while" not in await visit.text(".schedule")


async def test_a_scrape_and_its_job_lead_to_each_other(api: Api, browser: Browser) -> None:
    pool = api.site.all_tenants
    [job] = await queue.enqueue(pool, [NewJob("scrape", queue="scraping")])
    scrape = await mirroring.open_scrape(pool, "ctgov", "full", since=None, job_id=job, at=datetime.now(UTC))
    await pool.execute(
        "update jobs set checkpoint = jsonb_build_object('scrape', $2::bigint) where id = $1", job, scrape
    )
    with telling(api):
        async with visiting(browser, api) as visit:
            await visit.until(LIVE)
            await visit.page.click(f'[data-rows="scrapes"] >> text=job {job}')
            assert await visit.text("h1") == f"Job {job} Ready"
            await visit.page.click(f'.facts a[href="/scrapes/{scrape}"]')
            assert await visit.text("h1") == f"Scrape {scrape} of ctgov Running"
            await visit.page.click(f'.facts a[href="/jobs/{job}"]')
            assert await visit.text("h1") == f"Job {job} Ready"


async def test_a_refused_record_shows_why_and_what_it_is(api: Api, browser: Browser) -> None:
    """S15: with the reason, as text and to the byte."""
    body = b'{"nct": "\x00\xff", <script>window.hacked = 1</script>'
    await mirror(api.site.all_tenants, page_of([], [Refused("not JSON", body, "NCT00000009")]))
    async with visiting(browser, api) as visit:
        await visit.go("/refused")
        assert "not JSON" in await visit.text(".why")
        async with visit.page.expect_download(timeout=WAIT_MS) as downloading:
            await visit.page.click("main a:has-text('file')")
        assert (await (await downloading.value).path()).read_bytes() == body
        await visit.page.click("main a:has-text('text')")
        assert "<script>window.hacked = 1</script>" in await visit.text("pre")
        assert await visit.page.evaluate("window.hacked") is None


# ── the search ──


async def test_what_cannot_be_searched_for_stays_in_the_form(trials: Api, browser: Browser) -> None:
    asked = "/trials?q=heart&status=recruiting&status=alive&country=France&start_from=2020-13-01&registry=isrctn"
    for path, message in (
        (asked.replace("&status=alive", ""), "expected a day such as"),
        ("/trials?q=heart&status=recruiting&country=France&start_from=2021-01-01&start_to=2020-01-01", "later than"),
    ):
        async with visiting(browser, trials) as visit:
            await visit.go(path)
            assert await visit.page.input_value("#q") == "heart"
            assert await visit.page.input_value('input[name="country"]') == "France"
            assert await visit.page.is_checked('input[name="status"][value="recruiting"]')
            assert await visit.page.input_value('input[name="start_from"]') in ("2020-13-01", "2021-01-01")
            wrong = await visit.page.get_attribute('input[name="start_from"]', "aria-describedby")
            assert message in (await visit.text(f"#{wrong}")).lower()
            assert await visit.text("#found") == "Not a search"
            visit.wrong.clear()  # Chromium tells of the 400


async def test_several_values_of_a_filter_stay_chosen(trials: Api, browser: Browser) -> None:
    [job] = await dead_letters(trials.site.all_tenants, 1)
    async with visiting(browser, trials) as visit:
        await visit.go("/jobs?state=ready&state=dead&queue=default")
        await visit.page.click("text=Show")
        await visit.page.wait_for_url("**state=ready&state=dead&queue=default**", timeout=WAIT_MS)
        assert await visit.page.locator(f'a[href="/jobs/{job}"]').count() == 1
        await visit.go("/trials?registry=ctgov&registry=isrctn&country=France&country=Spain")
        await visit.page.click("text=Apply")
        for value in ("registry=ctgov", "registry=isrctn", "country=France", "country=Spain"):
            assert value in visit.page.url


async def test_a_registry_that_does_not_answer_is_told_above_what_was_found(trials: Api, browser: Browser) -> None:
    """N02: nothing found is not the same as nobody there."""
    pool = trials.site.all_tenants
    scrape = await mirroring.open_scrape(pool, "ctgov", "full", since=None, job_id=None, at=datetime.now(UTC))
    await mirroring.close_scrape(pool, scrape, "failed", at=datetime.now(UTC), error="SourceUnavailable: refused")
    async with visiting(browser, trials) as visit:
        await visit.go("/trials?q=nothingofthiskind")
        assert await visit.text("#found") == "0 trials"
        assert "Ctgov has not answered since" in (await visit.text("main .notice")).capitalize()
        await visit.go("/trials?registry=isrctn")
        assert "there is no registry isrctn here" in (await visit.text("main .notice")).replace("There", "there")


async def test_the_way_on_and_back_through_pages(trials: Api, browser: Browser) -> None:
    """Next, the browser's own way back, and the first page."""
    async with visiting(browser, trials) as visit:
        await visit.go("/trials")
        assert "last updated first" in await visit.text(".found select")
        pages = []
        for _ in range(3):
            pages.append(await visit.text(".hit h3 >> nth=0"))
            await visit.page.click("text=Next page")
            await visit.page.wait_for_selector(f'.hit h3:not(:has-text("{pages[-1]}")) >> nth=0', timeout=WAIT_MS)
        await visit.page.go_back()
        assert await visit.text(".hit h3 >> nth=0") == pages[2]
        await visit.page.go_back()
        assert await visit.text(".hit h3 >> nth=0") == pages[1]
        await visit.page.click("text=First page")
        await visit.page.wait_for_url("**/trials", timeout=WAIT_MS)
        assert await visit.text(".hit h3 >> nth=0") == pages[0]


async def test_what_was_found_is_marked_where_it_stands(api: Api, browser: Browser) -> None:
    one = trial(
        1,
        title="A study",
        conditions=("Gout", "Scurvy", "Mumps", "Colds", "Rickets", "Ménière's disease"),
        interventions=(Intervention("Placebo"), Intervention("Insulin glargine")),
        ids=(Identifier("nct", "NCT00000001", "main"),),
    )
    await mirror(api.site.all_tenants, page_of([one]))
    async with visiting(browser, api) as visit:
        await visit.go("/trials?q=insulin+or+meniere")
        marks = await visit.page.locator(".conditions mark").all_inner_texts()
        assert marks == ["Ménière", "Insulin"]
        assert "With Insulin glargine" in await visit.text(".hit")
        await visit.go("/trials?q=NCT00000001")
        assert await visit.text("#found") == "1 trial"


async def test_an_error_page_is_still_logged_in(api: Api, browser: Browser) -> None:
    async with visiting(browser, api) as visit:
        await visit.go("/nowhere")
        assert await visit.page.locator("header >> text=Log out").count() == 1
        visit.wrong.clear()
