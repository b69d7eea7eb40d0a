"""What is backed up of a service, and where the programs for it are."""

import os
from contextlib import suppress
from pathlib import Path

import asyncpg

from actors.backup import store
from actors.backup.place import Place
from actors.errors import Unavailable
from actors.governance.audit import Act
from actors.governance.audit import store as audit
from actors.retention.applying import named_files
from supervisor.database import Ways
from supervisor.embedded import wheel_bin_dir
from supervisor.postmaster import EmbeddedError
from supervisor.settings import Settings
from supervisor.version import VERSION

SYSTEM_BINS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin")  # of Debian and of PostgreSQL's own packages


def place_of(settings: Settings, ways: Ways) -> Place:
    """Past a pooler, for a snapshot is a session's."""
    return Place(ways.listen_url, settings.data_dir / "files", bin_dirs(), VERSION, named_files)


def bin_dirs() -> tuple[Path, ...]:
    """Folders with PostgreSQL's client programs: ours, those of the PATH, and where systems keep further versions."""
    try:
        found = [wheel_bin_dir()]
    except EmbeddedError:
        found = []
    found += [Path(one) for one in os.get_exec_path() if one]
    for pattern in SYSTEM_BINS:
        found += sorted(Path("/").glob(pattern.removeprefix("/")))
    return tuple(dict.fromkeys(found))


async def note(place: Place, act: Act) -> None:
    """Writes what was done into the audit of the service, where that has one already."""
    with suppress(Unavailable, asyncpg.UndefinedFunctionError):
        async with store.connected(place.url) as db:
            await audit.append(db, act)
