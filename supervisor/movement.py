"""Whether the claim loops move, for those who would start the process anew if they did not. No I/O."""

import math
from collections.abc import Callable, Iterable

from actors.queue.desk import Desk


class Movement:
    """A loop that cannot come round because the database is away is not stuck: a new process would do no better."""

    def __init__(self, desks: Iterable[Desk], hears: Callable[[], bool]) -> None:
        self._desks = tuple(desks)
        self._hears = hears  # whether the database has answered somebody else here lately
        self._away_at_s = -math.inf

    def stuck_s(self, now_s: float) -> float:
        """For how long the slowest of them has not come round though it could have; asked again and again."""
        if not self._hears():
            self._away_at_s = now_s
        return max((now_s - max(desk.moved_at, self._away_at_s) for desk in self._desks), default=0.0)
