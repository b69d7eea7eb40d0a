"""Figures: medians, percentiles, targets; what the harness decides without running anything."""

from pathlib import Path

import pytest

from bench.__main__ import BENCHES, words
from bench.ingest import result as ingested
from bench.measure import at_least, at_most, medians, missed, percentile, rounded
from bench.peers import PEERS, Peer, Places, address, command, places
from bench.peers import result as compared


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([], 0.5, 0.0), ([7.0], 0.99, 7.0), ([3.0, 1.0, 2.0], 0.5, 2.0), ([1.0, 2.0], 1.0, 2.0), ([1.0, 2.0], 0.0, 1.0)],
)
def test_a_percentile_is_one_of_the_values(values: list[float], share: float, expected: float) -> None:
    assert percentile(values, share) == expected


def test_medians_are_taken_figure_by_figure() -> None:
    assert medians([{"a": 1.0, "b": 9.0}, {"a": 3.0, "b": 7.0}, {"a": 2.0, "b": 8.0}]) == {"a": 2.0, "b": 8.0}


@pytest.mark.parametrize(("value", "expected"), [(1234.56, 1235.0), (12.34567, 12.35), (0.00123456, 0.001235)])
def test_figures_are_told_to_four_digits(value: float, expected: float) -> None:
    assert rounded(value) == expected


def test_a_target_is_judged_before_its_value_is_rounded() -> None:
    targets = {
        "on the line": at_least(1.5, 1.5),
        "below it": at_least(1.499999, 1.5),
        "under a roof": at_most(10.0, 10.0),
        "above it": at_most(10.000001, 10.0),
    }
    assert missed(targets) == ["below it", "above it"]


SETUP = "V=/opt/venvs; N20=/opt/npm; N22=/opt/npm22\none floor $V/x\n"


@pytest.mark.parametrize(
    ("environ", "setup", "expected"),
    [
        ({"PEERS": "p"}, "", Places(Path("p"), None, None)),
        ({"PEERS": "p"}, SETUP, Places(Path("p"), Path("/opt/venvs"), Path("/opt/npm22"))),
        (
            {"PEERS": "p", "PEERS_VENV": "v", "PEERS_NPM": "n"},
            SETUP,
            Places(Path("p"), Path("v"), Path("n")),
        ),
    ],
)
def test_the_environment_says_where_peers_are_and_else_their_own_set_up(
    environ: dict[str, str], setup: str, expected: Places
) -> None:
    assert places(environ, setup) == expected


def test_a_peer_that_is_not_installed_has_no_command(tmp_path: Path) -> None:
    at = Places(tmp_path, tmp_path / "venvs", tmp_path / "modules")
    assert [command(peer, at) for peer in PEERS] == [None] * len(PEERS)
    (tmp_path / "one.py").touch()
    python = tmp_path / "venvs" / "one" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    assert command(Peer("one", "one.py", "one"), at) == [str(python), str(tmp_path / "one.py")]
    assert command(Peer("one", "one.py", "one"), Places(tmp_path, None, None)) is None


def test_an_address_names_the_socket_as_the_host() -> None:
    url = "postgresql://postgres@/bench?host=/var/run/x y&port=5432"
    assert address(url) == "postgresql://postgres@%2Fvar%2Frun%2Fx%20y:5432/bench"


def test_the_queue_is_compared_with_the_best_peer_in_each_figure() -> None:
    def run(enqueue: float, process: float, p50: float, p99: float) -> dict[str, float]:
        return {
            "enqueue_jobs_s": enqueue,
            "process_jobs_s": process,
            "pickup_latency_ms_p50": p50,
            "pickup_latency_ms_p99": p99,
        }

    ours = [run(130, 300, 2, 9), run(130, 300, 2, 9), run(1, 1, 99, 99)]
    found = compared(ours, {"fast": [run(50, 200, 4, 8)], "ready": [run(100, 50, 3, 12)]})
    assert found["targets"]["process_over_best_peer"]["value"] == 1.5
    assert found["targets"]["enqueue_over_best_peer"]["value"] == 1.3
    assert found["targets"]["pickup_p50_over_best_peer"]["value"] == 0.6667
    assert found["missed"] == ["pickup_p99_over_best_peer"]
    assert found["ratios"]["fast"]["process_jobs_s"] == 1.5


def test_without_peers_the_queue_is_held_to_its_own_targets_alone() -> None:
    run = {"enqueue_jobs_s": 1.0, "process_jobs_s": 1.0, "pickup_latency_ms_p50": 2.6, "pickup_latency_ms_p99": 10.0}
    assert compared([run], {})["missed"] == ["pickup_p50_ms"]


def test_of_memory_and_answers_the_worst_run_counts() -> None:
    runs = [
        {"records_per_s": 60.0, "memory_peak_mb": 300.0, "dashboard_p95_ms": 101.0},
        {"records_per_s": 70.0, "memory_peak_mb": 401.0, "dashboard_p95_ms": 20.0},
        {"records_per_s": 50.0, "memory_peak_mb": 300.0, "dashboard_p95_ms": 20.0},
    ]
    found = ingested([100.0, 90.0, 110.0], runs)
    assert found["targets"]["over_floor"]["value"] == 0.6
    assert found["missed"] == ["memory_peak_mb", "dashboard_p95_ms"]


def test_every_benchmark_of_the_list_is_a_module_with_sizes_to_try_it() -> None:
    for bench in BENCHES:
        command = words(bench, quick=True, major="15", file=Path("out.json"))
        assert command[1:3] == ["-m", f"bench.{bench.name}"]
        assert (Path(__file__).parents[2] / "bench" / f"{bench.name}.py").is_file()
        assert ("--pg" in command) == bench.takes_pg
        assert command != words(bench, quick=False, major=None, file=Path("out.json"))
