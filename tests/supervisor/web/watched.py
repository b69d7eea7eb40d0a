"""Something of everything that pages of watches, reports and registries show."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from actors.jobs import assess, watch
from actors.notices.breaker import after_failure
from actors.notices.outbox.event import secret_of
from actors.notices.webhooks import store as webhooks
from actors.trials import store as trials
from actors.trials.assessing import store as assessing
from actors.trials.record import Eligibility, Outcome, Site, Trial, When
from actors.trials.reporting import store as reporting
from actors.trials.reporting.report import Told, period, registries
from actors.trials.watching import store as watching
from actors.trials.watching.asked import Asked
from tests.trials.pages import mirror, nct, on, trial

if TYPE_CHECKING:
    import asyncpg

OWNER = "admin"
NOW = datetime.now(UTC)
SITES = tuple(
    Site(facility=f"Hospital {city}", city=city, country=country, latitude=lat, longitude=lon)
    for city, country, lat, lon in (
        ("Vienna", "Austria", 48.208, 16.373), ("Graz", "Austria", 47.07, 15.44), ("Berlin", "Germany", 52.52, 13.405),
        ("Berlin", "Germany", 52.53, 13.41), ("Paris", "France", 48.857, 2.352), ("Madrid", "Spain", 40.417, -3.704),
        ("Rome", "Italy", 41.903, 12.496), ("Warsaw", "Poland", 52.23, 21.012),
    )
)  # fmt: skip
HEART = trial(
    901, title="Sacubitril in heart failure of older women", start=on(date(2024, 1, 1)), official_title="A trial",
    summary="It tries.", eligibility=Eligibility("Women of 60 and older"), enrolment=30,
    sites=(*SITES, Site(city="Linz")),
    outcomes=(Outcome("primary", "Survival", time_frame="24 months"),), completion=When(date(2027, 1, 1), "month"),
    last_updated=on(date(2025, 1, 1)), study_type="interventional", countries=("Austria", "Germany"),
)  # fmt: skip


class Here:
    """As much of the tools as the two jobs take."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self.db = pool

    def now(self) -> datetime:
        return NOW


async def follow(pool: "asyncpg.Pool[Any]") -> None:
    """All that is due is assessed and told."""
    here: Any = Here(pool)
    while await assess._page(here):
        pass
    while await watch._page(here) is not None:
        pass


async def see(pool: "asyncpg.Pool[Any]", *given: Trial, at: datetime) -> None:
    async with pool.acquire() as db:
        await mirror(db, *given, at=at)


async def fill(pool: "asyncpg.Pool[Any]") -> int:
    """A trial that changed while it was watched, its notices, webhooks that answer and that do not, reports; its id."""
    await see(pool, HEART, at=NOW - timedelta(days=9))
    kept = await trials.get(pool, nct(901))
    async with pool.acquire() as db, db.transaction():
        await watching.watch_trial(db, OWNER, kept.id, str(HEART.title), NOW - timedelta(days=8))
        heart = Asked("'heart' & '=status:recruiting'")
        await watching.save_search(db, OWNER, "Recruiting hearts", "q=heart&status=recruiting", heart, NOW)
        hooks = [
            await webhooks.add(db, OWNER, f"https://example.org/{n}", secret_of(b"s" * 32), ["trial.changed"], NOW)
            for n in (1, 2)
        ]
    changed = replace(
        HEART, outcomes=(Outcome("primary", "Six-minute walk distance", time_frame="6 months"),),
        last_updated=on(date(2025, 6, 1)), completion=When(date(2025, 6, 1), "month"),
    )  # fmt: skip
    await see(pool, changed, at=NOW - timedelta(hours=8))
    await follow(pool)
    more: dict[str, Any] = {"status": "completed", "status_raw": "COMPLETED", "results_posted": on(date(2025, 7, 1))}
    await see(pool, replace(changed, last_updated=on(date(2025, 7, 1)), **more), at=NOW - timedelta(hours=6))
    await see(
        pool, trial(902, title="Heart failure at home", last_updated=on(date(2025, 7, 2))), at=NOW - timedelta(hours=5)
    )
    await follow(pool)
    await answers(pool, hooks)
    await report(pool)
    return kept.id


async def answers(pool: "asyncpg.Pool[Any]", hooks: list[int]) -> None:
    """The first webhook took all but one of its deliveries, the second none."""
    for row in await pool.fetch("select id, webhook_id from webhook_deliveries order by id"):
        if row["webhook_id"] == hooks[0]:
            await webhooks.delivered(pool, row["id"], NOW, 200, took_s=0.08, excerpt='{"ok":true}')
        else:
            failure = after_failure(failures=5, attempt=1, most=8, status=503, final=False, age=timedelta(), now=NOW)
            await webhooks.not_delivered(
                pool, row["id"], NOW, status=503, error="example.org answered 503", failure=failure
            )


async def report(pool: "asyncpg.Pool[Any]") -> None:
    """Of thirty days; all but the last are of nothing but figures."""
    for ago in range(30, -1, -1):
        at = NOW - timedelta(days=ago)
        of = period(at - timedelta(days=1), at, "UTC")
        whole = ago == 0
        state = {"ctis": (at - timedelta(hours=7), at - timedelta(days=3))} if ago % 9 == 0 else {}
        days = registries(["ctgov", "ctis"], await reporting.events(pool, of), {}, await assessing.counted(pool), state)
        days = days if whole else tuple(replace(day, new=5 + ago * 3 % 40, changed=80 + ago * 37 % 90) for day in days)
        told = Told(days)
        if whole:
            told = Told(
                days,
                await reporting.moves(pool, of),
                await reporting.notable(pool, of),
                await reporting.flagged(pool, of),
            )
        await reporting.keep(pool, of, "UTC", told, at)
