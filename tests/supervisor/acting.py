"""Services made from settings, and some of their actors at work, in the process of the test."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from aiohttp import web

from actors.runtime.telemetry import attach, emit
from supervisor.crew import children
from supervisor.service import Service
from supervisor.settings import Settings, read
from supervisor.supervisor import Child, Life, Supervisor
from supervisor.wiring import open_service


def given(dsn: str, folder: Path, **settings: object) -> Settings:
    """What a service reads that was started with these options."""
    usual = {"database_url": dsn, "data_dir": folder, "listen": "127.0.0.1:0", "compute_processes": 0}
    words = {name: str(value) for name, value in (usual | settings).items()}
    return read(words, MappingProxyType({"HOME": "/nonexistent"}), default_file=None)


def child_of(service: Service, name: str) -> Child:
    [child] = [child for child in children(service) if child.name == name]
    return child


@asynccontextmanager
async def acting(service: Service, *names: str) -> AsyncIterator[Supervisor]:
    """These actors of a service, supervised, and no others but who watches the mode, without which all stand by."""
    wanted = {"mode", *names}
    supervisor = Supervisor([child for child in children(service) if child.name in wanted], emit=emit)
    running = asyncio.create_task(supervisor.run())
    try:
        yield supervisor
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def round_of(child: Child) -> None:
    """One round of an actor that goes round until it is told to drain."""
    life = Life(child.name, 1, time.monotonic)
    going = asyncio.ensure_future(child.start(life))
    await asyncio.sleep(0)  # it has seen by now that it is not to drain
    life.draining.set()
    await going


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[tuple[Service, str]]:
    """A service whose web pages alone are up, and the address that it told."""
    listening: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def hear(event: str, fields: object) -> None:
        if event == "web.listening" and isinstance(fields, dict) and not listening.done():
            listening.set_result(f"http://{fields['host']}:{fields['port']}")

    detach = attach(hear)
    try:
        async with open_service(settings) as service, acting(service, "web"), asyncio.timeout(60):
            yield service, await listening
    finally:
        detach()


@dataclass(slots=True)
class Source:
    """In the place of ClinicalTrials.gov, with no study at all. Answers once `go` is set."""

    url: str = ""
    agents: list[str] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    go: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def bases(self) -> str:
        return f"clinicaltrials.gov={self.url}"

    async def answer(self, request: web.Request) -> web.Response:
        self.agents.append(request.headers["User-Agent"])
        self.asked.set()
        await self.go.wait()
        return web.json_response({"studies": [], "totalCount": 0})


@asynccontextmanager
async def source() -> AsyncIterator[Source]:
    one = Source()
    app = web.Application()
    app.router.add_get("/{path:.*}", one.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    one.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield one
    finally:
        await runner.cleanup()
