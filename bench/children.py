"""Programs that benchmarks run beside themselves."""

import asyncio
import signal
from asyncio.subprocess import PIPE
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


async def output(
    words: Sequence[str], *, environ: Mapping[str, str], within_s: float, shown: bool = False
) -> tuple[int, str, str]:
    """Exit code, standard output and standard error, which may go through to ours. What takes too long is ended."""
    process = await asyncio.create_subprocess_exec(
        *words, stdout=PIPE, stderr=None if shown else PIPE, env=dict(environ), cwd=ROOT
    )
    try:
        async with asyncio.timeout(within_s):
            said, complaint = await process.communicate()
    except TimeoutError:
        return -1, "", f"not done after {within_s:g} s"
    finally:
        await end(process)
    return process.returncode or 0, said.decode(), (complaint or b"").decode()


async def end(process: asyncio.subprocess.Process, *, within_s: float = 40.0) -> int:
    """Interrupts a program that still runs, as Ctrl-C does; kills one that does not obey. Its exit code."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        try:
            async with asyncio.timeout(within_s):
                await process.wait()
        except TimeoutError:
            process.kill()
    return await process.wait()
