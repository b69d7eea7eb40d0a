"""Health: what is decided of the parts, and what is answered while the database is away."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from actors.trials.following.store import Waiting
from supervisor.life import ActorState, State
from supervisor.made import Made
from supervisor.web import health
from supervisor.web.health import Part
from tests.postgres import Postgres
from tests.supervisor.web.asking import Api
from tests.supervisor.web.coded import take_mesh
from tests.supervisor.web.reviewed import review

WELL, BAD, ILL = Part("healthy"), Part("degraded"), Part("unhealthy")


@pytest.mark.parametrize(
    ("database", "queue", "expected"),
    [
        (WELL, WELL, "healthy"),
        (WELL, BAD, "degraded"),
        (WELL, ILL, "degraded"),
        (ILL, WELL, "unhealthy"),
        (ILL, ILL, "unhealthy"),
    ],
)
def test_only_the_database_makes_it_unhealthy(database: Part, queue: Part, expected: str) -> None:
    assert health.overall({"database": database, "queue": queue, "redis": health.NOT_USED}) == expected


@pytest.mark.parametrize(("stuck_s", "status"), [(60.0, "healthy"), (60.1, "degraded")])
def test_a_queue_from_which_nothing_is_claimed_is_degraded(stuck_s: float, status: str) -> None:
    part = health.queue_part(database=WELL, stuck_s=stuck_s, waiting=1, running=2, slots=3)
    assert (part.status, part.details) == (status, {"waiting": 1, "running": 2, "slots": 3})


@pytest.mark.parametrize(
    ("states", "status"),
    [
        ((State.RUNNING, State.RUNNING), "healthy"),
        ((State.RUNNING, State.DRAINING), "healthy"),
        ((State.RUNNING, State.HUNG), "degraded"),
        ((State.STARTING, State.HUNG), "unhealthy"),
    ],
)
def test_an_actor_is_as_well_as_its_copies(states: tuple[State, ...], status: str) -> None:
    copies = [
        ActorState("worker", number, state, datetime.now(UTC), None, 3, "ValueError: no")
        for number, state in enumerate(states)
    ]
    part = health.actor_part("worker", 2, copies)
    assert part.status == status
    assert (part.message is None) == (status == "healthy")


@pytest.mark.parametrize(
    ("lag_s", "stuck_s", "live"), [(4.9, 59.0, True), (5.0, 0.0, False), (0.0, 60.0, False), (0.0, 0.0, True)]
)
def test_it_is_alive_while_its_loops_move(lag_s: float, stuck_s: float, live: bool) -> None:
    assert health.is_live(lag_s=lag_s, stuck_s=stuck_s) is live


async def test_all_is_well_and_every_part_says_so(api: Api) -> None:
    told = await api.get("/health", role=None)
    assert told["status"] == "healthy"
    assert told["services"].items() >= {
        "database": "healthy", "queue": "healthy", "redis": "not_used", "ml": "not_used", "mesh": "not_used",
        "duplicates": "healthy", "search": "healthy", "semantic": "not_used", "backup": "not_used",
        "loop_lag": "healthy", "scheduler": "healthy",
    }.items()  # fmt: skip
    assert set(told["services"].values()) == {"healthy", "not_used"}
    assert told["uptime"] >= 0
    detailed = await api.get("/health/detailed", role=None)
    assert detailed["memory_bytes"] > 1_000_000
    pool = detailed["services"]["database"]["details"]
    assert (pool["pool_most"], pool["pool_waiting"]) == (10, 0)
    assert 1 <= pool["pool_idle"] <= pool["pool_total"] <= 10
    for name in told["services"]:
        assert (await api.get(f"/health/services/{name}", role=None))["status"] in ("healthy", "not_used")
    status, body = await api.ask("GET", "/health/services/nothing", role=None)
    assert (status, "database" in body["details"]["known"]) == (404, True)


NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def _made(behind_s: float, year: int | None = 2026) -> Made:
    since = NOW - timedelta(seconds=behind_s) if behind_s else None
    behind = {name: Waiting(name, 1_234 if since else 0, since) for name in ("mesh", "dedupe", "search")}
    at = NOW if year else None
    return Made(year, at, NOW, 500, False, 3, 7, 11, behind)


@pytest.mark.parametrize(("behind_s", "status"), [(0, "healthy"), (3600, "healthy"), (3601, "degraded")])
def test_what_is_made_of_the_trials_is_degraded_where_it_is_an_hour_behind(behind_s: float, status: str) -> None:
    parts = health.made_parts(_made(behind_s), NOW)
    assert {name: part.status for name, part in parts.items()} == dict.fromkeys(parts, status)
    for part in parts.values():
        assert part.details["behind_s"] == behind_s
        assert part.message is None or part.message.startswith("1,234 trials wait")
    assert parts["mesh"].details["year"] == 2026
    assert [parts["duplicates"].details[name] for name in ("uncompared", "held", "proposed")] == [3, 7, 11]
    assert health.made_parts(_made(behind_s, year=None), NOW)["mesh"].status == "not_used"


async def test_duplicates_and_mesh_and_search_say_how_far_they_are(api: Api, tmp_path: Path) -> None:
    """N05: when all was compared last, what waits for a reviewer, which year of MeSH is held, who is behind."""
    await review(api.site.all_tenants, tmp_path)
    duplicates = await api.get("/health/services/duplicates", role=None)
    assert duplicates["details"] | {"last_whole_run": None, "behind_s": 0, "proposed": 0} == {
        "last_whole_run": None, "compared": duplicates["details"]["compared"], "whole_run_now": "no", "uncompared": 0,
        "held": 0, "proposed": 0, "due": 0, "behind_s": 0,
    }  # fmt: skip
    assert duplicates["details"]["last_whole_run"] is not None
    waits = await api.get("/api/v1/duplicates?state=proposed")
    assert duplicates["details"]["proposed"] == len(waits["pairs"]) > 0
    trials = await api.site.all_tenants.fetchval("select count(*) from trials")
    assert (await api.get("/health/services/search", role=None))["details"]["due"] == trials
    assert (await api.get("/health/services/mesh", role=None))["status"] == "not_used"
    await take_mesh(api, tmp_path)
    mesh = await api.get("/health/services/mesh", role=None)
    assert (mesh["status"], mesh["details"]["year"], mesh["details"]["due"]) == ("healthy", 2024, 0)


async def test_without_its_database_it_is_unhealthy_not_ready_and_still_alive(api: Api, postgres: Postgres) -> None:
    """S17, R25: the code and the body of each, with the one store stopped; all is well again once it is back."""
    await postgres.kill()
    expected = {
        "/health": 503, "/health/detailed": 503, "/health/services/database": 503, "/health/services/queue": 503,
        "/health/services/mesh": 503, "/health/services/duplicates": 503, "/health/services/search": 503,
        "/health/services/semantic": 503, "/health/services/redis": 200, "/health/services/ml": 200,
        "/health/services/loop_lag": 200, "/health/services/nothing": 404, "/health/services/scheduler": 200,
        "/ready": 503, "/live": 200,
    }  # fmt: skip
    answers = {path: await api.ask("GET", path, role=None) for path in expected if "scheduler" not in path}
    assert {path: status for path, (status, _) in answers.items()} == {
        path: status for path, status in expected.items() if "scheduler" not in path
    }
    assert answers["/health"][1]["status"] == "unhealthy"
    assert answers["/health/services/database"][1]["status"] == "unhealthy"
    assert answers["/health"][1]["services"].items() >= {
        "database": "unhealthy", "queue": "unhealthy", "redis": "not_used", "ml": "not_used", "mesh": "unhealthy",
        "search": "unhealthy", "duplicates": "unhealthy", "semantic": "unhealthy", "loop_lag": "healthy",
    }.items()  # fmt: skip
    detailed = answers["/health/detailed"][1]
    assert detailed["memory_bytes"] > 1_000_000
    assert "does not answer" in detailed["services"]["database"]["message"]
    assert answers["/health/services/nothing"][1]["code"] == "not_found"
    assert answers["/ready"][1] == {"ready": False, "reason": detailed["services"]["database"]["message"]}
    await postgres.restart()
    assert (await api.get("/health", role=None))["services"]["database"] == "healthy"
    assert (await api.get("/ready", role=None))["ready"] is True


async def test_who_is_about_to_stop_is_not_ready(api: Api) -> None:
    api.site.draining = True
    status, told = await api.ask("GET", "/ready", role=None)
    assert (status, told) == (503, {"ready": False, "reason": "it is about to stop"})
    assert (await api.ask("GET", "/live", role=None))[0] == 200


async def test_metrics_need_a_token_and_are_what_prometheus_reads(api: Api) -> None:
    assert (await api.ask("GET", "/metrics", role=None))[0] == 401
    _, headers, body = await api.whole("GET", "/metrics")
    assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert b"process_resident_memory_bytes" in body
