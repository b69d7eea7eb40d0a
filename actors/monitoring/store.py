"""Measures and alerts in PostgreSQL. `db` is a pool or a connection."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from actors.errors import NotFound
from actors.monitoring.alarms import Close, Open
from actors.runtime.database import Database as Database
from schema import query


async def add_measures(db: Database, at: datetime, measured: Mapping[tuple[str, str], float]) -> None:
    """A sample of each, keyed by (measure, subject); the first process to bring one of a moment wins."""
    at = at.replace(second=at.second // 10 * 10, microsecond=0)
    rows = sorted(measured.items())  # in one order in every process: two that write at once do not deadlock
    names, labels = [name for (name, _), _ in rows], [label for (_, label), _ in rows]
    await db.execute(query("monitoring.add_measures"), at, names, labels, [value for _, value in rows])


async def samples(db: Database, name: str, since: datetime) -> dict[str, list[tuple[datetime, float]]]:
    """The time series of a measure by its subject."""
    series: dict[str, list[tuple[datetime, float]]] = {}
    for row in await db.fetch(query("monitoring.samples"), name, since):
        series.setdefault(row["label"], []).append((row["at"], row["value"]))
    return series


async def open_alert(db: Database, step: Open) -> bool:
    """True when the episode is new; one that lasts already is brought up to date."""
    row = await db.fetchrow(
        query("monitoring.open_alert"), step.rule.name, step.subject, step.rule.severity, step.message, step.value,
        step.rule.threshold,
    )  # fmt: skip
    return bool(row["opened"])


async def close_alert(db: Database, step: Close, *, quiet_s: float) -> bool:
    """True when this closed an episode: one that any process saw within `quiet_s` lasts."""
    return await db.fetchval(query("monitoring.close_alert"), step.rule.name, step.subject, quiet_s) is not None


async def open_alerts(db: Database) -> list[dict[str, Any]]:
    return [dict(row) for row in await db.fetch(query("monitoring.open_alerts"))]


async def recent_alerts(db: Database, limit: int = 50) -> list[dict[str, Any]]:
    return [dict(row) for row in await db.fetch(query("monitoring.recent_alerts"), limit)]


async def acknowledge(db: Database, alert: int, by: str) -> None:
    """Raises NotFound."""
    if await db.fetchval(query("monitoring.acknowledge"), alert, by) is None:
        raise NotFound(f"alert: there is no open alert {alert}")


async def trim_measures(db: Database, before: datetime) -> int:
    return int(await db.fetchval(query("monitoring.trim_measures"), before))


async def trim_alerts(db: Database, before: datetime) -> int:
    """Episodes that have ended."""
    return int(await db.fetchval(query("monitoring.trim_alerts"), before))


async def database_size(db: Database) -> int:
    return int(await db.fetchval(query("monitoring.database_size")))


async def table_sizes(db: Database) -> dict[str, int]:
    return {row["name"]: row["size_bytes"] for row in await db.fetch(query("monitoring.table_sizes"))}


async def listen_queue_usage(db: Database) -> float:
    return float(await db.fetchval(query("monitoring.listen_queue_usage")))


async def close_orphans(db: Database) -> list[str]:
    """Closes scrapes whose job died with its process once too often; the registries that they were of."""
    return [row["registry"] for row in await db.fetch(query("monitoring.close_orphans"))]


async def registry_failures(db: Database) -> dict[str, float]:
    return {row["registry"]: float(row["failing"]) for row in await db.fetch(query("monitoring.registry_failures"))}


async def breakers(db: Database) -> dict[str, float]:
    return {row["breaker"]: float(row["open"]) for row in await db.fetch(query("monitoring.breakers"))}


async def rescued_since(db: Database, since: datetime) -> int:
    return int(await db.fetchval(query("monitoring.rescued_since"), since))
