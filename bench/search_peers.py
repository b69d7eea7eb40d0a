"""Our search beside what people use today, over the same trials and with the same questions. Prints JSON.

    python -m bench.search_peers [--trials 50000] [--questions 60] [--slow 5] [--pg 15]

The corpus is that of search_speed, in our tables and in tables as AACT (the Clinical Trials Transformation Initiative's
PostgreSQL copy of ClinicalTrials.gov) has and names them. Questions are conditions, broad words, titles' words, and
conditions with a status and a country. Each way gives the first 20 and how many there are, one question after another:

    triald      the default search, MeSH and filters included, as the web calls it
    aact_ilike  brief title, official title or a condition ILIKE '%…%', the latest update first
    aact_text   websearch_to_tsquery over title, conditions, interventions, keywords and summary, by ts_rank, no index
    aact_gin    the same over a stored tsvector with a GIN index
    duckdb_like, duckdb_regexp, duckdb_fts     the same rows in DuckDB; its extension fts is used where it is installed

The two that look at everything with much work are asked `--slow` questions only.
"""

import argparse
import asyncio
import json
import random
import re
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import duckdb
import uvloop

from actors.trials import search as ask
from actors.trials.record import Trial
from bench import server
from bench.measure import Figures, percentile, rounded
from bench.search_corpus import load, resampled, studies, thesaurus
from bench.search_quality import DATA
from bench.search_speed import SEED, Question, questions
from supervisor.finding import Wanted, find

KINDS = frozenset({"condition", "broad", "words", "filtered"})
SLOW = frozenset({"aact_text"})
PAGE = 1_000
WITHIN_S = 600.0

# Names as in AACT's documentation of its schema ctgov; the columns that a search needs.
AACT = """
create schema ctgov;
create table ctgov.studies (nct_id text, brief_title text, official_title text, overall_status text, phase text,
                            study_type text, enrollment integer, last_update_posted_date date);
create table ctgov.conditions (id bigint, nct_id text, name text, downcase_name text);
create table ctgov.interventions (id bigint, nct_id text, intervention_type text, name text);
create table ctgov.keywords (id bigint, nct_id text, name text, downcase_name text);
create table ctgov.brief_summaries (id bigint, nct_id text, description text);
create table ctgov.countries (id bigint, nct_id text, name text, removed boolean);
"""
INDEXES = """
create unique index on ctgov.studies (nct_id);
create index on ctgov.studies (overall_status);
create index on ctgov.conditions (nct_id);
create index on ctgov.interventions (nct_id);
create index on ctgov.keywords (nct_id);
create index on ctgov.brief_summaries (nct_id);
create index on ctgov.countries (nct_id);
create view ctgov.texts as
select s.nct_id, to_tsvector('english', concat_ws(' ', s.brief_title, s.official_title,
    (select string_agg(name, ' ') from ctgov.conditions c where c.nct_id = s.nct_id),
    (select string_agg(name, ' ') from ctgov.interventions i where i.nct_id = s.nct_id),
    (select string_agg(name, ' ') from ctgov.keywords k where k.nct_id = s.nct_id),
    (select string_agg(left(description, 60000), ' ') from ctgov.brief_summaries b where b.nct_id = s.nct_id))) as words
from ctgov.studies s;
create table ctgov.words as select * from ctgov.texts;
create unique index on ctgov.words (nct_id);
create index on ctgov.words using gin (words);
"""
LIMITS = """($2::text is null or s.overall_status = $2)
and ($3::text is null or exists (select from ctgov.countries n where n.nct_id = s.nct_id and n.name = $3))"""
ILIKE = f"""select s.nct_id, count(*) over () as hits from ctgov.studies s
where (s.brief_title ilike $1 or s.official_title ilike $1
       or exists (select from ctgov.conditions c where c.nct_id = s.nct_id and c.name ilike $1)) and {LIMITS}
order by s.last_update_posted_date desc limit 20"""  # noqa: S608 - our own text
TEXT = f"""select s.nct_id, count(*) over () as hits
from websearch_to_tsquery('english', $1) q join ctgov.{{}} t on t.words @@ q join ctgov.studies s using (nct_id)
where {LIMITS} order by ts_rank(t.words, q) desc limit 20"""  # noqa: S608 - our own text
DUCK = """select nct_id, count(*) over () as hits from studies
where {} and ($2::text is null or status = $2::text) and ($3::text is null or list_contains(countries, $3::text))
order by {} desc limit 20"""

