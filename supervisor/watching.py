"""One who watches: what is written to them at once, and what waits for them, bounded, while they read slowly.

No I/O but the wire's, which never waits.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from actors.events.event import Event
from supervisor.frames import Frame, of_events, of_message, of_state

MOST_UNREAD_BYTES = 64 * 1024  # written and not taken; what the kernel holds comes on top
MOST_HELD = 500  # events and topics that wait
MOST_HELD_BYTES = 256 * 1024
MOST_ROOMS = 50


class Wire(Protocol):
    """A connection. `write` never waits: what is not taken adds to `unread_bytes`."""

    def write(self, frame: Frame) -> None: ...
    def unread_bytes(self) -> int: ...
    def drop(self, code: int, reason: str) -> None: ...


@dataclass(frozen=True, slots=True, eq=False)
class Topic:
    """The latest value of something that a room shows."""

    room: str
    name: str
    json: bytes

    @property
    def matters_as(self) -> object:
        return self.room, self.name


Told = Event | Topic


@dataclass(frozen=True, slots=True)
class Watcher:
    """Who it is: what decides which rooms they may be in, and what they hear there."""

    login: str
    tenant: int


class Client:
    """One connection of somebody who watches."""

    def __init__(self, who: Watcher, wire: Wire) -> None:
        self.who, self.wire = who, wire
        self.rooms: dict[str, str] = {}  # as they name them, and as the log does
        self.behind_since: float | None = None
        self.lost = False  # more happened than could be held
        self._held: dict[object, Told] = {}
        self._held_bytes = 0
        self._holds = 0

    @property
    def is_behind(self) -> bool:
        return bool(self._held or self.lost) and not self._holds

    @property
    def is_full(self) -> bool:
        return self.wire.unread_bytes() > MOST_UNREAD_BYTES

    def tell(self, frames: Sequence[Frame], told: Iterable[Told]) -> int:
        """Writes the frames, or keeps what they say until there is room; how many were written."""
        if self._holds or self._held or self.lost or self.is_full:
            self._hold(told)
            return 0
        for frame in frames:
            self.wire.write(frame)
        return len(frames)

    def say(self, frame: Frame) -> None:
        """An answer to them alone; there are few, as what they say is counted."""
        self.wire.write(frame)

    @contextmanager
    def holding(self) -> Iterator[None]:
        """What happens meanwhile is told after it: what is looked up for them must not overtake what is newer."""
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1

    def _hold(self, told: Iterable[Told]) -> None:
        if self.lost:
            return
        for one in told:
            before = self._held.pop(one.matters_as, None)
            self._held[one.matters_as] = one
            self._held_bytes += len(one.json) - (len(before.json) if before else 0)
        if len(self._held) > MOST_HELD or self._held_bytes > MOST_HELD_BYTES:
            self.lost, self._held, self._held_bytes = True, {}, 0

    def catch_up(self) -> int:
        """Writes what waits, as far as there is room; how many frames."""
        if self._holds:
            return 0
        if self.lost:
            return self._start_over()
        written = 0
        while self._held and not self.is_full:
            frame, told = self._next()
            self.wire.write(frame)
            written += 1
            for one in told:
                self._held_bytes -= len(self._held.pop(one.matters_as).json)
        return written

    def _start_over(self) -> int:
        """What they miss by now is more than is worth telling: they ask anew for what their rooms show."""
        if self.is_full:
            return 0
        self.lost = False
        for name in self.rooms:
            self.wire.write(of_message("reset", room=name))
        return len(self.rooms)

    def _next(self) -> tuple[Frame, Sequence[Told]]:
        first = next(iter(self._held.values()))
        if isinstance(first, Topic):
            topics = [one for one in self._held.values() if isinstance(one, Topic) and one.room == first.room]
            return of_state(first.room, {one.name: one.json for one in topics}), topics
        events: list[Event] = []
        for one in self._held.values():
            if not isinstance(one, Event) or len(events) == 10:
                break
            events.append(one)
        return of_events(events)[0], events
