"""Runs the import of a file in this process, as a service would: claimed, beaten for, settled, rescued by others."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import asyncpg

from actors.file_passage import ExportFile
from actors.jobs import Kinds, by_every_name
from actors.queue import store as queue
from actors.queue.beat import Beat, Vital
from actors.queue.claimer import Claimer
from actors.queue.desk import Desk
from actors.queue.rescuer import Rescuer
from actors.queue.settler import Settler
from actors.runtime.telemetry import emit
from actors.tools import Tools
from actors.worker import Worker
from supervisor.database import AWAY, open_pool, open_urls
from supervisor.kinds import job_kinds
from supervisor.settings import Settings
from supervisor.supervisor import Child, Life, Supervisor
from supervisor.version import VERSION
from supervisor.wiring import IMPORTING, open_tools

if TYPE_CHECKING:
    Pool = asyncpg.Pool[Any]


@dataclass(frozen=True, slots=True)
class Importer:
    """What an import stands on, built and not started."""

    pool: "Pool"
    kinds: Kinds
    supervisor: Supervisor


@asynccontextmanager
async def open_importer(settings: Settings) -> AsyncIterator[Importer]:
    """The database as it is: an import migrates nothing."""
    worker = uuid4()
    async with (
        open_urls(settings) as ways,
        open_pool(settings, ways.url, least=4, worker=worker) as pool,
        open_tools(settings, pool) as tools,
    ):
        kinds = by_every_name(job_kinds(settings.max_attempts))
        await queue.ensure_queues(pool, [IMPORTING])
        yield Importer(
            pool, kinds, Supervisor(_children(settings, pool, ways.listen_url, tools, kinds, worker), emit=emit)
        )


async def ask_for_import(importer: Importer, file: ExportFile) -> int:
    """The job; the one that has begun with this file before, where there is one."""
    kind = importer.kinds["import"]
    payload = kind.payload(file.registry, file.path, file.size_bytes, file.modified_ns, socket.gethostname())
    [job] = await queue.enqueue(importer.pool, [kind.new(payload)])
    return job


def _children(
    settings: Settings, pool: "Pool", direct_url: str, tools: Tools, kinds: Kinds, worker: UUID
) -> list[Child]:
    desk = Desk("importer", (IMPORTING,), worker, slots=0)

    def vital() -> Vital:
        return Vital(0.0, desk.slots, len(desk.running), draining=False, actors=[], queues=desk.queues)

    beat = Beat(
        worker, partial(asyncpg.connect, direct_url, timeout=5), vital, version=VERSION, every_s=settings.beat_every_s
    )

    async def work(life: Life) -> None:
        await Worker(desk, kinds, tools, slots=1).run(life)

    return [
        Child("beat", beat.run, drains=False, stop_within_s=8.0),
        Child("importer_settler", Settler(desk, pool).run, outside=AWAY),
        Child("importer_claimer", Claimer(desk, pool, may_claim=partial(beat.is_heard, settings.dead_after_s)).run,
              outside=AWAY),
        Child("rescuer", Rescuer(pool, dead_after_s=settings.dead_after_s).run, outside=AWAY),
        Child("importer", work, outside=AWAY),
    ]  # fmt: skip
