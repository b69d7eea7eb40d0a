"""Stolen tokens, guessed passwords, sessions and requests that somebody else put into a browser."""

import asyncio
import resource
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from actors.governance.accounts import HOME, lockout
from actors.governance.accounts import store as accounts
from actors.governance.accounts.passwords import AT_ONCE, Passwords
from supervisor.roles import Role
from supervisor.web.app import all_routes, listening
from supervisor.web.door import COOKIE
from tests.attacks.raw import ask
from tests.supervisor.web.asking import Api
from tests.supervisor.web.test_matrix import path_of

PASSWORD = "correct horse battery"
RIGHT, WRONG = 8, 42  # of fifty logins; each that is compared costs a tenth of a second of two cores
COMMANDS = [route for _, route in all_routes() if route.is_command]


async def added(api: Api, *logins: str, role: str = "viewer") -> None:
    hashed = await Passwords().hash(PASSWORD)
    for login in logins:
        await accounts.add_user(api.site.all_tenants, HOME, login, role, password=hashed)


@asynccontextmanager
async def two_processes(api: Api) -> Any:
    """The URLs of two listeners that share nothing but the database."""
    async with listening(api.site, "127.0.0.1", 0) as port:
        yield (api.url, f"http://127.0.0.1:{port}")


async def post(api: Api, url: str, path: str, body: Mapping[str, str]) -> tuple[int, Any]:
    async with api.http.post(url + path, json=body) as response:
        return response.status, await response.json()


# ── stolen ──


@pytest.mark.parametrize("at_once", [1, 2, 20])
async def test_a_refresh_token_that_is_shown_twice_opens_nothing_for_thief_and_owner(api: Api, at_once: int) -> None:
    """R04: whoever was second, or both at the same moment in two processes: one pair at most, and that ends too."""
    await added(api, "anna")
    async with two_processes(api) as urls:
        _, first = await post(api, urls[0], "/api/v1/auth/login", {"login": "anna", "password": PASSWORD})
        refresh = {"refreshToken": first["refreshToken"]}
        if at_once == 1:
            _, owners = await post(api, urls[0], "/api/v1/auth/refresh", refresh)
            told = [(200, owners), await post(api, urls[1], "/api/v1/auth/refresh", refresh)]
        else:
            told = await asyncio.gather(
                *(post(api, urls[at % 2], "/api/v1/auth/refresh", refresh) for at in range(at_once))
            )
        won = [pair for status, pair in told if status == 200]
        assert Counter(status for status, _ in told) == {200: 1, 401: len(told) - 1}
        for pair in [first, *won]:
            assert (await post(api, urls[0], "/api/v1/auth/refresh", {"refreshToken": pair["refreshToken"]}))[0] == 401
            await api.until_closed("/api/v1/me", {"Authorization": f"Bearer {pair['accessToken']}"})
    [why] = await api.site.all_tenants.fetch("select why_ended from sessions")
    assert why["why_ended"] == "refresh token used twice"


async def test_a_stolen_family_ends_no_other_login_of_the_same_person(api: Api) -> None:
    await added(api, "anna")
    login = {"login": "anna", "password": PASSWORD}
    pairs = [(await post(api, api.url, "/api/v1/auth/login", login))[1] for _ in range(2)]
    for _ in range(2):
        await post(api, api.url, "/api/v1/auth/refresh", {"refreshToken": pairs[0]["refreshToken"]})
    assert (await post(api, api.url, "/api/v1/auth/refresh", {"refreshToken": pairs[1]["refreshToken"]}))[0] == 200


async def test_a_refresh_token_is_no_access_token_nor_the_other_way_round(api: Api) -> None:
    await added(api, "anna")
    _, pair = await post(api, api.url, "/api/v1/auth/login", {"login": "anna", "password": PASSWORD})
    bearer = {"Authorization": f"Bearer {pair['refreshToken']}"}
    assert (await api.ask("GET", "/api/v1/me", role=None, headers=bearer))[0] == 401
    assert (await post(api, api.url, "/api/v1/auth/refresh", {"refreshToken": pair["accessToken"]}))[0] == 400
    for one in (pair["accessToken"], pair["refreshToken"]):
        cookie = {"Cookie": f"{COOKIE}={one}"}
        assert (await api.ask("GET", "/api/v1/me", role=None, headers=cookie))[0] == 401


# ── put into somebody's browser ──


