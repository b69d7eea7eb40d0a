"""A Prometheus of Debian's package: its checks, its tests of rules, and a server that scrapes us."""

import asyncio
import shutil
import subprocess
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from tests.survive.processes import until

WITHIN_S = 60.0


def is_there() -> bool:
    return shutil.which("prometheus") is not None and shutil.which("promtool") is not None


def promtool(*words: str | Path) -> str:
    """What it says of what is well; an assertion fails with what it says of what is not."""
    done = subprocess.run(["promtool", *map(str, words)], capture_output=True, text=True, timeout=WITHIN_S)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@dataclass(frozen=True, slots=True)
class Prometheus:
    """Asked over HTTP."""

    url: str
    http: aiohttp.ClientSession

    async def get(self, path: str, **params: str) -> Any:
        async with self.http.get(f"{self.url}/api/v1/{path}", params=params) as response:
            told = await response.json()
            assert told["status"] == "success", told
            return told["data"]

    async def firing(self) -> set[str]:
        """The names of the alerts that fire now."""
        return {alert["labels"]["alertname"] for alert in (await self.get("alerts"))["alerts"]
                if alert["state"] == "firing"}  # fmt: skip

    async def fires(self, *names: str) -> None:
        """Waits until all of these fire."""
        await self._until(set(names), there=True)

    async def clears(self, *names: str) -> None:
        """Waits until none of these does."""
        await self._until(set(names), there=False)

    async def _until(self, names: set[str], *, there: bool) -> None:
        async def met() -> bool:
            now = await self.firing()
            return names <= now if there else not names & now

        try:
            await until(met, within_s=WITHIN_S)
        except TimeoutError:
            now = await self.firing()
            raise AssertionError(
                f"{names - now if there else names & now} {'never fired' if there else 'stayed'}"
            ) from None


@asynccontextmanager
async def scraping(target: str, rules: Mapping[str, Any], folder: Path) -> AsyncIterator[Prometheus]:
    """A server that scrapes `target` twice a second and looks at the rules as often."""
    (folder / "rules.yaml").write_text(yaml.safe_dump(rules))
    every = {"scrape_interval": "500ms", "scrape_timeout": "500ms", "evaluation_interval": "500ms"}
    jobs = [{"job_name": "triald", "static_configs": [{"targets": [target]}]}]
    (folder / "config.yaml").write_text(
        yaml.safe_dump({"global": every, "rule_files": ["rules.yaml"], "scrape_configs": jobs})
    )
    process = await asyncio.create_subprocess_exec(
        "prometheus", f"--config.file={folder / 'config.yaml'}", f"--storage.tsdb.path={folder / 'data'}",
        "--web.listen-address=127.0.0.1:0", stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        address = await _address(process.stderr)
        draining = asyncio.create_task(_drain(process.stderr))
        async with aiohttp.ClientSession() as http:
            yield Prometheus(f"http://{address}", http)
        draining.cancel()
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _address(lines: asyncio.StreamReader) -> str:
    """Where it listens, once it is ready to be asked."""
    address = ""
    async with asyncio.timeout(WITHIN_S):
        async for line in lines:
            if b"Listening on" in line:
                address = line.decode().rpartition("address=")[2].strip()
            if b"ready to receive web requests" in line:
                return address
    raise AssertionError("Prometheus did not start")


async def _drain(lines: asyncio.StreamReader) -> None:
    async for _ in lines:
        pass
