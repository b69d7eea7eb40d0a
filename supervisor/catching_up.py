"""Has what follows the trials run at once, and waits until it has seen them all: duplicates, codes, watches."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from actors.jobs import JobKind
from actors.queue import store as queue
from actors.trials.following import store as following
from actors.trials.following.store import Waiting

if TYPE_CHECKING:
    import asyncpg

JOBS = {
    "search": "learn_search",
    "mesh": "mesh_code",
}  # the job kind of a follower; of others it has the follower's name
LOOK_EVERY_S = 0.5
PATIENCE_S = 300.0  # without a step of anybody


async def catch_up(
    pool: "asyncpg.Pool[Any]",
    kinds: Mapping[str, JobKind[Any]],
    show: Callable[[Sequence[Waiting]], None],
    *,
    patience_s: float = PATIENCE_S,
) -> tuple[Waiting, ...]:
    """Those that are still behind when all stand still; empty when everything has been seen.

    A follower without a job kind is nobody to wait for.
    """
    last: list[tuple[str, int]] = []
    loop = asyncio.get_running_loop()
    moved_at = loop.time()
    for one in await _behind(pool, kinds):
        await queue.enqueue(pool, [kinds[_job(one)].new()])
    while True:
        behind = await _behind(pool, kinds)
        show(behind)
        here = [(one.follower, one.trials) for one in behind]
        if here != last:
            last, moved_at = here, loop.time()
        if not behind or loop.time() - moved_at > patience_s:
            return tuple(behind)
        await asyncio.sleep(LOOK_EVERY_S)


async def _behind(pool: "asyncpg.Pool[Any]", kinds: Mapping[str, JobKind[Any]]) -> list[Waiting]:
    return [one for one in await following.waiting(pool) if one.trials and _job(one) in kinds]


def _job(one: Waiting) -> str:
    return JOBS.get(one.follower, one.follower)


def line(behind: Sequence[Waiting]) -> str:
    """How far they are, in one line. No I/O."""
    if not behind:
        return "everything that follows the trials has seen them"
    return "to go: " + " · ".join(f"{one.follower} {one.trials:,} trials" for one in behind)
