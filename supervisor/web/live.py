"""Looks at everything that the dashboard shows, once for all who watch, and only while somebody does."""

import asyncio
import os
import platform
import time
from datetime import UTC, datetime, timedelta

import msgspec

from actors.monitoring import store as monitoring
from actors.queue import operating
from actors.queue import store as queue
from actors.trials import store as trials
from actors.trials.shown import RegistryCount
from actors.trials.standing import SCRAPES_LOOKED_AT
from actors.trials.watching import store as watching
from actors.trials.watching.shown import Unread
from supervisor.sources import Source
from supervisor.web import picture
from supervisor.web import registry_answers as answers
from supervisor.web.answering import OUTSIDE
from supervisor.web.kept import Kept
from supervisor.web.picture import Lines, Moment, Picture
from supervisor.web.registry_answers import RegistryTold, ScrapeTold
from supervisor.web.site import Site

EVERY_S = 1.0
SHARE = 0.1  # of the time, at most, goes into looking: a database under load is asked less often
LINES_EVERY_S = 5.0  # the monitor takes a sample every ten
LINES_SINCE = timedelta(minutes=15)
REGISTRIES_EVERY_S = 1.0
SCRAPES_SHOWN = 6
NOTHING_UNREAD = Unread(0)

PROCESS = f"{platform.node()}/{os.getpid()}"


class Look:
    """Looks for a page or for all who watch. What is dear to look at is kept for a while, by what it costs."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._counts = Kept(lambda: _counts(site))
        self._loads = Kept(lambda: operating.load(site.pool))
        self._registries = Kept(self._look_at_registries, least_s=REGISTRIES_EVERY_S)
        self._sources_of: tuple[RegistryTold, ...] | None = None
        self._sources: tuple[Source, ...] = ()
        self._lines = Kept(lambda: _lines(site), least_s=LINES_EVERY_S)

    async def now(self) -> Picture:
        """Raises what the database raises."""
        site = self._site
        running = await queue.processes(site.pool)
        loads = picture.queues(await self._loads.get(), picture.per_s(running))
        moment = Moment(
            at=round(time.time(), 1),
            ready=sum(one.ready for one in loads),
            running=sum(one.running for one in loads),
            per_s=round(sum(one.per_s for one in loads), 1),
        )
        return Picture(
            database=True,
            moment=moment,
            lines=await self._lines.get(),
            actors=self._actors_here() + picture.elsewhere(running, site.worker),
            processes=picture.processes(running),
            queues=loads,
            scrapes=await scrapes(site, limit=SCRAPES_SHOWN),
            alerts=picture.alerts(await monitoring.open_alerts(site.pool)),
            registries=await self._registries.get(),
        )

    async def registries(self) -> tuple[RegistryTold, ...]:
        """Every registry as it is now; its trials as they were counted last."""
        return await self._look_at_registries()

    async def sources(self) -> tuple[Source, ...]:
        """How each registry stands, as of a moment ago: a search need not wait for a look at them."""
        seen = await self._registries.get()
        if self._sources_of is not seen:
            self._sources = tuple(
                Source(one.name, one.state, one.unavailable_since, one.last_success_at) for one in seen
            )
            self._sources_of = seen
        return self._sources

    def nothing_but_here(self) -> Picture:
        """What can be told while the database does not answer."""
        return Picture(database=False, actors=self._actors_here())

    def _actors_here(self) -> tuple[picture.ActorTold, ...]:
        return picture.here(self._site.supervisor.snapshot(), PROCESS)

    async def _look_at_registries(self) -> tuple[RegistryTold, ...]:
        return await _registries(self._site, await self._counts.get())


async def _counts(site: Site) -> dict[str, RegistryCount]:
    """This reads the whole table."""
    return {one.registry: one for one in await trials.counts(site.pool)}


async def _lines(site: Site) -> Lines:
    since = datetime.now(UTC) - LINES_SINCE
    ready, running, per_s = [
        picture.line(await monitoring.samples(site.pool, name, since))
        for name in ("job_queue_depth", "jobs_running", "jobs_per_s")
    ]
    return Lines(ready, running, per_s)


async def _registries(site: Site, counts: dict[str, RegistryCount]) -> tuple[RegistryTold, ...]:
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
        if seen.database:
            site.hub.tell("notices", await notices(site))
        took_s = time.monotonic() - began_s
        await asyncio.sleep(max(every_s, took_s / SHARE))


async def notices(site: Site) -> dict[str, bytes]:
    """What each who watches has not read."""
    who = sorted(site.hub.watchers)
    try:
        unread = await watching.unread(site.all_tenants, who) if who else {}
    except OUTSIDE:
        return {}
    return {name: msgspec.json.encode(unread.get(name, NOTHING_UNREAD)) for name in who}


def topics(seen: Picture) -> dict[str, bytes]:
    """Each part of a picture as JSON; while the database does not answer, only what is known without it."""
    names = Picture.__struct_fields__ if seen.database else ("database", "actors")
    return {name: msgspec.json.encode(getattr(seen, name)) for name in names}
