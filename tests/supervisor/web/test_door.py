"""Who may come in: by token, by cookie, from where, and how often."""

import re
from typing import Any

import aiohttp
import pytest

from actors.governance import store as governance
from supervisor.roles import Role
from supervisor.web.app import all_routes
from supervisor.web.rates import PER_MINUTE
from supervisor.web.route import Route
from supervisor.web.sessions import LASTS_S, MOST, Sessions
from tests.postgres import Postgres
from tests.supervisor.web.asking import Api

ROUTES = [route for _, route in all_routes()]
PARTS = -(-len(ROUTES) // 100)
OWN = ("/watching", "/api/v1/watches", "/api/v1/notices", "/api/v1/webhooks")  # everybody's watches are their own
NAMES = [f"{route.method} {route.path}" for route in ROUTES]


def path_of(route: Route) -> str:
    return re.sub(r"\{\w+\}", "999999", route.path)


@pytest.mark.parametrize("part", range(PARTS))  # of the routes: nobody may ask for all of them within a minute
@pytest.mark.parametrize("role", [None, *PER_MINUTE], ids=lambda role: role.word if role else "none")
async def test_every_route_opens_to_its_role_and_to_no_lower_one(api: Api, role: Role | None, part: int) -> None:
    role = role or None
    for route in ROUTES[part::PARTS]:
        status, body = await api.ask(route.method, path_of(route), role=role)
        named = (route.method, route.path, status, body)
        if route.role is Role.ANYONE:
            assert status not in (403, 500), named
        elif role is None:
            assert status == 401 and body["code"] == "unauthorized", named
        elif role < route.role:
            assert status == 403 and body["code"] == "forbidden", named
        else:
            assert status not in (401, 403, 500), named
    assert api.failed == []


def test_only_health_the_login_and_its_style_are_open() -> None:
    opened = {route.path for route in ROUTES if route.role is Role.ANYONE}
    assert opened == {
        "/health", "/health/detailed", "/health/services/{name}", "/ready", "/live", "/login", "/logout",
        "/static/{name}",
    }  # fmt: skip


def test_every_command_needs_more_than_reading_but_for_what_is_ones_own() -> None:
    open_ = {route.path for route in ROUTES if route.is_command and route.role < Role.OPERATOR}
    assert {path for path in open_ if not path.startswith(OWN)} == {"/login", "/logout"}


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer ", "Bearer nonsense", "Basic YTpi", "Bearer " + "x" * 5000, "Bearer tri\xe9ld"]
)
async def test_what_is_no_token_opens_nothing(api: Api, given: str) -> None:
    status, body = await api.ask("GET", "/api/v1/jobs", role=None, headers={"Authorization": given})
    assert (status, body["code"]) == (401, "unauthorized")


async def test_a_token_that_was_revoked_opens_nothing(api: Api) -> None:
    await governance.revoke_token(api.site.pool, "viewer")
    assert (await api.ask("GET", "/api/v1/jobs", role=Role.VIEWER))[0] == 401


async def test_a_check_that_fails_is_a_refusal(api: Api, postgres: Postgres) -> None:
    await postgres.kill()
    status, body = await api.ask("GET", "/openapi.json", role=Role.VIEWER)
    assert (status, body["code"]) == (503, "unavailable")
    assert (await api.ask("GET", "/login", role=None))[0] == 200


# ── the cookie ──


async def log_in(api: Api, token: str, **headers: str) -> tuple[int, str]:
    """Status, and the cookie as it was set."""
    status, told, _ = await api.whole("POST", "/login?next=/jobs", role=None, data={"token": token}, headers=headers)
    return status, told.get("Set-Cookie", "")


async def test_a_token_opens_a_session_whose_cookie_no_script_and_no_foreign_page_can_use(api: Api) -> None:
    status, cookie = await log_in(api, api.site.tokens[Role.VIEWER])
    assert status == 303
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert api.site.tokens[Role.VIEWER] not in cookie
    session = {"Cookie": cookie.partition(";")[0]}
    assert (await api.ask("GET", "/jobs", role=None, headers=session))[0] == 200
    here = session | {"Origin": api.url}
    assert (await api.ask("POST", "/logout", role=None, headers=here, data={}))[0] == 303
    assert (await api.ask("GET", "/jobs", role=None, headers=session))[0] == 401


async def test_a_wrong_token_opens_no_session(api: Api) -> None:
    assert await log_in(api, "wrong") == (401, "")


async def test_a_token_that_was_revoked_opens_no_session(api: Api) -> None:
    await governance.revoke_token(api.site.pool, "operator")
    assert await log_in(api, api.site.tokens[Role.OPERATOR]) == (401, "")


def test_a_session_is_no_more_than_its_token_and_ends_with_the_day() -> None:
    sessions = Sessions()
    sessions.open("id", "token", now_s=0.0)
    assert sessions.token_of("id", now_s=LASTS_S - 1) == "token"
    assert sessions.token_of("id", now_s=LASTS_S) is None
    assert sessions.token_of("id", now_s=0.0) is None, "it does not come back"


