"""Settings of who may come in, and how often: each is changed, and the service does another thing."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import aiohttp

from actors.governance.accounts import HOME
from actors.governance.accounts import store as accounts
from actors.governance.accounts.passwords import Passwords
from demo.oidc import Person, issuing
from supervisor.roles import Role
from supervisor.tokens import new_token
from supervisor.web.routes.oidc import CALLBACK
from tests.supervisor.acting import serving
from tests.supervisor.showing import Given, shows
from tests.survive.processes import until

if TYPE_CHECKING:
    import asyncpg

    Pool = asyncpg.Pool[Any]

PASSWORD = "a staple of correct horses"


async def anna(db: "Pool") -> dict[str, str]:
    """Somebody with a password: what they log in with."""
    await accounts.add_user(db, HOME, "anna", "viewer", password=await Passwords().hash(PASSWORD))
    return {"login": "anna", "password": PASSWORD}


@shows("limits")
async def test_limits_say_how_often_a_caller_may_ask(given: Given, db: "Pool") -> None:
    """N39: limits; those that are not named stay."""
    headers = {"Authorization": f"Bearer {await new_token(db, 'reader', Role.VIEWER)}"}
    for limits, expected in (("viewer=2/h", [200, 200, 429]), ("admin=2/h", [200, 200, 200])):
        async with serving(given(limits=limits)) as (_, url), aiohttp.ClientSession(url, headers=headers) as http:
            statuses = []
            for _ in range(3):
                async with http.get("/api/v1/me") as answer:
                    statuses.append(answer.status)
            assert statuses == expected
        await db.execute("delete from rate_buckets")


@shows("requests_at_once")
async def test_requests_at_once_is_how_many_of_a_caller_are_answered_at_the_same_time(given: Given, db: "Pool") -> None:
    """N39: requests_at_once."""
    headers = {"Authorization": f"Bearer {await new_token(db, 'reader', Role.VIEWER)}"}
    for most, expected in ((1, 429), (2, 200)):
        async with (
            serving(given(requests_at_once=most)) as (_, url),
            aiohttp.ClientSession(url, headers=headers) as http,
            db.acquire() as blocking,
        ):
            async with http.get("/api/v1/me") as answer:  # who it is, is known from now on
                assert answer.status == 200
            lock = blocking.transaction()
            await lock.start()
            await blocking.execute("lock table jobs in access exclusive mode")
            slow = asyncio.create_task(_status(http, "/api/v1/jobs"))
            await until(partial(db.fetchval, "select count(*) > 0 from pg_locks where not granted"))
            assert await _status(http, "/api/v1/me") == expected
            await lock.rollback()
            assert await slow == 200


async def _status(http: aiohttp.ClientSession, path: str, **headers: str) -> int:
    async with http.get(path, headers=headers) as answer:
        return answer.status


@shows("upload_most_mb", "storage_quota_gb", "project_quota_gb")
async def test_files_take_as_much_as_the_settings_say(given: Given, db: "Pool") -> None:
    """N39, N17: upload_most_mb, storage_quota_gb, project_quota_gb."""
    headers = {"Authorization": f"Bearer {await new_token(db, 'jo', Role.RESEARCHER)}"}
    project = 0
    for settings, refusal in (
        ({"upload_most_mb": 1}, {}),
        ({"storage_quota_gb": 0.001}, {"used": 0, "limit": 1_000_000, "of": "tenant"}),
        ({"project_quota_gb": 0.001}, {"used": 0, "limit": 1_000_000, "of": "project"}),
        ({}, None),
    ):
        async with serving(given(**settings)) as (_, url), aiohttp.ClientSession(url, headers=headers) as http:
            if not project:
                async with http.post("/api/v1/projects", json={"name": "hearts"}) as answer:
                    project = (await answer.json())["id"]
            path = f"/api/v1/projects/{project}/files?name=a"
            async with http.post(path, data=bytes(1_000_001)) as answer:
                told = await answer.json()
                assert (answer.status, told.get("details")) == (201 if refusal is None else 413, refusal)


@shows("trusted_proxies")
async def test_trusted_proxies_are_believed_where_a_request_comes_from(given: Given, db: "Pool") -> None:
    """N39: trusted_proxies."""
    for proxies, expected in (({}, [401, 429]), ({"trusted_proxies": "127.0.0.0/8"}, [401, 401])):
        async with serving(given(limits="anyone=1/h", **proxies)) as (_, url), aiohttp.ClientSession(url) as http:
            callers = ("203.0.113.1", "203.0.113.2")
            assert [await _status(http, "/api/v1/me", **{"X-Forwarded-For": one}) for one in callers] == expected
        await db.execute("delete from rate_buckets")


@shows("access_token_minutes", "refresh_days", "session_hours")
async def test_logins_last_as_long_as_the_settings_say(given: Given, db: "Pool") -> None:
    """N39: access_token_minutes, refresh_days, session_hours."""
    credentials = await anna(db)
    for settings, minutes, days, hours in (
        ({}, 15, 7, 12),
        ({"access_token_minutes": 2, "refresh_days": 30, "session_hours": 1}, 2, 30, 1),
    ):
        async with serving(given(**settings)) as (_, url), aiohttp.ClientSession(url) as http:
            async with http.post("/api/v1/auth/login", json=credentials) as answer:
                pair = await answer.json()
            lasts = datetime.fromisoformat(pair["refreshUntil"]) - datetime.now(UTC)
            assert pair["expiresIn"] == 60 * minutes
            assert abs(lasts - timedelta(days=days)) < timedelta(minutes=5)
            async with http.post("/login", data=credentials, allow_redirects=False) as answer:
                assert f"Max-Age={3600 * hours};" in answer.headers["Set-Cookie"]


@shows("jwt_secret", "jwt_secret_before")
async def test_what_another_secret_signed_opens_nothing_but_with_the_one_before(given: Given, db: "Pool") -> None:
    """N39, N35: jwt_secret, jwt_secret_before."""
    credentials = await anna(db)
    first, second = "f" * 32, "s" * 32
    async with (
        serving(given(jwt_secret=first)) as (_, url),
        aiohttp.ClientSession(url) as http,
        http.post("/api/v1/auth/login", json=credentials) as answer,
    ):
        token = (await answer.json())["accessToken"]
    for settings, expected in (
        ({"jwt_secret": first}, 200),
        ({"jwt_secret": second}, 401),
        ({"jwt_secret": second, "jwt_secret_before": first}, 200),
    ):
        async with serving(given(**settings)) as (_, url), aiohttp.ClientSession(url) as http:
            assert await _status(http, "/api/v1/me", Authorization=f"Bearer {token}") == expected


@shows("oidc_issuer", "oidc_client_id", "oidc_client_secret", "oidc_new_role")
async def test_people_come_in_by_the_issuer_of_the_settings(given: Given, db: "Pool") -> None:
    """N39: oidc_issuer, oidc_client_id, oidc_client_secret, oidc_new_role."""
    jo = Person("subject-jo", "jo@example.org", name="Jo")
    async with issuing(jo) as issuer:
        issuer.automatic = jo

        async def comes_in(**more: str) -> tuple[str | None, int]:
            """Which client it was, and with what its login ended."""
            asked: dict[str, object] = {"oidc_issuer": issuer.url, "oidc_client_id": issuer.client, **more}
            jar = aiohttp.CookieJar(unsafe=True)
            async with serving(given(**asked)) as (_, url), aiohttp.ClientSession(cookie_jar=jar) as http:
                issuer.back_to.add(url + CALLBACK)
                async with http.get(f"{url}/auth/oidc", allow_redirects=False) as answer:
                    there = answer.headers["Location"]
                [client] = parse_qs(urlsplit(there).query)["client_id"]
                assert there.startswith(issuer.url)
                async with http.get(there) as answer:
                    return client, answer.status

        proves = {"oidc_client_secret": str(issuer.client_secret)}
        assert await comes_in(**proves) == (issuer.client, 401), "nobody has added Jo"
        assert await comes_in(oidc_new_role="researcher") == (issuer.client, 401), "we did not prove who we are"
        assert await comes_in(**proves, oidc_new_role="researcher") == (issuer.client, 200)
        assert (await accounts.user(db, "jo@example.org")).role == "researcher"
        assert (await comes_in(**proves, oidc_client_id="another"))[0] == "another"
    async with serving(given()) as (_, url), aiohttp.ClientSession(url) as http:
        assert await _status(http, "/auth/oidc") == 404


@shows("request_within_s")
async def test_request_within_s_is_how_long_a_request_may_take_to_arrive(given: Given) -> None:
    """N39: request_within_s."""
    for within_s, expected in ((0.3, True), (30, False)):
        async with serving(given(request_within_s=within_s)) as (_, url):
            parts = urlsplit(url)
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
            writer.write(b"GET /live HTTP/1.1\r\nHost: localhost\r\n")
            closed = asyncio.create_task(reader.read())
            done, _ = await asyncio.wait([closed], timeout=10 if expected else 0.6)
            assert bool(done) is expected
            writer.close()
            await asyncio.wait([closed])
