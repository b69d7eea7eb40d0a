"""How a registry stands: what we hold of it, how old that is, and whether it answers. No I/O."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

import msgspec

from actors.registries import Registry
from actors.trials.scrapes import Scrape, progress
from actors.trials.shown import RegistryCount
from supervisor.sources import State
from supervisor.sources import source as source_of


class RegistryTold(msgspec.Struct, frozen=True):
    """`unavailable`: its latest scrape failed, or fails just now; what is shown of it is as old as `last_success_at`.

    `never`: no scrape has ended well yet. What is not known is null.
    """

    name: str
    title: str | None
    terms: str | None
    state: State
    unavailable_since: datetime | None
    error: str | None
    last_success_at: datetime | None
    lag_s: float | None
    running_scrape: int | None
    present: int | None
    removed: int | None
    newest_on: date | None
    changed_at: datetime | None


class RegistriesList(msgspec.Struct, frozen=True):
    registries: tuple[RegistryTold, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScrapeTold(Scrape):
    """A scrape with how far it is: `share` (0 to 1), `per_s` and `left_s` are null while they cannot be told."""

    share: float | None
    per_s: float | None
    left_s: float | None


def registry(
    name: str,
    known: Registry | None,
    count: RegistryCount | None,
    scrapes: Sequence[Scrape],
    last_success: Scrape | None,
    *,
    now: datetime,
) -> RegistryTold:
    """`scrapes` are its latest, the newest first."""
    source = source_of(name, scrapes, last_success)
    success_at = source.last_success_at
    counted = [scrape for scrape in scrapes if scrape.state != "cancelled"]
    return RegistryTold(
        name=name,
        title=known.title if known else None,
        terms=known.terms if known else None,
        state=source.state,
        unavailable_since=source.unavailable_since,
        error=counted[0].error if source.unavailable_since else None,
        last_success_at=success_at,
        lag_s=round((now - success_at).total_seconds()) if success_at else None,
        running_scrape=next((scrape.id for scrape in scrapes if scrape.state == "running"), None),
        present=count.present if count else None,
        removed=count.removed if count else None,
        newest_on=count.newest_on if count else None,
        changed_at=count.changed_at if count else None,
    )


def scrape(one: Scrape, now: datetime) -> ScrapeTold:
    how = progress(one, now)
    return ScrapeTold(
        **asdict(one),
        share=None if how.share is None else round(how.share, 4),
        per_s=None if how.per_s is None else round(how.per_s, 1),
        left_s=None if how.left_s is None else round(how.left_s),
    )
