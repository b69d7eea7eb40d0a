"""Each benchmark at a size that says nothing: it runs, and prints one JSON object with its figures."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.children import output

RUNS = {
    "writers": ("--writers 4 --seconds 0.2 --runs 1", {"idle_enabled_per_s", "active_disabled_per_s", "targets"}),
    "held_xmin": ("--minutes 2 --minute 1 --rate 200 --burst 50", {"minutes", "targets"}),
    "startup": ("--runs 1", {"ready_s", "first_start_s", "targets"}),
    "idle": ("--seconds 0.5 --settle 0", {"triald_cpu_percent", "postgres_cpu_percent", "triald_resident_mb"}),
}


async def bench(name: str, arguments: str, **environ: str) -> dict[str, Any]:
    """The object that it printed."""
    words = [sys.executable, "-m", f"bench.{name}", *arguments.split()]
    code, said, complaint = await output(words, environ=os.environ | environ, within_s=120)
    assert code == 0, complaint
    [line] = said.splitlines()
    figures: dict[str, Any] = json.loads(line)
    assert figures["bench"] == name
    return figures


@pytest.mark.parametrize("name", RUNS)
async def test_a_benchmark_runs_and_prints_its_figures(name: str) -> None:
    arguments, expected = RUNS[name]
    assert expected <= (await bench(name, arguments)).keys()


async def test_the_queue_alone_tells_what_a_job_costs_the_database(dsn: str) -> None:
    found = await bench("jobs", f"--dsn {dsn} --jobs 60 --runs 2 --pickups 5")
    assert found["dead_tuples_per_job"] == 2  # of a claim and an end
    assert found["wal_bytes_per_job_enqueued"] > 0
    assert found["wal_bytes_per_job_processed"] > 0
    assert len(found["each"]) == 2


async def test_a_registry_is_mirrored_whole_while_its_cost_is_watched(tmp_path: Path) -> None:
    found = await bench("ingest", f"--trials 60 --runs 1 --world {tmp_path}")
    [run] = found["each"]["triald"]
    assert run["records"] == 60
    assert run["found_by_search"]
    assert run["memory_peak_mb"] > 0
    assert run["answers_refused"] == []


async def test_a_peer_is_measured_in_turn_with_ours(tmp_path: Path) -> None:
    """With a stand-in: what peers print is their scripts' promise, not ours."""
    peer = tmp_path / "pgqueuer_bench.py"
    peer.write_text(
        "import json, os\n"
        "assert os.environ['DATABASE_URL'].startswith('postgresql://') and os.environ['N'] == '40'\n"
        "print('something else first')\n"
        "print(json.dumps({'peer': 'x', 'enqueue_jobs_s': 1, 'process_jobs_s': 2,"
        " 'pickup_latency_ms_p50': 3, 'pickup_latency_ms_p99': 4}))\n"
    )
    python = tmp_path / "pgqueuer" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    (tmp_path / "awa_bench.py").write_text("raise SystemExit(3)\n")
    (tmp_path / "awa").symlink_to(tmp_path / "pgqueuer")
    found = await bench(
        "peers", "--jobs 40 --runs 1 --pickups 3", PEERS=str(tmp_path), PEERS_VENV=str(tmp_path), PEERS_NPM=""
    )
    assert found["peers"]["pgqueuer"]["process_jobs_s"] == 2
    assert found["failed"] == {"awa": "exit code 3"}
    assert "pg-boss" in found["skipped"]
    assert len(found["each"]["ours"]) == 2
