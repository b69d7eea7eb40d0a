"""Tells those who watch what happens in the rooms that they are in: once encoded, to each at once, and nobody waits.

Those who are in the same rooms are a group. What a group has to hear is gathered for a tenth of a second, encoded
once, and written to the connection of each; what is final goes at once, and so does what comes after a pause. A client
that does not take it keeps the newest of each thing, bounded; one that has taken nothing for ten seconds is dropped.

    Feed ─ hear ─▶ Hub ─▶ Group {rooms, tenant} ─▶ Client ─▶ Wire
    live ─ publish, tell ─▶      the dashboard's topics, of which only the latest matters
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from actors.events.event import Event
from actors.events.ring import Ring
from actors.events.rooms import sees
from actors.runtime.telemetry import emit
from supervisor.frames import Frame, of_events, of_state
from supervisor.watching import Client, Told, Topic, Watcher, Wire

MOST_CLIENTS = 2_000  # a process; 17 kB each
GATHER_S = 0.1
PAUSE_S = 0.05  # with nothing new: what comes then need not wait, so that ten a second are told as they come
TAKES_WITHIN_S = 10.0  # who has taken nothing for so long is dropped
TRY_EVERY_S = 0.1
SLOW = 4408
DASHBOARD = "dashboard"


class Full(Exception):
    """As many clients watch as may."""


class Group:
    """Clients of one tenant in the same rooms."""

    __slots__ = ("at_s", "channels", "clients", "heard_s", "is_urgent", "news", "tenant", "timer")

    def __init__(self, channels: frozenset[str], tenant: int) -> None:
        self.channels, self.tenant = channels, tenant
        self.clients: set[Client] = set()
        self.news: dict[object, Event] = {}
        self.is_urgent = False
        self.at_s = 0.0  # not before
        self.heard_s = 0.0  # when there was something new last
        self.timer: asyncio.TimerHandle | None = None

    def add(self, event: Event) -> None:
        self.news.pop(event.matters_as, None)
        self.news[event.matters_as] = event
        self.is_urgent |= event.is_final


class Hub:
    """Those who watch. `watched` is set while somebody looks at the dashboard, or at their own news."""

    def __init__(self) -> None:
        self.ring = Ring()
        self.watched = asyncio.Event()
        self.arrived = asyncio.Event()
        self.counts: Counter[str] = Counter()  # frames, events, replayed: since the start
        self._clients: set[Client] = set()
        self._groups: dict[tuple[frozenset[str], int], Group] = {}
        self._in: dict[str, set[Group]] = defaultdict(set)
        self._state: dict[str, bytes] = {}
        self._own: dict[str, dict[str, bytes]] = {}  # by login
        self._jobs: set[int] = set()
        self._behind: set[Client] = set()
        self._retry: asyncio.TimerHandle | None = None
        self._encoded: dict[tuple[Event, ...], list[Frame]] = {}

    def __len__(self) -> int:
        return len(self._clients)

    @property
    def clients(self) -> tuple[Client, ...]:
        return tuple(self._clients)

    @property
    def jobs(self) -> Collection[int]:
        """Those that somebody watches."""
        return self._jobs

    @property
    def watchers(self) -> Collection[str]:
        """Who watches their own news, by login."""
        return self._own.keys()

    # ── who watches ──

    @contextmanager
    def seat(self, who: Watcher, wire: Wire) -> Iterator[Client]:
        """A client, in no room yet. Raises Full."""
        if len(self._clients) >= MOST_CLIENTS:
            raise Full
        client = Client(who, wire)
        self._clients.add(client)
        try:
            yield client
        finally:
            self._clients.discard(client)
            self._behind.discard(client)
            self._move(client, {})

    def join(self, client: Client, room: str, channel: str) -> int:
        """From now on they hear it; the number of the last event that was told before."""
        if room not in client.rooms:
            self._move(client, client.rooms | {room: channel})
            self.arrived.set()
        topics = self._state if channel == DASHBOARD else self._own.get(channel.removeprefix("user:"), {})
        if topics:
            self._tell_state(room, topics, [client])
        return self.ring.last

    def leave(self, client: Client, room: str) -> None:
        if room in client.rooms:
            self._move(client, {name: channel for name, channel in client.rooms.items() if name != room})

    def _move(self, client: Client, rooms: dict[str, str]) -> None:
        """Into the group of other rooms. What either group has gathered was told before: nobody hears it twice."""
        if before := self._group(client):
            self._flush(before)
            before.clients.discard(client)
            if not before.clients:
                self._end(before)
        client.rooms = rooms
        if rooms:
            key = (frozenset(rooms.values()), client.who.tenant)
            group = self._groups.get(key) or self._begin(*key)
            self._flush(group)
            group.clients.add(client)
        self._note_watched()

    def _group(self, client: Client) -> Group | None:
        return self._groups.get((frozenset(client.rooms.values()), client.who.tenant)) if client.rooms else None

    def _begin(self, channels: frozenset[str], tenant: int) -> Group:
        group = self._groups[channels, tenant] = Group(channels, tenant)
        for channel in channels:
            self._in[channel].add(group)
            if channel.startswith("job:"):
                self._jobs.add(int(channel[4:]))
            if channel.startswith("user:"):
                self._own.setdefault(channel[5:], {})
        return group

    def _end(self, group: Group) -> None:
        del self._groups[group.channels, group.tenant]
        for channel in group.channels:
            self._in[channel].discard(group)
            if not self._in[channel]:
                del self._in[channel]
                self._forget(channel)

    def _forget(self, channel: str) -> None:
        """Nobody is in it any more."""
        if channel.startswith("job:"):
            self._jobs.discard(int(channel[4:]))
        self._own.pop(channel.removeprefix("user:"), None)
        if channel == DASHBOARD:
            self._state.clear()  # it is not kept up to date while nobody looks

    def _note_watched(self) -> None:
        if DASHBOARD in self._in or self._own:
            self.watched.set()
        else:
            self.watched.clear()

    @contextmanager
    def holding(self, client: Client) -> Iterator[None]:
        """What happens meanwhile is told after it: what is looked up for them must not come after what is newer."""
        with client.holding():
            yield
        self.counts["frames"] += client.catch_up()
        if client.is_behind:
            self._note_behind(client)

    # ── what happens ──

    def start(self, events: Sequence[Event], *, last: int) -> None:
        """The latest of the log, for those who come back."""
        self.ring.start(events, last=last)

    def hear(self, events: Sequence[Event]) -> None:
        """Tells those whom it concerns."""
        touched: dict[Group, None] = {}
        for event in events:
            if event.id is not None:
                self.ring.add(event)
            for room in event.rooms:
                for group in self._in.get(room, ()):
                    if sees(group.tenant, event):
                        group.add(event)
                        touched[group] = None
        self.counts["events"] += len(events)
        now = asyncio.get_running_loop().time()
        for group in touched:
            paused, group.heard_s = now - group.heard_s >= PAUSE_S, now
            if group.is_urgent or paused or now >= group.at_s:
                self._flush(group)
            elif group.timer is None:
                group.timer = asyncio.get_running_loop().call_at(group.at_s, self._flush, group)
        self._encoded.clear()

    def _flush(self, group: Group) -> None:
        if group.timer is not None:
            group.timer.cancel()
            group.timer = None
        if not group.news:
            return
        told, group.news, group.is_urgent = tuple(group.news.values()), {}, False
        group.at_s = asyncio.get_running_loop().time() + GATHER_S
        frames = self._encoded.get(told)
        if frames is None:  # groups may have to hear the same
            frames = self._encoded[told] = of_events(told)
        self._write(group.clients, frames, told)

    def _write(self, clients: Iterable[Client], frames: Sequence[Frame], told: Sequence[Told]) -> None:
        written = 0
        for client in clients:
            written += client.tell(frames, told)
            if client.is_behind:
                self._note_behind(client)
        self.counts["frames"] += written

    # ── what is shown: of each topic only the latest ──

    def publish(self, topics: Mapping[str, bytes]) -> None:
        """Tells who looks at the dashboard what differs from what was told before."""
        changed = {name: value for name, value in topics.items() if self._state.get(name) != value}
        groups = self._in.get(DASHBOARD, ())
        if changed and groups:
            self._state |= changed
            self._tell_state(DASHBOARD, changed, [client for group in groups for client in group.clients])

    def tell(self, topic: str, values: Mapping[str, bytes]) -> None:
        """Tells each of these, by login, what is theirs alone, where it differs from what they were told before."""
        for login, value in values.items():
            own = self._own.get(login)
            if own is not None and own.get(topic) != value:
                own[topic] = value
                groups = self._in.get(f"user:{login}", ())
                self._tell_state("me", {topic: value}, [client for group in groups for client in group.clients])

    def _tell_state(self, room: str, topics: Mapping[str, bytes], clients: Iterable[Client]) -> None:
        self._write(clients, [of_state(room, topics)], [Topic(room, name, value) for name, value in topics.items()])

    # ── who reads slowly ──

    def _note_behind(self, client: Client) -> None:
        """Something waits for them."""
        if client in self._behind:
            return
        client.behind_since = asyncio.get_running_loop().time()
        self._behind.add(client)
        if self._retry is None:
            self._retry = asyncio.get_running_loop().call_later(TRY_EVERY_S, self._try_again)

    def _try_again(self) -> None:
        loop = asyncio.get_running_loop()
        self._retry, now = None, loop.time()
        for client in tuple(self._behind):
            if written := client.catch_up():
                self.counts["frames"] += written
                client.behind_since = now
            if not client.is_behind:
                self._behind.discard(client)
            elif now - (client.behind_since or now) >= TAKES_WITHIN_S:
                self._behind.discard(client)
                self.drop(client, SLOW, "it does not read")
        if self._behind:
            self._retry = loop.call_later(TRY_EVERY_S, self._try_again)

    def drop(self, client: Client, code: int, reason: str) -> None:
        """Says goodbye, and does not wait for an answer."""
        self.counts[f"dropped {reason}"] += 1
        emit("watcher.dropped", name=client.who.login, code=code, reason=reason)
        client.wire.drop(code, reason)
