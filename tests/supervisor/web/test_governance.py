"""The mode over every route, the audit of requests, flags, approvals and access requests, over a real socket."""

import asyncio
import json
import re
from contextlib import suppress
from typing import Any

import pytest

from actors.governance.approvals import Rule as ApprovalRule
from actors.governance.approvals import Wish
from actors.governance.approvals import store as approvals
from actors.governance.audit import store as audit
from actors.governance.audit.exporting import check
from actors.governance.audit.sealer import seal_all
from actors.governance.audit.signing import is_signed
from actors.governance.mode import Mode
from actors.governance.mode import store as modes
from actors.queue import operating
from actors.queue import store as queue
from actors.queue.job import NewJob
from supervisor.roles import PEOPLE, Role
from supervisor.tokens import new_token
from supervisor.web.app import all_routes
from supervisor.web.route import Route
from tests.postgres import Postgres
from tests.supervisor.web.asking import Api

MODE = "/api/v1/governance/mode"
STAYS_OPEN = ("/ws/events", "/api/v1/events")
ROLES: tuple[Role | None, ...] = (None, Role.VIEWER, Role.STEWARD, Role.OPERATOR, Role.ADMIN)


def asked(route: Route) -> str:
    """A path of the route, of something that is not there."""
    path = route.path
    for part in ("{id}", "{a}", "{b}", "{number}", "{rule}"):
        path = path.replace(part, "999999")
    while "{" in path:
        path = path[: path.index("{")] + "nothing" + path[path.index("}") + 1 :]
    return path


async def put(api: Api, mode: Mode) -> None:
    async with api.site.all_tenants.acquire() as db, db.transaction():
        await modes.switch(db, mode, by=None, because=None)
    await api.site.mode.current()
    api.site.mode.forget()


async def entries(api: Api, **given: Any) -> list[Any]:
    found = await audit.listed(api.site.all_tenants, audit.Asked(**given), before=None, limit=500)
    return [one.entry for one in found]


@pytest.mark.parametrize("mode", [Mode.STANDBY, Mode.DEMO])
async def test_what_a_mode_closes_is_closed_on_every_route_to_every_role(api: Api, mode: Mode) -> None:
    """R01, R02, R03: route × mode × role over the real router: 403 where it is closed, and an entry in the audit."""
    await put(api, mode)
    closed = 0
    for _, route in all_routes():
        is_open = route.in_standby if mode is Mode.STANDBY else not route.exports
        for role in ROLES:
            may = route.role is Role.ANYONE or (role is not None and role.may(route.role))
            if is_open or (route.path in STAYS_OPEN and mode is Mode.DEMO):
                continue
            status, body = await api.ask(route.method, asked(route), role=role, headers={"Accept": "application/json"})
            assert status == ((403) if may else (401 if role is None else 403)), (route.path, role, status)
            assert body["code"] == ((mode.value.lower()) if may else body["code"]), route.path
            closed += may
    assert closed > (100 if mode is Mode.STANDBY else 0)
    refused = {one.action for one in await entries(api, outcome="refused")}
    assert refused or mode is Mode.DEMO


async def test_what_says_how_it_is_stays_open_in_standby(api: Api) -> None:
    """R02: health, status, config reads, the login and the mode itself."""
    await put(api, Mode.STANDBY)
    for path in ("/health", "/ready", "/login", MODE):
        assert (await api.ask("GET", path, role=None))[0] == 200, path
    for path in ("/metrics", "/api/v1/actors", "/openapi.json", "/api/v1/governance/flags"):
        assert (await api.ask("GET", path, role=Role.VIEWER))[0] == 200, path
    told = await api.get(MODE, role=None)
    assert (told["mode"], told["readable"], told["version"]) == ("STANDBY", True, 1)


async def test_an_admin_switches_all_three_and_nobody_else_does(api: Api) -> None:
    """R01, N19: ADMIN sets all three; who did, and what was before, is in the audit, within the same transaction."""
    for role in PEOPLE:
        if role is not Role.ADMIN:
            assert (await api.ask("POST", MODE, role=role, json={"mode": "DEMO"}))[0] == 403
    for mode in ("DEMO", "STANDBY", "LIVE"):
        status, told = await api.ask("POST", MODE, json={"mode": mode, "because": "to see"})
        assert (status, told["mode"]) == (200, mode)
        api.site.mode.forget()
        assert (await api.get(MODE, role=None))["mode"] == mode
    done = await entries(api, action="governance_switch", outcome="done")
    assert [one.details["previous_mode"] for one in done] == ["STANDBY", "DEMO", "LIVE"]
    assert (await api.ask("POST", MODE, json={"mode": "OPEN"}))[0] == 400


