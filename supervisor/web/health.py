"""How the service is: each part, and all of it. Decided here, measured in routes/health.py. No I/O."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from supervisor.life import ActorState, State

Status = Literal["healthy", "degraded", "unhealthy"]
PartStatus = Literal["healthy", "degraded", "unhealthy", "not_used"]

STUCK_S = 60.0  # a claim loop comes round at least every few seconds
LATE_S = 5.0  # of the event loop


class Part(msgspec.Struct, frozen=True):
    """One part of the service; `message` says what is wrong."""

    status: PartStatus
    message: str | None = None
    details: dict[str, float | int | str | None] = {}


NOT_USED = Part("not_used", "triald needs no Redis: the queue is in PostgreSQL")


def overall(parts: Mapping[str, Part]) -> Status:
    """Without its database it is unhealthy; every other part that is not well only degrades it."""
    if parts["database"].status == "unhealthy":
        return "unhealthy"
    well = all(part.status in ("healthy", "not_used") for part in parts.values())
    return "healthy" if well else "degraded"


def mesh_part(*, database: Part, last_import: int) -> Part:
    """Trials are coded once MeSH is there; without it all else works."""
    if database.status == "unhealthy":
        return Part("unhealthy", "its database does not answer")
    if not last_import:
        return Part("not_used", "no MeSH was imported, so no trial is coded: triald mesh import desc20XX.xml.gz")
    return Part("healthy", None, {"last_import": last_import})


def semantic_part(*, database: Part, embedder: str | None, refused: str | None, due: int) -> Part:
    """Search by likeness; without it all other search works."""
    if database.status == "unhealthy":
        return Part("unhealthy", "its database does not answer")
    if refused:
        return Part("not_used", f"semantic search is unavailable: {refused}")
    return Part("healthy", None, {"embedder": embedder, "due": due})


def queue_part(*, database: Part, stuck_s: float, waiting: int, running: int, slots: int) -> Part:
    details: dict[str, float | int | str | None] = {"waiting": waiting, "running": running, "slots": slots}
    if database.status == "unhealthy":
        return Part("unhealthy", "its database does not answer", details)
    if stuck_s > STUCK_S:
        return Part("degraded", f"no jobs were claimed for {stuck_s:.0f} s", details)
    return Part("healthy", None, details)


def actor_part(name: str, wanted: int, copies: Sequence[ActorState]) -> Part:
    """An actor with all its copies."""
    mine = [copy for copy in copies if copy.name == name]
    running = sum(copy.state in (State.RUNNING, State.DRAINING) for copy in mine)
    restarts = sum(copy.restarts for copy in mine)
    error = next((copy.last_error for copy in mine if copy.last_error), None)
    details: dict[str, float | int | str | None] = {"wanted": wanted, "running": running, "restarts": restarts}
    if running >= wanted:
        return Part("healthy", None, details)
    return Part(
        "degraded" if running else "unhealthy", error or f"{wanted - running} of {wanted} are not running", details
    )


def is_live(*, lag_s: float, stuck_s: float) -> bool:
    """Whether loop and claim loop move."""
    return lag_s < LATE_S and stuck_s < STUCK_S
