"""The job that codes trials with MeSH."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from actors.jobs import mesh_code
from actors.mesh.browsing import store as browsing
from actors.mesh.deciding import store as deciding
from actors.queue import store as queue
from actors.trials import store as trials
from actors.trials.following import store as following
from actors.trials.record import Intervention, MeshTerm, Trial
from tests.mesh.taken import MADE, made, take, take_made
from tests.people import people
from tests.postgres import Postgres, Stock
from tests.queue.house import house, tools_at
from tests.queue.jobs import Pool
from tests.trials.pages import mirror, nct, trial

Coding = tuple[Pool, Callable[[], Awaitable[int]]]


@pytest.fixture
def stock(request: pytest.FixtureRequest) -> Stock | None:
    return MADE if "coding" in request.fixturenames else None


@pytest.fixture
async def coding(postgres: Postgres, tmp_path: Path) -> AsyncIterator[Coding]:
    """A database with MeSH and without trials, and the job; it answers with what is still due."""
    async with running(postgres, tmp_path) as both:
        yield both


@asynccontextmanager
async def running(postgres: Postgres, folder: Path) -> AsyncIterator[Coding]:
    async with asyncpg.create_pool(postgres.dsn, min_size=2, max_size=8) as pool, tools_at(pool, folder) as tools:

        async def run() -> int:
            await queue.enqueue(pool, [mesh_code.JOB.new()])
            async with house(pool, tools, mesh_code.JOB, slots=1) as one:
                await one.heard.until_settled(1, "done")
            return next(one.trials for one in await following.waiting(pool) if one.follower == "mesh")

        yield pool, run


async def keep(pool: Pool, *each: Trial) -> None:
    async with pool.acquire() as db:
        await mirror(db, *each)


async def codes(pool: Pool, number: int = 1) -> list[tuple[str, str, str, str]]:
    kept = await trials.get(pool, nct(number))
    return [(one.about, one.ui, one.how, one.field) for one in await browsing.codes(pool, kept.id)]


async def found_by(pool: Pool, ui: str) -> list[str]:
    """The trials that a search for a heading finds."""
    rows = await pool.fetch(
        "select registry_id from trials where words @@ $1::tsquery order by 1", f"'=mesh:{ui.lower()}'"
    )
    return [row["registry_id"] for row in rows]


async def counts(pool: Pool) -> dict[str, int]:
    return {
        row["ui"]: row["trials"] for row in await pool.fetch("select ui, trials from mesh_counts where trials <> 0")
    }


HEART = trial(1, conditions=("heart attack",), interventions=(Intervention("Aspirin", "DRUG"),))
BREAST = trial(2, conditions=("Breast cancer",), interventions=(Intervention("pembrolizumab", "BIOLOGICAL"),))


async def test_a_trial_is_coded_after_it_is_written_and_found_by_every_heading_above(coding: Coding) -> None:
    """G17: "heart attack" is D009203 by an entry term; what is above it finds the trial too."""
    pool, run = coding
    await keep(pool, HEART, BREAST)
    assert await run() == 0
    assert await codes(pool) == [
        ("condition", "D009203", "entry", "condition"),
        ("intervention", "D001241", "exact", "intervention"),
    ]
    assert await found_by(pool, "D009203") == [nct(1)]
    assert await found_by(pool, "D006331") == [nct(1)]  # Heart Diseases
    assert await found_by(pool, "D009369") == [nct(2)]  # Neoplasms
    assert await found_by(pool, "C582435") == [nct(2)]  # a supplementary record
    assert (await counts(pool))["D007238"] == 1


async def test_what_nothing_was_found_for_is_counted_once_a_trial(coding: Coding) -> None:
    """G17, N30: an unmatched term is in the report with its count; a trial that changes is not counted twice."""
    pool, run = coding
    await keep(pool, trial(1, conditions=("Ticker trouble",)), trial(2, conditions=("ticker troubles", "heart attack")))
    await run()
    [one] = await browsing.unmatched(pool, about=None, limit=10)
    assert (one.about, one.sample, one.trials) == ("condition", "Ticker trouble", 2)
    await keep(pool, trial(2, conditions=("heart attack",)))
    await run()
    [one] = await browsing.unmatched(pool, about=None, limit=10)
    assert one.trials == 1
    await keep(pool, trial(1, conditions=("heart attack",)))
    await run()
    assert await browsing.unmatched(pool, about=None, limit=10) == []
    assert (await counts(pool))["D009203"] == 2


async def test_a_decision_matches_in_the_next_run_and_can_be_undone(coding: Coding) -> None:
    """N30: mapping added → next run matches; undone, the text is unmatched again."""
    pool, run = coding
    await keep(pool, trial(1, conditions=("Ticker trouble",)), trial(2, conditions=("Healthy",)))
    await run()
    key, affected = await deciding.decide(pool, "condition", "Ticker trouble", ["D006331"], by="ann")
    assert len(affected) == 1
    await following.again(pool, affected)
    await deciding.decide(pool, "condition", "healthy", [], by="ann", note="no disease")
    await following.everything(pool, "mesh")
    await run()
    assert await codes(pool) == [("condition", "D006331", "curated", "condition")]
    assert await found_by(pool, "D006331") == [nct(1)]
    assert await browsing.unmatched(pool, about=None, limit=10) == []
    assert [one.sample for one in await deciding.every(pool, limit=5)] == ["healthy", "Ticker trouble"]
    for about_key in (key, "healthy"):
        undone = await deciding.undo(pool, "condition", about_key, by="bob")
        assert len(undone) == 1
        await following.again(pool, undone)
    await run()
    assert await codes(pool) == []
    assert [one.sample for one in await browsing.unmatched(pool, about=None, limit=10)] == ["Healthy", "Ticker trouble"]


async def test_terms_of_the_registry_are_kept_with_their_ids_repaired(coding: Coding) -> None:
    """G17: what the registry gave stands beside what we read; padded ids are repaired, ancestors are not codes."""
    pool, run = coding
    given = (
        MeshTerm("D000003920", "Diabetes Mellitus", "condition"),
        MeshTerm(None, "heart failure", "condition"),
        MeshTerm("D009203", "Myocardial Infarction", "condition"),
        MeshTerm("D006331", "Heart Diseases", "condition", ancestor=True),
        MeshTerm("D999999", "No such thing", "condition"),
    )
    await keep(pool, replace(HEART, mesh=given, interventions=()))
    await run()
    kept = await trials.get(pool, nct(1))
    assert [(one.ui, one.how, one.field, one.given) for one in await browsing.codes(pool, kept.id)] == [
        ("D003920", "registry", "registry", True),
        ("D006333", "registry", "registry", True),
        ("D009203", "entry", "condition", True),
    ]


async def test_a_trial_that_is_gone_at_its_source_stays_coded_and_is_not_counted(coding: Coding) -> None:
    pool, run = coding
    await keep(pool, HEART)
    await run()
    await pool.execute("update trials set removed_at = now()")
    await following.everything(pool, "mesh")
    await run()
    assert await found_by(pool, "D009203") == [nct(1)]
    assert await counts(pool) == {}
    await pool.execute("update trials set removed_at = null")
    await following.everything(pool, "mesh")
    await run()
    assert (await counts(pool))["D009203"] == 1


async def test_a_new_year_makes_every_trial_due_and_orphans_no_code(coding: Coding, tmp_path: Path) -> None:
    """G16: a heading that is gone leads to the one that took its name over, in codes that are there and in new ones."""
    pool, run = coding
    await keep(pool, replace(HEART, mesh=(MeshTerm("D017202", "Myocardial Ischemia", "condition"),)))
    await run()
    async with pool.acquire() as db:
        body = made(without=("D017202",)).replace(
            b"<String>Heart Attacks</String>", b"<String>Myocardial Ischemia</String>"
        )
        found = await take(db, tmp_path / "desc2025.xml", body)  # type: ignore[arg-type]
    assert found.changes["listed"]["removed"] == [{"ui": "D017202", "name": "Myocardial Ischemia", "now": "D009203"}]
    gone = await browsing.record(pool, "D017202")
    assert gone.gone
    assert gone.now is not None
    assert gone.now.ui == "D009203"
    assert ("condition", "D017202", "registry", "registry") in await codes(pool)  # until it is coded anew
    assert await run() == 0
    assert await codes(pool) == [
        ("condition", "D009203", "entry", "condition"),
        ("intervention", "D001241", "exact", "intervention"),
    ]


async def test_without_mesh_what_is_due_is_let_go_and_an_import_makes_it_due(
    postgres: Postgres, tmp_path: Path
) -> None:
    async with running(postgres, tmp_path) as (pool, run):
        await keep(pool, HEART)
        assert await run() == 0
        assert await codes(pool) == []
        async with pool.acquire() as db:
            await take_made(db, tmp_path)  # type: ignore[arg-type]
        assert await run() == 0
        assert len(await codes(pool)) == 2


async def test_counts_are_those_of_the_trials_after_many_runs(coding: Coding) -> None:
    """Counts are kept by what changes; they must not drift from what is there."""
    pool, run = coding
    for at in range(4):
        await keep(pool, *(
            trial(number, conditions=(("heart attack", "Breast cancer", "NSCLC", "no such thing")[(number + at) % 4],))
            for number in range(1, 30)
        ))  # fmt: skip
        await run()
    told = await pool.fetch(
        "select upper(substr(word, 7)) as ui, count(*) as trials "
        "from trials, unnest(tsvector_to_array(mesh)) word group by 1"
    )
    assert await counts(pool) == {row["ui"]: row["trials"] for row in told}


@pytest.mark.parametrize(("saved", "due"), [(False, 0), (True, 1)])
async def test_what_is_coded_anew_is_due_to_saved_searches_once_more(coding: Coding, saved: bool, due: int) -> None:
    """N05: a new code may bring a trial into a saved search, though no new version tells of it."""
    pool, run = coding
    await keep(pool, HEART)
    if saved:
        await people(pool, "eve")
        await pool.execute(
            "insert into watches (tenant_id, created_at, owner, name, query, asked)"
            " values (1, now(), 'eve', 'mine', 'q=heart', '{}')"
        )
    await pool.execute("delete from trial_due where follower = 'watch'")
    await run()
    waiting = {one.follower: one.trials for one in await following.waiting(pool)}
    assert waiting["watch"] == due
