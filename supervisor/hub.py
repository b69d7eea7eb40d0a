"""What the dashboard shows, told to every client that watches: of each topic only the latest.

Nothing is queued. A client holds one value a topic, the newest, until its connection has room: one that reads slowly
misses what is outdated, costs the memory of one picture, and is dropped when it does not take one in time. Nobody
waits for a client.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

MOST_CLIENTS = 2_000  # a process; 17 kB each


class Full(Exception):
    """As many clients watch as may."""


class Client:
    """One who watches."""

    def __init__(self, state: Mapping[str, bytes], who: str = "") -> None:
        self.who = who
        self._pending = dict(state)
        self._news = asyncio.Event()
        if state:
            self._news.set()

    def put(self, topic: str, value: bytes) -> None:
        self._pending[topic] = value
        self._news.set()

    async def news(self) -> dict[str, bytes]:
        """Waits until there is some, and takes all: the latest of each topic that changed."""
        await self._news.wait()
        self._news.clear()
        taken, self._pending = self._pending, {}
        return taken


class Hub:
    """The latest of each topic, as JSON, and those who watch. `watched` is set while there is one."""

    def __init__(self) -> None:
        self._state: dict[str, bytes] = {}
        self._own: dict[tuple[str, str], bytes] = {}  # by who watches, and topic
        self._clients: set[Client] = set()
        self.watched = asyncio.Event()

    def __len__(self) -> int:
        return len(self._clients)

    def publish(self, topics: Mapping[str, bytes]) -> None:
        """Tells what differs from what was told before."""
        for topic, value in topics.items():
            if self._state.get(topic) != value:
                self._state[topic] = value
                for client in self._clients:
                    client.put(topic, value)

    @property
    def watchers(self) -> frozenset[str]:
        """Who watches, by name."""
        return frozenset(client.who for client in self._clients if client.who)

    def tell(self, topic: str, values: Mapping[str, bytes]) -> None:
        """Tells each of these, by name, what is theirs alone, where it differs from what they were told before."""
        for who, value in values.items():
            if self._own.get((who, topic)) != value:
                self._own[who, topic] = value
                for client in self._clients:
                    if client.who == who:
                        client.put(topic, value)

    @contextmanager
    def join(self, who: str = "") -> Iterator[Client]:
        """A client, who gets the whole state first. Raises Full."""
        if len(self._clients) >= MOST_CLIENTS:
            raise Full
        own = {topic: value for (whose, topic), value in self._own.items() if whose == who}
        client = Client(self._state | own, who)
        self._clients.add(client)
        self.watched.set()
        try:
            yield client
        finally:
            self._clients.discard(client)
            if not self._clients:
                self.watched.clear()
                self._own.clear()
                self._state.clear()  # it is not kept up to date while nobody watches


def message(topics: Mapping[str, bytes]) -> str:
    """What goes to a client: `{"topic": value, …}`, of values that are JSON already. No I/O."""
    return "{" + ",".join(f'"{topic}":{value.decode()}' for topic, value in topics.items()) + "}"
