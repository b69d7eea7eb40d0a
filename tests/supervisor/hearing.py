"""A connection that keeps what is written to it, and reads as fast as it is told to."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import orjson

from supervisor.frames import Frame


@dataclass(slots=True)
class Ear:
    frames: list[Frame] = field(default_factory=list)
    reads: bool = True
    unread: int = 0
    dropped: tuple[int, str] | None = None
    came: asyncio.Event = field(default_factory=asyncio.Event)

    def write(self, frame: Frame) -> None:
        self.frames.append(frame)
        self.came.set()
        self.unread += 0 if self.reads else len(frame.frame)

    def unread_bytes(self) -> int:
        return self.unread

    def drop(self, code: int, reason: str) -> None:
        self.dropped = code, reason

    def take(self) -> list[Any]:
        """What came since the last time, decoded."""
        taken, self.frames = self.frames, []
        self.came.clear()
        return [orjson.loads(frame.json) for frame in taken]

    async def next(self) -> list[Any]:
        """What comes next, or came already."""
        async with asyncio.timeout(10):
            await self.came.wait()
        return self.take()

    def read_all(self) -> None:
        self.reads, self.unread = True, 0


def numbers(told: list[Any]) -> list[int]:
    """The numbers of the events of these frames."""
    return [event["id"] for one in told if one["type"] == "events" for event in one["events"]]
