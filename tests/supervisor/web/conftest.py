"""A site of real parts, served over a real socket."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from actors.runtime.telemetry import attach
from supervisor.web.app import listening
from tests.postgres import Stock
from tests.supervisor.web.asking import Api
from tests.supervisor.web.site import WORLD, RealSite, real_site

if TYPE_CHECKING:
    import asyncpg


@pytest.fixture
def stock(request: pytest.FixtureRequest) -> Stock | None:
    return WORLD if "trials" in request.fixturenames else None


@pytest.fixture
async def site(db: "asyncpg.Pool[Any]", dsn: str) -> AsyncIterator[RealSite]:
    """The parts that run; a database with no trials yet, unless `trials` is asked for."""
    async with real_site(db, dsn) as one:
        yield one


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
def trials(api: Api) -> Api:
    """The same, with the demo world's trials."""
    return api
