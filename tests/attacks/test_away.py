"""The database is gone for a while: nobody is let in or thrown out meanwhile, and everything goes on by itself."""

from pathlib import Path
from typing import Any

import aiohttp
import asyncpg

from actors.governance.accounts import HOME
from actors.governance.accounts import store as accounts
from actors.governance.accounts.passwords import Passwords
from supervisor.supervisor import LIMIT
from supervisor.web.door import COOKIE
from tests.postgres import Postgres
from tests.survive.processes import SMALL, running, until

PASSWORD = "correct horse battery"
OFTEN = {"limits": "anyone=60000/min,viewer=60000/min,logins=60000/min"}


async def test_who_is_in_stays_in_and_who_asks_is_told_503_until_the_database_is_back(
    postgres: Postgres, tmp_path: Path
) -> None:
    """Away for longer than actors may crash for reasons of their own: readiness falls, liveness does not; logins and
    requests are refused with 503, never with 401 or 500; what was shown before opens again, the refresh token too.
    """
    db = await asyncpg.create_pool(postgres.dsn, min_size=0, max_size=2)
    hashed = await Passwords().hash(PASSWORD)
    await accounts.add_user(db, HOME, "anna", "viewer", password=hashed)
    async with running(postgres.dsn, tmp_path, settings={**SMALL, **OFTEN}) as one, aiohttp.ClientSession() as http:
        port = (await one.said("web.listening"))["port"]
        asking = Asking(http, f"http://127.0.0.1:{port}")
        await asking.log_in()
        assert await asking.everything() == WELL
        await postgres.kill()
        await one.said("actor.crashed", times=LIMIT.intensity + 2)
        for _ in range(10):
            assert await asking.everything() == AWAY
        assert await asking.refreshed() == 503
        await postgres.restart()
        await until(asking.is_well)
        assert await asking.refreshed() == 200
        assert one.alive
        assert 500 not in {line["status"] for line in one.all_said("request.answered")}
    await db.close()


WELL = {
    "ready": 200, "live": 200, "health": 200, "page": 200, "login": 200, "refresh": 401, "token": 200, "cookie": 200,
    "nobody": 401,
}  # fmt: skip
AWAY = dict.fromkeys(WELL, 503) | {"live": 200, "page": 200}


class Asking:
    """Somebody who logged in by each way."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self.http, self.url = http, url
        self.access = self.refresh = self.cookie = ""

    async def log_in(self) -> None:
        given = {"login": "anna", "password": PASSWORD}
        _, pair = await self._ask("POST", "/api/v1/auth/login", json=given)
        self.access, self.refresh = pair["accessToken"], pair["refreshToken"]
        async with self.http.post(f"{self.url}/login", data=given, allow_redirects=False) as answer:
            self.cookie = answer.cookies[COOKIE].value

    async def is_well(self) -> bool:
        return await self.everything() == WELL

    async def refreshed(self) -> int:
        return (await self._ask("POST", "/api/v1/auth/refresh", json={"refreshToken": self.refresh}))[0]

    async def everything(self) -> dict[str, int]:
        """The status of each way to ask."""
        given = {"login": "anna", "password": PASSWORD}
        me = "/api/v1/me"
        told = {
            "ready": await self._ask("GET", "/ready"),
            "live": await self._ask("GET", "/live"),
            "health": await self._ask("GET", "/health"),
            "page": await self._ask("GET", "/login"),
            "login": await self._ask("POST", "/api/v1/auth/login", json=given),
            "refresh": await self._ask("POST", "/api/v1/auth/refresh", json={"refreshToken": "made up"}),
            "token": await self._ask("GET", me, headers={"Authorization": f"Bearer {self.access}"}),
            "cookie": await self._ask("GET", me, headers={"Cookie": f"{COOKIE}={self.cookie}"}),
            "nobody": await self._ask("GET", me, headers={"Authorization": "Bearer made-up"}),
        }
        return {name: status for name, (status, _) in told.items()}

    async def _ask(self, method: str, path: str, **more: Any) -> tuple[int, Any]:
        async with self.http.request(method, self.url + path, allow_redirects=False, **more) as answer:
            is_json = answer.content_type == "application/json"
            return answer.status, await answer.json() if is_json else await answer.text()