async def test_a_flag_keeps_the_mode_from_being_switched_over_http(api: Api) -> None:
    """R01, R12: allow_mode_changes."""
    flag = "/api/v1/governance/flags/allow_mode_changes"
    assert (await api.ask("POST", flag, json={"is_on": False}))[0] == 200
    status, body = await api.ask("POST", MODE, json={"mode": "DEMO"})
    assert (status, body["code"]) == (403, "forbidden")
    assert (await api.get(MODE))["mode"] == "LIVE"
    assert (await api.get("/api/v1/governance/flags"))["flags"][0]["on_for_you"] is False


async def test_without_its_database_nothing_is_open(api: Api, postgres: Postgres) -> None:
    """R01: cut the database → 503 or 403, never open."""
    assert await api.site.mode.current() is Mode.LIVE
    await postgres.kill()
    api.site.mode.forget()
    for path in ("/api/v1/trials", "/api/v1/governance/flags", "/", "/api/v1/jobs"):
        for role in (None, Role.ADMIN):
            status, _ = await api.ask("GET", path, role=role, headers={"Accept": "application/json"})
            assert status in (401, 403, 503), (path, role)
    assert (await api.get("/live", role=None))["live"]
    told = await api.get(MODE, role=None)
    assert (told["mode"], told["readable"]) == ("STANDBY", False)


async def test_whoever_watches_is_sent_away_when_the_service_stands_by(api: Api) -> None:
    """R02: sockets closed."""
    headers = {"Authorization": f"Bearer {api.site.tokens[Role.VIEWER]}"}
    async with api.http.ws_connect(f"{api.url}/ws/events", headers=headers) as socket, asyncio.timeout(30):
        await put(api, Mode.STANDBY)
        await api.site.mode.current()
        with suppress(StopAsyncIteration):
            async for _ in socket:
                pass
        assert socket.close_code == 1013


async def test_each_command_is_in_the_audit_once_with_whoever_did_it(api: Api) -> None:
    """R13: every command route; a command that is sent again with its key leaves no second entry."""
    [job] = await queue.enqueue(api.site.all_tenants, [NewJob("maintain", delay_s=60)])
    headers = {"Idempotency-Key": "once", "X-Request-Id": "trace-me"}
    for _ in range(2):
        status, _ = await api.ask("POST", f"/api/v1/jobs/{job}/cancel", role=Role.OPERATOR, headers=headers)
        assert status == 200
    [one] = await entries(api, action="jobs_cancel")
    assert (one.subject, one.role, one.outcome, one.request_id, one.tenant) == (
        f"id={job}", "operator", "done", "trace-me", 1,
    )  # fmt: skip
    assert one.details == {"status": 200}
    [told] = (await api.get("/api/v1/audit?action=jobs_cancel", role=Role.STEWARD))["entries"]
    assert (told["actor"], told["outcome"]) == ("operator", "done")
    assert (await api.ask("GET", "/api/v1/audit", role=Role.RESEARCHER))[0] == 403


def test_every_command_has_a_word_that_the_audit_can_hold() -> None:
    """R13: of its own, made of the resource and the handler."""
    words = [f"{name}_{route.handler.__name__}" for name, route in all_routes() if route.is_command]
    assert [word for word in words if not re.fullmatch(r"[a-z][a-z0-9_.]{0,99}", word)] == []
    assert len(words) == len(set(words))


async def test_a_command_that_fails_leaves_no_entry(api: Api) -> None:
    """R13: no entry without its effect."""
    assert (await api.ask("POST", "/api/v1/jobs/99/cancel", role=Role.OPERATOR))[0] == 404
    assert await entries(api, action="jobs_cancel") == []


async def test_who_is_refused_for_their_role_is_written_down_once_a_minute(api: Api) -> None:
    """R02, R13: refusals are appended, bounded."""
    for _ in range(5):
        assert (await api.ask("POST", MODE, role=Role.VIEWER, json={"mode": "DEMO"}))[0] == 403
    [one] = await entries(api, outcome="refused")
    assert (one.action, one.role, one.details) == ("governance_switch", "viewer", {"code": "forbidden", "status": 403})


async def test_people_in_a_path_are_told_by_their_number(api: Api) -> None:
    """R13: no login stands in an entry, so that one can be forgotten."""
    status, _ = await api.ask("POST", "/api/v1/users", json={"login": "jo.doe", "role": "viewer"})
    assert status == 201
    assert (await api.ask("PATCH", "/api/v1/users/jo.doe", json={"on": False}))[0] == 200
    [one] = await entries(api, action="users_change")
    assert one.subject == f"login=actor {await audit.actor(api.site.all_tenants, 'jo.doe')}"
    rows = await api.site.all_tenants.fetch("select e::text from audit_entries e")
    assert not any("jo.doe" in row[0] for row in rows)


