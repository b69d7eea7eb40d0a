"""The demo registries in a process of their own, so that they share neither loop nor lock with their client.

async with running(trials=100_000) as demo:
    demo.url; await demo.switch(errors=1); await demo.requests()
    ctis = demo.registry("ctis"); ctis.url; await ctis.switch(cap=300)
"""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import aiohttp
import orjson

_ROOT = Path(__file__).resolve().parents[1]


class DidNotStart(Exception):
    """The server ended, or stayed silent, before it said its URL."""


@dataclass(frozen=True, slots=True)
class Demo:
    """One registry of the world: the first, which is ClinicalTrials.gov's wherever it is served."""

    url: str
    pid: int
    urls: Mapping[str, str]
    """Of each registry that is served."""

    def registry(self, name: str) -> Demo:
        return replace(self, url=self.urls[name])

    async def switch(self, **changes: Any) -> dict[str, Any]:
        """The switches after the change."""
        return dict(await self._call("PATCH", "/__demo/switches", changes))

    async def requests(self) -> list[dict[str, Any]]:
        """Every request seen: at, method, path, params, status, first, records."""
        answer = await self._call("GET", "/__demo/requests")
        return list(answer["requests"])

    async def refuse(self, *, for_s: float) -> None:
        """Close the port for a while."""
        await self._call("POST", "/__demo/refuse", {"for_s": for_s})

    async def _call(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else orjson.dumps(body)
        timeout = aiohttp.ClientTimeout(total=10)
        async with (
            aiohttp.ClientSession(self.url, raise_for_status=True, timeout=timeout) as session,
            session.request(method, path, data=data) as response,
        ):
            answer = await response.read()
        return orjson.loads(answer) if answer else None


@asynccontextmanager
async def running(
    *,
    trials: int = 2_000,
    seed: int = 1,
    first_day: date | None = None,
    day: int | None = None,
    port: int = 0,
    records: Path | None = None,
    prerender: Path | None = None,
    switches: dict[str, Any] | None = None,
    start_within_s: float = 30,
) -> AsyncIterator[Demo]:
    """Raises DidNotStart. The process ends with the context, and with its parent however that ends."""
    arguments = ["--trials", str(trials), "--seed", str(seed), "--port", str(port), "--with-parent"]
    if first_day is not None:
        arguments += ["--today", first_day.isoformat()]
    if day is not None:
        arguments += ["--day", str(day)]
    if records is not None:
        arguments += ["--records", str(_absolute(records))]
    if prerender is not None:
        arguments += ["--prerender", str(_absolute(prerender))]
    if switches:
        arguments += ["--switches", orjson.dumps(switches).decode()]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "demo", "serve", *arguments, stdin=PIPE, stdout=PIPE, cwd=_ROOT
    )
    try:
        url = await _line(process, start_within_s)
        yield Demo(url, process.pid, orjson.loads(await _line(process, start_within_s)))
    finally:
        await _end(process)


def _absolute(path: Path) -> Path:
    """The server runs in another directory."""
    return path.resolve()


async def _line(process: Process, within_s: float) -> str:
    try:
        async with asyncio.timeout(within_s):
            line = await process.stdout.readline() if process.stdout else b""
    except TimeoutError as error:
        raise DidNotStart(f"no URL within {within_s} s") from error
    if not line:
        raise DidNotStart(f"ended with exit code {await process.wait()}")
    return line.decode().strip()


async def _end(process: Process) -> None:
    """Closing its standard input ends it; what does not obey within five seconds is killed."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(5):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
