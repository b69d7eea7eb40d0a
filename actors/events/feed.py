"""The actor that reads the log and tells it to those who watch: one a process, however many they are."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from actors.events import store
from actors.events.event import Event
from actors.events.ring import MOST as RING
from actors.events.store import JobState
from actors.runtime.life import Life, pause

if TYPE_CHECKING:
    import asyncpg

WATCHED_EVERY_S = 1.0  # with every signal lost
IDLE_EVERY_S = 5.0
JOBS_EVERY_S = 5.0  # how those that are watched stand, though nobody told that they changed
REST_S = 0.01  # between two looks at the log, however many signals come
JOBS_REST_S = 0.1
ENDED = frozenset({"done", "cancelled", "discarded", "dead"})


class Audience(Protocol):
    """Those who watch."""

    def __len__(self) -> int: ...
    @property
    def jobs(self) -> Collection[int]: ...
    @property
    def arrived(self) -> asyncio.Event:
        """Set when somebody came into a room."""

    def start(self, events: Sequence[Event], *, last: int) -> None: ...
    def hear(self, events: Sequence[Event]) -> None: ...


class Feed:
    """Signals only make it look sooner: a log that is not told of is looked at each second while somebody watches."""

    def __init__(self, pool: "asyncpg.Pool[Any]", audience: Audience) -> None:
        self._pool, self._audience = pool, audience
        self._signal = asyncio.Event()
        self._named: set[int] = set()  # watched jobs that changed, as was heard
        self._seen: dict[int, tuple[str, int | None]] = {}  # of those that are watched: state and revision
        self._last: int | None = None
        self._jobs_at = 0.0

    def wake(self, _payload: str = "") -> None:
        """There may be events."""
        if len(self._audience):
            self._signal.set()

    def heard_of_jobs(self, payload: str) -> None:
        """What their channel says: `42:done 43:progress`; anything else may concern all that are watched."""
        if watched := self._audience.jobs:
            parts = [one.partition(":")[0] for one in payload.split()]
            named = {int(part) for part in parts if part.isascii() and part.isdigit()}
            self._named |= set(watched) & named if len(named) == len(parts) and parts else set(watched)
        self.wake()

    async def run(self, life: Life) -> None:
        """Until it is told to drain."""
        if self._last is None:
            await self._begin()
        while not life.draining.is_set():
            life.beat()
            await self.look()
            await asyncio.sleep(REST_S)
            await pause(life, self._rest_s(), self._signal, self._audience.arrived)

    def _rest_s(self) -> float:
        if self._named:
            return JOBS_REST_S
        return WATCHED_EVERY_S if len(self._audience) else IDLE_EVERY_S

    async def _begin(self) -> None:
        """What is told before this process lived is there for those who come from another one."""
        latest = await store.latest(self._pool, RING)
        self._last = latest[-1].id or 0 if latest else 0
        self._audience.start(latest, last=self._last)

    async def look(self) -> None:
        """Tells all that is new."""
        while events := await store.after(self._pool, self._last or 0):
            self._last = events[-1].id
            self._audience.hear(events)
            if any(one.kind == "jobs.done" or one.room == "jobs" for one in events):
                self._named |= set(self._audience.jobs)  # told in one: which ones it does not say
            if len(events) < store.MOST_AT_ONCE:
                break
        await self._look_at_jobs()

    async def _look_at_jobs(self) -> None:
        """Progress, and states that the log does not tell of: what is watched is compared with what was told of it."""
        now, watched = asyncio.get_running_loop().time(), set(self._audience.jobs)
        self._seen = {id_: seen for id_, seen in self._seen.items() if id_ in watched}
        due = (
            watched if now - self._jobs_at >= JOBS_EVERY_S else (self._named | (watched - self._seen.keys())) & watched
        )
        if not due or now - self._jobs_at < JOBS_REST_S:
            return
        self._jobs_at, self._named = now, set()
        self._audience.hear(self._changed(await store.jobs(self._pool, due)))

    def _changed(self, jobs: Sequence[JobState]) -> list[Event]:
        changed = [one for one in jobs if self._seen.get(one.id) != (one.state, one.rev)]
        self._seen |= {one.id: (one.state, one.rev) for one in jobs}
        return [told_of(one, datetime.now(UTC)) for one in changed]


def told_of(job: JobState, at: datetime) -> Event:
    """How a job stands, as an event that is not in the log. No I/O."""
    told = {"job": job.id, "state": job.state, "kind": job.kind, "queue": job.queue, "attempts": job.attempts}
    progress = None if job.progress is None else orjson.Fragment(job.progress)
    return Event(
        None, at, int(job.tenant) if job.tenant and job.tenant.isdigit() else None, job.state in ENDED,
        f"job:{job.id}", "job.state", f"state:{job.id}", orjson.dumps(told | {"progress": progress}),
    )  # fmt: skip
