"""Trials made for the tests of this folder, and pages of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from actors.trials.mirroring import store
from actors.trials.pack import PackedPage, Source, pack_page
from actors.trials.record import Identifier, Trial, When
from actors.trials.scrapes import Mode, PageCounts

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]

START = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Found:
    trial: Trial
    raw: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    reason: str
    raw: bytes
    registry_id: str | None = None


def nct(number: int) -> str:
    return f"NCT{number:08}"


def trial(number: int, **given: Any) -> Trial:
    """A small trial; its last update is day `number` of 2020 unless it is given."""
    usual: dict[str, Any] = {
        "registry": "ctgov",
        "registry_id": nct(number),
        "url": f"https://registry.example/{nct(number)}",
        "title": f"Trial {number}",
        "status": "recruiting",
        "status_raw": "RECRUITING",
        "ids": (Identifier("nct", nct(number), "main"),),
        "last_updated": on(date(2020, 1, 1) + timedelta(days=number)),
    }
    return Trial(**(usual | given))


def on(day: date) -> When:
    return When(day, "day")


def page(
    trials: Iterable[Trial], refused: Iterable[Refused] = (), *, adapter_version: int = 1, at: datetime = START
) -> PackedPage:
    source = Source("ctgov", "https://registry.example/studies", at, adapter_version, "application/json")
    return pack_page([Found(one, f"raw {one}".encode()) for one in trials], refused, source)


async def begin(db: "Connection", mode: Mode = "full", *, at: datetime = START) -> int:
    return await store.open_scrape(db, "ctgov", mode, since=None, job_id=None, at=at)


async def write(
    db: "Connection",
    packed: PackedPage,
    scrape_id: int,
    total: int | None = None,
    *,
    part_of: str = "",
    anew: bool = False,
) -> PageCounts:
    async with db.transaction():
        return await store.write_page(db, packed, scrape_id=scrape_id, total=total, part_of=part_of, anew=anew)


async def mirror(db: "Connection", *trials: Trial, at: datetime = START) -> int:
    """The trials, written by an incremental scrape of their own; gives its id."""
    scrape_id = await begin(db, "incremental", at=at)
    await write(db, page(trials, at=at), scrape_id)
    return scrape_id
