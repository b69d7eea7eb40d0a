"""Flags, each with the day just before it is raised and the day on which it is."""

from datetime import date
from typing import Any

import pytest

from actors.trials.flags import Step, Trial, flags, next_look, outcome_changes
from actors.trials.history import Change

TODAY = date(2026, 3, 1)
OLD, NEW = [{"kind": "primary", "measure": "Survival"}], [{"kind": "primary", "measure": "Pain"}]


def names(record: dict[str, Any], *, today: date = TODAY, **more: Any) -> list[str]:
    return [one.name for one in flags(Trial(more.pop("registry", "ctgov"), record, **more), today)]


def switched(*changes: Change, seen_on: date = TODAY, version: int = 2) -> tuple[Step, ...]:
    return (
        Step(1, "new", date(2025, 1, 1)),
        Step(version, "changed", seen_on, (Change("outcomes", OLD, NEW), *changes)),
    )


@pytest.mark.parametrize(
    ("start", "seen_on", "raised"),
    [
        ("2026-02-27", date(2026, 2, 28), True),
        ("2026-02-28", date(2026, 2, 28), False),
        ("2026-02", date(2026, 2, 28), False),  # it may begin on the month's last day
        ("2026-02", date(2026, 3, 1), True),
        (None, date(2026, 3, 1), False),
    ],
)
def test_outcomes_are_switched_where_they_change_after_the_start(
    start: str | None, seen_on: date, raised: bool
) -> None:
    """N05."""
    record = {"status": "recruiting", "start": start}
    assert ("outcomes_switched" in names(record, steps=switched(seen_on=seen_on))) is raised


def test_a_flag_says_why_and_what_it_rests_on() -> None:
    """N01, N05."""
    steps = switched(Change("last_updated", "2026-01-01", "2026-02-20"))
    record = {"status": "recruiting", "start": "2026-01", "last_updated": "2026-02-20"}
    [flag] = flags(Trial("ctgov", record, steps), TODAY)
    assert (flag.name, flag.version, flag.since) == ("outcomes_switched", 2, date(2026, 2, 20))
    assert flag.rests_on == {"start": "2026-01", "changed_on": "2026-02-20"}
    assert "dropped: Survival" in flag.reason and "added: Pain" in flag.reason


def test_start_and_status_are_those_of_the_time_of_the_change() -> None:
    """N05: a start that was moved later does not raise what was in time, nor hide what was late."""
    in_time = switched(Change("status", "not_yet_recruiting", "recruiting"), seen_on=date(2026, 2, 1))
    assert names({"status": "recruiting", "start": "2026-01-01"}, steps=in_time) == []
    late = (*switched(seen_on=date(2026, 2, 1)), Step(3, "changed", TODAY, (Change("start", "2026-01-01", "2027"),)))
    assert names({"status": "recruiting", "start": "2027"}, steps=late) == ["outcomes_switched"]


def test_another_wording_is_a_flag_of_its_own() -> None:
    """N05."""
    reworded = Change("outcomes", OLD, [{"kind": "primary", "measure": "Overall survival"}])
    steps = (Step(1, "new", date(2025, 1, 1)), Step(2, "changed", TODAY, (reworded,)))
    assert names({"status": "recruiting", "start": "2026-01-01"}, steps=steps) == ["outcomes_reworded"]
    [change] = outcome_changes({"status": "recruiting", "start": "2026-01-01"}, steps)
    assert (change.after_start, change.is_switch) == (True, False)


@pytest.mark.parametrize(
    ("record", "raised"),
    [
        ({"status": "recruiting", "completion": "2026-02-28"}, True),
        ({"status": "recruiting", "completion": "2026-03-01"}, False),
        ({"status": "recruiting", "completion": "2026-02"}, True),
        ({"status": "recruiting", "completion": "2026"}, False),
        ({"status": "recruiting", "primary_completion": "2026-02"}, True),
        ({"status": "recruiting", "primary_completion": "2025", "completion": "2027"}, False),
        ({"status": "enrolling_by_invitation", "completion": "2025"}, True),
        ({"status": "completed", "completion": "2025"}, False),
        ({"status": "recruiting"}, False),
    ],
)
def test_recruiting_past_its_completion(record: dict[str, Any], raised: bool) -> None:
    """G24: recruiting past completion date flagged."""
    assert ("recruiting_past_completion" in names(record)) is raised


OVER = {"status": "completed", "study_type": "interventional", "has_results": False}


