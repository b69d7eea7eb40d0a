"""What stands before the processes of a service: asks which are ready, and sends requests to those."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import aiohttp

LOOK_EVERY_S = 0.1


@dataclass(slots=True)
class Balancer:
    """Addresses that may be ready; each request goes to the next that is, on a connection of its own."""

    http: aiohttp.ClientSession
    known: list[str] = field(default_factory=list)
    ready: list[str] = field(default_factory=list)
    answered: Counter[str] = field(default_factory=Counter)  # by address
    failed: list[str] = field(default_factory=list)
    _turn: int = 0

    async def add(self, url: str) -> None:
        """Takes part as soon as it is ready."""
        self.known.append(url)
        async with asyncio.timeout(60):
            while url not in self.ready:  # noqa: ASYNC110 - found by looking, as it would be
                await asyncio.sleep(LOOK_EVERY_S / 2)

    def take_out(self, url: str) -> None:
        """No new request goes there."""
        self.known.remove(url)
        self.ready = [one for one in self.ready if one != url]

    async def look(self) -> None:
        while True:
            self.ready = [url for url in self.known if await self._is_ready(url)]
            await asyncio.sleep(LOOK_EVERY_S)

    async def _is_ready(self, url: str) -> bool:
        try:
            async with self.http.get(f"{url}/ready") as response:
                return response.status == 200
        except aiohttp.ClientError:
            return False

    async def ask(self, method: str, path: str, **more: object) -> None:
        """One request, to be answered; what is not is noted."""
        self._turn += 1
        url = self.ready[self._turn % len(self.ready)] if self.ready else "nobody is ready"
        try:
            async with self.http.request(method, url + path, **more) as response:  # type: ignore[arg-type]
                body = await response.text()
        except (aiohttp.ClientError, TimeoutError) as error:
            self.failed.append(f"{method} {url}{path}: {type(error).__name__} {error}")
            return
        self.answered[url] += 1
        if response.status >= 400:
            self.failed.append(f"{method} {url}{path}: {response.status} {body[:200]}")


@asynccontextmanager
async def balancing(token: str) -> AsyncIterator[Balancer]:
    headers = {"Authorization": f"Bearer {token}"}
    connector = aiohttp.TCPConnector(force_close=True)
    timeout = aiohttp.ClientTimeout(total=20)
    async with aiohttp.ClientSession(headers=headers, connector=connector, timeout=timeout) as http:
        one = Balancer(http)
        looking = asyncio.create_task(one.look())
        try:
            yield one
        finally:
            looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking


@asynccontextmanager
async def loaded(step: "Callable[[int], asyncio._CoroutineLike[None]]", *, every_s: float) -> AsyncIterator[None]:
    """Begins a step again and again, whether those before have ended or not; at the end all have."""

    async def begin() -> None:
        async with asyncio.TaskGroup() as steps:
            number = 0
            while not over.is_set():
                steps.create_task(step(number))
                number += 1
                await asyncio.sleep(every_s)

    over = asyncio.Event()
    beginning = asyncio.create_task(begin())
    try:
        yield
    finally:
        over.set()
        await beginning