async def test_the_audit_is_verified_and_exported_over_http(api: Api) -> None:
    """R13: verify, export; the file is verified without us."""
    await put(api, Mode.LIVE)
    for _ in range(3):
        await api.ask("POST", MODE, json={"mode": "LIVE"})
    told = await api.get("/api/v1/audit/verify", role=Role.STEWARD)
    assert (told["well"], told["links"], told["unsealed"], told["fault"]) == (True, 3, 0, None)
    body = await api.get("/api/v1/audit/export", role=Role.STEWARD)
    found = check(body.splitlines(keepends=True), is_signed)
    assert (found.fault, found.whole, str(found.head)) == (None, True, told["head"])
    await seal_all(api.site.all_tenants)
    [exported] = await entries(api, action="audit_export")
    assert exported.details["count"] == 3
    await api.site.all_tenants.execute("alter table audit_entries disable trigger all")
    await api.site.all_tenants.execute("update audit_entries set subject = 'x' where id = 2")
    broken = await api.get("/api/v1/audit/verify", role=Role.STEWARD)
    assert broken["fault"].startswith("seq 2, entry 2: payload")


async def steward_of(api: Api, tenant: int, login: str) -> dict[str, str]:
    pool = api.site.all_tenants
    await pool.execute("insert into tenants (id, name) values ($1, 'other') on conflict do nothing", tenant)
    adding = "insert into users (tenant_id, login, role) values ($1, $2, 'steward') returning id"
    user = await pool.fetchval(adding, tenant, login)
    token = await new_token(pool, "t", Role.STEWARD, user=user, tenant=tenant)
    return {"Authorization": f"Bearer {token}"}


async def test_a_tenant_sees_its_own_entries_alone(api: Api) -> None:
    """R13: an entry of another tenant is neither listed nor exported; the whole chain is verified at home."""
    eve = await steward_of(api, 2, "eve")
    await api.ask("POST", MODE, json={"mode": "LIVE"})
    wish = {"subject": "phi:trial:1", "because": "a serious event", "duration": "day"}
    assert (await api.ask("POST", "/api/v1/access-requests", headers=eve, json=wish))[0] == 201
    listed = (await api.get("/api/v1/audit", headers=eve))["entries"]
    assert [one["action"] for one in listed] == ["access_requests_ask"]
    body = await api.get("/api/v1/audit/export", headers=eve)
    assert [json.loads(line)["entry"]["tenant"] for line in body.splitlines()[1:-1]] == [2]
    found = check(body.splitlines(keepends=True), is_signed)
    assert (found.fault, found.whole) == (None, False)
    assert (await api.ask("GET", "/api/v1/audit/verify", headers=eve))[0] == 403
    assert len((await api.get("/api/v1/audit", role=Role.STEWARD))["entries"]) > 1


async def held(api: Api) -> tuple[int, int]:
    """An approval that a researcher has asked for, and its job."""
    async with api.site.all_tenants.acquire() as db, db.transaction():
        [job] = await queue.enqueue(db, [NewJob("maintain", held=True)])
        wish = Wish("export", "researcher", 1, rows=200_000, job=job)
        one = await approvals.ask(db, wish, ApprovalRule(), await db.fetchval("select now()"))
    return one.id, job


async def test_a_steward_who_did_not_ask_decides_once(api: Api) -> None:
    """R11: the requester cannot, another tenant sees nothing, two decide once, the job goes on."""
    id_, job = await held(api)
    path = f"/api/v1/approvals/{id_}"
    eve = await steward_of(api, 2, "eve")
    assert (await api.ask("POST", f"{path}/approve", headers=eve))[0] == 404
    assert (await api.ask("POST", f"{path}/approve", role=Role.RESEARCHER))[0] == 403
    assert (await api.get(path, role=Role.RESEARCHER))["state"] == "waiting"
    assert (await api.ask("GET", path, role=Role.VIEWER))[0] == 403
    assert (await api.ask("POST", f"/api/v1/jobs/{job}/release", role=Role.OPERATOR))[0] == 409
    both = await asyncio.gather(*(api.ask("POST", f"{path}/approve", role=role) for role in (Role.STEWARD, Role.ADMIN)))
    assert sorted(status for status, _ in both) == [200, 409]
    assert await operating.state_of(api.site.all_tenants, job) == "ready"
    [one] = await entries(api, action="approvals_approve", outcome="done")
    assert (one.details["gate"], one.details["job"]) == ("export", job)


async def test_nobody_approves_what_they_asked_for_themselves(api: Api) -> None:
    """R11: also a STEWARD who asked, and the database holds it."""
    id_, _ = await held(api)
    await api.site.all_tenants.execute("update approvals set requested_by = 'steward'")
    assert (await api.ask("POST", f"/api/v1/approvals/{id_}/approve", role=Role.STEWARD))[0] == 403
    assert (await api.ask("POST", f"/api/v1/approvals/{id_}/deny", role=Role.ADMIN, json={"reason": "no"}))[0] == 200
    assert (await api.get("/api/v1/approvals?state=denied"))["approvals"][0]["reason"] == "no"


