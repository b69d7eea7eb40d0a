"""One attempt at a scrape. All that must last is in its checkpoint, saved with each page in one transaction."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Literal, Protocol

import msgspec

from actors.asking import Asking, Got
from actors.errors import TrialdError
from actors.queue.attempt import Attempt
from actors.queue.outcome import Fail, Outcome, Snooze, storable
from actors.reading import ReadPage, joined
from actors.registries import Registry, Request
from actors.runtime import store as pages
from actors.runtime.politeness import SourceUnavailable, Validators
from actors.runtime.telemetry import emit
from actors.tools import Tools
from actors.trials import store as trials
from actors.trials.mirroring import store
from actors.trials.scrapes import Met, Mode, PageCounts, Removed, Scrape, covers_to, may_remove, missing, warning

GATHERED = 1000  # records that differ from what is held
AGAIN_S = 60.0  # after a failure, when this attempt had written pages: it goes on from there, and nothing is spent


class Asked(Protocol):
    """What is asked of a scrape. `since` begins one of what changed at a day."""

    @property
    def mode(self) -> Mode: ...
    @property
    def since(self) -> date | None: ...
    @property
    def accept_removed(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a scrape goes on: what is still to be asked, the next first.

    `anew`: some of it may have been met already. `seen`: what the one page that stands for all looked like, and under
    which name that is kept once all of it is here. `differing`: records that are still to be asked for, many at once.
    """

    scrape: int
    pending: tuple[Request, ...]
    anew: bool = False
    seen: tuple[str, Validators] | None = None
    differing: tuple[str, ...] = ()


class NotOurTurn(TrialdError):
    """Another job is at this registry."""

    def __init__(self, job: int) -> None:
        super().__init__(f"job {job} is at it")
        self.job = job


