"""Tools: what job handlers may use, built once in supervisor/wiring."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import asyncpg

if TYPE_CHECKING:
    from actors.backup.place import Place
    from actors.registries import Registry
    from actors.runtime.compute import Compute
    from actors.runtime.fetch import Fetch
    from actors.runtime.files import LocalFiles
    from actors.runtime.post import Post


@dataclass(frozen=True, slots=True)
class Tools:
    db: "asyncpg.Pool[Any]"
    fetch: "Fetch"
    post: "Post"
    files: "LocalFiles"
    compute: "Compute"
    registries: "Mapping[str, Registry]"
    rates: Mapping[str, float]  # requests a minute, by registry
    now: Callable[[], datetime]
    random: Callable[[], float]
    place: "Place | None" = None  # what backups are made of; a process that makes none has none
