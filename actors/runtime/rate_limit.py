"""Waits for its turn under a limit that all processes share through the database."""

from collections.abc import Awaitable, Callable

from actors.runtime import store
from actors.runtime.politeness import LATENESS_S, Limit, SourceUnavailable
from actors.runtime.store import Database

Sleep = Callable[[float], Awaitable[None]]


class RateLimited(SourceUnavailable):
    """Our own limit, or the source's, leaves no call within our patience; ask after retry_after_s."""


async def wait_for_turn(
    db: Database, limit: Limit, *, patience_s: float, sleep: Sleep, clock: Callable[[], float]
) -> None:
    """Returns when one call may go, now. Raises RateLimited when that would take longer than `patience_s`.

    The slot counts from before the database was asked. It is given up when this process woke too late for it,
    on which `spacing_s` builds, or when the source closed the limit meanwhile.
    """
    began = clock()
    while True:
        asked = clock()
        wait_s = await store.reserve_slot(db, limit, patience_s - (asked - began))
        if wait_s is None:
            free_in_s = await store.slot_free_in_s(db, limit)
            raise RateLimited(f"{limit.name} has no call free for {free_in_s:.0f} s", retry_after_s=free_in_s)
        if wait_s > 0:
            await sleep(wait_s)
        closed = wait_s > 0 and await store.closed_for_s(db, limit) > 0
        if not closed and clock() - asked - wait_s <= LATENESS_S:
            return
