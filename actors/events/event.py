"""An event, as the log has it and as it is told. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import orjson

MOST_PAYLOAD_BYTES = 4096  # as JSON; the database refuses more


@dataclass(frozen=True, slots=True, eq=False)
class Event:
    """`id` is its number in the log; None for what is told only now, and is known otherwise to who missed it.

    `room` is that of the log, `shown` what whoever hears it calls it. Of events with the same `key` only the newest
    matters to whoever is behind. `is_final` is told at once, not gathered with others.
    """

    id: int | None
    at: datetime
    tenant: int | None  # None: of the service as a whole
    is_final: bool
    room: str
    kind: str
    key: str | None
    payload: bytes  # JSON
    json: bytes = field(init=False, repr=False)  # encoded once for all who hear it

    def __post_init__(self) -> None:
        told = {"id": self.id} if self.id is not None else {}
        told |= {"at": self.at, "room": self.shown, "kind": self.kind, "final": self.is_final}  # type: ignore[dict-item]  # of mixed values
        object.__setattr__(self, "json", orjson.dumps(told | {"data": orjson.Fragment(self.payload)}))

    @property
    def shown(self) -> str:
        return "me" if self.room.startswith("user:") else self.room

    @property
    def rooms(self) -> tuple[str, ...]:
        """Where it is heard: what the log has of one job is heard in the room of all jobs too."""
        if self.id is not None and self.room.startswith("job:"):
            return self.room, "jobs"
        return (self.room,)

    @property
    def matters_as(self) -> object:
        """Two that have this in common are the same thing, newer and older."""
        return self.key if self.key is not None else self


def last_id(events: Sequence[Event]) -> int | None:
    """The highest number among them."""
    return max((one.id for one in events if one.id is not None), default=None)
