"""The latest events, kept in memory for those who come back soon. No I/O."""

from collections import deque
from collections.abc import Callable, Iterable
from itertools import takewhile

from actors.events.event import Event

MOST = 5_000
MOST_BYTES = 8 * 1024 * 1024


class Ring:
    """Bounded by number and by size. `last` is the number of the newest event that was told here."""

    def __init__(self, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self._events: deque[Event] = deque()
        self._most, self._most_bytes = most, most_bytes
        self._bytes = 0
        self._first: int | None = None  # everything after this number is here
        self.last = 0

    def start(self, events: Iterable[Event], *, last: int) -> None:
        """With the latest of the log; what is older is not here."""
        kept = list(events)
        self._events.clear()
        self._bytes, self.last = 0, last
        self._first = (kept[0].id or 1) - 1 if kept else last
        for one in kept:
            self.add(one)

    def add(self, event: Event) -> None:
        self._events.append(event)
        self._bytes += len(event.json)
        self.last = max(self.last, event.id or 0)
        while len(self._events) > self._most or self._bytes > self._most_bytes:
            gone = self._events.popleft()
            self._bytes -= len(gone.json)
            self._first = gone.id

    def after(self, since: int, is_meant: Callable[[Event], bool]) -> list[Event] | None:
        """Those after a number of which this is so, oldest first; None where it does not reach back so far."""
        if self._first is None or since < self._first:
            return None
        newest = takewhile(lambda one: (one.id or 0) > since, reversed(self._events))
        return [one for one in newest if is_meant(one)][::-1]
