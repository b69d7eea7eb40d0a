"""What those who watch may say. No I/O."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec

MOST_BYTES = 4096  # of one message


@dataclass(frozen=True, slots=True)
class Join:
    """`since` is the number of the last event that they heard; whatever was said is kept, to be judged later."""

    room: object
    since: object = None
    project: object = None  # of those who speak of projects, and hear `joined_project`


@dataclass(frozen=True, slots=True)
class Leave:
    room: object
    project: object = None


@dataclass(frozen=True, slots=True)
class Ping:
    pass


@dataclass(frozen=True, slots=True)
class Unclear:
    message: str


Said: TypeAlias = Join | Leave | Ping | Unclear


def read(text: str | bytes) -> Said:
    """A message, `{"type": …}`; who knows another system's names may use them."""
    try:
        said: Any = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return Unclear("expected JSON")
    if not isinstance(said, dict):
        return Unclear("expected an object")
    match said.get("type"):
        case "join":
            return Join(said.get("room"), said.get("since"))
        case "leave":
            return Leave(said.get("room"))
        case "join_project":
            return Join(_project(said), said.get("since"), said.get("projectId"))
        case "leave_project":
            return Leave(_project(said), said.get("projectId"))
        case "ping":
            return Ping()
    return Unclear("type: expected join, leave, ping, join_project or leave_project")


def _project(said: dict[str, Any]) -> object:
    id_ = said.get("projectId")
    return f"project:{id_}" if isinstance(id_, int | str) and not isinstance(id_, bool) else None


def number(text: object) -> int | None:
    """The number of an event, as somebody gave it; -1, which no event has, for what is none."""
    if text is None:
        return None
    if isinstance(text, int) and not isinstance(text, bool):
        return text if 0 <= text < 2**63 else -1
    if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 19:
        return int(text)
    return -1
