"""`triald status`: queues, actors, scrapes, followers, alerts and registries, as the database knows them."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from msgspec import structs

from actors.backup import store as backup
from actors.monitoring import store as monitoring
from actors.queue import operating
from actors.queue import store as queue
from actors.trials import store as trials
from actors.trials.following import store as following
from actors.trials.scrapes import Scrape, progress
from actors.trials.shown import RegistryCount
from supervisor import made, sources
from supervisor.commands import Command, Exit, database, json_option
from supervisor.printing import as_json, duration, table
from supervisor.settings import Settings
from supervisor.sources import Source
from supervisor.web import health

SCRAPES = 10  # the latest
QUEUE_COLUMNS = ("queue", "paused", "ready", "running", "scheduled", "blocked", "held", "dead", "oldest_age_s")
PROCESS_COLUMNS = ("host", "pid", "version", "started_at", "beat_age_s", "slots", "running", "lag_s", "draining")
ACTOR_COLUMNS = ("actor", "copies", "state", "restarts", "oldest_beat_s", "error")
SCRAPE_COLUMNS = (
    "id",
    "registry",
    "mode",
    "state",
    "records",
    "new",
    "changed",
    "unchanged",
    "refused",
    "removed",
    "how",
)
ALERT_COLUMNS = ("id", "severity", "message", "opened_at", "acknowledged_by")
PART_COLUMNS = ("part", "status", "due", "behind_s", "says")
BACKUP_COLUMNS = ("last", "ended_at", "set", "folder", "rows", "files", "error")
FOLLOWER_COLUMNS = ("follower", "trials", "since")  # that it has not seen yet, and since when
REGISTRY_COLUMNS = ("registry", "state", "unavailable_since", "present", "removed", "newest_on", "changed_at")


def arguments(parser: argparse.ArgumentParser) -> None:
    json_option(parser)


async def run(given: argparse.Namespace, settings: Settings) -> int:
    async with database(settings) as pool:
        now = datetime.now(UTC)
        told = {
            "at": now,
            "queues": await operating.load(pool),
            "processes": await queue.processes(pool),
            "scrapes": [told_scrape(scrape, now) for scrape in await trials.scrapes(pool, limit=SCRAPES)],
            "following": [asdict(one) for one in await following.waiting(pool)],
            "made": {
                name: structs.asdict(part) for name, part in health.made_parts(await made.look(pool), now).items()
            },
            "backups": asdict(await backup.standing(pool)),
            "alerts": await monitoring.open_alerts(pool),
            "registries": _registries(await trials.counts(pool), await sources.look(pool, settings.registries)),
        }
    print(as_json(told) if given.json else shown(told))
    return Exit.OK


def _registries(counts: Sequence[RegistryCount], known: Sequence[Source]) -> list[dict[str, Any]]:
    """Registries of which there are trials, and those that do not answer, with how each stands."""
    count_of = {one.registry: asdict(one) for one in counts}
    return [
        {**count_of.get(one.registry, {"registry": one.registry, "present": 0, "removed": 0}), **asdict(one)}
        for one in known
        if one.registry in count_of or one.unavailable_since
    ]


def told_scrape(scrape: Scrape, now: datetime) -> dict[str, Any]:
    """A scrape with how far it is. No I/O."""
    how = progress(scrape, now)
    return asdict(scrape) | {"share": how.share, "records_per_s": how.per_s, "left_s": how.left_s}


def shown(told: dict[str, Any]) -> str:
    """As people read it. No I/O."""
    actors = [_actor(process, one) for process in told["processes"] for one in grouped(process["actors"])]
    sections = (
        ("registries", told["registries"], REGISTRY_COLUMNS, "no trials yet: triald scrape"),
        ("scrapes", [scrape | {"how": _how(scrape)} for scrape in told["scrapes"]], SCRAPE_COLUMNS, "none yet"),
        ("following", told["following"], FOLLOWER_COLUMNS, "nobody"),
        ("made of them", [_part(name, part) for name, part in told["made"].items()], PART_COLUMNS, "nothing"),
        ("backups", _backups(told["backups"]), BACKUP_COLUMNS, "none was made yet: triald backup DIR"),
        ("queues", told["queues"], QUEUE_COLUMNS, "none"),
        ("processes", told["processes"], PROCESS_COLUMNS, "none works: triald up"),
        ("actors", actors, ACTOR_COLUMNS, "none"),
        ("alerts", told["alerts"], ALERT_COLUMNS, "none open"),
    )
    return "\n\n".join(f"{title.upper()}\n{table(rows, columns, none=none)}" for title, rows, columns, none in sections)


def grouped(actors: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row for all copies of an actor. No I/O."""
    by_name: dict[str, list[dict[str, Any]]] = {}
    for actor in actors:
        by_name.setdefault(actor["name"], []).append(actor)
    return [
        {
            "actor": name,
            "copies": len(copies),
            "state": ", ".join(sorted({str(copy["state"]) for copy in copies})),
            "restarts": sum(copy["restarts"] for copy in copies),
            "oldest_beat_s": max(
                (copy["beat_age_s"] for copy in copies if copy["beat_age_s"] is not None), default=None
            ),
            "error": next((copy["error"] for copy in copies if copy["error"]), None),
        }
        for name, copies in by_name.items()
    ]


def _part(name: str, part: Mapping[str, Any]) -> dict[str, Any]:
    """What is made of the trials, and how far that is."""
    told = part["details"]
    match name:
        case "mesh" if told:
            says = f"MeSH {told['year'] or '(year not stated)'}"
        case "duplicates":
            ended = str(told["last_whole_run"])[:16].replace("T", " ") if told["last_whole_run"] else "never"
            says = f"{told['held']:,} pairs held, {told['proposed']:,} proposed; all compared at once: {ended}"
        case _:
            says = ""
    return {
        "part": name, "status": part["status"], "due": told.get("due"),
        "behind_s": told.get("behind_s"), "says": " · ".join(one for one in (part["message"], says) if one),
    }  # fmt: skip


def _backups(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The last good one, the last drill, and the last failure."""
    return [run | {"last": name, "set": run["name"]} for name, run in told.items() if run]


def _actor(process: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
    return actor | {"actor": f"{process['pid']}/{actor['actor']}"}


def _how(scrape: dict[str, Any]) -> str:
    if scrape["state"] != "running":
        return scrape["error"] or ""
    share = f"{scrape['share']:.0%}" if scrape["share"] is not None else "begun"
    left = f", {duration(scrape['left_s'])} to go" if scrape["left_s"] is not None else ""
    return f"{share}{left}"


COMMAND = Command("status", "queues, actors, scrapes, followers, alerts and registries", arguments, run)
