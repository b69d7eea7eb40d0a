"""Scrapes a registry page by page, each page with its checkpoint in one transaction: it goes on where it was."""

import asyncio
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any, Literal

import msgspec

from actors.errors import LeaseLost, Unavailable
from actors.jobs import JobKind
from actors.queue.attempt import Attempt
from actors.queue.outcome import Cancel, Fail, Outcome, Snooze
from actors.reading import ReadPage, read_page
from actors.registries import Registry, Request
from actors.runtime.ask import Answer, Ask
from actors.runtime.politeness import Limit
from actors.runtime.rate_limit import RateLimited
from actors.runtime.telemetry import emit
from actors.tools import Tools
from actors.trials import store
from actors.trials.scrapes import Mode, PageCounts, Removed, TooManyVanished

READ_WITHIN_S = 120.0  # a page's bytes made into rows, in a process of its own
AGAIN_S = 60.0  # after a failure, when this attempt had written pages: it goes on from there, and nothing is spent
MOST_RESTARTS = 50  # requests refused for good and asked another way, in one attempt


@dataclass(frozen=True, slots=True)
class Payload:
    """`since` begins an incremental scrape at a day; without it, it begins at the last success."""

    registry: str
    mode: Literal["full", "incremental"] = "incremental"
    since: date | None = None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a scrape goes on: what is still to be asked, the next first."""

    scrape: int
    pending: tuple[Request, ...]


@dataclass(frozen=True, slots=True)
class Got:
    """A page that was fetched and read, and not written yet."""

    request: Request
    page: ReadPage


class SourceRefused(Unavailable):
    """The registry refused a question for good, and there is no other way to ask it."""


async def run(payload: Payload, attempt: Attempt, tools: Tools) -> Outcome:
    registry = tools.registries.get(payload.registry)
    if registry is None:
        return Fail(f"registry: there is no registry {payload.registry!r}", final=True)
    scrape = Scrape(registry, attempt, tools)
    try:
        await scrape.begin(payload)
        await scrape.pages()
        return await scrape.end()
    except RateLimited as error:
        return Snooze(error.retry_after_s or AGAIN_S)
    except LeaseLost:
        raise
    except asyncio.CancelledError:
        if isinstance(attempt.stop, Cancel):
            await scrape.close("cancelled", attempt.stop.reason)
        raise
    except Exception as error:  # one registry's turn: whatever it was, the next attempt goes on from the checkpoint
        return await scrape.failed(f"{type(error).__name__}: {error}")


class Scrape:
    """One attempt at a scrape. All that must last is in its checkpoint."""

    def __init__(self, registry: Registry, attempt: Attempt, tools: Tools) -> None:
        self.registry = registry
        self.attempt = attempt
        self.tools = tools
        self.id = 0
        self.pending: tuple[Request, ...] = ()
        self.written = 0
        self.restarts = 0
        self.records = 0

    async def begin(self, payload: Payload) -> None:
        """Goes on from the checkpoint, or opens a scrape and saves the first one."""
        if (saved := self.attempt.checkpoint()) is not None and await self._resume(msgspec.convert(saved, Checkpoint)):
            return
        since = await self._since(payload)
        self.pending = self.registry.first(since)
        mode: Mode = "full" if since is None else "incremental"
        async with self.tools.db.acquire() as db, db.transaction():
            self.id = await store.open_scrape(
                db, self.registry.name, mode, since=since, job_id=self.attempt.job.id, at=self.tools.now()
            )
            await self._save(db)
        emit("scrape.started", scrape=self.id, registry=self.registry.name, mode=mode, since=str(since or ""))

    async def _resume(self, checkpoint: Checkpoint) -> bool:
        """False for a scrape that was closed: a dead job that an operator revives begins anew."""
        scrape = await store.scrape(self.tools.db, checkpoint.scrape)
        if scrape.state != "running":
            return False
        self.id, self.pending, self.records = scrape.id, checkpoint.pending, scrape.records
        emit("scrape.resumed", scrape=self.id, registry=self.registry.name, pending=len(self.pending))
        return True

    async def _since(self, payload: Payload) -> date | None:
        """The day to ask from, or None for everything: a first scrape is always full."""
        if payload.mode == "full":
            return None
        if payload.since is not None:
            return payload.since
        last = await store.last_success(self.tools.db, self.registry.name)
        if last is None:
            return None
        reached = last.reached_on or last.started_at.date()
        return min(reached, last.started_at.date()) - timedelta(days=self.registry.overlap_days)

    async def pages(self) -> None:
        """Fetches and reads the next page while this one is written."""
        ahead = self._ahead()
        try:
            while ahead is not None:
                got = await ahead
                self.pending = got.page.follow + self.pending[1:]
                ahead = self._ahead()
                await self._write(got)
        finally:
            if ahead is not None:
                ahead.cancel()
                await asyncio.gather(ahead, return_exceptions=True)

    def _ahead(self) -> "asyncio.Task[Got] | None":
        return asyncio.create_task(self._get()) if self.pending else None

    async def _get(self) -> Got:
        while True:
            request = self.pending[0]
            answer = await self.tools.fetch(self._ask(request))
            await store.add_requests(self.tools.db, self.id, answer.attempts)
            if answer.status < 300:
                return Got(request, await self._read(request, answer))
            self._ask_another_way(request, answer)

    def _ask_another_way(self, request: Request, answer: Answer) -> None:
        instead = self.registry.instead(request, answer.status)
        self.restarts += 1
        if not instead or self.restarts > MOST_RESTARTS:
            said = answer.body[:200].decode(errors="replace")
            raise SourceRefused(f"{self.registry.name} answered {answer.status}: {said}")
        emit(
            "scrape.restarted", scrape=self.id, registry=self.registry.name, status=answer.status, pending=len(instead)
        )
        self.pending = instead + self.pending[1:]

    def _ask(self, request: Request) -> Ask:
        per_min = self.tools.rates[self.registry.name]
        headers = (("Content-Type", request.media_type),) if request.media_type else ()
        return Ask(
            request.url, self.registry.hosts, params=request.params, method=request.method, headers=headers,
            body=request.body.encode() if request.body is not None else None, limit=Limit(self.registry.name, per_min),
        )  # fmt: skip

    async def _read(self, request: Request, answer: Answer) -> ReadPage:
        return await self.tools.compute.run(
            read_page, self.registry.name, request, answer.body, answer.url, answer.fetched_at, timeout_s=READ_WITHIN_S
        )

    async def _write(self, got: Got) -> None:
        """A page, what to ask next, and the proof that the job is still ours: one transaction."""
        async with self.tools.db.acquire() as db, db.transaction():
            counts = await store.write_page(db, got.page.packed, scrape_id=self.id, total=got.page.total)
            await self._save(db)
        self.written += 1
        self._report(got, counts)

    async def _save(self, db: Any) -> None:
        await self.attempt.save(db, asdict(Checkpoint(self.id, self.pending)))

    def _report(self, got: Got, counts: PageCounts) -> None:
        self.records += counts.records
        self.attempt.progress(self.records, got.page.total, self.registry.name)
        emit("page.written", scrape=self.id, registry=self.registry.name, new=counts.new, changed=counts.changed,
             unchanged=counts.unchanged, refused=counts.refused, pending=len(self.pending))  # fmt: skip

    async def end(self) -> Outcome:
        """Marks what is gone at the source, closes the scrape and ends the job, in one transaction."""
        async with self.tools.db.acquire() as db, db.transaction():
            scrape = await store.scrape(db, self.id)
            gone = await store.mark_removed(db, self.id, at=self.tools.now()) if scrape.mode == "full" else None
            warning = _warning(gone)
            await store.close_scrape(db, self.id, "done", at=self.tools.now(), error=warning)
            outcome = await self.attempt.finish(db, {"scrape": self.id, "records": scrape.records, "warning": warning})
        emit("scrape.ended", scrape=self.id, registry=self.registry.name, state="done", records=scrape.records,
             new=scrape.new, changed=scrape.changed, refused=scrape.refused, reason=warning or "",
             removed=gone.trials if isinstance(gone, Removed) else 0)  # fmt: skip
        return outcome

    async def failed(self, error: str) -> Outcome:
        """Goes on from the checkpoint later; a scrape that wrote nothing before it failed spends its attempt."""
        emit("scrape.interrupted", scrape=self.id, registry=self.registry.name, error=error, record=self.written)
        if self.id:
            await store.note_error(self.tools.db, self.id, error)
        if self.written:
            return Snooze(AGAIN_S)
        if self.attempt.job.attempt >= self.attempt.job.max_attempts:
            await self.close("failed", error)
        return Fail(error)

    async def close(self, end: Literal["failed", "cancelled"], error: str) -> None:
        if not self.id:
            return
        async with self.tools.db.acquire() as db, db.transaction():
            if not await self.attempt.is_ours(db):
                return  # the scrape goes on in another attempt's hands
            await store.close_scrape(db, self.id, end, at=self.tools.now(), error=error)
        emit("scrape.ended", scrape=self.id, registry=self.registry.name, state=end, error=error)


def _warning(gone: object) -> str | None:
    if isinstance(gone, TooManyVanished):
        return f"{gone.vanished} of {gone.present} trials were not met: too many to believe, none was marked as removed"
    return None


JOB = JobKind("scrape", Payload, run, queue="scraping", timeout_s=24 * 3600.0)
