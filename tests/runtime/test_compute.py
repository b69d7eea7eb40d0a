"""CPU work in processes of its own: hung, killed, cancelled, recycled, orphaned."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias

import pytest

from actors.runtime.compute import Compute, ComputeCrashed, ComputeTimedOut, Recycle

LONG_S = 60.0
Another: TypeAlias = "Callable[[], Started]"


def double(body: bytes) -> bytes:
    return body + body


def pid() -> int:
    return os.getpid()


def fail(text: str) -> None:
    raise KeyError(text)


def fail_in_time() -> None:
    raise TimeoutError("the work's own")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def hang(started: str) -> None:
    Path(started).write_text(str(os.getpid()))
    while True:
        time.sleep(LONG_S)


def hold(size_bytes: int) -> int:
    globals()["held"] = bytearray(size_bytes)
    return os.getpid()


def send_itself(number: int) -> int:
    os.kill(os.getpid(), number)
    return os.getpid()


def unpicklable() -> object:
    return lambda: None


@pytest.fixture
async def compute() -> AsyncIterator[Compute]:
    two = Compute(2)
    yield two
    await two.close()


async def readable(descriptor: int) -> None:
    """Returns once there is something to read, or a process that a pidfd stands for has ended."""
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(descriptor, ready.set)
    try:
        async with asyncio.timeout(LONG_S):
            await ready.wait()
    finally:
        loop.remove_reader(descriptor)


class Started:
    """A named pipe to which `hang` writes its process's number."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = str(path)
        self._descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    async def pid(self) -> int:
        await readable(self._descriptor)
        return int(os.read(self._descriptor, 100))

    def yet(self) -> bool:
        try:
            return os.read(self._descriptor, 100) != b""
        except BlockingIOError:
            return False

    def close(self) -> None:
        os.close(self._descriptor)


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[[], Started]]:
    pipes: list[Started] = []

    def another() -> Started:
        pipes.append(Started(tmp_path / f"pipe{len(pipes)}"))
        return pipes[-1]

    yield another
    for pipe in pipes:
        pipe.close()


async def until_gone(number: int) -> None:
    try:
        descriptor = os.pidfd_open(number)
    except ProcessLookupError:
        return
    try:
        await readable(descriptor)
    finally:
        os.close(descriptor)


def family(number: int) -> list[int]:
    """The processes that a process started, and those that they did."""
    listed = [text for file in Path(f"/proc/{number}/task").glob("*/children") for text in file.read_text().split()]
    return [one for child in map(int, listed) for one in (child, *family(child))]


async def test_work_runs_in_another_process_and_its_result_comes_back(compute: Compute) -> None:
    assert await compute.run(double, b"ab", timeout_s=LONG_S) == b"abab"
    assert await compute.run(pid, timeout_s=LONG_S) != os.getpid()


async def test_what_the_work_raises_reaches_the_caller_and_its_process_lives_on(compute: Compute) -> None:
    before = await compute.run(pid, timeout_s=LONG_S)

    with pytest.raises(KeyError, match="a page"):
        await compute.run(fail, "a page", timeout_s=LONG_S)
    with pytest.raises(TimeoutError, match="the work's own"):
        await compute.run(fail_in_time, timeout_s=LONG_S)

    assert await compute.run(pid, timeout_s=LONG_S) == before


async def test_a_result_that_cannot_travel_is_an_error_of_that_call_alone(compute: Compute) -> None:
    with pytest.raises(Exception, match="pickle"):
        await compute.run(unpicklable, timeout_s=LONG_S)

    assert await compute.run(double, b"a", timeout_s=LONG_S) == b"aa"


async def test_a_process_that_dies_fails_its_call_alone(compute: Compute, started: Another) -> None:
    pipe = started()
    other = asyncio.create_task(compute.run(hang, pipe.path, timeout_s=LONG_S))
    await pipe.pid()

    with pytest.raises(ComputeCrashed):
        await compute.run(die, timeout_s=LONG_S)

    assert await compute.run(double, b"a", timeout_s=LONG_S) == b"aa"
    assert not other.done()
    other.cancel()


