"""Who may come in: by token, by cookie, from where, and how often."""

from ipaddress import ip_network
from typing import Any

import aiohttp
import pytest

from actors.governance import store as governance
from actors.governance.accounts import HOME
from actors.governance.accounts import store as accounts
from actors.governance.accounts.passwords import Passwords
from actors.governance.limits import Limit
from supervisor.roles import Role
from supervisor.setting_kinds import Network
from supervisor.web.app import listening
from supervisor.web.origin import caller_of
from tests.postgres import Postgres
from tests.supervisor.web.asking import Api

PASSWORD = "a staple of correct horses"
FEW = Limit(8, 3600.0)


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer ", "Bearer nonsense", "Basic YTpi", "Bearer " + "x" * 5000, "Bearer tri\xe9ld"]
)
async def test_what_is_no_token_opens_nothing(api: Api, given: str) -> None:
    status, body = await api.ask("GET", "/api/v1/jobs", role=None, headers={"Authorization": given})
    assert (status, body["code"]) == (401, "unauthorized")


async def test_a_token_that_was_revoked_opens_nothing(api: Api) -> None:
    await governance.revoke_token(api.site.all_tenants, "viewer")
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
    await governance.revoke_token(api.site.all_tenants, "operator")
    assert await log_in(api, api.site.tokens[Role.OPERATOR]) == (401, "")


async def test_a_session_is_no_more_than_its_token(api: Api) -> None:
    """Nobody is in any more once the token is revoked; and a session made with it may do no more than it."""
    _, cookie = await log_in(api, api.site.tokens[Role.VIEWER])
    session = {"Cookie": cookie.partition(";")[0], "Origin": api.url}
    assert (await api.ask("POST", "/api/v1/jobs/rescue", role=None, headers=session))[0] == 403
    await governance.revoke_token(api.site.all_tenants, "viewer")
    await api.until_closed("/api/v1/jobs", session)


# ── login and password ──


async def with_password(api: Api, *, must_change: bool = False) -> None:
    hashed = await Passwords().hash(PASSWORD)
    await accounts.add_user(api.site.all_tenants, HOME, "anna", "steward", password=hashed, must_change=must_change)


async def by_password(api: Api, password: str, cookie: str = "") -> tuple[int, str, str]:
    """Status, where to, and the cookie."""
    given = {"Cookie": cookie, "Origin": api.url} if cookie else {}
    status, told, _ = await api.whole(
        "POST", "/login?next=/jobs", role=None, data={"login": "anna", "password": password}, headers=given
    )
    return status, told.get("Location", ""), told.get("Set-Cookie", "").partition(";")[0]


async def test_a_password_opens_a_session_that_outlives_this_process(api: Api) -> None:
    await with_password(api)
    status, where, cookie = await by_password(api, PASSWORD)
    assert (status, where) == (303, "/jobs")
    assert (await api.ask("GET", "/jobs", role=None, headers={"Cookie": cookie}))[0] == 200
    async with (
        listening(api.site, "127.0.0.1", 0) as port,
        api.http.get(f"http://127.0.0.1:{port}/jobs", headers={"Cookie": cookie}) as answer,
    ):
        assert answer.status == 200
    assert await by_password(api, "wrong") == (401, "", "")


async def test_a_login_ends_the_session_that_the_browser_was_given_before(api: Api) -> None:
    """Session fixation: what somebody put into the browser does not become the login of whoever logs in there."""
    await with_password(api)
    _, _, planted = await by_password(api, PASSWORD)
    _, _, own = await by_password(api, PASSWORD, planted)
    assert own != planted
    lasting = await api.site.all_tenants.fetchval("select count(*) from sessions where ended_at is null")
    assert lasting == 1
    made_up = "triald_session=" + "x" * 43
    _, _, another = await by_password(api, PASSWORD, made_up)
    assert another not in (made_up, own)


