"""The rooms that can be watched, and whose events are heard there. No I/O."""

import re
from dataclasses import dataclass

from actors.events.event import Event

HOME = 1  # the tenant that runs the service
NAMED = frozenset({"dashboard", "jobs", "alerts", "registries", "service", "approvals", "me"})
NUMBERED = frozenset({"job", "project"})
FOR_ALL = frozenset({"registries", "service"})  # what they tell of the service is no secret of its home
LARGEST_ID = 2**63 - 1

_NUMBERED = re.compile(r"([a-z]{1,20}):([1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class Room:
    """`name` as who watches says it; `kind` is what comes before the colon."""

    name: str
    kind: str
    id: int | None = None

    def channel(self, login: str) -> str:
        """What the log calls it, for somebody of this name."""
        return f"user:{login}" if self.kind == "me" else self.name

    @property
    def prefix(self) -> str | None:
        """Whose names begin like this are of it too."""
        return "job:" if self.kind == "jobs" else None


def room_of(name: object) -> Room | None:
    """None where there is no such room."""
    if not isinstance(name, str):
        return None
    if name in NAMED:
        return Room(name, name)
    found = _NUMBERED.fullmatch(name)
    if found is None or found[1] not in NUMBERED or int(found[2]) > LARGEST_ID:
        return None
    return Room(name, found[1], int(found[2]))


def sees(tenant: int, event: Event) -> bool:
    """Whether somebody of a tenant hears an event of a room that they are in.

    What is a tenant's own is theirs alone. What the service as a whole does is for its home, with few exceptions.
    """
    if event.tenant is not None:
        return event.tenant == tenant
    return tenant == HOME or event.room in FOR_ALL or event.room.startswith("user:")