@pytest.mark.parametrize(
    ("registry", "record", "raised"),
    [
        ("ctgov", OVER | {"primary_completion": "2025-02-28"}, True),
        ("ctgov", OVER | {"primary_completion": "2025-03-01"}, False),
        ("ctgov", OVER | {"primary_completion": "2025-02"}, True),
        ("ctgov", OVER | {"completion": "2025-02"}, True),
        ("ctgov", OVER | {"primary_completion": "2024-01", "completion": "2026-01"}, True),
        ("euctr", OVER | {"primary_completion": "2024-01", "completion": "2026-01"}, False),
        ("ctis", OVER | {"completion": "2025-02"}, True),
        ("isrctn", OVER | {"completion": "2025-02"}, True),
        ("ctgov", OVER | {"primary_completion": "2025-02", "has_results": True}, False),
        ("ctgov", OVER | {"primary_completion": "2025-02", "has_results": None}, False),
        ("ctgov", OVER | {"primary_completion": "2025-02", "study_type": "observational"}, False),
        ("ctgov", OVER | {"primary_completion": "2025-02", "phases": ["early_phase_1"]}, False),
        ("ctgov", OVER | {"primary_completion": "2025-02", "status": "withdrawn"}, False),
        ("ctgov", OVER | {"primary_completion": "2025-02", "status": "terminated"}, True),
        ("ctgov", OVER | {"primary_completion": "2025-02", "status": "active_not_recruiting"}, False),
        (
            "ctgov",
            OVER
            | {"primary_completion": "2025-02", "status": "active_not_recruiting", "primary_completion_actual": True},
            True,
        ),
    ],
)
def test_results_are_overdue_after_twelve_months(registry: str, record: dict[str, Any], raised: bool) -> None:
    """G24: by each register's own rule."""
    assert ("results_overdue" in names(record, registry=registry)) is raised


@pytest.mark.parametrize(
    ("status", "updated", "raised"),
    [
        ("recruiting", "2026-01-29", True),
        ("recruiting", "2026-01-30", False),
        ("active_not_recruiting", "2026-01-29", True),
        ("not_yet_recruiting", "2026-01", False),
        ("completed", "2020-01-01", False),
        ("recruiting", None, False),
    ],
)
def test_an_active_record_is_stale_after_thirty_days(status: str, updated: str | None, raised: bool) -> None:
    """G24: more than 30 days."""
    assert ("stale" in names({"status": status, "last_updated": updated})) is raised


def test_a_status_that_has_become_unknown() -> None:
    """N05."""
    went = (Step(1, "new", TODAY), Step(2, "changed", TODAY, (Change("status", "recruiting", "unknown"),)))
    [flag] = flags(Trial("ctgov", {"status": "unknown"}, went), TODAY)
    assert (flag.name, flag.version) == ("status_unknown", 2)
    assert names({"status": "unknown", "last_known_status": "recruiting"}) == ["status_unknown"]
    assert names({"status": "unknown"}) == []


def test_what_was_removed_is_judged_by_its_history_alone() -> None:
    """N05."""
    record = {"status": "recruiting", "completion": "2020", "last_updated": "2019"}
    steps = (Step(1, "new", TODAY), Step(2, "removed", TODAY))
    [flag] = flags(Trial("ctgov", record, steps, removed_on=TODAY), TODAY)
    assert (flag.name, flag.version, flag.since) == ("removed_at_source", 2, TODAY)


@pytest.mark.parametrize("written", ["", "soon", "2026-13", "2026-02-30", "0000", "99999", "2026-1-1-1"])
def test_what_is_no_date_raises_nothing(written: str) -> None:
    assert names({"status": "recruiting", "completion": written, "last_updated": written}) == []


def test_the_next_look_is_the_first_day_on_which_a_flag_is_raised() -> None:
    """G24: flags that only time raises are looked for on their day."""
    record = {"status": "recruiting", "completion": "2026-05", "last_updated": "2026-02-20"}
    trial = Trial("ctgov", record)
    assert next_look(trial, TODAY) == date(2026, 3, 23)
    assert [one.name for one in flags(trial, date(2026, 3, 22))] == []
    assert [one.name for one in flags(trial, date(2026, 3, 23))] == ["stale"]
    assert next_look(trial, date(2026, 3, 23)) == date(2026, 6, 1)
    assert next_look(trial, date(2026, 6, 1)) is None