async def test_a_password_that_somebody_else_gave_opens_nothing_but_its_change(api: Api) -> None:
    await with_password(api, must_change=True)
    status, where, cookie = await by_password(api, PASSWORD)
    assert (status, where) == (303, "/account")
    session = {"Cookie": cookie, "Origin": api.url}
    status, body = await api.ask("GET", "/api/v1/jobs", role=None, headers=session)
    assert (status, body["code"]) == (403, "password_change_needed")
    assert (await api.ask("GET", "/api/v1/me", role=None, headers=session))[1]["mustChange"] is True
    given = {"before": PASSWORD, "after": "another staple of horses"}
    assert (await api.ask("POST", "/api/v1/me/password", role=None, headers=session, json=given))[0] == 200
    assert (await api.ask("GET", "/api/v1/jobs", role=None, headers=session))[0] == 200
    assert (await by_password(api, PASSWORD))[0] == 401


async def test_a_program_logs_in_renews_and_logs_out(api: Api) -> None:
    """R04: a short access token, a refresh token that is used once, and both end with the login."""
    await with_password(api)
    given = {"login": "anna", "password": PASSWORD}
    pair = (await api.ask("POST", "/api/v1/auth/login", role=None, json=given))[1]
    assert (pair["tokenType"], pair["expiresIn"]) == ("Bearer", 900)

    async def me(token: str) -> tuple[int, Any]:
        return await api.ask("GET", "/api/v1/me", role=None, headers={"Authorization": f"Bearer {token}"})

    status, told = await me(pair["accessToken"])
    assert (status, told["login"], told["role"], told["tenant"]) == (200, "anna", "steward", "home")
    again = {"refreshToken": pair["refreshToken"]}
    following = (await api.ask("POST", "/api/v1/auth/refresh", role=None, json=again))[1]
    assert (await me(following["accessToken"]))[0] == 200
    assert (await api.ask("POST", "/api/v1/auth/refresh", role=None, json=again))[0] == 401
    await api.until_closed("/api/v1/me", {"Authorization": f"Bearer {following['accessToken']}"})
    third = (await api.ask("POST", "/api/v1/auth/login", role=None, json=given))[1]
    bearer = {"Authorization": f"Bearer {third['accessToken']}"}
    assert (await api.ask("POST", "/api/v1/auth/logout", role=None, headers=bearer))[1] == {"loggedOut": True}
    assert (await me(third["accessToken"]))[0] == 401
    assert (await api.ask("POST", "/api/v1/auth/login", role=None, json=given | {"password": "x"}))[0] == 401


async def test_a_token_of_ones_own_is_shown_once_is_for_its_scopes_and_ends_when_revoked(api: Api) -> None:
    asked = {"name": "reader", "scopes": ["trials:read"], "days": 1}
    status, made = await api.ask(
        "POST", "/api/v1/tokens", role=Role.STEWARD, json=asked, headers={"Idempotency-Key": "one"}
    )
    assert status == 201
    bearer = {"Authorization": f"Bearer {made['token']}"}
    assert (await api.ask("GET", "/api/v1/trials", role=None, headers=bearer))[0] == 200
    status, body = await api.ask("GET", "/api/v1/jobs", role=None, headers=bearer)
    assert (status, body["code"]) == (403, "out_of_scope")
    status, body = await api.ask(
        "POST", "/api/v1/tokens", role=Role.STEWARD, json=asked, headers={"Idempotency-Key": "one"}
    )
    assert (status, body["code"]) == (409, "answered_before"), "its key gives it to nobody again"
    kept = str(await api.site.all_tenants.fetch("select * from idempotency_keys"))
    assert made["token"] not in kept
    [listed] = [
        one for one in (await api.get("/api/v1/tokens", role=Role.STEWARD))["tokens"] if one["name"] == "reader"
    ]
    assert made["token"] not in str(listed)
    too_much = {"name": "more", "role": "admin"}
    assert (await api.ask("POST", "/api/v1/tokens", role=Role.STEWARD, json=too_much))[0] == 400
    assert (await api.ask("DELETE", f"/api/v1/tokens/{listed['id']}", role=Role.VIEWER))[0] == 404
    assert (await api.ask("DELETE", f"/api/v1/tokens/{listed['id']}", role=Role.STEWARD))[0] == 200


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
    api.site.limits = {**api.site.limits, "anyone": FEW}
    for left in reversed(range(FEW.count)):
        status, told, _ = await api.whole("GET", "/api/v1/jobs", role=None)
        assert (status, told["RateLimit-Remaining"]) == (401, str(left))
    status, told, body = await api.whole("GET", "/api/v1/jobs", role=None)
    assert (status, body["code"], told["RateLimit-Remaining"]) == (429, "too_many_requests", "0")
    assert int(told["Retry-After"]) >= 1
    assert (await api.ask("GET", "/api/v1/jobs"))[0] == 200, "somebody else is not held up"
    assert (await api.ask("GET", "/health", role=None))[0] == 200, "nor are probes"
    assert (await log_in(api, api.site.tokens[Role.VIEWER]))[0] == 303, "nor is who logs in"


