"""Asks a site over a real socket."""

from dataclasses import dataclass
from typing import Any

import aiohttp

from supervisor.roles import Role
from tests.supervisor.web.site import RealSite
from tests.survive.processes import until


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

    async def until_closed(self, path: str, headers: dict[str, str]) -> None:
        """What opened it opens it no more: others see that within seconds."""

        async def is_closed() -> bool:
            return (await self.ask("GET", path, role=None, headers=headers))[0] == 401

        await until(is_closed)