async def test_a_task_that_takes_too_long_is_ended_with_its_process(compute: Compute, started: Another) -> None:
    pipe = started()
    await compute.run(pid, timeout_s=LONG_S)

    with pytest.raises(ComputeTimedOut, match="hang"):
        await compute.run(hang, pipe.path, timeout_s=0.5)

    await until_gone(await pipe.pid())
    assert await compute.run(double, b"a", timeout_s=LONG_S) == b"aa"


async def test_a_cancelled_caller_ends_the_process_of_its_task(compute: Compute, started: Another) -> None:
    pipe = started()
    running = asyncio.create_task(compute.run(hang, pipe.path, timeout_s=LONG_S))
    number = await pipe.pid()

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    await until_gone(number)
    assert await compute.run(double, b"a", timeout_s=LONG_S) == b"aa"


async def test_no_more_tasks_run_at_once_than_there_are_lanes(compute: Compute, started: Another) -> None:
    pipes = [started() for _ in range(3)]
    tasks = [asyncio.create_task(compute.run(hang, pipe.path, timeout_s=LONG_S)) for pipe in pipes]
    await pipes[0].pid()
    await pipes[1].pid()
    assert not pipes[2].yet()

    tasks[0].cancel()

    await pipes[2].pid()
    for task in tasks:
        task.cancel()


async def test_one_caller_after_another_needs_one_process_only(compute: Compute) -> None:
    assert len({await compute.run(pid, timeout_s=LONG_S) for _ in range(5)}) == 1


async def test_a_process_is_replaced_after_its_number_of_tasks() -> None:
    compute = Compute(1, recycle=Recycle(after_tasks=2))

    pids = [await compute.run(pid, timeout_s=LONG_S) for _ in range(5)]

    assert [pids.count(number) for number in dict.fromkeys(pids)] == [2, 2, 1]
    await until_gone(pids[0])
    await compute.close()


async def test_a_process_that_holds_on_to_too_much_memory_is_replaced() -> None:
    compute = Compute(1, recycle=Recycle(above_bytes=200 << 20))

    light = await compute.run(pid, timeout_s=LONG_S)
    heavy = await compute.run(hold, 201 << 20, timeout_s=LONG_S)

    assert light == heavy != await compute.run(pid, timeout_s=LONG_S)
    await compute.close()


async def test_interrupts_are_for_the_service_and_not_for_its_processes(compute: Compute) -> None:
    before = await compute.run(pid, timeout_s=LONG_S)

    for number in (signal.SIGINT, signal.SIGTERM):
        assert await compute.run(send_itself, int(number), timeout_s=LONG_S) == before


async def test_close_ends_every_process_and_the_calls_in_them(started: Another) -> None:
    compute, pipe = Compute(2), started()
    running = asyncio.create_task(compute.run(hang, pipe.path, timeout_s=LONG_S))
    number, idle = await pipe.pid(), await compute.run(pid, timeout_s=LONG_S)

    await compute.close()

    with pytest.raises(ComputeCrashed):
        await running
    await until_gone(number)
    await until_gone(idle)


async def test_another_executor_takes_the_place_of_processes() -> None:
    compute = Compute(2, open_executor=lambda: ThreadPoolExecutor(1))

    assert await compute.run(pid, timeout_s=LONG_S) == os.getpid()
    with pytest.raises(KeyError):
        await compute.run(fail, "x", timeout_s=LONG_S)
    await compute.close()


SERVICE = """
import asyncio, sys
from actors.runtime.compute import Compute
from tests.runtime.test_compute import hang

async def main():
    await Compute(1).run(hang, sys.argv[1], timeout_s=600)

if __name__ == "__main__":
    asyncio.run(main())
"""


async def test_a_service_that_is_killed_leaves_no_process_behind(tmp_path: Path, started: Another) -> None:
    script, pipe = tmp_path / "service.py", started()
    script.write_text(SERVICE)
    service = await asyncio.create_subprocess_exec(
        sys.executable, script, pipe.path, env={"PYTHONPATH": str(Path(__file__).parents[2])}
    )
    number = await pipe.pid()
    left = family(service.pid)
    assert number in left

    service.kill()
    await service.wait()

    for process in left:
        await until_gone(process)


def test_the_processes_import_nothing_heavy() -> None:
    """What a process imports before its first task is what it costs to start one."""
    listed = subprocess.run(
        [sys.executable, "-c", "import sys, actors.runtime.compute; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert not {"aiohttp", "asyncpg", "structlog", "prometheus_client"} & set(listed.stdout.split())
