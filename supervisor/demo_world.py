"""The demo world as `triald up --demo` uses it: its days, which registry it stands in for, its MeSH, what is found."""

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, TypeVar, TypeVarTuple

import asyncpg

from actors.mesh import importing
from actors.mesh.browsing import store as browsing
from actors.reading import known_registries
from actors.trials import store as trials
from actors.trials.duplicates import store as duplicates
from actors.trials.following import store as following
from demo import mesh_file
from supervisor.service import Service

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

REGISTRIES = ("ctgov", "ctis", "euctr", "isrctn", "ictrp")
PER_MIN = 60_000  # requests: our own machine need not be spared
MOST_DAYS = 365  # of change; a day more makes each list of trials slower
CONNECT_S = 10.0
STEP_WITHIN_S = 120.0  # some hundred records of MeSH made into rows


def days_of(folder: Path, today: date) -> tuple[date, int]:
    """Its first day, which is that of the first start, and how many have passed since: meanwhile trials change."""
    file = folder / "first-day"
    if not file.exists():
        file.write_text(today.isoformat(), "utf-8")
    first = date.fromisoformat(file.read_text("utf-8").strip())
    return first, max(0, min((today - first).days, MOST_DAYS))


def mirrored() -> list[str]:
    """The registries of the world that triald can read."""
    return [name for name in REGISTRIES if name in known_registries()]


def hosts(urls: Mapping[str, str]) -> dict[str, str]:
    """The address in the world for each host of a registry that is in it."""
    known = known_registries()
    return {host: urls[name] for name in mirrored() if name in urls for host in known[name].hosts}


async def learn_mesh(service: Service, folder: Path) -> str:
    """Takes in the descriptors that the world names, and says how many; on a connection of its own, as imports do."""
    file = folder / "mesh.xml.gz"
    mesh_file.write(file)

    async def run(work: Callable[[*Ts], T], *args: *Ts) -> T:
        return await service.tools.compute.run(work, *args, timeout_s=STEP_WITHIN_S)

    async def after(db: Any) -> None:
        await following.everything(db, "mesh")

    db = await asyncpg.connect(service.listen_url, timeout=CONNECT_S)
    try:
        told = await importing.import_file(db, file, run=run, after=after)
    finally:
        await db.close()
    return f"mesh: {told.counts['descriptors']:,} descriptors of MeSH {told.year}, those that the world names"


async def found(service: Service) -> list[str]:
    """What is here, a line each."""
    lines = [
        f"{count.registry}: {count.present:,} trials are here, {count.removed:,} of them gone at the source"
        for count in await trials.counts(service.all_tenants)
    ]
    records, clusters = await duplicates.totals(service.all_tenants)
    lines.append(f"duplicates: {records:,} records are of {clusters:,} trials that are in several registries")
    coded = await browsing.status(service.all_tenants)
    lines.append(f"mesh: {coded.coded:,} trials are coded")
    return lines
