"""Who may use which route: every route, every role, of the tenant that runs the service and of another."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from actors.governance.accounts import HOME
from actors.governance.accounts import store as accounts
from supervisor.roles import PEOPLE, Role
from supervisor.tokens import new_token
from supervisor.web.app import all_routes
from supervisor.web.route import Route
from tests.supervisor.web.asking import Api

ROUTES = [route for _, route in all_routes()]
OPEN = {
    "/health", "/health/detailed", "/health/services/{name}", "/ready", "/live", "/login", "/logout", "/static/{name}",
    "/auth/oidc", "/auth/oidc/callback", "/api/v1/auth/login", "/api/v1/auth/refresh", "/api/v1/governance/mode",
}  # fmt: skip
# What is everybody's own: their watches, account, tokens, projects. And who logs in or out.
OWN = (
    "/watching", "/api/v1/watches", "/api/v1/notices", "/api/v1/webhooks", "/webhooks", "/api/v1/me", "/api/v1/tokens",
    "/account", "/api/v1/auth/", "/auth/", "/login", "/logout", "/api/v1/access-requests", "/access-requests",
    "/api/v1/approvals/{id}/withdraw", "/approvals/{id}/withdraw",
)  # fmt: skip
ELSEWHERE = tuple(role for role in PEOPLE if role is not Role.OPERATOR)


def path_of(route: Route) -> str:
    return re.sub(r"\{\w+\}", "999999", route.path)


async def ask(
    api: Api, route: Route, role: Role | None = None, headers: dict[str, str] | None = None
) -> tuple[int, Any]:
    """Status and body; of what stays open the status alone."""
    if not route.stays_open:
        return await api.ask(route.method, path_of(route), role=role, headers=headers)
    given = {"Authorization": f"Bearer {api.site.tokens[role]}"} if role else headers
    async with api.http.request(route.method, api.url + path_of(route), headers=given) as response:
        return response.status, await response.json() if response.status in (401, 403) else None


@dataclass(frozen=True, slots=True)
class Clinic:
    """Another tenant, with a token of each role."""

    id: int
    tokens: dict[Role, str]


@pytest.fixture
async def clinic(api: Api) -> AsyncIterator[Clinic]:
    pool = api.site.all_tenants
    tenant = await accounts.add_tenant(pool, "clinic")
    yield Clinic(
        tenant, {role: await new_token(pool, f"clinic {role.word}", role, tenant=tenant) for role in ELSEWHERE}
    )


def may_use(route: Route, role: Role, *, at_home: bool) -> bool:
    if route.role is Role.OPERATOR or route.at_home:
        return at_home and role.may(route.role)
    return role.may(route.role)


@pytest.mark.parametrize("role", [None, *PEOPLE], ids=lambda role: role.word if role else "none")
async def test_every_route_opens_to_its_role_and_to_no_other(api: Api, role: Role | None) -> None:
    """R04: the matrix of roles, over a real socket."""
    for route in ROUTES:
        status, body = await ask(api, route, role)
        named = (route.method, route.path, status, body)
        if route.role is Role.ANYONE:
            assert status not in (403, 500), named
        elif role is None:
            assert status == 401 and body["code"] == "unauthorized", named
        elif not may_use(route, role, at_home=True):
            assert status == 403 and body["code"] == "forbidden", named
        else:
            assert status not in (401, 403, 500), named
    assert api.failed == []


@pytest.mark.parametrize("role", ELSEWHERE, ids=lambda role: role.word)
async def test_another_tenant_uses_what_is_its_own_and_never_runs_the_service(
    api: Api, clinic: Clinic, role: Role
) -> None:
    given = {"Authorization": f"Bearer {clinic.tokens[role]}"}
    for route in ROUTES:
        if route.role is Role.ANYONE:
            continue
        status, body = await ask(api, route, headers=given)
        named = (route.method, route.path, status, body)
        if may_use(route, role, at_home=False):
            assert status not in (401, 403, 500), named
        else:
            assert status == 403 and body["code"] == "forbidden", named
    assert api.failed == []


async def test_what_is_another_tenants_is_not_there_whatever_one_asks(api: Api, clinic: Clinic) -> None:
    """C03, A21: each route that names something of ours answers another tenant's admin as if it did not exist."""
    pool = api.site.all_tenants
    made = {
        "projects": (await api.ask("POST", "/api/v1/projects", json={"name": "hearts"}))[1]["id"],
        "webhooks": (await api.ask("POST", "/api/v1/webhooks", json={"url": "https://hooks.test:8080/x"}))[1]["id"],
        "tokens": (await pool.fetchval("select id from access_tokens where name = 'viewer'")),
        "sessions": await _session(api),
    }  # fmt: skip
    before = await _state(pool)
    given = {"Authorization": f"Bearer {clinic.tokens[Role.ADMIN]}"}
    asked = 0
    for route in ROUTES:
        if not route.of_tenant or "{" not in route.path or not may_use(route, Role.ADMIN, at_home=False):
            continue
        named = next((str(id_) for word, id_ in made.items() if f"/{word}/{{id}}" in route.path), "999999")
        path = re.sub(r"\{\w+\}", "viewer", route.path.replace("{id}", named))
        body: dict[str, Any] = {} if not route.is_command or route.form else {"json": _body(route)}
        status, answer = await api.ask(route.method, path, role=None, headers=given, **body)
        well = (303, 400, 404, 422) if route.form else (400, 404, 422)  # a form that does nothing leads back
        assert status in well, (route.method, path, status, answer)
        assert "hearts" not in str(answer), (route.method, path)
        asked += named != "999999"
    assert asked >= 8
    assert await _state(pool) == before
    for path, key in (("/api/v1/projects", "projects"), ("/api/v1/webhooks", "webhooks"), ("/api/v1/tokens", "tokens")):
        ids = [one["id"] for one in (await api.ask("GET", path, role=None, headers=given))[1][key]]
        assert made[key] not in ids
    logins = {one["login"] for one in (await api.ask("GET", "/api/v1/users", role=None, headers=given))[1]["users"]}
    assert logins == {f"clinic {role.word}" for role in ELSEWHERE}


