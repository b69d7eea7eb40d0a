"""How fast searches are answered over HTTP, while trials come in. Prints JSON.

    python -m bench.search_speed [--trials 500000] [--seconds 60] [--per-s 32] [--keep DIR] [--pg 15]

The corpus is made of real records (bench/search_corpus.py), the questions of their conditions, titles and numbers, in
shares as people ask; MeSH is read from the yearly file beside them. Clients ask in an open loop: each at fixed times,
whether or not the answer before has come, and a time is counted from when the question was due. Meanwhile another
process writes 500 changed records a second.

`overlap`: of the first 20, how many a look at every trial that answers would show too.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import uvloop

from actors.trials.finding import answer
from actors.trials.mirroring import store
from actors.trials.record import Trial, When
from actors.trials.search import CAPS
from bench import server, triald
from bench.children import ROOT, end
from bench.measure import Figures, at_least, at_most, missed, percentile, rounded
from bench.search_corpus import AT, load, packed, resampled, studies, thesaurus
from bench.search_quality import DATA
from schema.migrate import migrate
from supervisor import embedded
from supervisor.embedded import Embedded
from supervisor.finding import settled
from supervisor.web.trial_answers import SearchQuery

SEED = 7
CLIENTS = 16
ROWS_PER_S = 500
BROAD = ("cancer", "pain", "diabetes", "heart", "children", "surgery", "breast", "lung", "chronic", "therapy")
PLACES = ("48.2,16.37", "51.5,-0.12", "42.36,-71.06", "35.68,139.69", "Boston", "London")
TARGETS = {"p50_ms": 8.0, "p99_ms": 70.0, "max_ms": 300.0}
LEAST_OVERLAP = 0.9

Question = Mapping[str, str]


class WriterEnded(Exception):
    """Nothing came in while the searches were measured."""


@dataclass(frozen=True, slots=True)
class Asked:
    kind: str
    query: Question
    took_ms: float
    status: int
    count: int


def questions(of: Sequence[Trial], seed: int) -> Iterator[tuple[str, Question]]:
    """Endlessly, in the shares of registries.md 7.1, and filters that contradict, a radius and facets. No I/O."""
    dice = random.Random(seed)  # noqa: S311 - no secret
    conditions = [name for one in of for name in one.conditions if 3 < len(name) < 60]
    kinds = ("condition", "broad", "filtered", "tree", "number", "typo", "words", "contradiction", "radius", "facets")
    shares = (38, 13, 13, 9, 8, 4, 4, 4, 4, 3)
    while True:
        kind, condition = dice.choices(kinds, shares)[0], dice.choice(conditions)
        one = dice.choice(of)
        match kind:
            case "condition":
                asked = {"q": _plain(condition)}
            case "broad":
                asked = {"q": dice.choice(BROAD)}
            case "filtered":
                country = dice.choice(("United States", "France", "Germany", "Japan", "China"))
                asked = {"q": _plain(condition), "status": "recruiting", "country": country}
            case "tree":
                asked = {"mesh": dice.choice(("D003920", "D009203", "D001943", "D006333", "D009369", "D002318"))}
            case "number":
                asked = {"q": f"NCT{90_000_000 + dice.randrange(10_000):08}"}
            case "typo":
                asked = {
                    "q": _mistyped(dice.choice(("diabetes", "pneumonia", "hypertension", "leukemia", "asthma")), dice)
                }
            case "words":
                asked = {"q": " ".join(_plain(one.title or "").split()[:5])}
            case "contradiction":
                asked = {"q": dice.choice(("prostate", "menopause", "neonatal")), "age": "8", "sex": "female",
                         "status": "withdrawn", "phase": "phase_4"}  # fmt: skip
            case "radius":
                asked = {"q": dice.choice(("", "cancer", _plain(condition))), "near": dice.choice(PLACES),
                         "within": "100",
                         "order": dice.choice(("relevance", "distance"))}  # fmt: skip
            case _:
                asked = {"q": dice.choice(("", dice.choice(BROAD), _plain(condition))), "facets": "true"}
        yield kind, asked


def _plain(text: str) -> str:
    return " ".join("".join(letter if letter.isalnum() or letter == "-" else " " for letter in text).split()).lower()


def _mistyped(word: str, dice: random.Random) -> str:
    at = dice.randrange(1, len(word) - 1)
    return word[:at] + word[at + 1 :] if dice.random() < 0.5 else word[:at] + word[at + 1] + word[at] + word[at + 2 :]


async def ask(service: triald.Triald, of: Sequence[Trial], *, seconds: float, per_s: float, seed: int) -> list[Asked]:
    """Each client asks at its fixed times."""
    async with service.session() as session, asyncio.TaskGroup() as group:
        asked, start = list[Asked](), time.perf_counter() + 0.5
        given = questions(of, seed)
        for number in range(int(seconds * per_s)):
            kind, query = next(given)
            due = start + number / per_s
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            group.create_task(_ask(session, kind, query, due, asked))
    return asked


async def _ask(session: aiohttp.ClientSession, kind: str, query: Question, due: float, asked: list[Asked]) -> None:
    async with session.get("/api/v1/trials", params=query) as answer:
        body = await answer.read()
    took_ms = (time.perf_counter() - due) * 1e3
    count = json.loads(body).get("count", 0) if answer.status == 200 else 0
    asked.append(Asked(kind, query, took_ms, answer.status, count))


def told(asked: Sequence[Asked]) -> Figures:
    """No I/O."""
    kinds = sorted({one.kind for one in asked})
    slowest = sorted(asked, key=lambda one: -one.took_ms)[:5]
    return _times([one.took_ms for one in asked]) | {
        "refused": sum(one.status != 200 for one in asked),
        "kinds": {kind: _times([one.took_ms for one in asked if one.kind == kind]) for kind in kinds},
        "slowest": [{"kind": one.kind, **one.query, "ms": rounded(one.took_ms), "found": one.count} for one in slowest],
    }


def _times(ms: Sequence[float]) -> Figures:
    shares = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99}
    worst = {"max_ms": rounded(max(ms, default=0.0))}
    return {"n": len(ms), **{name: rounded(percentile(ms, share)) for name, share in shares.items()}, **worst}


async def overlap(db: Any, of: Sequence[Trial], count: int) -> float:
    """Of the first 20 of so many questions, the share that a look at everything shows."""
    shares, wide = list[float](), replace(CAPS, window=10**9)
    for kind, query in questions(of, SEED + 1):
        if kind in ("number", "typo"):
            continue
        given = {name: value for name, value in query.items() if name != "facets"}
        several = {name: (value,) for name, value in given.items() if name in ("status", "country", "mesh", "phase")}
        within = {"within": float(given["within"])} if "within" in given else {}
        asked = SearchQuery(**(given | several | within))  # type: ignore[arg-type]  # by name
        search, meanings = await settled(db, asked.wanted())
        ours = await answer.search(db, search, meanings=meanings)
        all_ = await answer.search(db, search, wide, meanings=meanings)
        best = {row.id for row in all_.rows}
        if best:
            shares.append(len(best & {row.id for row in ours.rows}) / len(best))
        if len(shares) == count:
            return sum(shares) / count
    raise AssertionError


async def write(dsn: str, folder: Path, *, seconds: float) -> None:
    """500 changed records a second, in pages of a thousand."""
    db, of, number = await asyncpg.connect(dsn), await asyncio.to_thread(studies, folder), 0
    scrape = await store.open_scrape(db, "ctgov", "incremental", since=None, job_id=None, at=datetime.now(UTC))
    dice = random.Random(SEED)  # noqa: S311 - no secret
    start = time.perf_counter()
    for page in range(int(seconds * ROWS_PER_S / 1000)):
        changed = [
            replace(one, registry="ctgov", registry_id=f"NCT{90_000_000 + number + at:08}",
                    last_updated=When(AT.date(), "day"), summary=f"{one.summary} Changed {page}.")
            for at, one in enumerate(resampled(of, 1_000, dice.randrange(10**6)))
        ]  # fmt: skip
        number += 1_000
        made = packed(changed, datetime.now(UTC))
        await asyncio.sleep(max(0.0, start + page * 1000 / ROWS_PER_S - time.perf_counter()))
        async with db.transaction():
            await store.write_page(db, made, scrape_id=scrape)
    print(number / max(time.perf_counter() - start, 1.0))
    await db.close()


@asynccontextmanager
async def writing(dsn: str, folder: Path, seconds: float) -> AsyncIterator[None]:
    """A process of its own that writes."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.search_speed", "--write", dsn, "--data", str(folder),
        "--seconds", str(seconds), cwd=ROOT,
    )  # fmt: skip
    try:
        yield
        if process.returncode:
            raise WriterEnded(f"with {process.returncode}, before the searches did")
    finally:
        if process.returncode is None:
            process.terminate()
        await end(process)


