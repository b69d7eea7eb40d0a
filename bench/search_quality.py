"""How well patients' descriptions find the trials that people judged to fit them. Prints JSON.

    python -m bench.search_quality [--data ../shared/data] [--pg 15]

nDCG@10 over the descriptions of TREC Clinical Trials 2021 and SIGIR 2016 (Koopman & Zuccon), on the judged records that
are there, of triald's default search, beside what plain PostgreSQL offers for the same text of the same records: the
text as it stands (websearch_to_tsquery), and any of its words (with `or` between them), both ordered by ts_rank.
Where there is pgvector, also of the search by likeness, and of that fused with the default search.
"""

import argparse
import asyncio
import json
import math
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import uvloop

from actors.trials.search import Search
from actors.trials.semantic.answer import Mode
from bench import server
from bench.likeness import embed
from bench.measure import Figures, at_least, missed, rounded
from bench.search_corpus import load, studies, thesaurus
from supervisor.finding import Wanted, find

DATA = Path(__file__).parents[2] / "shared" / "data"
SETS = ("trec_2021", "sigir")
LEAST = 1.15  # times what plain websearch reaches
TOP = 10

PLAIN = """select registry_id from trials, websearch_to_tsquery('english', fold($1)) as q
where words @@ q order by ts_rank(words, q) desc, id limit 10"""
ANY = """select registry_id from trials,
    (select string_agg(quote_literal(lexeme), ' | ')::tsquery as q
     from unnest(to_tsvector('english', fold($1)))) any_word
where words @@ q order by ts_rank(words, q) desc, id limit 10"""


def ndcg(found: Sequence[str], judged: Mapping[str, int], top: int = TOP) -> float:
    """Gain 2^score - 1, discounted by log2 of the place; 0 where nothing relevant is judged. No I/O."""
    gained = sum((2 ** judged.get(number, 0) - 1) / math.log2(place + 2) for place, number in enumerate(found[:top]))
    ideal = sum(
        (2**score - 1) / math.log2(place + 2) for place, score in enumerate(sorted(judged.values())[::-1][:top])
    )
    return gained / ideal if ideal else 0.0


def judgements(folder: Path, name: str) -> tuple[dict[str, str], dict[str, dict[str, int]]]:
    """The descriptions, and how each trial was judged for them; those with a relevant trial."""
    lines = (folder / f"{name}_queries.jsonl").read_text("utf-8").splitlines()
    texts = {one["_id"]: one["text"] for one in map(json.loads, lines)}
    judged: dict[str, dict[str, int]] = {}
    for line in (folder / f"{name}_qrels_reduced.tsv").read_text("utf-8").splitlines()[1:]:
        text, number, score = line.split("\t")
        judged.setdefault(text, {})[number] = int(score)
    return texts, {text: scores for text, scores in judged.items() if any(scores.values())}


async def measure(db: Any, folder: Path, *, alike: bool) -> Figures:
    modes: tuple[Mode, ...] = ("semantic", "hybrid") if alike else ()
    figures: Figures = {}
    for name in SETS:
        texts, judged = judgements(folder, name)
        by_way: dict[str, list[float]] = {way: [] for way in ("triald", "websearch", "any_word", *modes)}
        took: list[float] = []
        for text, scores in judged.items():
            began = time.perf_counter()
            ours = await find(db, Wanted(Search(texts[text], rows=TOP)))
            took.append((time.perf_counter() - began) * 1e3)
            by_way["triald"].append(ndcg([row.registry_id for row in ours.rows], scores))
            for mode in modes:
                found = await find(db, Wanted(Search(texts[text], rows=TOP), mode=mode))
                by_way[mode].append(ndcg([row.registry_id for row in found.rows], scores))
            for way, statement in (("websearch", PLAIN), ("any_word", ANY)):
                rows = await db.fetch(statement, texts[text])
                by_way[way].append(ndcg([row["registry_id"] for row in rows], scores))
        figures[name] = {"descriptions": len(judged), "p50_ms": rounded(sorted(took)[len(took) // 2])} | {
            way: rounded(sum(values) / len(values)) for way, values in by_way.items()
        }
    return figures


def targets(figures: Figures) -> Figures:
    """No I/O."""
    found: Figures = {}
    for name in SETS:
        for way in ("websearch", "any_word"):
            found[f"{name}_over_{way}"] = at_least(figures[name]["triald"] / max(figures[name][way], 0.001), LEAST)
    return found


async def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="bench.search_quality", description="Descriptions that find fitting trials.")
    parser.add_argument("--data", type=Path, default=DATA)
    server.arguments(parser)
    given = parser.parse_args(arguments)
    trials = await asyncio.to_thread(studies, given.data)
    async with server.running(given.pg) as started, server.database(started, "bench_search") as dsn:
        db = await asyncpg.connect(dsn)
        await load(db, trials, codes=await thesaurus(db, given.data))
        embedded = await embed(db)
        figures = await measure(db, given.data / "search_relevance", alike="refused" not in embedded)
        await db.close()
        reached = targets(figures)
        about = {"bench": "search_quality", "trials": len(trials), "postgresql": await server.version(started)}
        print(json.dumps(about | figures | {"targets": reached, "missed": missed(reached)}))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1:]))
