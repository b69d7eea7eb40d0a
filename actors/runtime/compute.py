"""CPU work off the event loop: `await compute.run(read_page, body, timeout_s=30)`.

    run ── an idle lane, or a new one ── its executor ── one process ── the result, by pickle

A lane is a `concurrent.futures.Executor` that runs one task at a time in a process of its own: a task that hangs or
kills its process takes nothing else along. Another executor, say of a Dask cluster, fits in its place. Processes
come from a fork server, which holds no thread, lock or socket of ours, and are started when first needed.

Work and its arguments travel by pickle: a function is named by its module, which the process imports, so what such
a module imports is kept light. Where there is much of it, give and return bytes, tuples, strings and numbers: the
result is unpickled beside the event loop, under the same interpreter lock.
"""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from typing import TypeVar, TypeVarTuple

from actors.errors import Unavailable
from actors.runtime.memory import give_back_large_blocks

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

START_TIMEOUT_S = 60.0  # a fork server and its first process, on a busy machine
TASKS_PER_PROCESS = 1000
PROCESS_BYTES = 768 << 20  # a process that still holds more after a task is replaced
STATM = Path("/proc/self/statm")


class ComputeCrashed(Unavailable):
    """The process of a task died under it: killed, out of memory, or a crash in native code."""


class ComputeTimedOut(Unavailable):
    """A task took longer than it may; its process was killed."""


@dataclass(slots=True, eq=False)
class Lane:
    executor: Executor
    tasks: int = 0


@dataclass(frozen=True, slots=True)
class Recycle:
    """When the process of a lane is replaced by a fresh one."""

    after_tasks: int = TASKS_PER_PROCESS
    above_bytes: int = PROCESS_BYTES


RECYCLE = Recycle()


def own_process(preload: Sequence[str] = ()) -> Executor:
    """One process; `preload` names modules that the fork server imports once for all of them."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["__main__", __name__, *preload])
    return ProcessPoolExecutor(1, mp_context=context, initializer=_settle_in)


class Compute:
    """At most `lanes` tasks at once; more wait for their turn, in order."""

    def __init__(
        self, lanes: int, *, open_executor: Callable[[], Executor] = own_process, recycle: Recycle = RECYCLE
    ) -> None:
        self._turn = asyncio.Semaphore(lanes)
        self._open_executor = open_executor
        self._recycle = recycle
        self._lanes: list[Lane] = []
        self._idle: list[Lane] = []  # last in, first out: a lane that is rarely needed is rarely started

    async def run(self, work: Callable[[*Ts], T], *args: *Ts, timeout_s: float) -> T:
        """What `work(*args)` returns or raises, from another process. Raises ComputeTimedOut, ComputeCrashed.

        `timeout_s` counts from when the task has its process. A caller that is cancelled ends that process.
        """
        async with self._turn:
            lane = self._idle.pop() if self._idle else await self._open()
            done = lane.executor.submit(_measured, work, args)
            try:
                async with asyncio.timeout(timeout_s) as limit:
                    result, _ = await asyncio.wrap_future(done)
            except BrokenExecutor as error:
                raise ComputeCrashed(f"the process that ran {work.__name__} died") from error
            except TimeoutError as error:
                if not limit.expired():
                    raise  # the work's own
                raise ComputeTimedOut(f"{work.__name__} took longer than {timeout_s:g} s") from error
            finally:
                self._put_back(lane, done)
            return result

    async def close(self) -> None:
        """Ends every process, also of a task that still runs: whoever waits for it gets ComputeCrashed."""
        lanes, self._lanes, self._idle = self._lanes, [], []
        await asyncio.gather(*(asyncio.to_thread(_end, lane.executor) for lane in lanes))

    async def _open(self) -> Lane:
        lane = Lane(self._open_executor())
        self._lanes.append(lane)
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                await asyncio.to_thread(_start, lane.executor)
        except BaseException as error:
            self._discard(lane)
            if isinstance(error, BrokenExecutor | OSError):  # TimeoutError is an OSError
                raise ComputeCrashed("no process could be started for computations") from error
            raise
        return lane

    def _put_back(self, lane: Lane, done: "Future[tuple[T, int]]") -> None:
        lane.tasks += 1
        if lane in self._lanes and is_fit(done, lane.tasks, self._recycle):
            self._idle.append(lane)
        else:
            self._discard(lane)

    def _discard(self, lane: Lane) -> None:
        if lane in self._lanes:
            self._lanes.remove(lane)
        _kill(lane.executor)
        lane.executor.shutdown(wait=False, cancel_futures=True)


def is_fit(done: "Future[tuple[T, int]]", tasks: int, recycle: Recycle) -> bool:
    """Whether the process that ran this task may run another."""
    if not done.done() or done.cancelled() or tasks >= recycle.after_tasks:
        return False
    if error := done.exception():
        return not isinstance(error, BrokenExecutor)
    _, held_bytes = done.result()
    return held_bytes <= recycle.above_bytes


def _start(executor: Executor) -> None:
    executor.submit(os.getpid).result()


def _end(executor: Executor) -> None:
    _kill(executor)
    executor.shutdown(wait=True, cancel_futures=True)


def _kill(executor: Executor) -> None:
    if isinstance(executor, ProcessPoolExecutor):
        # Python 3.14 has kill_workers() for this; before it, the processes are to be had by this name only.
        for process in list((executor._processes or {}).values()):
            process.kill()


def _measured(work: Callable[[*Ts], T], args: tuple[*Ts]) -> tuple[T, int]:
    """Runs in the process: the result, and the bytes of memory that the process holds after it."""
    return work(*args), _held_bytes()


def _held_bytes() -> int:
    if not STATM.exists():
        return 0
    return int(STATM.read_bytes().split()[1]) * os.sysconf("SC_PAGESIZE")


def _settle_in() -> None:
    """Runs first in each process: who ends it is the service, be it by its own death."""
    give_back_large_blocks()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, name="die-with-parent", daemon=True).start()


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