@asynccontextmanager
async def kept(major: str, folder: Path | None) -> AsyncIterator[Embedded]:
    """A server whose files stay in a folder for the next time, where one is named."""
    if folder is None:
        async with server.running(major) as started:
            yield started
        return
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    started = await embedded.start(folder, bin_dir=None if major == server.EMBEDDED else server.DEBIAN / major / "bin")
    try:
        yield started
    finally:
        await started.stop()


async def filled(started: Embedded, of: Sequence[Trial], count: int, data: Path) -> str:
    """The URL of a database with so many trials and MeSH; made only where it is not there."""
    admin = await asyncpg.connect(started.dsn)
    name = f"search_{count}"
    there = await admin.fetchval("select true from pg_database where datname = $1", name)
    if not there:
        await admin.execute(f"create database {name} template template0")
    await admin.close()
    dsn = started.dsn_of(name)
    db = await asyncpg.connect(dsn)
    if not there:
        await migrate(db)
        codes = await thesaurus(db, data)
        await load(db, resampled(of, count, SEED), codes=codes)
    await db.execute("delete from trial_due")  # of earlier runs: who follows is measured elsewhere
    await db.close()
    return dsn


def _read(folder: Path) -> None:
    """Every file, so that the system has it in its cache."""
    for file in folder.rglob("*"):
        if file.is_file():
            with file.open("rb", buffering=0) as opened:
                while opened.read(2**20):
                    pass