def _body(route: Route) -> dict[str, Any]:
    """What the route would do, were it allowed to."""
    if route.path.endswith("/switch"):
        return {"on": False}
    return {"role": "viewer"} if route.method == "PATCH" and "users" in route.path else {}


async def _session(api: Api) -> int:
    one = await accounts.user(api.site.all_tenants, "viewer")
    row: int = await api.site.all_tenants.fetchval(
        "insert into sessions (tenant_id, user_id, kind, how, created_at, until_at, sha256) "
        "values ($1, $2, 'web', 'password', now(), now() + interval '1 h', $3) returning id",
        HOME, one.id, bytes(32),
    )  # fmt: skip
    return row


async def _state(pool: Any) -> list[Any]:
    return [
        await pool.fetch(f"select * from {table} where tenant_id = 1 order by 1")  # noqa: S608 -- names of our own
        for table in ("projects", "project_members", "webhooks", "sessions")
    ] + [await pool.fetch("select id, revoked_at from access_tokens order by id")]


def test_only_what_must_be_is_open_to_anyone() -> None:
    assert {route.path for route in ROUTES if route.role is Role.ANYONE} == OPEN


def test_every_command_needs_more_than_reading_but_for_what_is_ones_own() -> None:
    light = {route.path for route in ROUTES if route.is_command and route.role in (Role.ANYONE, Role.VIEWER)}
    assert {path for path in light if not path.startswith(OWN)} == set()


async def test_a_tenant_sees_its_own_jobs_and_the_home_tenant_all(api: Api, clinic: Clinic) -> None:
    """C03: a job of another tenant is not there; a job of nobody's is the service's own."""
    pool = api.site.all_tenants
    ids = [
        await pool.fetchval("insert into jobs (kind, tenant) values ('print', $1) returning id", tenant)
        for tenant in ("1", str(clinic.id), None)
    ]
    given = {"Authorization": f"Bearer {clinic.tokens[Role.VIEWER]}"}
    assert [one["id"] for one in (await api.get("/api/v1/jobs"))["jobs"]] == ids[::-1]
    assert [one["id"] for one in (await api.get("/api/v1/jobs", role=None, headers=given))["jobs"]] == [ids[1]]
    for path in ("/api/v1/jobs/{}", "/api/v1/jobs/{}/explain", "/jobs/{}"):
        statuses = [(await api.ask("GET", path.format(id_), role=None, headers=given))[0] for id_ in ids]
        assert statuses == [404, 200, 404]