def test_of_too_many_sessions_the_oldest_ends() -> None:
    sessions = Sessions()
    for number in range(MOST + 1):
        sessions.open(str(number), "token", now_s=0.0)
    assert (sessions.token_of("0", now_s=1.0), sessions.token_of(str(MOST), now_s=1.0)) == (None, "token")


FOREIGN = ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example", "evil"]
FOREIGN_HOSTS = ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", "[::2]", "a@localhost"]


@pytest.mark.parametrize("after", FOREIGN)
async def test_a_login_leads_nowhere_else(api: Api, after: str) -> None:
    _, told, _ = await api.whole(
        "POST", "/login", role=None, params={"next": after}, data={"token": api.site.tokens[Role.VIEWER]}
    )
    assert told["Location"] == "/"


@pytest.mark.parametrize(
    ("origin", "status"),
    [({"Origin": "http://evil.example"}, 403), ({"Origin": "null"}, 403), ({}, 403), ({"Origin": "self"}, 404),
     ({"Sec-Fetch-Site": "same-origin"}, 404), ({"Sec-Fetch-Site": "cross-site"}, 403)],
)  # fmt: skip
async def test_a_command_with_a_cookie_comes_from_a_page_of_ours(api: Api, origin: dict[str, str], status: int) -> None:
    _, cookie = await log_in(api, api.site.tokens[Role.ADMIN])
    headers = {name: api.url if value == "self" else value for name, value in origin.items()}
    headers["Cookie"] = cookie.partition(";")[0]
    assert (await api.ask("POST", "/api/v1/jobs/1/retry", role=None, headers=headers))[0] == status


async def test_a_foreign_page_cannot_use_a_token_either(api: Api) -> None:
    headers = {"Origin": "http://evil.example"}
    assert (await api.ask("POST", "/api/v1/jobs/1/retry", headers=headers))[0] == 403
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await api.http.ws_connect(
            f"{api.url}/ws/events", headers=headers | {"Authorization": f"Bearer {api.site.tokens[Role.ADMIN]}"}
        )
    assert refused.value.status == 403


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
@pytest.mark.parametrize("path", ["/health", "/api/v1/trials", "/login", "/nowhere"])
async def test_a_foreign_name_for_loopback_is_refused(api: Api, host: str, path: str) -> None:
    status, body = await api.ask("GET", path, headers={"Host": host})
    assert (status, body["code"]) == (421, "misdirected")


@pytest.mark.parametrize("host", ["localhost", "localhost:8080", "127.0.0.1", "[::1]:9", "LOCALHOST"])
async def test_names_of_loopback_are_taken(api: Api, host: str) -> None:
    assert (await api.ask("GET", "/health", headers={"Host": host}))[0] == 200


# ── how often ──


async def test_who_asks_too_often_is_told_when_to_come_back(api: Api) -> None:
    statuses: list[int] = []
    told: Any = {}
    while 429 not in statuses and len(statuses) < 2 * PER_MINUTE[Role.ANYONE]:
        status, told, body = await api.whole("GET", "/api/v1/jobs", role=None)
        statuses.append(status)
    assert PER_MINUTE[Role.ANYONE] <= len(statuses)
    assert (body["code"], told["RateLimit-Remaining"]) == ("too_many_requests", "0")
    assert int(told["Retry-After"]) >= 1
    assert (await api.ask("GET", "/api/v1/jobs"))[0] == 200, "somebody else is not held up"
    assert (await api.ask("GET", "/health", role=None))[0] == 200, "nor are probes"
    assert (await log_in(api, api.site.tokens[Role.VIEWER]))[0] == 303, "nor is who logs in"


async def test_logins_have_a_rate_of_their_own(api: Api) -> None:
    statuses = [(await log_in(api, "wrong"))[0] for _ in range(PER_MINUTE[Role.ANYONE] + 20)]
    assert statuses.count(429) >= 1
    assert statuses[: PER_MINUTE[Role.ANYONE]] == [401] * PER_MINUTE[Role.ANYONE]
    assert (await api.ask("GET", "/api/v1/jobs", role=None))[0] == 401


async def test_guessing_tokens_costs_few_looks_into_the_database_and_holds_up_nobody_who_is_in(
    api: Api, postgres: Postgres
) -> None:
    """A token that opened nothing yet is counted before it is looked up: without a database it would be a 503."""
    assert (await api.ask("GET", "/api/v1/jobs", role=Role.VIEWER))[0] == 200
    for number in range(2 * PER_MINUTE[Role.ANYONE]):
        status, _ = await api.ask("GET", "/api/v1/jobs", role=None, headers={"Authorization": f"Bearer guess {number}"})
    assert status == 429
    assert (await api.ask("GET", "/api/v1/jobs", role=Role.VIEWER))[0] == 200
    await postgres.kill()
    guess = {"Authorization": "Bearer another"}
    statuses = [(await api.ask("GET", "/api/v1/jobs", role=None, headers=guess))[0] for _ in range(20)]
    assert 429 in statuses