async def measure(started: Embedded, given: argparse.Namespace) -> Figures:
    of = await asyncio.to_thread(studies, given.data)
    began = time.perf_counter()
    dsn = await filled(started, of, given.trials, given.data)
    filled_s = time.perf_counter() - began
    with tempfile.TemporaryDirectory(prefix="triald-bench-") as folder:
        async with triald.up(Path(folder), database_url=dsn, semantic="off") as service:
            await asyncio.to_thread(_read, started.cluster / "base")  # as on a machine that has run for a day
            await ask(service, of, seconds=20, per_s=given.per_s, seed=SEED + 2)  # warm
            quiet = await ask(service, of, seconds=given.seconds / 3, per_s=given.per_s, seed=SEED + 3)
            async with writing(dsn, given.data, given.seconds + 5):
                await asyncio.sleep(4)
                busy = await ask(service, of, seconds=given.seconds, per_s=given.per_s, seed=SEED + 4)
    db = await asyncpg.connect(dsn)
    same = await overlap(db, of, given.overlaps)
    size = await db.fetchval("select pg_database_size(current_database())")
    await db.close()
    figures = told(busy)
    reached = {name: at_most(figures[name], most) for name, most in TARGETS.items()}
    reached["overlap"] = at_least(same, LEAST_OVERLAP)
    return {"filled_s": rounded(filled_s), "size_mb": rounded(size / 1e6), "targets": reached,
            "missed": missed(reached), "during_ingest": figures, "quiet": told(quiet)}  # fmt: skip


async def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="bench.search_speed", description="Searches over HTTP while trials come in.")
    parser.add_argument("--trials", type=int, default=500_000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--per-s", type=float, default=32.0, help="questions, of all clients together")
    parser.add_argument("--overlaps", type=int, default=60, help="questions whose first 20 are compared")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--keep", type=Path, help="where the database stays for the next time")
    parser.add_argument("--write", help=argparse.SUPPRESS)
    server.arguments(parser)
    given = parser.parse_args(arguments)
    if given.write:
        await write(given.write, given.data, seconds=given.seconds)
        return
    async with kept(given.pg, given.keep) as started:
        figures = await measure(started, given)
        about = {"bench": "search_speed", "trials": given.trials, "postgresql": await server.version(started)}
        print(json.dumps(about | {"clients": CLIENTS, "per_s": given.per_s} | figures))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1:]))
