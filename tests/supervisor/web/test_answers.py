"""What is answered: trials, registries, jobs, queues, schedules, alerts; and every error in one envelope."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import asyncpg
import msgspec
import orjson
import pytest

from actors.monitoring import store as monitoring
from actors.monitoring.alarms import Open, Rule
from actors.queue import store as queue
from actors.queue.job import NewJob
from actors.runtime.telemetry import attach
from actors.trials import store
from actors.trials.mirroring import store as mirroring
from actors.trials.record import Identifier
from supervisor.roles import Role
from supervisor.scraping import ask_for_scrapes
from supervisor.web.answering import HEADERS
from supervisor.web.problems import Envelope
from tests.postgres import Postgres
from tests.supervisor.web.asking import Api
from tests.supervisor.web.site import TRIALS, mirror, world_page
from tests.trials.pages import Refused, page, trial

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
    expected = await trials.site.all_tenants.fetchval(
        "select count(*) from trials where status in ('recruiting', 'completed')"
    )
    assert len(found) == len(set(found)) == expected == told["count"] > 37


async def test_words_found_are_marked_and_the_rest_is_escaped(api: Api) -> None:
    await mirror(api.site.all_tenants, page([trial(1, title="<b>Heart</b> & <script>alert(1)</script>")]))
    [one] = (await api.get("/api/v1/trials?q=heart"))["trials"]
    assert one["title"] == "<b>Heart</b> & <script>alert(1)</script>"
    assert one["title_html"] == ("&lt;b&gt;<mark>Heart</mark>&lt;/b&gt; &amp; &lt;script&gt;alert(1)&lt;/script&gt;")


@pytest.mark.parametrize("number", ["CTRI/2020/01/012345", "2019-001234-56", "NCT00000001", "ISRCTN12345678"])
async def test_a_trial_is_found_by_any_number_that_it_states(api: Api, number: str) -> None:
    scheme = {"C": "ctri", "2": "eudract", "N": "nct", "I": "isrctn"}[number[0]]
    ids = (Identifier("nct", "NCT00000001", "main"), Identifier(scheme, number, "secondary"))
    await mirror(api.site.all_tenants, page([trial(1, ids=ids)]))
    assert (await api.get(f"/api/v1/trials/{quote(number, safe='')}"))["registry_id"] == "NCT00000001"
    found = await api.get(f"/api/v1/trials?q={quote(number, safe='')}")
    assert [one["registry_id"] for one in found["exact"]] == ["NCT00000001"]


async def test_a_trial_tells_its_versions_and_gives_each_record_as_it_came(trials: Api) -> None:
    await mirror(trials.site.all_tenants, world_page(day=2))
    changed = await trials.site.all_tenants.fetchval(
        "select trial_id from trial_versions where event = 'changed' limit 1"
    )
    told = await trials.get(f"/api/v1/trials/{changed}/versions")
    assert [one["version"] for one in told["versions"]] == [2, 1]
    diff = (await trials.get(f"/api/v1/trials/{changed}/versions/2"))["changes"]
    assert diff and all(change["before"] != change["after"] for change in diff)
    for version in (1, 2):
        _, headers, _ = await trials.whole("GET", f"/api/v1/trials/{changed}/raw?version={version}")
        kept = await store.raw(trials.site.all_tenants, changed, version)
        assert headers["Content-Disposition"].startswith('attachment; filename="NCT')
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["ETag"] == f'"{kept.sha256.hex()}"'
        assert int(headers["Content-Length"]) == kept.size_bytes


async def test_a_registry_that_fails_is_told_as_unavailable_and_nothing_is_made_up(trials: Api) -> None:
    """N02: with the source down its state says so, with since when; search answers from what was mirrored before."""
    pool = trials.site.all_tenants
    before = (await trials.get("/api/v1/registries"))["registries"]
    assert [(one["state"], one["present"], one["unavailable_since"]) for one in before] == [("ok", TRIALS, None)]
    first_failure = datetime.now(UTC) - timedelta(hours=2)
    for number in range(3):
        at = first_failure + timedelta(minutes=number)
        scrape = await mirroring.open_scrape(pool, "ctgov", "incremental", since=None, job_id=None, at=at)
        await mirroring.close_scrape(pool, scrape, "failed", at=at, error="SourceUnavailable: connection refused")
    [told] = (await trials.get("/api/v1/registries"))["registries"]
    assert told["state"] == "unavailable"
    assert datetime.fromisoformat(told["unavailable_since"]) == first_failure
    assert told["error"] == "SourceUnavailable: connection refused"
    assert (told["present"], told["last_success_at"]) == (TRIALS, before[0]["last_success_at"])
    found = await trials.get("/api/v1/trials")
    assert found["count"] == TRIALS
    [source] = found["sources"]
    assert source == {
        "registry": "ctgov",
        "state": "unavailable",
        "unavailable_since": told["unavailable_since"],
        "last_success_at": told["last_success_at"],
    }
    nothing = await trials.get("/api/v1/trials?q=nothingofthiskind&registry=isrctn")
    assert (nothing["count"], nothing["trials"]) == (0, [])
    assert [(one["registry"], one["state"]) for one in nothing["sources"]] == [("isrctn", "unknown")]


async def test_a_registry_that_was_never_asked_has_no_figures(api: Api) -> None:
    [told] = (await api.get("/api/v1/registries"))["registries"]
    nothing = ("last_success_at", "lag_s", "running_scrape", "present", "removed", "newest_on", "changed_at")
    assert told["state"] == "never"
    assert {told[name] for name in nothing} == {None}
    assert [one["state"] for one in (await api.get("/api/v1/trials"))["sources"]] == ["never"]


# ── commands ──


async def test_a_job_carries_the_id_of_the_request_that_asked_for_it(api: Api) -> None:
    _, headers, body = await api.whole(
        "POST", "/api/v1/scrapes", json={"registry": "ctgov"}, headers={"X-Request-Id": "asked-by-a-test"}
    )
    assert headers["X-Request-Id"] == "asked-by-a-test"
    assert (await api.get(f"/api/v1/jobs/{body['job']}"))["trace_id"] == "asked-by-a-test"


async def test_whoever_asks_for_the_same_scrape_joins_it_wherever_it_was_asked_for(api: Api) -> None:
    [asked] = await ask_for_scrapes(api.site.all_tenants, ["ctgov"], mode="full")
    full = {"registry": "ctgov", "mode": "full"}
    assert await api.ask("POST", "/api/v1/scrapes", json=full) == (202, {"job": asked.job, "joined": True})
    for other in ({"registry": "ctgov"}, full | {"accept_removed": True}):
        status, told = await api.ask("POST", "/api/v1/scrapes", json=other)
        assert (status, told["joined"], told["job"] > asked.job) == (202, False, True)
    payload = await api.site.all_tenants.fetchval("select payload from jobs order by id desc limit 1")
    assert orjson.loads(payload)["accept_removed"] is True


async def test_only_a_full_scrape_may_accept_what_is_gone(api: Api) -> None:
    status, body = await api.ask("POST", "/api/v1/scrapes", json={"registry": "ctgov", "accept_removed": True})
    assert (status, body["details"]["field"]) == (400, "accept_removed")


async def test_a_scrape_of_nothing_known_is_refused_by_name(api: Api) -> None:
    status, body = await api.ask("POST", "/api/v1/scrapes", json={"registry": "nowhere"})
    assert (status, body["details"]["field"]) == (400, "registry")
    assert "ctgov" in body["message"]


async def test_a_job_is_explained(api: Api) -> None:
    [job] = await queue.enqueue(api.site.all_tenants, [NewJob("maintain")])
    await api.ask("POST", "/api/v1/queues/default/pause")
    told = await api.get(f"/api/v1/jobs/{job}/explain")
    assert told["state"] == "ready"
    assert any("paused" in reason for reason in told["reasons"])


async def test_an_ended_job_is_found_among_the_ended(api: Api) -> None:
    [job] = await queue.enqueue(api.site.all_tenants, [NewJob("maintain")])
    await api.ask("POST", f"/api/v1/jobs/{job}/cancel", json={})
    assert [one["id"] for one in (await api.get("/api/v1/jobs?state=cancelled"))["jobs"]] == [job]
    assert (await api.get("/api/v1/jobs"))["jobs"] == []
    status, body = await api.ask("POST", f"/api/v1/jobs/{job}/cancel", json={})
    assert (status, body["details"]["state"]) == (409, "cancelled")


async def test_acknowledging_tells_who_did(api: Api) -> None:
    rule = Rule("disk_full", "disk_used_percent", 85, "critical", "{value:.0f} % of {subject} is in use")
    await monitoring.open_alert(api.site.all_tenants, Open(rule, "/data", 91))
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
        ("GET", "/api/v1/trials?cursor=nonsense", {}, 400, "invalid"),
        ("GET", "/api/v1/trials?start_from=2021-01-01&start_to=2020-01-01", {}, 400, "invalid"),
        ("GET", "/api/v1/trials?sponsor=--", {}, 400, "invalid"),
        ("POST", "/api/v1/jobs/requeue", {"json": {}}, 400, "invalid"),
        ("POST", "/api/v1/jobs/discard", {"json": {"since": "2026-01-01T00:00:00"}}, 400, "invalid"),
        ("GET", "/ws/events", {}, 426, "upgrade_required"),
    ],
)
async def test_every_error_has_one_envelope(
    api: Api, method: str, path: str, more: dict[str, Any], status: int, code: str
) -> None:
    """N29: code, message, details, timestamp and request id, whatever went wrong; a parameter or field by its name."""
    got, headers, body = await api.whole(method, path, **more)
    envelope = msgspec.convert(body, Envelope)
    assert (got, envelope.code) == (status, code)
    assert envelope.requestId == headers["X-Request-Id"]
    field = {"/api/v1/jobs/requeue": "ids", "/api/v1/jobs/discard": "since"}.get(path) or re.findall(r"\?(\w+)", path)
    assert (status == 400) == (envelope.details.get("field") in (field, *field)), envelope
    assert api.failed == []


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"GET /api/v1/trials?q=" + b"x" * 40_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"x" * 20_000 + b"\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nBad Header: x\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        b"Transfer-Encoding: chunked\r\n\r\nnonsense\r\n",
    ],
    ids=["no http", "long line", "long header", "bad header", "bad length", "bad chunks"],
)
async def test_what_is_no_request_is_refused_like_any_other(
    api: Api, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """N29: the same envelope and headers; nothing of what was sent comes back or stands in the log."""
    events: list[tuple[str, dict[str, object]]] = []
    detach = attach(lambda event, fields: events.append((event, dict(fields))))
    reader, writer = await asyncio.open_connection("127.0.0.1", int(api.url.rpartition(":")[2]), limit=2**20)
    writer.write(sent)
    async with asyncio.timeout(20):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = dict(line.split(": ", 1) for line in head.splitlines()[1:] if line)
        body = await reader.readexactly(int(headers["Content-Length"]))
    writer.close()
    detach()
    envelope = msgspec.json.decode(body, type=Envelope)
    assert (head.split()[1], envelope.details["field"]) == ("400", "request")
    assert envelope.requestId == headers["X-Request-Id"]
    assert HEADERS.items() <= headers.items()
    assert "Server" not in headers
    assert b"xxx" not in body and b"nonsense" not in body
    [answered] = [fields for event, fields in events if event == "request.answered"]
    assert answered["status"] == 400
    assert [event for event, _ in events] == ["request.answered"]
    assert caplog.records == []


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "identity, gzip"])
async def test_what_is_packed_is_not_unpacked(api: Api, coding: str) -> None:
    """N29, S23: whatever is in it; a small body cannot become a large one."""
    headers = {"Content-Encoding": coding, "Content-Type": "application/json"}
    for path in ("/login", "/api/v1/scrapes"):
        status, told, body = await api.whole("POST", path, data=b"nonsense", headers=headers)
        envelope = msgspec.convert(body, Envelope)
        assert (status, envelope.code, envelope.requestId) == (415, "unsupported_media_type", told["X-Request-Id"])
        assert envelope.message.startswith("Content-Encoding: ") and "nonsense" not in str(body)
    assert api.failed == []


async def test_the_longest_text_reaches_the_search(api: Api) -> None:
    """A thousand letters of four bytes, written as a query has to, with filters beside them."""
    text = quote("\U0001f9ea" * 1000)
    assert (await api.get(f"/api/v1/trials?q={text}&country={quote('ö' * 200)}"))["count"] == 0


async def test_what_a_client_expects_beside_an_answer_is_its_own_affair(api: Api) -> None:
    headers = {"Expect": "miracles"}
    assert (await api.ask("GET", "/health", headers=headers))[0] == 200
    status, body = await api.ask("GET", "/nowhere", headers=headers)
    assert (status, body["code"]) == (404, "not_found")


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


@pytest.mark.parametrize("role", [Role.ADMIN, Role.VIEWER, None])
async def test_rates_are_told_with_every_answer_that_is_counted(api: Api, role: Role | None) -> None:
    """N29: limit, what remains, and when all is back; also where there is nothing, or no way in. Nobody is kept in."""
    for method, path in (
        ("GET", "/api/v1/jobs"),
        ("GET", "/"),
        ("GET", "/api/v1/nothing"),
        ("GET", "/nothing"),
        ("DELETE", "/api/v1/jobs"),
        ("POST", "/login"),
    ):
        _, headers, _ = await api.whole(method, path, role=role)
        assert {"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"} <= set(headers), path
    for method, path in (("GET", "/health"), ("GET", "/login"), ("GET", "/static/triald.css"), ("POST", "/logout")):
        assert "RateLimit-Limit" not in (await api.whole(method, path, role=role))[1], path


async def test_a_stranger_is_not_told_what_there_is(api: Api) -> None:
    for method, path in (("GET", "/nothing"), ("DELETE", "/api/v1/jobs"), ("GET", "/api/v1/jobs")):
        status, body = await api.ask(method, path, role=None)
        assert (status, body["code"]) == (401, "unauthorized"), path
    _, headers, _ = await api.whole("DELETE", "/api/v1/jobs/1")
    assert headers["Allow"] == "GET,HEAD"


async def test_a_page_that_is_exactly_full_is_the_last_one(api: Api) -> None:
    pool = api.site.all_tenants
    await queue.enqueue(pool, [NewJob("maintain") for _ in range(4)])
    bad = [Refused(f"reason {n}", f"raw {n}".encode(), f"NCT{n}") for n in range(4)]
    for n in range(4):
        await mirror(pool, page([], bad[n : n + 1]))
    for path, name in (("/api/v1/jobs", "jobs"), ("/api/v1/scrapes", "scrapes"), ("/api/v1/refused", "refused")):
        first = await api.get(f"{path}?limit=2")
        second = await api.get(f"{path}?limit=2&before={first['next']}")
        assert (len(first[name]), len(second[name]), second["next"]) == (2, 2, None), path
        assert (await api.get(f"{path}?limit=4"))["next"] is None, path


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
    assert isinstance(api.site.all_tenants, asyncpg.Pool)


async def test_a_day_that_is_none_is_refused_with_one_that_is(api: Api) -> None:
    _, told = await api.ask("GET", "/api/v1/trials?start_from=2020-13-01")
    assert told["message"] == "start_from: expected a day such as 2026-01-31"
    _, told = await api.ask("POST", "/api/v1/jobs/requeue", json={"since": "yesterday"})
    assert told["message"] == "since: expected a time such as 2026-01-31T00:00:00Z"
