"""`triald check`: whether triald can work here; or, with --settings, the settings that are in force."""

import argparse
import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from pathlib import Path

from actors.errors import Refusal, TrialdError
from actors.governance import store as governance
from actors.monitoring import store as monitoring
from actors.queue import operating
from actors.reading import known_registries
from actors.registries import Registry
from actors.runtime.ask import Ask
from actors.runtime.fetch import Fetch
from actors.runtime.politeness import Patience
from actors.trials import store as trials
from supervisor.commands import Command, DatabaseUnavailable, Exit, database, has_database, json_option
from supervisor.printing import as_json, table
from supervisor.settings import Settings, effective
from supervisor.wiring import agent, lacking_migrations

OLDEST_POSTGRESQL = 15
ANSWER_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True)
class Finding:
    part: str
    ok: bool
    says: str


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--settings", action="store_true", help="print every setting, its value and where that came from"
    )
    json_option(parser)


async def run(given: argparse.Namespace, settings: Settings) -> int:
    if given.settings:
        rows = [asdict(one) for one in effective(settings)]
        print(as_json(rows) if given.json else table(rows, ("name", "value", "origin")))
        return Exit.OK
    findings = []
    async for finding in _findings(settings):
        findings.append(finding)
        if not given.json:
            print(f"{'ok' if finding.ok else 'FAILED':<7} {finding.part}: {finding.says}", flush=True)
    if given.json:
        print(as_json(findings))
    return Exit.OK if all(finding.ok for finding in findings) else Exit.FAILED


async def _findings(settings: Settings) -> AsyncIterator[Finding]:
    given = sorted({origin for origin in settings.origins.values() if origin != "default"})
    yield Finding("settings", True, f"read from {', '.join(given)}" if given else "all as they are by default")
    yield disk(settings.data_dir, settings.alert_disk_percent)
    yield await _database(settings)
    async with Fetch(
        agent=agent(settings),
        bases=settings.registry_bases,
        patience=Patience(attempts=1),
    ) as fetch:
        for name in settings.registries:
            yield await _registry(fetch, known_registries()[name])


def disk(folder: Path, most_percent: float) -> Finding:
    """Whether there is room, and whether we may write; a folder that is not there yet is made by `triald up`."""
    there = next(place for place in (folder, *folder.parents) if place.exists())
    use = shutil.disk_usage(there)
    used = 100.0 * (use.total - use.free) / use.total
    says = f"{folder}, {use.free / 1e9:,.1f} GB free, {used:.0f} % used"
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        return Finding("disk", False, f"{there} cannot be written to")
    if used >= most_percent:
        return Finding("disk", False, f"{says}: expected less than {most_percent:g} % (alert_disk_percent)")
    return Finding("disk", True, says)


async def _database(settings: Settings) -> Finding:
    kind = "embedded PostgreSQL" if settings.database_url is None else "PostgreSQL"
    if not has_database(settings):
        return Finding("database", True, f"{kind}: made at the first start")
    try:
        async with database(settings) as pool:
            async with pool.acquire() as connection:
                server = connection.get_server_version()
                lacking = await lacking_migrations(connection)
            await asyncio.gather(
                operating.load(pool),
                trials.scrapes(pool, limit=1),
                monitoring.open_alerts(pool),
                governance.tokens(pool),
            )
    except (DatabaseUnavailable, Refusal) as error:
        return Finding("database", False, f"{kind}: {error}")
    if lacking:
        return Finding("database", False, f"{kind}: it lacks {', '.join(lacking)}: run triald migrate")
    if server.major < OLDEST_POSTGRESQL:
        return Finding("database", False, f"PostgreSQL {server.major}: expected {OLDEST_POSTGRESQL} or later")
    return Finding("database", True, f"{kind} {server.major}.{server.minor}, migrated")


async def _registry(fetch: Fetch, registry: Registry) -> Finding:
    """Any answer will do: it is the way there that is looked at, not what is asked."""
    host = registry.hosts[0]
    try:
        answer = await fetch(Ask(f"https://{host}/", registry.hosts, timeout_s=ANSWER_WITHIN_S))
    except TrialdError as error:
        return Finding(f"registry {registry.name}", False, str(error))
    return Finding(f"registry {registry.name}", True, f"{host} answers in {answer.took_s * 1000:.0f} ms")


COMMAND = Command("check", "settings, database, disk and registries: can triald work here?", arguments, run)
