"""A site of real parts, served over a real socket."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from actors.runtime.telemetry import attach
from supervisor.roles import Role
from supervisor.web.app import listening
from tests.supervisor.web.site import RealSite, mirror, real_site

if TYPE_CHECKING:
    import asyncpg


@pytest.fixture
async def site(db: "asyncpg.Pool[Any]") -> AsyncIterator[RealSite]:
    """The parts that run; a database with no trials yet."""
    async with real_site(db) as one:
        yield one


@dataclass(frozen=True, slots=True)
class Api:
    """Asks a site over a real socket, as an admin unless told otherwise."""

    site: RealSite
    url: str
    http: aiohttp.ClientSession
    failed: list[str]  # what went wrong inside, which no answer tells

    async def ask(
        self,
        method: str,
        path: str,
        *,
        role: Role | None = Role.ADMIN,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> tuple[int, Any]:
        """Status and body, decoded where it is JSON."""
        status, _, body = await self.whole(method, path, role=role, headers=headers, **more)
        return status, body

    async def whole(
        self,
        method: str,
        path: str,
        *,
        role: Role | None = Role.ADMIN,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> tuple[int, Any, Any]:
        given = dict(headers or {})
        if role:
            given.setdefault("Authorization", f"Bearer {self.site.tokens[role]}")
        async with self.http.request(method, self.url + path, headers=given, allow_redirects=False, **more) as response:
            body = await response.json() if response.content_type == "application/json" else await response.read()
            return response.status, response.headers, body

    async def get(self, path: str, **more: Any) -> Any:
        """The body of what must go well."""
        status, body = await self.ask("GET", path, **more)
        assert status == 200, (path, body, self.failed)
        return body


@pytest.fixture
async def api(site: RealSite) -> AsyncIterator[Api]:
    """The site on a free port."""
    failed: list[str] = []
    detach = attach(lambda event, fields: failed.append(str(fields["error"])) if event == "request.failed" else None)
    timeout = aiohttp.ClientTimeout(total=30)
    async with (
        listening(site, "127.0.0.1", 0) as port,
        aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as http,
    ):
        yield Api(site, f"http://127.0.0.1:{port}", http, failed)
    detach()


@pytest.fixture
async def trials(api: Api) -> Api:
    """The same, with the demo world's trials."""
    await mirror(api.site.pool)
    return api
