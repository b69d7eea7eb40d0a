"""Whether a service moves, as whoever feeds the watchdog and whoever asks /live see it."""

import time
from pathlib import Path
from uuid import uuid4

import pytest

from actors.queue.desk import Desk
from supervisor.movement import Movement
from supervisor.running import moves
from supervisor.wiring import open_service
from tests.supervisor import acting


def desks(*moved_at: float) -> list[Desk]:
    made = [Desk(f"desk{number}", ("default",), uuid4()) for number in range(len(moved_at))]
    for desk, at_s in zip(made, moved_at, strict=True):
        desk.moved_at = at_s
    return made


@pytest.mark.parametrize(("moved_at", "stuck_s"), [((), 0.0), ((100.0,), 0.0), ((40.0, 99.0), 60.0)])
def test_the_slowest_claim_loop_decides(moved_at: tuple[float, ...], stuck_s: float) -> None:
    assert Movement(desks(*moved_at), lambda: True).stuck_s(100.0) == stuck_s


def test_while_the_database_is_away_no_claim_loop_is_stuck_and_none_is_right_after() -> None:
    """An outage of an hour restarts no process; a loop that does not move once it is over does."""
    answers = [True]
    movement = Movement(desks(0.0), lambda: answers[-1])
    assert movement.stuck_s(30.0) == 30.0
    answers.append(False)
    assert [movement.stuck_s(at_s) for at_s in (60.0, 1000.0, 3600.0)] == [0.0] * 3
    answers.append(True)
    assert [movement.stuck_s(at_s) for at_s in (3610.0, 3670.0)] == [10.0, 70.0]


async def test_a_service_moves_while_its_loop_and_its_claim_loops_do(dsn: str, tmp_path: Path) -> None:
    """G10: one that stands still is told from one that drains, and from one whose database is away."""
    async with open_service(acting.given(dsn, tmp_path)) as service:
        assert moves(service)
        service.desks["scraper"].moved_at = time.monotonic() - 61.0
        assert not moves(service)
        service.draining = True
        assert moves(service)
        service.draining = False
        assert not moves(service)
        service.beat.beat_at = time.monotonic() - service.settings.dead_after_s
        assert moves(service)


async def test_a_service_whose_event_loop_stands_still_does_not_move(dsn: str, tmp_path: Path) -> None:
    async with open_service(acting.given(dsn, tmp_path)) as service:
        service.lag._due_s = time.monotonic() - 4.0
        assert moves(service)
        service.lag._due_s = time.monotonic() - 6.0
        assert not moves(service)
