"""How a registry stands: what we hold of it, how old that is, and whether it answers. No I/O."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal

import msgspec

from actors.registries import Registry
from actors.trials.scrapes import Scrape, progress
from actors.trials.shown import RegistryCount


class RegistryTold(msgspec.Struct, frozen=True):
    """`unavailable`: its latest scrape failed, or fails just now; what is shown of it is as old as `last_success_at`.

    `never`: no scrape has ended well yet. What is not known is null.
    """

    name: str
    title: str | None
    terms: str | None
    state: Literal["ok", "unavailable", "never"]
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


class ScrapeTold(msgspec.Struct, frozen=True):
    """`share` (0 to 1), `per_s` and `left_s` are null while they cannot be told."""

    id: int
    registry: str
    mode: str
    since: date | None
    state: str
    job_id: int | None
    started_at: datetime
    ended_at: datetime | None
    page_at: datetime | None
    pages: int
    requests: int
    total: int | None
    records: int
    new: int
    changed: int
    unchanged: int
    refused: int
    removed: int
    reached_on: date | None
    error: str | None
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
    failing = failing_since(scrapes)
    counted = [scrape for scrape in scrapes if scrape.state != "cancelled"]
    success_at = last_success.ended_at if last_success else None
    return RegistryTold(
        name=name,
        title=known.title if known else None,
        terms=known.terms if known else None,
        state="unavailable" if failing else "ok" if last_success else "never",
        unavailable_since=failing,
        error=counted[0].error if failing else None,
        last_success_at=success_at,
        lag_s=round((now - success_at).total_seconds()) if success_at else None,
        running_scrape=next((scrape.id for scrape in scrapes if scrape.state == "running"), None),
        present=count.present if count else None,
        removed=count.removed if count else None,
        newest_on=count.newest_on if count else None,
        changed_at=count.changed_at if count else None,
    )


def failing_since(scrapes: Sequence[Scrape]) -> datetime | None:
    """When it answered last before the failures that go on now; None where the latest scrape is well."""
    since: datetime | None = None
    for scrape in scrapes:
        if scrape.state == "cancelled":
            continue
        if not (scrape.state == "failed" or (scrape.state == "running" and scrape.error)):
            break
        since = scrape.page_at or scrape.started_at
    return since


def scrape(one: Scrape, now: datetime) -> ScrapeTold:
    how = progress(one, now)
    return ScrapeTold(
        one.id, one.registry, one.mode, one.since, one.state, one.job_id, one.started_at, one.ended_at, one.page_at,
        one.pages, one.requests, one.total, one.records, one.new, one.changed, one.unchanged, one.refused, one.removed,
        one.reached_on, one.error,
        share=None if how.share is None else round(how.share, 4),
        per_s=None if how.per_s is None else round(how.per_s, 1),
        left_s=None if how.left_s is None else round(how.left_s),
    )  # fmt: skip
