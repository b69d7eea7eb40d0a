"""Looks at everything that the dashboard shows, once for all who watch, and only while somebody does."""

import asyncio
import os
import platform
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec

from actors.monitoring import store as monitoring
from actors.queue import store as queue
from actors.trials import store as trials
from actors.trials.shown import RegistryCount
from supervisor.web import picture
from supervisor.web import registry_answers as answers
from supervisor.web.answering import OUTSIDE
from supervisor.web.picture import Lines, Moment, Picture
from supervisor.web.registry_answers import RegistryTold, ScrapeTold
from supervisor.web.site import Site

EVERY_S = 1.0
SHARE = 0.1  # of the time, at most, goes into looking: a database under load is asked less often
LINES_EVERY_S = 10.0  # as often as the monitor takes a sample
LINES_SINCE = timedelta(minutes=15)
COUNTS_EVERY_S = 30.0  # counting trials reads the whole table
REGISTRIES_EVERY_S = 5.0
SCRAPES_SHOWN = 6
SCRAPES_LOOKED_AT = 30  # of one registry, back to its last success

PROCESS = f"{platform.node()}/{os.getpid()}"


@dataclass(slots=True)
class Look:
    """What is looked at less often than each time is kept here meanwhile."""

    site: Site
    _lines: tuple[float, Lines | None] = (-1e9, None)
    _registries: tuple[float, tuple[RegistryTold, ...]] = (-1e9, ())
    _counts: tuple[float, dict[str, RegistryCount]] = field(default=(-1e9, {}))

    async def now(self) -> Picture:
        """Raises what the database raises."""
        pool = self.site.pool
        loads = picture.queues(await queue.load(pool))
        running = await queue.processes(pool)
        moment = Moment(
            at=round(time.time(), 1),
            ready=sum(one.ready for one in loads),
            running=sum(one.running for one in loads),
            per_s=round(sum(desk.ended_per_s for desk in self.site.desks.values()), 1),
        )
        return Picture(
            database=True,
            moment=moment,
            lines=await self._past(),
            actors=self.actors_here() + picture.elsewhere(running, self.site.worker),
            processes=picture.processes(running),
            queues=loads,
            scrapes=await scrapes(self.site, limit=SCRAPES_SHOWN),
            alerts=picture.alerts(await monitoring.open_alerts(pool)),
            registries=await self.registries(),
        )

    def actors_here(self) -> tuple[picture.ActorTold, ...]:
        return picture.here(self.site.supervisor.snapshot(), PROCESS)

    def nothing_but_here(self) -> Picture:
        """What can be told while the database does not answer."""
        return Picture(database=False, actors=self.actors_here())

    async def registries(self) -> tuple[RegistryTold, ...]:
        told_at, told = self._registries
        if time.monotonic() - told_at >= REGISTRIES_EVERY_S:
            told = await registries(self.site, await self._counted())
            self._registries = (time.monotonic(), told)
        return told

    async def _past(self) -> Lines | None:
        told_at, told = self._lines
        if time.monotonic() - told_at >= LINES_EVERY_S:
            since = datetime.now(UTC) - LINES_SINCE
            depth, running, per_s = [
                picture.line(await monitoring.samples(self.site.pool, name, since))
                for name in ("job_queue_depth", "jobs_running", "jobs_per_s")
            ]
            told = Lines(depth, running, per_s)
            self._lines = (time.monotonic(), told)
        return told

    async def _counted(self) -> dict[str, RegistryCount]:
        told_at, told = self._counts
        if time.monotonic() - told_at >= COUNTS_EVERY_S:
            told = {one.registry: one for one in await trials.counts(self.site.pool)}
            self._counts = (time.monotonic(), told)
        return told


async def registries(site: Site, counts: dict[str, RegistryCount]) -> tuple[RegistryTold, ...]:
    """Every registry that is asked, or of which there are trials."""
    now = datetime.now(UTC)
    return tuple([
        answers.registry(
            name,
            site.registries.get(name),
            counts.get(name),
            await trials.scrapes(site.pool, name, limit=SCRAPES_LOOKED_AT),
            await trials.last_success(site.pool, name),
            now=now,
        )
        for name in sorted({*site.registries, *counts})
    ])  # fmt: skip


async def scrapes(site: Site, *, limit: int) -> tuple[ScrapeTold, ...]:
    """The latest scrapes."""
    now = datetime.now(UTC)
    return tuple(answers.scrape(one, now) for one in await trials.scrapes(site.pool, limit=limit))


async def tell(site: Site, every_s: float = EVERY_S) -> None:
    """Until cancelled: looks, and tells the hub what changed."""
    look = Look(site)
    while True:
        await site.hub.watched.wait()
        began_s = time.monotonic()
        try:
            seen = await look.now()
        except OUTSIDE:
            seen = look.nothing_but_here()
        site.hub.publish(topics(seen))
        took_s = time.monotonic() - began_s
        await asyncio.sleep(max(every_s, took_s / SHARE))


def topics(seen: Picture) -> dict[str, bytes]:
    """Each part of a picture as JSON; while the database does not answer, only what is known without it."""
    names = Picture.__struct_fields__ if seen.database else ("database", "actors")
    return {name: msgspec.json.encode(getattr(seen, name)) for name in names}