Answer = Callable[[Question], Awaitable[int]]  # how many are found


def studies_rows(trials: Iterable[Trial]) -> Iterator[dict[str, list[tuple[Any, ...]]]]:
    """Pages of rows of AACT's tables. No I/O."""
    page: dict[str, list[tuple[Any, ...]]] = {}
    for number, one in enumerate(trials, start=1):
        nct = one.registry_id
        day = one.last_updated.day if one.last_updated else None
        status, phase = one.status.upper(), "/".join(one.phases).upper() or None
        rows: dict[str, list[tuple[Any, ...]]] = {
            "studies": [
                (nct, one.title, one.official_title, status, phase, one.study_type.upper(), one.enrolment, day)
            ],
            "conditions": [(number, nct, name, name.lower()) for name in one.conditions],
            "interventions": [(number, nct, (each.kind or "").upper(), each.name) for each in one.interventions],
            "keywords": [(number, nct, name, name.lower()) for name in one.keywords],
            "brief_summaries": [(number, nct, one.summary)] if one.summary else [],
            "countries": [(number, nct, name, False) for name in one.countries],
        }
        for table, some in rows.items():
            page.setdefault(table, []).extend(some)
        if number % PAGE == 0:
            yield page
            page = {}
    yield page


async def load_aact(db: Any, trials: Iterable[Trial]) -> None:
    await db.execute(AACT)
    for page in studies_rows(trials):
        for table, rows in page.items():
            await db.copy_records_to_table(table, records=rows, schema_name="ctgov")
    await db.execute(INDEXES)
    for table in ("studies", "conditions", "interventions", "keywords", "brief_summaries", "countries", "words"):
        await db.execute(f"vacuum analyze ctgov.{table}")


def load_duckdb(trials: Iterable[Trial], file: Path) -> tuple[duckdb.DuckDBPyConnection, str | None]:
    """The same rows; and why there is no full-text search, where there is none. Nothing is downloaded."""
    with file.open("w") as lines:
        for one in trials:
            text = "\n".join(filter(None, [one.title, one.official_title, *one.conditions]))
            whole = "\n".join(
                filter(None, [text, *(each.name for each in one.interventions), *one.keywords, one.summary])
            )
            day = str(one.last_updated.day if one.last_updated else "")
            told = {"nct_id": one.registry_id, "text": text, "whole": whole, "status": one.status.upper()}
            lines.write(json.dumps(told | {"countries": one.countries, "updated": day}) + "\n")
    db = duckdb.connect()
    db.execute("create table studies as select * from read_json(?, format = 'newline_delimited')", [str(file)])
    try:
        db.execute("load fts")
        db.execute("pragma create_fts_index('studies', 'nct_id', 'whole')")
    except duckdb.Error as error:
        return db, str(error).splitlines()[0]
    return db, None


def asked(of: Sequence[Trial], count: int) -> list[Question]:
    """The questions of the kinds that all ways can be asked. No I/O."""
    given = questions(of, SEED)
    found: list[Question] = []
    while len(found) < count:
        kind, question = next(given)
        if kind in KINDS and len(question["q"]) > 2:
            found.append(question)
    return found


def in_postgres(db: Any, statement: str, shape: str = "{}") -> Answer:
    async def answer(question: Question) -> int:
        rows = await db.fetch(statement, shape.format(question["q"]), *_limits(question))
        return rows[0]["hits"] if rows else 0

    return answer


def in_duckdb(db: duckdb.DuckDBPyConnection, statement: str, shape: Callable[[str], str]) -> Answer:
    def ask_it(question: Question) -> int:
        rows = db.execute(statement, [shape(question["q"]), *_limits(question)]).fetchall()
        return int(rows[0][1]) if rows else 0

    async def answer(question: Question) -> int:
        return await asyncio.to_thread(ask_it, question)

    return answer