async def test_access_is_asked_for_granted_by_somebody_else_and_revoked(api: Api) -> None:
    """R10: over HTTP."""
    wish = {"subject": "phi:trial:1", "because": "a serious event", "duration": "session"}
    status, one = await api.ask("POST", "/api/v1/access-requests", role=Role.STEWARD, json=wish)
    assert (status, one["state"], one["is_open"]) == (201, "waiting", False)
    path = f"/api/v1/access-requests/{one['id']}"
    assert (await api.ask("POST", "/api/v1/access-requests", role=Role.STEWARD, json=wish))[0] == 409
    assert (await api.ask("POST", f"{path}/grant", role=Role.STEWARD))[0] == 403
    status, granted = await api.ask("POST", f"{path}/grant", role=Role.ADMIN)
    assert (status, granted["is_open"], granted["decided_by"]) == (200, True, "admin")
    assert (await api.ask("POST", f"{path}/revoke", role=Role.STEWARD))[0] == 200
    assert (await api.get("/api/v1/access-requests", role=Role.STEWARD))["requests"][0]["is_open"] is False
    assert (await api.get("/api/v1/access-requests", role=Role.RESEARCHER))["requests"] == []


async def test_flags_are_changed_by_an_admin_of_the_home_tenant(api: Api) -> None:
    """R12: routes."""
    path = "/api/v1/governance/flags/new_search"
    assert (await api.ask("POST", path, json={"is_on": True}))[0] == 404
    status, made = await api.ask("POST", path, json={"is_on": True, "says": "Finds more.", "modes": ["LIVE"]})
    assert (status, made["on_for_you"], made["modes"]) == (200, True, ["LIVE"])
    status, rule = await api.ask("POST", f"{path}/rules", json={"is_on": False, "login": "admin"})
    assert status == 201
    assert (await api.get("/api/v1/governance/flags"))["flags"][1]["on_for_you"] is False
    assert (await api.get(f"{path}/rules"))["rules"][0]["login"] == "admin"
    assert (await api.ask("POST", f"{path}/rules", json={"is_on": False}))[0] == 400
    assert (await api.ask("DELETE", f"{path}/rules/{rule['id']}"))[0] == 200
    assert (await api.ask("DELETE", path))[0] == 200
    assert (await api.ask("DELETE", path))[0] == 404


EXPORT = "/api/v1/trials/export?format=ndjson&because=the%20review"


async def test_a_large_export_waits_until_somebody_else_agrees(trials: Api) -> None:
    """R11: more rows than the rule says → 202 {gateId}; asked again → the same; approved → the file comes."""
    trials.site.approval_rule = ApprovalRule(rows=100)
    status, told = await trials.ask("GET", EXPORT, role=Role.RESEARCHER)
    assert (status, told["state"], told["rows"]) == (202, "waiting", 300)
    assert (await trials.ask("GET", EXPORT, role=Role.RESEARCHER))[1]["gateId"] == told["gateId"]
    assert await operating.state_of(trials.site.all_tenants, told["job"]) == "held"
    path = f"/api/v1/approvals/{told['gateId']}"
    assert (await trials.get(path, role=Role.RESEARCHER))["asked"] == "format=ndjson"
    assert (await trials.ask("POST", f"{path}/approve", role=Role.STEWARD))[0] == 200
    assert await operating.state_of(trials.site.all_tenants, told["job"]) == "ready"
    body = await trials.get(EXPORT, role=Role.RESEARCHER)
    assert len(body.splitlines()) == 300
    assert (await trials.ask("GET", EXPORT, role=Role.VIEWER))[0] == 202
    assert (await trials.ask("GET", EXPORT.replace("ndjson", "csv"), role=Role.RESEARCHER))[0] == 202
    assert [one.action for one in await entries(trials, action="approvals_ask")] == ["approvals_ask"] * 3


async def test_a_small_export_waits_for_nobody(trials: Api) -> None:
    """R11: up to the rule's rows."""
    for rows in (300, 299):
        trials.site.approval_rule = ApprovalRule(rows=rows)
        assert (await trials.ask("GET", EXPORT, role=Role.RESEARCHER))[0] == (200 if rows == 300 else 202)
    assert (await trials.ask("GET", f"{EXPORT}&registry=ctis", role=Role.RESEARCHER))[0] == 200


async def test_a_demo_exports_nothing(trials: Api) -> None:
    """R03: exports 403, of trials and of the audit."""
    await put(trials, Mode.DEMO)
    for path in (EXPORT, "/api/v1/audit/export"):
        status, told = await trials.ask("GET", path)
        assert (status, told["code"]) == (403, "demo")
    assert (await trials.ask("GET", "/api/v1/trials"))[0] == 200
