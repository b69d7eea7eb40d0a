"""How fresh what we hold of a registry is: its coverage, what waits aside, and how its scrapes went."""

from datetime import date, datetime

import msgspec

from actors.trials import store as trials
from actors.trials.reporting import store as reporting
from actors.trials.scrapes import Scrape
from supervisor.web.registry_answers import RegistryTold
from supervisor.web.route import Database

HISTORY = 30  # scrapes


class PastScrape(msgspec.Struct, frozen=True):
    """One scrape, by what it brought."""

    id: int
    mode: str
    state: str
    started_at: datetime
    ended_at: datetime | None
    records: int
    new: int
    changed: int
    removed: int
    refused: int
    missed: int
    error: str | None


class Freshness(msgspec.Struct, frozen=True):
    """`covers_to`: all that was updated at the source before this day is here; null before a first complete scrape.

    `refused`: records that wait aside; `missed`: what the source counted and did not give,
    in the latest scrape that ended well.
    """

    told: RegistryTold
    covers_to: date | None
    refused: int
    missed: int
    history: tuple[PastScrape, ...]


async def freshness(db: Database, told: RegistryTold) -> tuple[Freshness, list[Scrape]]:
    """And its latest scrapes, the newest first."""
    scrapes = await trials.scrapes(db, told.name, limit=HISTORY)
    ended = next((one for one in scrapes if one.state == "done"), None)
    refused = (await reporting.refused(db)).get(told.name, 0)
    covers_to = await trials.covered_to(db, told.name)
    return Freshness(told, covers_to, refused, ended.missed if ended else 0, tuple(map(past, scrapes))), scrapes


def past(one: Scrape) -> PastScrape:
    return PastScrape(**{name: getattr(one, name) for name in PastScrape.__struct_fields__})