def _limits(question: Question) -> tuple[str | None, str | None]:
    return question.get("status", "").upper() or None, question.get("country")


def ours(db: Any) -> Answer:
    async def answer(question: Question) -> int:
        country = (question["country"],) if "country" in question else ()
        search = ask.Search(question["q"], status=("recruiting",) if "status" in question else (), country=country)
        return (await find(db, Wanted(search))).count.trials

    return answer


async def measure(ways: Mapping[str, Answer], given: Sequence[Question], slow: int) -> Figures:
    """Each way by itself, warm; ratios are to ours."""
    figures: Figures = {}
    for name, answer in ways.items():
        took, hits = [], []
        some = given[:slow] if name in SLOW else given
        await answer(some[0])
        for question in some:
            began = time.perf_counter()
            hits.append(await answer(question))
            took.append((time.perf_counter() - began) * 1e3)
        figures[name] = {
            "questions": len(some), "p50_ms": rounded(percentile(took, 0.5)), "p95_ms": rounded(percentile(took, 0.95)),
            "mean_hits": rounded(sum(hits) / len(hits)), "without_hits": sum(not one for one in hits),
        }  # fmt: skip
        print(f"{name}: {figures[name]}", file=sys.stderr, flush=True)
    for one in figures.values():
        one["p50_times_ours"] = rounded(one["p50_ms"] / figures["triald"]["p50_ms"])
        one["p95_times_ours"] = rounded(one["p95_ms"] / figures["triald"]["p95_ms"])
    return figures


def duckdb_ways(db: duckdb.DuckDBPyConnection, refused: str | None) -> dict[str, Answer]:
    like = DUCK.format("text ilike $1::text", "updated")
    regexp = DUCK.format("regexp_matches(text, $1::text, 'i')", "updated")
    ways = {
        "duckdb_like": in_duckdb(db, like, lambda text: f"%{text}%"),
        "duckdb_regexp": in_duckdb(db, regexp, lambda text: rf"\b{re.escape(text)}\b"),
    }
    if refused is None:
        score = "fts_main_studies.match_bm25(nct_id, $1::text, conjunctive := 1)"
        ways["duckdb_fts"] = in_duckdb(db, DUCK.format(f"{score} is not null", score), str)
    return ways


async def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="bench.search_peers", description="Our search beside what people use today.")
    parser.add_argument("--trials", type=int, default=50_000)
    parser.add_argument("--questions", type=int, default=60)
    parser.add_argument("--slow", type=int, default=5)
    parser.add_argument("--data", type=Path, default=DATA)
    server.arguments(parser)
    given = parser.parse_args(arguments)
    real = await asyncio.to_thread(studies, given.data)
    texts = asked(random.Random(SEED).sample(real, min(1_000, len(real))), given.questions)  # noqa: S311 - no secret
    async with server.running(given.pg) as started, server.database(started, "bench_search_peers") as dsn:
        pool = await asyncpg.create_pool(dsn, min_size=1, max_size=1, command_timeout=WITHIN_S)
        async with pool.acquire() as db:
            await load(db, resampled(real, given.trials, SEED), codes=await thesaurus(db, given.data))
            await load_aact(db, resampled(real, given.trials, SEED))
            await db.execute("checkpoint")
        with tempfile.TemporaryDirectory(prefix="triald-bench-") as folder:
            file = Path(folder) / "trials.ndjson"
            duck, refused = await asyncio.to_thread(load_duckdb, resampled(real, given.trials, SEED), file)
        ways = {
            "triald": ours(pool),
            "aact_ilike": in_postgres(pool, ILIKE, "%{}%"),
            "aact_gin": in_postgres(pool, TEXT.format("words")),
            "aact_text": in_postgres(pool, TEXT.format("texts")),
            **duckdb_ways(duck, refused),
        }
        figures = await measure(ways, texts, given.slow)
        duck.close()
        await pool.close()
        about = {"bench": "search_peers", "trials": given.trials, "postgresql": await server.version(started)}
        about |= {"duckdb": duckdb.__version__, "duckdb_fts_unavailable": refused}
        print(json.dumps(about | figures))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1:]))
