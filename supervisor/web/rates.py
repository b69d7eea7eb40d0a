"""How often a caller may ask, counted by all processes together: each draws turns in lumps from the database."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from actors.governance.accounts import store
from actors.governance.limits import Drawn, Limit, Turn, turn

if TYPE_CHECKING:
    import asyncpg

MOST_CALLERS = 10_000


class Rates:
    """What this process has drawn for those who asked last. Who was refused is refused here until there is a turn."""

    def __init__(self, pool: "asyncpg.Pool[Any]", *, clock: Callable[[], float] = time.monotonic) -> None:
        self._pool, self._clock = pool, clock
        self._drawn: OrderedDict[str, Drawn] = OrderedDict()
        self._drawing: dict[str, asyncio.Lock] = {}

    async def take(self, bucket: str, limit: Limit) -> Turn:
        """One turn, if there is one. Raises what the database raises."""
        if (kept := self.kept(bucket, limit)) is not None:
            return kept
        lock = self._drawing.setdefault(bucket, asyncio.Lock())
        try:
            async with lock:
                if (kept := self.kept(bucket, limit)) is not None:
                    return kept
                own, remaining = await store.take_turns(self._pool, bucket, limit)
                return self._keep(bucket, limit, Drawn(own, remaining, self._clock()))
        finally:
            if not lock.locked():
                self._drawing.pop(bucket, None)

    def kept(self, bucket: str, limit: Limit) -> Turn | None:
        """A turn that was drawn before, or a refusal that still holds; None where the database is to be asked."""
        drawn, now_s = self._drawn.get(bucket), self._clock()
        if drawn is None or not drawn.is_fresh(now_s):
            return None
        if drawn.own == 0 and drawn.remaining + (now_s - drawn.at_s) * limit.per_s >= 1:
            return None
        return self._keep(bucket, limit, drawn)

    def _keep(self, bucket: str, limit: Limit, drawn: Drawn) -> Turn:
        self._drawn[bucket], taken = turn(drawn, limit, self._clock())
        self._drawn.move_to_end(bucket)
        while len(self._drawn) > MOST_CALLERS:
            self._drawn.popitem(last=False)
        return taken