async def test_logins_have_a_rate_of_their_own(api: Api) -> None:
    """S23: so many at one login, wherever they come from; and so many tries to come in from one address."""
    few = Limit(3, 3600.0)
    api.site.limits = {**api.site.limits, "logins": few, "entrances": FEW}
    given = {"login": "Anna ", "password": "wrong"}
    statuses = [(await api.ask("POST", "/api/v1/auth/login", role=None, json=given))[0] for _ in range(few.count + 1)]
    assert statuses == [401] * few.count + [429]
    assert (await by_password(api, "wrong"))[0] == 429, "it is the same login on the page"
    assert (await api.ask("POST", "/api/v1/auth/login", role=None, json={"login": "b", "password": "x"}))[0] == 401
    statuses = [(await log_in(api, "wrong"))[0] for _ in range(3)]
    assert statuses == [401, 401, 429]
    assert (await api.ask("GET", "/api/v1/jobs", role=None))[0] == 401


async def test_guessing_tokens_costs_few_looks_into_the_database_and_holds_up_nobody_who_is_in(
    api: Api, postgres: Postgres
) -> None:
    """A token that opened nothing yet is counted before it is looked up: without a database it would be a 503."""
    api.site.limits = {**api.site.limits, "anyone": FEW}
    assert (await api.ask("GET", "/api/v1/jobs", role=Role.VIEWER))[0] == 200
    for number in range(FEW.count + 1):
        status, _ = await api.ask("GET", "/api/v1/jobs", role=None, headers={"Authorization": f"Bearer guess {number}"})
    assert status == 429
    assert (await api.ask("GET", "/api/v1/jobs", role=Role.VIEWER))[0] == 200
    await postgres.kill()
    guess = {"Authorization": "Bearer another"}
    statuses = [(await api.ask("GET", "/api/v1/jobs", role=None, headers=guess))[0] for _ in range(20)]
    assert set(statuses[:5]) == {429}


PROXIES: tuple[Network, ...] = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("remote", "forwarded", "caller"),
    [
        ("127.0.0.1", [], "127.0.0.1"),
        ("10.1.2.3", [], "10.1.2.3"),
        ("10.1.2.3", ["203.0.113.7"], "203.0.113.7"),
        ("10.1.2.3", ["1.1.1.1, 203.0.113.7"], "203.0.113.7"),
        ("10.1.2.3", ["1.1.1.1", "203.0.113.7, 10.9.9.9"], "203.0.113.7"),
        ("203.0.113.7", ["1.1.1.1"], "203.0.113.7"),
        ("10.1.2.3", ["nonsense"], "10.1.2.3"),
        ("10.1.2.3", ["2001:db8:1:2:3:4:5:6"], "2001:db8:1:2::"),
        ("fd00::1", ["::ffff:203.0.113.7"], "203.0.113.7"),
        ("10.1.2.3", ["203.0.113.7:80"], "10.1.2.3"),
        (None, ["203.0.113.7"], "an unknown address"),
    ],
)
def test_where_a_request_comes_from_is_what_our_own_proxies_say(
    remote: str | None, forwarded: list[str], caller: str
) -> None:
    """What anybody writes before that is not believed: else each guess would have a rate of its own."""
    assert caller_of(remote, forwarded, PROXIES) == caller
