"""What is answered: trials, registries, jobs, queues, schedules, alerts; and every error in one envelope."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import asyncpg
import msgspec
import orjson
import pytest

from actors.monitoring import store as monitoring
from actors.monitoring.alarms import Open, Rule
from actors.queue import cron, schedules
from actors.queue import store as queue
from actors.queue.job import NewJob
from actors.trials import store
from actors.trials.record import Identifier
from supervisor.roles import Role
from supervisor.web.app import all_routes
from supervisor.web.problems import Envelope
from supervisor.web.route import shape_of
from tests.postgres import Postgres
from tests.supervisor.web.asking import Api
from tests.supervisor.web.site import TRIALS, mirror, world_page
from tests.trials.pages import page, trial

ANSWERS = {(route.method, route.path): shape_of(route).answer for _, route in all_routes()}


async def test_answers_are_what_their_description_says(trials: Api) -> None:
    """N29: each answer decodes as the type from which the OpenAPI document is made."""
    [job] = await queue.enqueue(trials.site.pool, [NewJob("maintain", delay_s=60)])
    await nightly(trials.site.pool)
    filled = {"{name}": "default", "{id}": "1", "{number}": "1"}
    own = {
        "/api/v1/schedules/{name}/ticks": "/api/v1/schedules/nightly/ticks",
        "/api/v1/jobs/{id}": f"/api/v1/jobs/{job}",
        "/api/v1/jobs/{id}/explain": f"/api/v1/jobs/{job}/explain",
    }
    seen = 0
    for (method, path), answer in ANSWERS.items():
        if method != "GET" or answer is None:
            continue
        asked = own.get(path, path)
        for part, value in filled.items():
            asked = asked.replace(part, value)
        body = await trials.get(asked)
        msgspec.json.decode(orjson.dumps(body), type=answer)
        seen += 1
    assert seen >= 17


async def nightly(db: queue.Database) -> None:
    """A schedule."""
    next_due_at = cron.next_after("0 2 * * *", "UTC", datetime.now(UTC))
    await schedules.put(
        db, name="nightly", cron="0 2 * * *", zone="UTC", kind="maintain", payload="{}", missed="once",
        overlap="skip", next_due_at=next_due_at,
    )  # fmt: skip


# ── trials ──


async def test_search_finds_pages_of_trials_without_gap_or_repetition(trials: Api) -> None:
    found: list[int] = []
    cursor: str | None = None
    while True:
        after = f"&cursor={cursor}" if cursor else ""
        told = await trials.get(f"/api/v1/trials?status=recruiting&status=completed&limit=37{after}")
        found += [one["id"] for one in told["trials"]]
        if (cursor := told["next"]) is None:
            break
    expected = await trials.site.pool.fetchval(
        "select count(*) from trials where status in ('recruiting', 'completed')"
    )
    assert len(found) == len(set(found)) == expected == told["count"] > 37


async def test_words_found_are_marked_and_the_rest_is_escaped(api: Api) -> None:
    await mirror(api.site.pool, page([trial(1, title="<b>Heart</b> & <script>alert(1)</script>")]))
    [one] = (await api.get("/api/v1/trials?q=heart"))["trials"]
    assert one["title"] == "<b>Heart</b> & <script>alert(1)</script>"
    assert one["title_html"] == ("&lt;b&gt;<mark>Heart</mark>&lt;/b&gt; &amp; &lt;script&gt;alert(1)&lt;/script&gt;")


@pytest.mark.parametrize("number", ["CTRI/2020/01/012345", "2019-001234-56", "NCT00000001", "ISRCTN12345678"])
async def test_a_trial_is_found_by_any_number_that_it_states(api: Api, number: str) -> None:
    scheme = {"C": "ctri", "2": "eudract", "N": "nct", "I": "isrctn"}[number[0]]
    ids = (Identifier("nct", "NCT00000001", "main"), Identifier(scheme, number, "secondary"))
    await mirror(api.site.pool, page([trial(1, ids=ids)]))
    assert (await api.get(f"/api/v1/trials/{quote(number, safe='')}"))["registry_id"] == "NCT00000001"
    found = await api.get(f"/api/v1/trials?q={quote(number, safe='')}")
    assert [one["registry_id"] for one in found["exact"]] == ["NCT00000001"]


async def test_a_trial_tells_its_versions_and_gives_each_record_as_it_came(trials: Api) -> None:
    await mirror(trials.site.pool, world_page(day=2))
    changed = await trials.site.pool.fetchval("select trial_id from trial_versions where event = 'changed' limit 1")
    told = await trials.get(f"/api/v1/trials/{changed}/versions")
    assert [one["version"] for one in told["versions"]] == [2, 1]
    diff = (await trials.get(f"/api/v1/trials/{changed}/versions/2"))["changes"]
    assert diff and all(change["before"] != change["after"] for change in diff)
    for version in (1, 2):
        _, headers, _ = await trials.whole("GET", f"/api/v1/trials/{changed}/raw?version={version}")
        kept = await store.raw(trials.site.pool, changed, version)
        assert headers["Content-Disposition"].startswith('attachment; filename="NCT')
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["ETag"] == f'"{kept.sha256.hex()}"'
        assert int(headers["Content-Length"]) == kept.size_bytes


async def test_a_registry_that_fails_is_told_as_unavailable_and_nothing_is_made_up(trials: Api) -> None:
    """N02: with the source down its state says so, with since when; search answers from what was mirrored before."""
    pool = trials.site.pool
    before = (await trials.get("/api/v1/registries"))["registries"]
    assert [(one["state"], one["present"], one["unavailable_since"]) for one in before] == [("ok", TRIALS, None)]
    first_failure = datetime.now(UTC) - timedelta(hours=2)
    for number in range(3):
        at = first_failure + timedelta(minutes=number)
        scrape = await store.open_scrape(pool, "ctgov", "incremental", since=None, job_id=None, at=at)
        await store.close_scrape(pool, scrape, "failed", at=at, error="SourceUnavailable: connection refused")
    [told] = (await trials.get("/api/v1/registries"))["registries"]
    assert told["state"] == "unavailable"
    assert datetime.fromisoformat(told["unavailable_since"]) == first_failure
    assert told["error"] == "SourceUnavailable: connection refused"
    assert (told["present"], told["last_success_at"]) == (TRIALS, before[0]["last_success_at"])
    assert (await trials.get("/api/v1/trials"))["count"] == TRIALS


async def test_a_registry_that_was_never_asked_has_no_figures(api: Api) -> None:
    [told] = (await api.get("/api/v1/registries"))["registries"]
    nothing = ("last_success_at", "lag_s", "running_scrape", "present", "removed", "newest_on", "changed_at")
    assert told["state"] == "never"
    assert {told[name] for name in nothing} == {None}


# ── commands ──


async def test_a_storm_of_retries_has_one_effect(api: Api) -> None:
    """N13: twenty calls with one key at once enqueue one job, and all get its number."""
    headers = {"Idempotency-Key": "storm-1"}
    asked = {"registry": "ctgov", "mode": "full"}
    answers = await asyncio.gather(
        *(api.whole("POST", "/api/v1/scrapes", headers=headers, json=asked) for _ in range(20))
    )
    assert {status for status, _, _ in answers} == {202}
    assert len({body["job"] for _, _, body in answers}) == 1
    assert sum("Idempotent-Replayed" not in told for _, told, _ in answers) == 1
    assert await api.site.pool.fetchval("select count(*) from jobs") == 1


async def test_every_command_of_the_interface_answers_a_key_once(api: Api) -> None:
    """N13: whatever the command, a second call with its key changes nothing and gets the first answer."""
    pool = api.site.pool
    waiting, scheduled, dead, other = await queue.enqueue(
        pool, [NewJob("maintain"), NewJob("maintain", delay_s=600), NewJob("maintain"), NewJob("maintain")]
    )
    for job in (dead, other):
        await pool.execute(
            "update jobs set state = 'running', worker = $2, deadline_at = now() where id = $1", job, api.site.worker
        )
        await pool.execute("update jobs set state = 'dead', worker = null where id = $1", job)
    await nightly(pool)
    rule = Rule("queue_deep", "job_queue_depth", 1, "high", "{value} {threshold}")
    await monitoring.open_alert(pool, Open(rule, "default", 2))
    alert = (await api.get("/api/v1/alerts"))["alerts"][0]["id"]
    commands: list[tuple[str, str, Any]] = [
        ("POST", "/api/v1/scrapes", {"registry": "ctgov"}),
        ("POST", f"/api/v1/jobs/{dead}/retry", None),
        ("POST", f"/api/v1/jobs/{scheduled}/run", None),
        ("POST", f"/api/v1/jobs/{waiting}/cancel", {"reason": "a test"}),
        ("POST", "/api/v1/jobs/requeue", {"ids": [other]}),
        ("POST", "/api/v1/jobs/discard", {"ids": [other]}),
        ("POST", "/api/v1/queues/default/pause", None),
        ("POST", "/api/v1/queues/default/resume", None),
        ("PUT", "/api/v1/queues/default/limits", {"most_running": 3, "per_minute": None, "fair": False}),
        ("POST", "/api/v1/schedules/nightly/disable", None),
        ("POST", "/api/v1/schedules/nightly/enable", None),
        ("POST", f"/api/v1/alerts/{alert}/acknowledge", None),
    ]
    offered = {(route.method, route.path) for _, route in all_routes() if route.is_command and not route.form}
    assert len(offered) == len(commands)
    for number, (method, path, body) in enumerate(commands):
        key = {"Idempotency-Key": f"key {number}".replace(" ", "-")}
        first = await api.whole(method, path, headers=key, json=body or {})
        again = await api.whole(method, path, headers=key, json=body or {})
        assert first[0] in (200, 202), (path, first)
        assert (again[0], again[2], again[1].get("Idempotent-Replayed")) == (first[0], first[2], "true"), path
    assert await queue.state_of(pool, dead) == "ready"
    assert await queue.state_of(pool, waiting) == "cancelled"


async def test_a_key_used_for_another_request_is_refused(api: Api) -> None:
    key = {"Idempotency-Key": "one"}
    await api.ask("POST", "/api/v1/queues/default/pause", headers=key)
    status, body = await api.ask("POST", "/api/v1/queues/scraping/pause", headers=key)
    assert (status, body["code"]) == (409, "key_reused")
    status, body = await api.ask("POST", "/api/v1/queues/default/pause", headers=key, role=Role.OPERATOR)
    assert (status, body["code"]) == (409, "key_reused"), "it is not another one's answer that comes back"


async def test_a_command_that_is_refused_changes_nothing_and_may_be_sent_again(api: Api) -> None:
    """N13: the key of a command without effect is free again."""
    key = {"Idempotency-Key": "early"}
    assert (await api.ask("POST", "/api/v1/jobs/1/cancel", headers=key, json={}))[0] == 404
    await queue.enqueue(api.site.pool, [NewJob("maintain")])
    assert (await api.ask("POST", "/api/v1/jobs/1/cancel", headers=key, json={}))[0] == 200


async def test_a_job_carries_the_id_of_the_request_that_asked_for_it(api: Api) -> None:
    _, headers, body = await api.whole(
        "POST", "/api/v1/scrapes", json={"registry": "ctgov"}, headers={"X-Request-Id": "asked-by-a-test"}
    )
    assert headers["X-Request-Id"] == "asked-by-a-test"
    assert (await api.get(f"/api/v1/jobs/{body['job']}"))["trace_id"] == "asked-by-a-test"


async def test_a_scrape_of_nothing_known_is_refused_by_name(api: Api) -> None:
    status, body = await api.ask("POST", "/api/v1/scrapes", json={"registry": "nowhere"})
    assert (status, body["details"]["field"]) == (400, "registry")
    assert "ctgov" in body["message"]


async def test_a_job_is_explained(api: Api) -> None:
    [job] = await queue.enqueue(api.site.pool, [NewJob("maintain")])
    await api.ask("POST", "/api/v1/queues/default/pause")
    told = await api.get(f"/api/v1/jobs/{job}/explain")
    assert told["state"] == "ready"
    assert any("paused" in reason for reason in told["reasons"])


async def test_an_ended_job_is_found_among_the_ended(api: Api) -> None:
    [job] = await queue.enqueue(api.site.pool, [NewJob("maintain")])
    await api.ask("POST", f"/api/v1/jobs/{job}/cancel", json={})
    assert [one["id"] for one in (await api.get("/api/v1/jobs?state=cancelled"))["jobs"]] == [job]
    assert (await api.get("/api/v1/jobs"))["jobs"] == []
    status, body = await api.ask("POST", f"/api/v1/jobs/{job}/cancel", json={})
    assert (status, body["details"]["state"]) == (409, "cancelled")


async def test_acknowledging_tells_who_did(api: Api) -> None:
    rule = Rule("disk_full", "disk_used_percent", 85, "critical", "{value:.0f} % of {subject} is in use")
    await monitoring.open_alert(api.site.pool, Open(rule, "/data", 91))
    [alert] = (await api.get("/api/v1/alerts"))["alerts"]
    assert (alert["severity"], alert["message"], alert["acknowledged_by"]) == (
        "critical",
        "91 % of /data is in use",
        None,
    )
    await api.ask("POST", f"/api/v1/alerts/{alert['id']}/acknowledge", role=Role.OPERATOR)
    [alert] = (await api.get("/api/v1/alerts"))["alerts"]
    assert alert["acknowledged_by"] == "operator"


# ── errors ──


@pytest.mark.parametrize(
    ("method", "path", "more", "status", "code"),
    [
        ("GET", "/nowhere", {}, 404, "not_found"),
        ("GET", "/api/v1/trials/NCT99999999", {}, 404, "not_found"),
        ("GET", "/api/v1/jobs/0", {}, 404, "not_found"),
        ("GET", "/api/v1/jobs/99999999999999999999", {}, 404, "not_found"),
        ("GET", "/api/v1/trials/%00", {}, 404, "not_found"),
        ("GET", "/static/..%2fapp.py", {}, 404, "not_found"),
        ("DELETE", "/api/v1/jobs", {}, 405, "method_not_allowed"),
        ("POST", "/api/v1/scrapes", {"data": b"x" * 100_000}, 413, "too_large"),
        ("POST", "/api/v1/scrapes", {"data": b"{"}, 415, "unsupported_media_type"),
        ("GET", "/api/v1/trials?limit=0", {}, 400, "invalid"),
        ("GET", "/api/v1/trials?cursor=nonsense", {}, 400, "refused"),
        ("GET", "/api/v1/trials?start_from=2021-01-01&start_to=2020-01-01", {}, 400, "refused"),
        ("GET", "/ws/events", {}, 426, "upgrade_required"),
    ],
)
async def test_every_error_has_one_envelope(
    api: Api, method: str, path: str, more: dict[str, Any], status: int, code: str
) -> None:
    """N29: code, message, details, timestamp and request id, whatever went wrong."""
    got, headers, body = await api.whole(method, path, **more)
    envelope = msgspec.convert(body, Envelope)
    assert (got, envelope.code) == (status, code)
    assert envelope.requestId == headers["X-Request-Id"]
    assert api.failed == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{", "body"),
        (b"[]", "body"),
        (b'{"registry": 1}', "registry"),
        (b'{"registry": "ctgov", "mode": "both"}', "mode"),
        (b'{"registry": "ctgov", "since": "yesterday"}', "since"),
        (b'{"registry": "ctgov", "sinse": "2020-01-01"}', "sinse"),
        (b'{"mode": "full"}', "registry"),
        (b'{"registry": "ct\\u0000gov"}', "registry"),
        (b"\xff\xfe", "body"),
    ],
)
async def test_a_body_that_is_not_as_agreed_is_refused_by_field(api: Api, body: bytes, field: str) -> None:
    headers = {"Content-Type": "application/json"}
    status, told = await api.ask("POST", "/api/v1/scrapes", data=body, headers=headers)
    assert (status, told["details"]["field"]) == (400, field), told


@pytest.mark.parametrize(
    "query", ["limit=x", "limit=1&limit=2", "nothing=1", "status=alive", "q=%00", "start_from=2020-13-01"]
)
async def test_a_parameter_that_is_not_as_agreed_is_refused_by_name(api: Api, query: str) -> None:
    status, told = await api.ask("GET", f"/api/v1/trials?{query}")
    assert (status, told["details"]["field"]) == (400, query.partition("=")[0]), told


@pytest.mark.parametrize("given", ["x" * 101, "two words", "<script>", "ümlaut", "-", ""])
async def test_an_id_that_no_log_should_hold_is_replaced(api: Api, given: str) -> None:
    _, headers, _ = await api.whole("GET", "/health", headers={"X-Request-Id": given})
    assert headers["X-Request-Id"] not in (given, "")


async def test_every_answer_has_the_headers_that_keep_a_browser_safe(api: Api) -> None:
    for path in ("/health", "/login", "/nowhere", "/static/triald.css", "/api/v1/jobs"):
        _, headers, _ = await api.whole("GET", path)
        assert "script-src 'self'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "Server" not in headers


async def test_rates_are_told_with_every_answer_that_is_counted(api: Api) -> None:
    """N29: limit, what remains, and when all is back."""
    for path, role in (
        ("/api/v1/jobs", Role.VIEWER),
        ("/api/v1/jobs", None),
        ("/api/v1/nothing", Role.ADMIN),
        ("/", Role.ADMIN),
    ):
        _, headers, _ = await api.whole("GET", path, role=role)
        if path != "/api/v1/nothing":
            assert {"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"} <= set(headers)


async def test_without_its_database_it_says_so_and_makes_nothing_up(api: Api, postgres: Postgres) -> None:
    await api.get("/api/v1/jobs")
    await postgres.kill()
    status, headers, body = await api.whole("GET", "/api/v1/jobs")
    assert (status, body["code"]) == (503, "database_unavailable")
    assert headers["Retry-After"]
    status, page = await api.ask("GET", "/", headers={"Accept": "text/html"})
    assert status == 200
    assert b'<p class="notice bad" data-database-away>' in page
    await postgres.restart()
    assert (await api.ask("GET", "/api/v1/jobs"))[0] == 200
    assert isinstance(api.site.pool, asyncpg.Pool)
