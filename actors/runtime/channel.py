"""A bounded channel between actors of one process. What goes through it may be lost with the process."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class ChannelClosed(Exception):
    """Nothing more can be put; nothing more will come."""


class Channel(Generic[T]):
    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._items: deque[T] = deque()
        self._takers: deque[asyncio.Future[None]] = deque()
        self._putters: deque[asyncio.Future[None]] = deque()
        self._closed = False

    def __len__(self) -> int:
        return len(self._items)

    async def put(self, item: T) -> None:
        """Waits while the channel is full. Raises ChannelClosed."""
        while len(self._items) >= self._capacity and not self._closed:
            await self._wait(self._putters)
        if not self.offer(item):
            raise ChannelClosed

    def offer(self, item: T) -> bool:
        """Never waits: False when full or closed, and the item is not taken."""
        if self._closed or len(self._items) >= self._capacity:
            return False
        self._items.append(item)
        self._wake(self._takers)
        return True

    def offer_all(self, items: Sequence[T]) -> int:
        """As many of them as there is room for; answers with their number."""
        room = 0 if self._closed else max(0, self._capacity - len(self._items))
        self._items.extend(items[:room])
        for _ in range(min(room, len(items), len(self._takers))):
            self._wake(self._takers)
        return min(room, len(items))

    async def get(self) -> T:
        """Waits for an item. Raises ChannelClosed once the channel is closed and empty."""
        while not self._items:
            if self._closed:
                raise ChannelClosed
            await self._wait(self._takers)
        return self.take()

    def take(self) -> T:
        """The next item at once; raises IndexError when there is none."""
        item = self._items.popleft()
        if self._putters:
            self._wake(self._putters)
        return item

    def take_where(self, is_meant: Callable[[T], bool]) -> list[T]:
        """Those of which this is so, at once; the others keep their order."""
        taken = [item for item in self._items if is_meant(item)]
        if taken:
            self._items = deque(item for item in self._items if not is_meant(item))
            for _ in taken:
                self._wake(self._putters)
        return taken

    def items(self) -> tuple[T, ...]:
        """Everything that is there, and stays there."""
        return tuple(self._items)

    def take_all(self) -> list[T]:
        """Everything that is there, at once."""
        items = list(self._items)
        self._items.clear()
        for _ in items:
            self._wake(self._putters)
        return items

    async def close(self) -> None:
        self._closed = True
        for waiters in (self._takers, self._putters):
            while waiters:
                self._wake(waiters)

    async def __aiter__(self) -> AsyncIterator[T]:
        try:
            while True:
                yield await self.get()
        except ChannelClosed:
            return

    async def _wait(self, waiters: deque[asyncio.Future[None]]) -> None:
        turn = asyncio.get_running_loop().create_future()
        waiters.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._wake(waiters)  # the turn was ours and is passed on
            elif turn in waiters:
                waiters.remove(turn)
            raise

    def _wake(self, waiters: deque[asyncio.Future[None]]) -> None:
        while waiters:
            turn = waiters.popleft()
            if not turn.done():
                turn.set_result(None)
                return
