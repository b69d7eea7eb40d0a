"""What search by likeness costs and misses: vectors a second, time of a question, recall of the index. Prints JSON.

    python -m bench.likeness [--trials 50000] [--questions 100]

The corpus is that of search_speed; the questions are conditions of its trials. Recall is of the nearest 20 of the index
against a look at every vector, without filters and with one that one in five trials passes.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import uvloop

from actors.trials import search as ask
from actors.trials.semantic import store
from actors.trials.semantic.answer import Mode
from actors.trials.semantic.embedder import LOCAL, mark, written, written_vectors
from bench import server
from bench.measure import Figures, percentile, rounded
from bench.search_corpus import load, resampled, studies
from supervisor.finding import Wanted, find

DATA = Path(__file__).parents[2] / "shared" / "data"
SEED = 7
PAGE = 1_000
TOP = 20
EXACT = """select v.trial_id from trial_vectors v join trials t on t.id = v.trial_id
where ($2::tsquery is null or t.words @@ $2) and t.removed_at is null
order by (v.vector <=> $1::text::halfvec) + 0 limit 20"""  # no order that the index has
INDEXED = "select id from nearest_trials($1, $2::tsquery, $3, $4, null, null, 20)"


async def embed(db: Any) -> Figures:
    """Every trial gets its vector; without pgvector only why not."""
    if refused := await store.open_for(db, mark(LOCAL), LOCAL.dimensions):
        return {"refused": refused}
    ids = [row["id"] for row in await db.fetch("select id from trials order by id")]
    embedding_s = writing_s = 0.0
    for at in range(0, len(ids), PAGE):
        worded = await store.wording(db, ids[at : at + PAGE])
        began = time.perf_counter()
        vectors = written_vectors(LOCAL, [text for _, text in worded])
        embedded = time.perf_counter()
        await store.put(db, dict(zip((id_ for id_, _ in worded), vectors, strict=True)))
        embedding_s, writing_s = embedding_s + embedded - began, writing_s + time.perf_counter() - embedded
    await db.execute("vacuum analyze trial_vectors")
    size = await db.fetchval("select pg_total_relation_size('trial_vectors')")
    return {
        "embedder": mark(LOCAL),
        "embedded_per_s": rounded(len(ids) / embedding_s),
        "written_per_s": rounded(len(ids) / writing_s),
        "bytes_a_trial": round(size / len(ids)),
    }


async def _times(texts: Sequence[str], run: Callable[[str], Awaitable[object]]) -> Figures:
    took = []
    for text in texts:
        began = time.perf_counter()
        await run(text)
        took.append((time.perf_counter() - began) * 1e3)
    return {"p50_ms": rounded(percentile(took, 0.5)), "p95_ms": rounded(percentile(took, 0.95))}


async def measure(db: Any, texts: Sequence[str]) -> Figures:
    figures: Figures = {}
    modes: tuple[Mode, ...] = ("text", "semantic", "hybrid")
    for mode in modes:
        for name, filtered in (("", ask.Search()), ("_recruiting", ask.Search(status=("recruiting",)))):

            async def run(text: str, mode: Mode = mode, filtered: ask.Search = filtered) -> object:
                return await find(db, Wanted(ask.Search(text, status=filtered.status), mode=mode))

            figures[mode + name] = await _times(texts, run)
    for name, asked in (("all", ask.Search("x")), ("recruiting", ask.Search("x", status=("recruiting",)))):
        recalls = []
        plan = ask.ask(asked)
        for text in texts[:40]:
            vector = written(LOCAL.embed([text])[0])
            exact = {row[0] for row in await db.fetch(EXACT, vector, plan.facets or None)}
            found = await db.fetch(INDEXED, vector, plan.facets or None, *plan.limits.given[:2])
            recalls.append(len(exact & {row[0] for row in found}) / max(len(exact), 1))
        figures[f"recall_{name}"] = rounded(sum(recalls) / len(recalls))
    return figures


async def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="bench.likeness", description="What search by likeness costs and misses.")
    parser.add_argument("--trials", type=int, default=50_000)
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--data", type=Path, default=DATA)
    server.arguments(parser)
    given = parser.parse_args(arguments)
    real = await asyncio.to_thread(studies, given.data)
    dice = random.Random(SEED)  # noqa: S311 - no secret
    conditions = sorted({name for one in real for name in one.conditions if 3 < len(name) < 60 and name.isascii()})
    texts = [" ".join(name.replace("(", " ").replace(")", " ").split()) for name in conditions]
    texts = [" ".join(word.strip('-":,') for word in text.split()) for text in dice.sample(texts, given.questions)]
    async with server.running(given.pg) as started, server.database(started, "bench_likeness") as dsn:
        pool = await asyncpg.create_pool(dsn, min_size=1, max_size=2, command_timeout=600)
        async with pool.acquire() as db:
            await load(db, resampled(real, given.trials, SEED))
            figures = await embed(db)
        if "refused" not in figures:
            figures |= await measure(pool, texts)
        await pool.close()
        about = {"bench": "likeness", "trials": given.trials, "postgresql": await server.version(started)}
        print(json.dumps(about | figures))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1:]))