class Passage:
    asks: type[Asking] = Asking  # how its pages are had

    def __init__(self, registry: Registry, attempt: Attempt, tools: Tools) -> None:
        self.registry = registry
        self.attempt = attempt
        self.tools = tools
        self.asking = self.asks(registry, tools, 0, (), anew=False)
        self.seen: tuple[str, Validators] | None = None
        self.differing: tuple[str, ...] = ()
        self.written = 0
        self.records = 0

    @property
    def id(self) -> int:
        """Of the scrape; 0 while it is not known."""
        return self.asking.scrape

    async def begin(self, asked: Asked) -> None:
        """Goes on from the checkpoint, or opens a scrape and saves the first one. Raises NotOurTurn."""
        async with self.tools.db.acquire() as db, db.transaction():
            await self._take_turn(db)
            saved = self.attempt.checkpoint()
            if saved is None or not await self._resume(db, msgspec.convert(saved, Checkpoint)):
                await self._open(db, asked)

    async def _take_turn(self, db: Any) -> None:
        """Two at one registry would each take what the other is at for changed, or for gone."""
        await store.lock_registry(db, self.registry.name)
        job = self.attempt.job
        if (other := await store.take_turn(db, self.registry.name, job_id=job.id, fence=job.fence)) is not None:
            raise NotOurTurn(other)

    async def _resume(self, db: Any, checkpoint: Checkpoint) -> bool:
        """False for a scrape that was closed: a dead job that an operator revives begins anew."""
        scrape = await trials.scrape(db, checkpoint.scrape)
        if scrape.state != "running":
            return False
        self.asking = self.asks(self.registry, self.tools, scrape.id, checkpoint.pending, anew=checkpoint.anew)
        self.seen, self.differing, self.records = checkpoint.seen, checkpoint.differing, scrape.records
        emit("scrape.resumed", scrape=self.id, registry=self.registry.name, pending=len(checkpoint.pending))
        return True

    async def _open(self, db: Any, asked: Asked) -> None:
        mode, since, first = await self._first(db, asked)
        job, now = self.attempt.job.id, self.tools.now()
        scrape = await store.open_scrape(db, self.registry.name, mode, since=since, job_id=job, at=now)
        self.asking = self.asks(self.registry, self.tools, scrape, first, anew=False)
        await self._save(db)
        emit("scrape.started", scrape=scrape, registry=self.registry.name, mode=mode, since=str(since or ""))

    async def _first(self, db: Any, asked: Asked) -> tuple[Mode, date | None, tuple[Request, ...]]:
        """What to ask for first; it is everything, as long as nothing was mirrored as a whole."""
        covered = await trials.covered_to(db, self.registry.name)
        if asked.mode == "reconcile" and covered and self.registry.listing:
            return "reconcile", None, self.registry.listing()
        since = asked.since or (covered - timedelta(days=self.registry.overlap_days) if covered else None)
        if asked.mode != "incremental" or since is None:
            return "full", None, self.registry.first(None)
        return "incremental", since, self.registry.first(since)

    async def pages(self) -> None:
        """Fetches and reads what comes next while this is written."""
        ahead = self._ahead()
        try:
            while ahead is not None and (got := await ahead):
                self.asking.go_on()
                ahead = self._ahead()
                await self._write(got)
                ahead = ahead or self._ahead()
        finally:
            if ahead is not None:
                ahead.cancel()
                await asyncio.gather(ahead, return_exceptions=True)
            await self.asking.close()

    def _ahead(self) -> "asyncio.Task[tuple[Got, ...]] | None":
        return asyncio.create_task(self.asking.some()) if self.asking.pending else None

    async def _write(self, got: Sequence[Got]) -> None:
        """Pages, what to ask next, and the proof that the job is still ours: one transaction."""
        for one in got:
            if one.page.telling and one.seen is not None:
                self.seen = (self.asking.name(one.request), one.seen)
        written = [one.page for one in got]
        counts: list[tuple[ReadPage, PageCounts]] = []
        async with self.tools.db.acquire() as db, db.transaction():
            for page in joined(written):
                counts.append((page, await self._write_page(db, page)))
            await self._account_requests(db)
            await self._save(db)
        self.written += 1
        for page, counted in counts:
            self._report(page, counted)

    async def _write_page(self, db: Any, page: ReadPage) -> PageCounts:
        listed = await store.compare(db, self.registry.name, page.listed)
        counts = await store.write_page(
            db,
            page.packed,
            scrape_id=self.id,
            total=page.total,
            part_of=page.query,
            anew=self.asking.anew,
            listed=listed,
        )
        self._gather(listed.differing)
        await self._compare(db, page)
        return counts

    async def _account_requests(self, db: Any) -> None:
        made, self.asking.requests = self.asking.requests, 0
        if made:
            await store.add_requests(db, self.id, made)

    def _gather(self, differing: Sequence[str]) -> None:
        """A request takes as long for few records as for many, so they are asked for when there are many."""
        self.differing += tuple(differing)
        if len(self.differing) >= GATHERED or not self.asking.pending:
            self.asking.pending += self.registry.by_numbers(self.differing)  # behind what is on its way already
            self.differing = ()

    async def _compare(self, db: Any, page: ReadPage) -> None:
        """At the end of a query: fewer than its source counted are asked for once more, and then missed."""
        if page.ended is None:
            return
        short = page.ended.count - (await store.met(db, self.id, page.query)).records
        if short <= 0:
            return
        if page.ended.again:
            self.asking.pending += page.ended.again  # behind what is on its way already
            self.asking.anew = True
        else:
            await store.miss(db, self.id, short)
        emit("scrape.fell_short", scrape=self.id, registry=self.registry.name, records=short, wanted=page.ended.count)

    async def _save(self, db: Any) -> None:
        asking = self.asking
        checkpoint = Checkpoint(asking.scrape, asking.pending, asking.anew, self.seen, self.differing)
        await self.attempt.save(db, checkpoint)

    def _report(self, page: ReadPage, counts: PageCounts) -> None:
        self.records += counts.records
        self.attempt.progress(self.records, page.total, self.registry.name)
        emit("page.written", scrape=self.id, registry=self.registry.name, new=counts.new, changed=counts.changed,
             unchanged=counts.unchanged, refused=counts.refused, pending=len(self.asking.pending))  # fmt: skip

    async def end(self, *, accept_removed: bool) -> Outcome:
        """Marks what is gone at the source, closes the scrape and ends the job, in one transaction."""
        async with self.tools.db.acquire() as db, db.transaction():
            await self._account_requests(db)
            scrape, met = self.counted(await trials.scrape(db, self.id)), await store.met(db, self.id)
            gone = None
            if may_remove(scrape, met):
                gone = await store.mark_removed(db, self.id, at=self.tools.now(), accept=accept_removed)
            told = warning(scrape, met, gone)
            await self._close_done(db, scrape, met, told)
            outcome = await self.attempt.finish(db, {"scrape": self.id, "records": scrape.records, "warning": told})
        emit("scrape.ended", scrape=self.id, registry=self.registry.name, state="done", records=scrape.records,
             new=scrape.new, changed=scrape.changed, refused=scrape.refused, reason=told or "",
             removed=gone.trials if isinstance(gone, Removed) else 0)  # fmt: skip
        return outcome

    def counted(self, scrape: Scrape) -> Scrape:
        """The scrape as it is compared with what it has met."""
        return scrape

    async def _close_done(self, db: Any, scrape: Scrape, met: Met, told: str | None) -> None:
        missed = missing(scrape, met)
        covers = covers_to(scrape, await trials.covered_to(db, scrape.registry), missed=missed)
        if self.seen is not None and not missed:
            await pages.keep_validators(db, *self.seen)
        await store.close_scrape(db, self.id, "done", at=self.tools.now(), error=told, covers_to=covers)

    async def put_off(self, error: SourceUnavailable) -> Outcome:
        """Comes back when a call is free. A source that answers nothing but 429 has failed, though, like any other."""
        if error.status is not None and not self.records:
            outcome = await self.failed(str(error))
            return replace(outcome, after_s=error.retry_after_s) if isinstance(outcome, Fail) else outcome
        await self._note(str(error))
        return Snooze(error.retry_after_s or AGAIN_S)

    async def failed(self, error: str) -> Outcome:
        """Goes on from the checkpoint later; a scrape that wrote nothing before it failed spends its attempt."""
        emit("scrape.interrupted", scrape=self.id, registry=self.registry.name, error=error, record=self.written)
        await self._note(error)
        if self.written:
            return Snooze(AGAIN_S)
        if self.attempt.job.attempt >= self.attempt.job.max_attempts:
            await self.close("failed", error)
        return Fail(error)

    async def _note(self, error: str) -> None:
        """So that pages and alerts show it; the next page that is written takes it away."""
        if self.id and await self.attempt.is_ours(self.tools.db):  # else the scrape goes on in another attempt's hands
            await self._account_requests(self.tools.db)
            await store.note_error(self.tools.db, self.id, storable(error))

    async def close(self, end: Literal["failed", "cancelled"], error: str) -> None:
        if not self.id:
            return
        async with self.tools.db.acquire() as db, db.transaction():
            if not await self.attempt.is_ours(db):
                return  # the scrape goes on in another attempt's hands
            await store.close_scrape(db, self.id, end, at=self.tools.now(), error=storable(error))
        emit("scrape.ended", scrape=self.id, registry=self.registry.name, state=end, error=error)
