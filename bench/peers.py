"""The queue beside its peers, on one PostgreSQL, in turns: ours, a peer, ours, the next, and so on. Prints JSON.

    python -m bench.peers [--jobs 50000] [--runs 3] [--only pgqueuer,graphile-worker] [--pg 15]

The peers' scripts and installations are not part of this project: PEERS is the folder of the scripts, PEERS_VENV holds
a virtual environment for each Python peer, PEERS_NPM the node modules. What is not there is named as skipped. Each
script prints one line of JSON with enqueue_jobs_s, process_jobs_s, pickup_latency_ms_p50 and …_p99.
"""

import argparse
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import uvloop

from bench import server
from bench.children import output
from bench.jobs import LATENCY_JOBS
from bench.measure import Figures, at_least, at_most, medians, missed, rounded
from supervisor.embedded import Embedded

SCRIPTS = Path("..") / "shared" / "bench" / "peers"
FIGURES = ("enqueue_jobs_s", "process_jobs_s", "pickup_latency_ms_p50", "pickup_latency_ms_p99")
PROCESS_LEAST, ENQUEUE_LEAST = 1.5, 1.3  # times the best peer
P50_MOST_MS, P99_MOST_MS = 2.5, 10.0
RUN_WITHIN_S = 600.0

Run = dict[str, float]


@dataclass(frozen=True, slots=True)
class Peer:
    """`home` is what its installation lies in: a virtual environment by that name, or None for node modules."""

    name: str
    script: str
    home: str | None = None


PEERS = (
    Peer("pgqueuer", "pgqueuer_bench.py", "pgqueuer"),
    Peer("procrastinate", "procrastinate_bench.py", "procrastinate"),
    Peer("awa", "awa_bench.py", "awa"),
    Peer("graphile-worker", "graphile_worker_bench.mjs"),
    Peer("pg-boss", "pgboss_bench.mjs"),
)


