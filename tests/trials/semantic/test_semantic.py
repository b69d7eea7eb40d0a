"""Search by likeness, on a PostgreSQL that has pgvector and on one that has not."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import pytest

from actors.jobs import embed
from actors.queue import store as queue
from actors.trials import search as ask
from actors.trials.record import Intervention, Status
from actors.trials.semantic import answer, store
from actors.trials.semantic.embedder import LOCAL, mark, written, written_vectors
from supervisor.finding import Wanted, find
from tests.postgres import PG15_BIN, Postgres, Servers, Stock
from tests.queue.house import house, tools_at
from tests.trials.pages import mirror, nct, trial

Pool: TypeAlias = "asyncpg.Pool[Any]"
CONDITIONS = ("asthma", "stroke", "psoriasis", "migraine", "gout", "sepsis", "glaucoma", "anaemia", "epilepsy")
DRUGS = ("salbutamol", "alteplase", "adalimumab", "sumatriptan", "allopurinol", "meropenem", "timolol", "iron")
QUESTIONS = ("salbutamol asthma", "stroke alteplase q17", "gout", "migraine and epilepsy", "iron, anaemia group 9")
STATUSES: tuple[Status, ...] = ("recruiting", "completed", "terminated", "withdrawn")


async def embedded(pool: Pool, folder: Path) -> None:
    """The job, run until nothing is due."""
    async with tools_at(pool, folder) as tools:
        await queue.enqueue(pool, [embed.JOB.new()])
        async with house(pool, tools, embed.JOB, slots=1) as one:
            await one.heard.until_settled(1, "done")


async def vectors_of(pool: Pool) -> dict[int, str]:
    rows = await pool.fetch("select trial_id, vector::text as vector from trial_vectors")
    return {row["trial_id"]: row["vector"] for row in rows}


def numbers(found: ask.Results) -> list[str]:
    return [row.registry_id for row in found.rows]


async def test_likeness_finds_what_shares_spellings_and_hybrid_has_both(db: Pool, tmp_path: Path) -> None:
    """G23: where pgvector is there, trials are found by likeness, alone and fused with the text, and it says so."""
    assert await store.open_for(db, mark(LOCAL), LOCAL.dimensions) is None
    async with db.acquire() as one:
        await mirror(
            one,
            trial(1, title="Hypertensive patients and salt", conditions=("Hypertension",)),
            trial(2, title="Antihypertensives in the old"),
            trial(3, title="Psoriasis of the scalp", conditions=("Psoriasis",)),
        )
    await embedded(db, tmp_path)
    assert await db.fetchval("select count(*) from trial_vectors") == 3
    by_text = await find(db, Wanted(ask.Search("hypertensive salts")))
    assert numbers(by_text) == [nct(1)]
    alike = await find(db, Wanted(ask.Search("antihypertensive"), mode="semantic"))
    assert numbers(alike)[:2] == [nct(2), nct(1)]
    assert alike.embedder == "hashed-words-1"
    assert [alike.places[row.id].by_likeness for row in alike.rows] == [1, 2, 3]
    both = await find(db, Wanted(ask.Search("hypertensive salts"), mode="hybrid"))
    assert numbers(both)[0] == nct(1)
    assert both.places[both.rows[0].id].by_text == 1
    without = await find(db, Wanted(ask.Search("psoriasis scalp -salt"), mode="semantic"))
    assert nct(1) not in numbers(without)


async def test_what_is_embedded_follows_the_trial(db: Pool, tmp_path: Path) -> None:
    """G23: a vector is made anew when its text is, and goes with its trial; another embedder begins anew."""
    await store.open_for(db, mark(LOCAL), LOCAL.dimensions)
    async with db.acquire() as one:
        await mirror(one, trial(1, title="Gout"), trial(2, title="Stroke"))
        await embedded(db, tmp_path)
        before = await vectors_of(db)
        await mirror(one, trial(1, title="Glaucoma"), trial(2, title="Stroke"))
        await embedded(db, tmp_path)
    after = await vectors_of(db)
    (changed,) = (id_ for id_, vector in after.items() if before[id_] != vector)
    assert await db.fetchval("select title from trials where id = $1", changed) == "Glaucoma"
    await db.execute("delete from trials where id = $1", changed)
    assert await db.fetchval("select count(*) from trial_vectors") == 1
    assert await store.open_for(db, mark(LOCAL), LOCAL.dimensions) is None  # as it is
    assert (await store.standing(db)).due == 0
    assert await store.open_for(db, "another-1", 3) is None
    assert (await store.standing(db)).due == 1
    assert await db.fetchval("select count(*) from trial_vectors") == 0
    with pytest.raises(ask.BadSearch, match="mode: semantic search is unavailable: its vectors were made by another-1"):
        await find(db, Wanted(ask.Search("stroke"), mode="hybrid"))
    await embedded(db, tmp_path)  # by an embedder whose vectors are not wanted: it makes none
    assert (await store.standing(db)).due == 1


async def test_without_pgvector_everything_says_why(servers: Servers) -> None:
    """G23: on a PostgreSQL without pgvector the service starts, embeds nothing, and refuses with the reason."""
    if not (PG15_BIN / "initdb").exists():
        pytest.skip(f"PostgreSQL 15 is not in {PG15_BIN}")
    server = await servers.at(PG15_BIN)
    async with server.database() as database, asyncpg.create_pool(database.dsn, min_size=1, max_size=2) as pool:
        reason = 'this PostgreSQL has no extension "vector" (pgvector)'
        assert await store.open_for(pool, mark(LOCAL), LOCAL.dimensions) == reason
        async with pool.acquire() as db:
            await mirror(db, trial(1, title="Stroke"))
        assert (await store.standing(pool)).due == 0  # nothing piles up
        with pytest.raises(ask.BadSearch, match=r"mode: semantic search is unavailable: this PostgreSQL has no"):
            await find(pool, Wanted(ask.Search("stroke"), mode="semantic"))
        assert (await answer.similar(pool, 1, 5)).refused == reason
        assert numbers(await find(pool, Wanted(ask.Search("stroke")))) == [nct(1)]


async def test_who_may_not_make_the_extension_is_told_so(postgres: Postgres) -> None:
    """G23: without leave to create the extension semantic search is unavailable, and all else goes on."""
    owner = await asyncpg.connect(postgres.dsn)
    await owner.execute("create role plain; grant all on all tables in schema public to plain; set role plain")
    try:
        refused = await store.open_for(owner, mark(LOCAL), LOCAL.dimensions)
        assert refused == 'the extension "vector" (pgvector) may not be created by plain'
        assert (await store.standing(owner)).refused == refused
    finally:
        await owner.execute("reset role; drop owned by plain; drop role plain")
        await owner.close()


async def _fill(dsn: str) -> None:
    async with asyncpg.create_pool(dsn, min_size=1, max_size=2) as db:
        await _some_thousand(db)


SOME_THOUSAND = Stock("some_thousand", _fill)


@pytest.fixture
def stock(request: pytest.FixtureRequest) -> Stock | None:
    return SOME_THOUSAND if "some_thousand" in request.fixturenames else None


@pytest.fixture
def some_thousand(db: Pool) -> Pool:
    return db


async def _some_thousand(db: Pool) -> None:
    dice = random.Random(5)  # noqa: S311 - no secret
    await store.open_for(db, mark(LOCAL), LOCAL.dimensions)
    async with db.acquire() as one:
        for first in range(1, 4_001, 1_000):
            await mirror(
                one,
                *(
                    trial(
                        number,
                        title=f"{dice.choice(DRUGS)} for {dice.choice(CONDITIONS)} in group {dice.randint(1, 400)}"
                        f" of centre q{dice.randint(1, 900)}",
                        conditions=tuple(dice.sample(CONDITIONS, 2)),
                        interventions=(Intervention(dice.choice(DRUGS)),),
                        status=dice.choices(STATUSES, (70, 20, 9, 1))[0],
                        summary=" ".join(dice.choices(CONDITIONS + DRUGS, k=6)),
                    )
                    for number in range(first, first + 1_000)
                ),
            )
    ids = [row["id"] for row in await db.fetch("select id from trials")]
    worded = await store.wording(db, ids)
    vectors = written_vectors(LOCAL, [text for _, text in worded])
    await store.put(db, dict(zip((id_ for id_, _ in worded), vectors, strict=True)))
    await db.execute("vacuum analyze trial_vectors")
    await db.execute("vacuum analyze trials")


EXACT = """select v.trial_id from trial_vectors v join trials t on t.id = v.trial_id where t.status = any($2::text[])
order by (v.vector <=> $1::text::halfvec) + 0, v.trial_id limit $3"""  # no order that the index has


@pytest.mark.parametrize("status", [STATUSES, ("completed",), ("withdrawn",)])
async def test_the_index_finds_what_a_look_at_every_vector_finds(some_thousand: Pool, status: Sequence[Status]) -> None:
    """G23: of the nearest twenty of some thousand trials the index finds nine tenths, whatever is filtered out."""
    db, recalls = some_thousand, list[float]()
    for text in QUESTIONS:
        vector = written(LOCAL.embed([text])[0])
        exact = {row["trial_id"] for row in await db.fetch(EXACT, vector, list(status), 20)}
        plan = ask.ask(ask.Search(text, status=tuple(status)))
        found = await db.fetch(
            "select id from nearest_trials($1, $2::tsquery, $3, $4, null, null, 20)",
            vector, plan.facets, *plan.limits.given[:2],
        )  # fmt: skip
        recalls.append(len(exact & {row["id"] for row in found}) / len(exact))
        asked = await store.nearest(db, vector, plan.facets, plan.limits, 20)
        assert {one.id for one in asked} == exact  # few: all are compared
    assert sum(recalls) / len(recalls) >= 0.9


async def test_pages_go_through_the_whole_list_once(some_thousand: Pool) -> None:
    """G23: the pages of a search by likeness are disjoint, and together they are its list."""
    seen, cursor = list[str](), None
    for _ in range(20):
        found = await find(
            some_thousand, Wanted(ask.Search("asthma salbutamol", rows=30, cursor=cursor), mode="semantic")
        )
        seen += numbers(found)
        if (cursor := found.next) is None:
            break
    assert len(seen) == len(set(seen)) == found.count.trials == answer.DEPTH
    with pytest.raises(ask.BadSearch, match="cursor: it is not one"):
        await find(some_thousand, Wanted(ask.Search("asthma", cursor="nonsense"), mode="semantic"))
    with pytest.raises(ask.BadSearch, match="order: newest"):
        await find(some_thousand, Wanted(ask.Search("asthma", order="newest"), mode="hybrid"))
