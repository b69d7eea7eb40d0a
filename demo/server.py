"""A demo registry while it is served: its source, its switches, and every request that it has seen."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from aiohttp import web

from demo.requests import Seen
from demo.switches import Common, changed


class Dated(Protocol):
    """What a registry serves, on one of its days."""

    def on(self, day: int | None) -> Any:
        """The same on another day; None is the day that it starts with."""


D = TypeVar("D", bound=Dated)
S = TypeVar("S", bound=Common)


@dataclass(slots=True)
class Server(Generic[D, S]):
    source: D
    switches: S
    list_path: str
    """Where this registry answers with pages."""
    url: str = ""
    beside: dict[str, str] = field(default_factory=dict)
    """Beginnings of paths that are another registry's, and its address."""
    requests: list[Seen] = field(default_factory=list)
    counted: int = 0
    """Pages that said a total so far."""
    open_port: Callable[[], Awaitable[None]] | None = None
    close_port: Callable[[], Awaitable[None]] | None = None
    _days: dict[int | None, D] = field(default_factory=dict)
    _beside: set[asyncio.Task[None]] = field(default_factory=set)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    def switch(self, **changes: Any) -> None:
        """Raises BadSwitch."""
        self.switches = changed(self.switches, changes)

    @property
    def today(self) -> D:
        """The source on the day that the switches say."""
        day = self.switches.day
        if day not in self._days:
            self._days[day] = self.source.on(day)
        return self._days[day]

    @property
    def pages(self) -> list[Seen]:
        """Requests for pages, in order of arrival."""
        return [seen for seen in self.requests if seen.path == self.list_path]

    async def until(self, met: Callable[[Server[D, S]], bool]) -> None:
        """Wait until what was seen so far fulfils a condition; looked at whenever a request arrives or is answered."""
        async with self._news:
            await self._news.wait_for(lambda: met(self))

    async def tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside the requests; it is cancelled when the server ends."""
        task = asyncio.create_task(work)
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)

    def stop(self) -> None:
        for task in self._beside:
            task.cancel()

    async def refuse(self) -> None:
        """Close the port and every connection, until `accept`."""
        if self.close_port is not None:
            await self.close_port()

    async def accept(self) -> None:
        """Open the port again, the same one."""
        if self.open_port is not None:
            await self.open_port()


AnyServer = Server[Any, Any]
SERVER = web.AppKey("server", Server[Any, Any])
NOTED: ContextVar[Seen] = ContextVar("noted")
"""The request that is being answered; a handler of pages adds what it knows."""