def address(url: str) -> str:
    """The same with the socket's folder as the host: the one spelling that every driver understands. No I/O."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    return f"{parts.scheme}://{parts.username}@{quote(query['host'], safe='')}:{query['port']}{parts.path}"


@dataclass(frozen=True, slots=True)
class Places:
    scripts: Path
    venvs: Path | None
    modules: Path | None


def places(environ: Mapping[str, str], setup: str) -> Places:
    """Where peers are: by the environment, else where `setup`, the text of their own set-up, puts them. No I/O."""

    def place(variable: str, pattern: str) -> Path | None:
        told = re.search(pattern, setup, re.MULTILINE)
        text = environ.get(variable) or (told[1] if told else "")
        return Path(text) if text else None

    scripts = Path(environ.get("PEERS") or SCRIPTS)
    return Places(scripts, place("PEERS_VENV", r"\bV=([^;\s]+)"), place("PEERS_NPM", r"\bN22=([^;\s]+)"))


def command(peer: Peer, at: Places) -> list[str] | None:
    """How to run a peer, None where it is not installed."""
    script = at.scripts / peer.script
    if peer.home is None:
        program = at.modules / "node_modules" / ".bin" / "node" if at.modules else None
    else:
        program = at.venvs / peer.home / "bin" / "python" if at.venvs else None
    if program is None or not program.exists() or not script.exists():
        return None
    return [str(program), str(script.absolute())]


async def turn(words: Sequence[str], environ: Mapping[str, str], name: str) -> Run | str:
    """One run: its figures, or in words why there are none."""
    code, said, complaint = await output(words, environ=environ, within_s=RUN_WITHIN_S)
    if code != 0:
        print(f"{name}: exit code {code}: {complaint[-500:]}", file=sys.stderr)
        return f"exit code {code}"
    figures = json.loads(said.strip().splitlines()[-1])
    print(f"{name}: {[figures[one] for one in FIGURES]}", file=sys.stderr, flush=True)
    return {one: float(figures[one]) for one in FIGURES}


def result(ours: Sequence[Run], theirs: Mapping[str, Sequence[Run]]) -> Figures:
    """Medians, ratios to each peer (above 1 is better, for latency below 1), and the targets. No I/O."""
    middle, peers = medians(ours), {name: medians(runs) for name, runs in theirs.items()}
    ratios = {name: {one: rounded(middle[one] / theirs[one]) for one in FIGURES} for name, theirs in peers.items()}
    targets = {
        "pickup_p50_ms": at_most(middle["pickup_latency_ms_p50"], P50_MOST_MS),
        "pickup_p99_ms": at_most(middle["pickup_latency_ms_p99"], P99_MOST_MS),
    }
    if peers:
        best = {one: max(peer[one] for peer in peers.values()) for one in ("enqueue_jobs_s", "process_jobs_s")}
        soonest = {one: min(peer[one] for peer in peers.values()) for one in FIGURES[2:]}
        targets |= {
            "process_over_best_peer": at_least(middle["process_jobs_s"] / best["process_jobs_s"], PROCESS_LEAST),
            "enqueue_over_best_peer": at_least(middle["enqueue_jobs_s"] / best["enqueue_jobs_s"], ENQUEUE_LEAST),
            "pickup_p50_over_best_peer": at_most(middle[FIGURES[2]] / soonest[FIGURES[2]], 1.0),
            "pickup_p99_over_best_peer": at_most(middle[FIGURES[3]] / soonest[FIGURES[3]], 1.0),
        }
    return {"ours": middle, "peers": peers, "ratios": ratios, "targets": targets, "missed": missed(targets)}


async def measure(started: Embedded, wanted: Sequence[Peer], *, jobs: int, runs: int, pickups: int) -> Figures:
    at = places(os.environ, _setup())
    able = {peer: words for peer in wanted if (words := command(peer, at)) is not None}
    failed: dict[str, str] = {}
    ours: list[Run] = []
    theirs: dict[str, list[Run]] = {}
    environ = {name: value for name, value in os.environ.items() if name not in ("PEERS", "CONCURRENCY", "BATCH")}
    environ |= {"N": str(jobs), "LAT_JOBS": str(pickups)}
    if at.modules:
        environ["PEERS_NPM"] = str(at.modules)
    async with server.database(started, "bench_ours") as dsn:
        own = [sys.executable, "-m", "bench.jobs", "--dsn", dsn]
        own += ["--jobs", str(jobs), "--runs", "1", "--pickups", str(pickups)]
        turns: list[tuple[Peer | None, list[str]]] = [*able.items()] or [(None, [])]  # none is installed: ours alone
        for peer, words in turns * runs:
            mine = await turn(own, os.environ, "triald")
            if isinstance(mine, str):
                raise RuntimeError(f"our own run failed: {mine}")
            ours.append(mine)
            if peer is None or peer.name in failed:
                continue
            async with server.database(started, "bench_peer", empty=True) as url:
                run = await turn(words, environ | {"DATABASE_URL": address(url)}, peer.name)
            if isinstance(run, str):
                failed[peer.name] = run
            else:
                theirs.setdefault(peer.name, []).append(run)
    skipped = [peer.name for peer in wanted if peer not in able]
    return {"n": jobs, "runs": runs, "failed": failed, "skipped": skipped, **result(ours, theirs),
            "each": {"ours": ours, **theirs}}  # fmt: skip


def _setup() -> str:
    file = Path(os.environ.get("PEERS") or SCRIPTS) / "run_all.sh"
    return file.read_text("utf-8") if file.is_file() else ""


async def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="bench.peers", description="The queue beside its peers.")
    parser.add_argument("--jobs", type=int, default=50_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--pickups", type=int, default=LATENCY_JOBS, help="jobs of the latency")
    parser.add_argument("--only", help="these peers, with commas between them")
    server.arguments(parser)
    given = parser.parse_args(arguments)
    wanted = [peer for peer in PEERS if not given.only or peer.name in given.only.split(",")]
    async with server.running(given.pg) as started:
        figures: dict[str, Any] = await measure(
            started, wanted, jobs=given.jobs, runs=given.runs, pickups=given.pickups
        )
        print(json.dumps({"bench": "peers", "postgresql": await server.version(started), **figures}))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1:]))
