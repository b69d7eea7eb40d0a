"""Processes of the service, run as an operator runs them: started, listened to, killed."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import orjson

from supervisor.embedded import DATABASE
from supervisor.postmaster import end

ROOT = Path(__file__).parents[2]
WITHIN_S = 60.0  # for what takes a second or two, on a machine that is busy with much else
LINE_BYTES = 1 << 20
UP = ("-m", "supervisor", "up")
NODE = ("-m", "tests.survive.node")  # the service, with job kinds made for tests
QUICK: Mapping[str, object] = {"beat_every_s": 0.2, "dead_after_s": 1.0}  # the dead are noticed after two looks
SMALL: Mapping[str, object] = {"compute_processes": 0, "workers_least": 1, "workers_most": 1}

_names = count(1)


@dataclass(slots=True)
class Running:
    """One process of the service, and what it has said so far."""

    process: Process
    name: str  # under which its connections are known to PostgreSQL
    said_so_far: list[dict[str, Any]] = field(default_factory=list)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def alive(self) -> bool:
        return self.process.returncode is None

    def all_said(self, event: str, **fields: object) -> list[dict[str, Any]]:
        return [
            line
            for line in self.said_so_far
            if line.get("event") == event and all(line.get(name) == value for name, value in fields.items())
        ]

    async def said(self, event: str, *, times: int = 1, within_s: float = WITHIN_S, **fields: object) -> dict[str, Any]:
        """Waits for a line of its log, the n-th such one."""

        def met() -> bool:
            return len(self.all_said(event, **fields)) >= times or not self.alive

        async with asyncio.timeout(within_s), self.news:
            await self.news.wait_for(met)
        found = self.all_said(event, **fields)
        assert len(found) >= times, f"it ended without {event}: {self.said_so_far[-5:]}"
        return found[times - 1]

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    async def kill(self) -> None:
        """SIGKILL, as a power cut or the kernel's hunger for memory would; it is gone when this returns."""
        self.signal(signal.SIGKILL)
        await self.ended()

    async def ended(self, within_s: float = WITHIN_S) -> int:
        """Its exit code."""
        async with asyncio.timeout(within_s):
            return await self.process.wait()

    async def listen(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            await self._heard(line)
        await self.process.wait()
        async with self.news:
            self.news.notify_all()

    async def _heard(self, line: bytes) -> None:
        try:
            told = orjson.loads(line)
        except orjson.JSONDecodeError:
            told = {"event": "text", "text": line.decode(errors="replace").rstrip()}
        async with self.news:
            self.said_so_far.append(told)
            self.news.notify_all()


@asynccontextmanager
async def running(
    dsn: str | None,
    data_dir: Path,
    *,
    program: tuple[str, ...] = UP,
    settings: Mapping[str, object] | None = None,
    ready: bool = True,
    root: Path = ROOT,
) -> AsyncIterator[Running]:
    """A process of the service until the context ends, however it ends; its log is heard. `root` has its code."""
    name = f"triald-{next(_names)}"
    environment = environment_of(dsn, settings or {}, name=name, data_dir=data_dir)
    process = await asyncio.create_subprocess_exec(
        sys.executable, *program, cwd=root, env=environment, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE,
        limit=LINE_BYTES, start_new_session=True,
    )  # fmt: skip
    one = Running(process, name)
    listening = asyncio.create_task(one.listen())
    try:
        if ready:
            await one.said("service.ready")
        yield one
    except BaseException:
        print(
            f"── {name}, the last that it said ──",
            *(orjson.dumps(line).decode() for line in one.said_so_far[-40:]),
            sep="\n",
        )
        raise
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        await listening
        if dsn is None:  # its own PostgreSQL is a process of its own, and outlives it
            await asyncio.to_thread(end, data_dir / "postgres" / "cluster")


def environment_of(
    dsn: str | None, settings: Mapping[str, object], *, name: str = "", data_dir: Path | None = None
) -> dict[str, str]:
    """Of a process that has these settings and no others. No I/O but to read our own."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("TRIALD_", "DATABASE_URL"))}
    given: dict[str, object] = {"listen": "127.0.0.1:0", "log_format": "json"}
    if data_dir is not None:
        given["data_dir"] = data_dir
    if dsn is not None:
        given["database_url"] = named(dsn, name)
    return kept | {f"TRIALD_{key.upper()}": str(value) for key, value in (given | dict(settings)).items()}


def dsn_in(data_dir: Path) -> str:
    """The URL of the embedded PostgreSQL that runs there."""
    home = data_dir / "postgres"
    lines = (home / "cluster" / "postmaster.pid").read_text().splitlines()
    return f"postgresql://postgres@/{DATABASE}?host={lines[4]}&port={lines[3]}"


def named(dsn: str, name: str) -> str:
    """The URL with a name for its connections. No I/O."""
    return f"{dsn}{'&' if '?' in dsn else '?'}application_name={name}" if name else dsn


def world_settings(url: str, per_min: float = 60_000) -> dict[str, object]:
    """For a process that takes the demo world for the registry."""
    return {
        "registries": "ctgov",
        "registry_bases": f"clinicaltrials.gov={url}",
        "registry_per_min": f"ctgov={per_min}",
    }


@dataclass(frozen=True, slots=True)
class Ended:
    code: int
    out: str
    error: str

    @property
    def json(self) -> Any:
        return orjson.loads(self.out)


async def command(dsn: str, *words: str, settings: Mapping[str, object] | None = None, root: Path = ROOT) -> Ended:
    """One command of the command line, to its end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "supervisor", *words, cwd=root, stdin=DEVNULL, stdout=PIPE, stderr=PIPE,
        env=environment_of(dsn, settings or {}),
    )  # fmt: skip
    async with asyncio.timeout(WITHIN_S):
        out, error = await process.communicate()
    return Ended(process.returncode or 0, out.decode(), error.decode())


async def until(met: Callable[[], Any], within_s: float = WITHIN_S) -> Any:
    """Waits for something that nobody tells of: the first answer of `met` (awaited) that is true."""
    async with asyncio.timeout(within_s):
        while not (answer := await met()):  # noqa: ASYNC110 - another process: nothing to wait on
            await asyncio.sleep(0.03)
        return answer