async def session_of(api: Api, token: str) -> str:
    """A session, as its cookie."""
    _, told, _ = await api.whole("POST", "/login", role=None, data={"token": token})
    return str(told["Set-Cookie"]).partition(";")[0].partition("=")[2]


async def test_of_two_sessions_in_one_browser_neither_opens(api: Api) -> None:
    """Session fixation by a second cookie of the same name: nobody acts in a session that somebody else put there."""
    own, planted = [await session_of(api, api.site.tokens[role]) for role in (Role.ADMIN, Role.VIEWER)]
    for first, second in ((own, planted), (planted, own), (own, "x" * 43), ("", own)):
        cookie = {"Cookie": f"{COOKIE}={first}; other=1; {COOKIE}={second}"}
        assert (await api.ask("GET", "/api/v1/me", role=None, headers=cookie))[0] == 401
    for cookie in ({"Cookie": f"not_{COOKIE}=x; {COOKIE}={own}"}, {"Cookie": f"{COOKIE}={own}; {COOKIE}={own}"}):
        assert (await api.ask("GET", "/api/v1/me", role=None, headers=cookie))[0] == 200


def foreign(api: Api) -> Iterator[dict[str, str]]:
    """What a browser says that is on a foreign page, or does not say where it is."""
    port = api.url.rpartition(":")[2]
    for origin in (
        "http://evil.example", "null", "", f"https://127.0.0.1:{port}", f"{api.url}.evil.example", "file://", "*",
        f"http://127.0.0.1:{int(port) + 1}", f"{api.url}/", f"http://evil@127.0.0.1:{port}",
    ):  # fmt: skip
        yield {"Origin": origin}
        yield {"Origin": origin, "Sec-Fetch-Site": "same-origin", "Referer": f"{api.url}/jobs"}
    yield {}
    yield {"Referer": f"{api.url}/jobs"}
    yield {"Referer": "http://evil.example/"}
    for site in ("cross-site", "same-site", "", "Same-Origin"):
        yield {"Sec-Fetch-Site": site}


async def test_no_command_obeys_a_foreign_page_that_a_cookie_comes_from(api: Api) -> None:
    """CSRF: every command of the table, with every way of not being a page of ours."""
    cookie = f"{COOKIE}={await session_of(api, api.site.tokens[Role.ADMIN])}"
    obeyed = []
    plainly = [{}, {"Origin": "http://evil.example"}, {"Origin": "null"}, {"Referer": f"{api.url}/jobs"}]
    for at, route in enumerate(COMMANDS):
        for headers in foreign(api) if at % 20 == 0 else plainly:
            given = headers | {"Cookie": cookie}
            kind: dict[str, Any] = {"data": {}} if route.form else {"json": {}}
            status, told = await api.ask(route.method, path_of(route), role=None, headers=given, **kind)
            if (status, told["code"]) != (403, "foreign_origin"):
                obeyed.append((route.method, route.path, headers, status))
    assert (obeyed, api.failed) == ([], [])
    assert len(COMMANDS) > 50
    assert await api.site.all_tenants.fetchval("select count(*) from sessions where ended_at is null") == 1


async def test_a_foreign_page_logs_nobody_in(api: Api) -> None:
    """Login CSRF: also without any cookie."""
    for headers in foreign(api):
        if "Origin" in headers:
            form = {"token": api.site.tokens[Role.VIEWER]}
            assert (await api.ask("POST", "/login", role=None, headers=headers, data=form))[0] == 403
    assert await api.site.all_tenants.fetchval("select count(*) from sessions") == 0


async def test_no_socket_opens_to_a_foreign_page(api: Api) -> None:
    """WebSocket hijacking: a browser sends cookies along with any handshake, and its Origin."""
    cookie = f"{COOKIE}={await session_of(api, api.site.tokens[Role.ADMIN])}"
    for headers in foreign(api):
        if headers.get("Sec-Fetch-Site") == "same-origin" and "Origin" not in headers:
            continue
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await api.http.ws_connect(f"{api.url}/ws/events", headers=headers | {"Cookie": cookie})
        assert refused.value.status == 403, headers
    own = {"Cookie": cookie, "Origin": api.url}
    async with api.http.ws_connect(f"{api.url}/ws/events", headers=own) as socket:
        await socket.send_str('{"type": "ping"}')
        assert (await socket.receive_json())["type"] == "pong"


