"""Runs `triald` in a process of its own."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

ROOT = Path(__file__).parents[3]
WITHIN_S = 120.0


@dataclass(frozen=True, slots=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return orjson.loads(self.out)


@dataclass(frozen=True, slots=True)
class Triald:
    """The command line in an environment of its own."""

    environ: Mapping[str, str]

    async def __call__(self, *words: str, **variables: str) -> Ended:
        """Runs a command to its end."""
        async with self.started(*words, **variables) as process:
            async with asyncio.timeout(WITHIN_S):
                out, err = await process.communicate()
            assert process.returncode is not None
            return Ended(process.returncode, out.decode(), err.decode())

    @asynccontextmanager
    async def started(self, *words: str, **variables: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """A command that goes on; it ends with the context."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "supervisor", *words,
            cwd=ROOT, env={**self.environ, **variables},
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()


async def line_with(stream: asyncio.StreamReader | None, word: str) -> str:
    """The next line that holds a word."""
    assert stream is not None
    async with asyncio.timeout(WITHIN_S):
        while line := (await stream.readline()).decode():
            if word in line:
                return line
    raise AssertionError(f"the output ended without {word!r}")


def environment(home: Path, **variables: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(home), "COLUMNS": "200"} | variables
