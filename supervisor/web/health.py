"""How the service is: each part, and all of it. Decided here, measured in routes/health.py. No I/O."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from actors.backup.runs import Standing
from actors.trials.following.store import Waiting
from supervisor.life import ActorState, State
from supervisor.made import Made

Status = Literal["healthy", "degraded", "unhealthy"]
PartStatus = Literal["healthy", "degraded", "unhealthy", "not_used"]

STUCK_S = 60.0  # a claim loop comes round at least every few seconds
LATE_S = 5.0  # of the event loop
UNSEALED_S = 60.0  # a sealer comes round twice a second
BEHIND_S = 3600.0  # followers wait while a scrape brings very many, as the first one does
Details = dict[str, float | int | str | None]


class Part(msgspec.Struct, frozen=True):
    """One part of the service; `message` says what is wrong."""

    status: PartStatus
    message: str | None = None
    details: Details = {}


NOT_USED = Part("not_used", "triald needs no Redis: the queue is in PostgreSQL")
NO_MODEL = Part("not_used", "this version segments no images, so there is no model to ask")


def overall(parts: Mapping[str, Part]) -> Status:
    """Without its database it is unhealthy; every other part that is not well only degrades it."""
    if parts["database"].status == "unhealthy":
        return "unhealthy"
    well = all(part.status in ("healthy", "not_used") for part in parts.values())
    return "healthy" if well else "degraded"


def made_parts(made: Made | None, now: datetime) -> dict[str, Part]:
    """Of what is made of the trials; None where the database does not answer. Without any of it all else works."""
    if made is None:
        return dict.fromkeys(("mesh", "duplicates", "search"), Part("unhealthy", "its database does not answer"))
    return {"mesh": _mesh(made, now), "duplicates": _duplicates(made, now), "search": _search(made, now)}


def _mesh(made: Made, now: datetime) -> Part:
    """Trials are coded once MeSH is there."""
    if made.mesh_at is None:
        return Part("not_used", "no MeSH was imported, so no trial is coded: triald mesh import desc20XX.xml.gz")
    told: Details = {"year": made.mesh_year, "imported_at": made.mesh_at.isoformat()}
    return _follower("trials wait to be coded", made.due("mesh"), now, told)


def _duplicates(made: Made, now: datetime) -> Part:
    """Records are compared as they come; a run over all of them counts anew what is rare."""
    ended_at = made.compared_at.isoformat() if made.compared_at else None
    told: Details = {
        "last_whole_run": ended_at, "compared": made.compared, "whole_run_now": "yes" if made.comparing else "no",
        "uncompared": made.uncompared, "held": made.held, "proposed": made.proposed,
    }  # fmt: skip
    return _follower("trials wait to be compared", made.due("dedupe"), now, told)


def _search(made: Made, now: datetime) -> Part:
    """Text and filters are indexed as a trial is written; its places and words to suggest follow."""
    return _follower("trials wait for their places and words", made.due("search"), now, {})


def _follower(what: str, due: Waiting, now: datetime, told: Details) -> Part:
    behind_s = round((now - due.since).total_seconds(), 1) if due.since else 0.0
    details = {**told, "due": due.trials, "behind_s": behind_s}
    if behind_s > BEHIND_S:
        return Part("degraded", f"{due.trials:,} {what}, since {due.since:%Y-%m-%d %H:%M} UTC", details)
    return Part("healthy", None, details)


def semantic_part(*, database: Part, embedder: str | None, refused: str | None, due: int) -> Part:
    """Search by likeness; without it all other search works."""
    if database.status == "unhealthy":
        return Part("unhealthy", "its database does not answer")
    if refused:
        return Part("not_used", f"semantic search is unavailable: {refused}")
    return Part("healthy", None, {"embedder": embedder, "due": due})


def governance_part(*, database: Part, mode: str, is_readable: bool, unsealed: int, age_s: float) -> Part:
    """Whether the mode can be read, and the audit is chained; whatever the mode is, that is well."""
    details: Details = {"mode": mode, "unsealed": unsealed, "oldest_unsealed_s": round(age_s, 1)}
    if database.status == "unhealthy":
        return Part("unhealthy", "its database does not answer")
    if not is_readable:
        return Part("unhealthy", "the mode cannot be read: the service stands by", details)
    if age_s > UNSEALED_S:
        return Part("degraded", "entries of the audit wait for their place in the chain", details)
    return Part("healthy", None, details)


def backup_part(now_standing: Standing | None, now: datetime, *, stale: bool) -> Part:
    """None where the database does not answer; `stale` while the alert of that name is open."""
    if now_standing is None:
        return Part("unhealthy", "its database does not answer")
    last, drill, failed = now_standing.backup, now_standing.drill, now_standing.failed
    if last is None:
        return Part("degraded" if stale or failed else "not_used", "no backup was made yet: triald backup DIR")
    age_s = round((now - last.ended_at).total_seconds(), 1)
    details: Details = {
        "last": last.ended_at.isoformat(), "age_s": age_s, "set": last.name, "files": last.files,
        "bytes": (last.database_bytes or 0) + (last.files_bytes or 0),
        "last_drill": drill.ended_at.isoformat() if drill else None,
    }  # fmt: skip
    if stale:
        return Part("degraded", f"the last good backup is {age_s / 3600:.0f} hours old", details)
    if failed:
        return Part("degraded", f"the last {failed.kind} failed: triald status says why", details)
    return Part("healthy", None, details)


def queue_part(*, database: Part, stuck_s: float, waiting: int, running: int, slots: int) -> Part:
    details: Details = {"waiting": waiting, "running": running, "slots": slots}
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
    details: Details = {"wanted": wanted, "running": running, "restarts": restarts}
    if running >= wanted:
        return Part("healthy", None, details)
    return Part(
        "degraded" if running else "unhealthy", error or f"{wanted - running} of {wanted} are not running", details
    )


def is_live(*, lag_s: float, stuck_s: float) -> bool:
    """Whether loop and claim loop move."""
    return lag_s < LATE_S and stuck_s < STUCK_S
