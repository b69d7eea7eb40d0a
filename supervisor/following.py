"""Follows scrapes to their end, and shows how far they are: a bar on a terminal, else a line now and then."""

import asyncio
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

from actors.queue import operating
from actors.trials import store as trials
from actors.trials.scrapes import Scrape, progress
from supervisor.database import AWAY
from supervisor.printing import duration

if TYPE_CHECKING:
    import asyncpg

LOOK_EVERY_S = 0.4
BLIND_S = 60.0  # the database may be away for so long
LATEST = 20  # scrapes of a registry among which that of a job is looked for
ENDED = frozenset({"done", "cancelled", "discarded", "dead"})
WIDTH = 24
STEP = 0.1  # of a scrape, between two lines where there is no terminal


@dataclass(frozen=True, slots=True)
class Look:
    """What is known of a scrape's job now; its scrape is None until it has begun."""

    registry: str
    job: int
    state: str
    scrape: Scrape | None

    @property
    def ended(self) -> bool:
        return self.state in ENDED


def screen_on(out: TextIO) -> "Screen":
    """For a stream of this process."""
    return Screen(out, is_terminal=out.isatty(), columns=shutil.get_terminal_size().columns)


async def follow(
    pool: "asyncpg.Pool[Any]", jobs: Mapping[int, str], show: Callable[[Sequence[Look]], None]
) -> tuple[Look, ...]:
    """Shows the scrapes of these jobs (with their registries) until all have ended; gives what became of them."""
    blind_since: float | None = None
    while True:
        try:
            looks = [await _look(pool, job, registry) for job, registry in jobs.items()]
            blind_since = None
        except AWAY:
            now_s = asyncio.get_running_loop().time()
            blind_since = now_s if blind_since is None else blind_since
            if now_s - blind_since > BLIND_S:
                raise
        else:
            show(looks)
            if all(look.ended for look in looks):
                return tuple(looks)
        await asyncio.sleep(LOOK_EVERY_S)


async def _look(pool: "asyncpg.Pool[Any]", job: int, registry: str) -> Look:
    state = await operating.state_of(pool, job)
    found = [scrape for scrape in await trials.scrapes(pool, registry, limit=LATEST) if scrape.job_id == job]
    return Look(registry, job, state or "discarded", found[0] if found else None)


@dataclass(slots=True)
class Screen:
    """Where it is shown; what stands on a terminal is written over."""

    out: TextIO
    is_terminal: bool
    columns: int = 80  # a line that wrapped would be two, and the next look would write over the wrong ones
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    lines: int = 0
    told: dict[int, tuple[str, int]] = field(default_factory=dict)

    def show(self, looks: Sequence[Look]) -> None:
        if self.is_terminal:
            texts = [line(look, self.now(), bar=True) for look in looks]
            up = f"\x1b[{self.lines}F" if self.lines else ""
            self.out.write(up + "".join(f"\x1b[2K{text[: self.columns - 1]}\n" for text in texts))
            self.lines = len(looks)
        else:
            for look in looks:
                if self.told.get(look.job) != (here := (look.state, step(look, self.now()))):
                    self.told[look.job] = here
                    self.out.write(line(look, self.now(), bar=False) + "\n")
        self.out.flush()


def step(look: Look, now: datetime) -> int:
    """How many steps of a scrape are done. No I/O."""
    share = progress(look.scrape, now).share if look.scrape else None
    return int((share or 0.0) / STEP)


def line(look: Look, now: datetime, *, bar: bool) -> str:
    """One scrape in one line. No I/O."""
    scrape = look.scrape
    if scrape is None:
        return f"{look.registry}: {look.state}"
    how = progress(scrape, now)
    total = f" of {scrape.total:,}" if scrape.total is not None else ""
    parts = [f"{scrape.records:,}{total} records"]
    if how.share is not None:
        parts.append(f"{how.share:.0%}")
    if how.per_s is not None:
        parts.append(f"{how.per_s:,.0f} a second")
    if how.left_s is not None:
        parts.append(f"{duration(how.left_s)} to go")
    if look.ended:
        parts.append(look.state)
    if scrape.error:
        parts.append(scrape.error)
    return f"{look.registry}: {_bar(how.share) if bar else ''}{' · '.join(parts)}"


def _bar(share: float | None) -> str:
    full = round((share or 0.0) * WIDTH)
    return f"[{'█' * full}{'·' * (WIDTH - full)}] "


def summary(looks: Sequence[Look]) -> str:
    """What the scrapes found. No I/O."""
    return "\n".join(_found(look) for look in looks)


def _found(look: Look) -> str:
    scrape = look.scrape
    if scrape is None:
        return f"{look.registry}: {look.state}"
    took = duration(((scrape.ended_at or scrape.started_at) - scrape.started_at).total_seconds())
    return (
        f"{look.registry}: {look.state} in {took}: {scrape.records:,} records: {scrape.new:,} new, "
        f"{scrape.changed:,} changed, {scrape.unchanged:,} unchanged, {scrape.refused:,} refused, "
        f"{scrape.removed:,} removed, in {scrape.requests:,} requests" + (f"; {scrape.error}" if scrape.error else "")
    )