async def test_no_answer_lets_a_foreign_page_read_it(api: Api) -> None:
    """No CORS anywhere, and nothing echoes what was shown."""
    for method in ("GET", "OPTIONS", "TRACE"):
        for path in ("/api/v1/me", "/health", "/login", "/api/v1/events"):
            [told] = await ask(
                api.url,
                f"{method} {path} HTTP/1.1\nHost: localhost\nOrigin: http://evil.example\n"
                "Authorization: Bearer canary\n"
                "Access-Control-Request-Method: POST\nAccess-Control-Request-Headers: authorization",
            )
            assert "access-control" not in told.head.lower()
            assert b"canary" not in told.body and "canary" not in told.head


# ── guessed ──


async def test_fifty_logins_at_once_in_two_processes_let_the_right_ones_in_and_few_guesses_through(api: Api) -> None:
    """R04: people with their passwords, and guesses at somebody else's, written in several ways."""
    people = [f"person{number}" for number in range(RIGHT)]
    await added(api, "target", *people)
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began_s = time.monotonic()
    async with two_processes(api) as urls:

        async def log_in(at: int, login: str, password: str) -> tuple[int, Any]:
            return await post(api, urls[at % 2], "/api/v1/auth/login", {"login": login, "password": password})

        right = [log_in(at, login, PASSWORD) for at, login in enumerate(people)]
        wrong = [log_in(at, ("target", "TARGET", " target ")[at % 3], f"guess number {at}") for at in range(WRONG)]
        told = await asyncio.gather(*right, *wrong)
        took_s = time.monotonic() - began_s
        assert [status for status, _ in told[:RIGHT]] == [200] * RIGHT
        guesses = Counter(status for status, _ in told[RIGHT:])
        assert set(guesses) == {401, 429}
        assert guesses[401] <= _tries_within(took_s)
    grown_mib = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib) / 1024
    assert grown_mib < 2 * AT_ONCE * 64 + 100, "argon2 has 64 MiB each, and two turns in each process"


def _tries_within(took_s: float) -> int:
    """How many guesses the lock-out lets through in so long."""
    tries = waited = 0.0
    while waited <= took_s:
        tries += 1
        waited += lockout.wait_s(int(tries))
    return int(tries)


async def test_the_right_password_of_a_login_that_was_guessed_at_tells_a_guesser_nothing(api: Api) -> None:
    """While it is locked, right and wrong are answered the same; who has it in a session stays in."""
    await added(api, "anna")
    pool = api.site.all_tenants
    cookie = await session_of(api, api.site.tokens[Role.VIEWER])
    await pool.execute(
        "insert into login_failures (login, failures, failed_at, until_at)"
        " values ('anna', 12, now(), now() + interval '2 minutes')"
    )
    told = [
        await post(api, api.url, "/api/v1/auth/login", {"login": "anna", "password": password})
        for password in (PASSWORD, "a wrong guess")
    ]
    assert [(status, answer["code"]) for status, answer in told] == [(429, "too_many_tries")] * 2
    assert (await api.ask("GET", "/jobs", role=None, headers={"Cookie": f"{COOKIE}={cookie}"}))[0] == 200


async def test_one_person_may_log_in_many_times_at_once(api: Api) -> None:
    """A right password is no guess, however many come at the same time in two processes."""
    await added(api, "anna")
    async with two_processes(api) as urls:
        told = await asyncio.gather(*(
            post(api, urls[at % 2], "/api/v1/auth/login", {"login": "anna", "password": PASSWORD}) for at in range(4)
        ))  # fmt: skip
    assert [status for status, _ in told] == [200] * 4


async def test_a_login_that_folds_into_something_else_is_nobodys(api: Api) -> None:
    """Letters that grow, or become others, when their case is folded: nothing breaks, and none is a second way in."""
    await added(api, "misha", "kim", "sam")
    for login in ("ß" * 100, "ﬃ" * 100, "\u0130" * 100, "m\u0130sha", "\u212aim", "mi\u0300sha", "ſam", "kim\u200b"):
        status, _ = await post(api, api.url, "/api/v1/auth/login", {"login": login, "password": PASSWORD})
        assert status in (401, 429), login
    assert api.failed == []
    assert (await post(api, api.url, "/api/v1/auth/login", {"login": "KIM", "password": PASSWORD}))[0] == 200
