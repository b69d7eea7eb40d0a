"""Who is told what of a page of trials."""

from datetime import date
from typing import Any

import pytest

from actors.trials.flags import Step
from actors.trials.history import Change
from actors.trials.watching.notes import Made, Now, SearchWatch, TrialWatch, make

DAY = date(2026, 3, 1)
STATUS = Change("status", "recruiting", "completed")
SWITCH = Change("outcomes", [{"kind": "primary", "measure": "Survival"}], [{"kind": "primary", "measure": "Pain"}])


def now(*changes: Change, id_: int = 1, event: str = "changed", **more: Any) -> Now:
    """A trial at its second version."""
    given: dict[str, Any] = {"status": "completed", "start": "2025-01-01", "last_updated": None} | more
    steps = (Step(1, "new", date(2025, 2, 1)), Step(2, event, DAY, changes))
    return Now(id_, 2, "ctgov", f"NCT{id_}", "A trial", steps=steps, **given)


def told(made: Made) -> list[tuple[str, int, int, tuple[str, ...]]]:
    return [(one.owner, one.trial.id, one.version, one.kinds) for one in made.notes]


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        (STATUS, ["status"]),
        (Change("start", "2025", "2026"), ["dates"]),
        (Change("primary_completion", None, "2026"), ["dates"]),
        (Change("completion", "2026-01", None), ["dates"]),
        (Change("results_posted", None, "2026-01-01"), ["results_posted"]),
        (Change("has_results", False, True), ["results_posted"]),
        (SWITCH, ["outcomes_switched"]),
        (Change("results_posted", "2026-01-01", "2026-01-02"), []),
        (Change("has_results", True, False), []),
        (Change("status_raw", "A", "B"), []),
        (Change("last_updated", "2026-01-01", "2026-01-02"), []),
        (Change("title", "A", "B"), []),
        (Change("outcomes", [], [{"kind": "secondary", "measure": "Pain"}]), []),
        (
            Change(
                "outcomes",
                [{"kind": "primary", "measure": "Survival"}],
                [{"kind": "primary", "measure": "Overall survival"}],
            ),
            [],
        ),
    ],
)
def test_what_matters_is_told_and_nothing_else(change: Change, kinds: list[str]) -> None:
    """N05: status, dates, outcomes switched, results posted."""
    made = make([now(change)], [TrialWatch(7, "eve", 1, 1)], [])
    assert [kind for one in made.notes for kind in one.kinds] == kinds
    assert made.told == [(7, 2)]


@pytest.mark.parametrize("event", ["removed", "returned"])
def test_that_a_trial_is_gone_or_back_is_told(event: str) -> None:
    """N05."""
    assert told(make([now(event=event)], [TrialWatch(7, "eve", 1, 1)], [])) == [("eve", 1, 2, (event,))]


def test_what_was_told_before_is_not_told_again() -> None:
    """N05."""
    assert make([now(STATUS)], [TrialWatch(7, "eve", 1, 2)], []).notes == []


def test_outcomes_that_change_before_the_start_are_no_switch() -> None:
    """N05."""
    assert make([now(SWITCH, start="2027")], [TrialWatch(7, "eve", 1, 1)], []).notes == []


def test_a_trial_that_a_search_finds_for_the_first_time_is_new() -> None:
    """N05: once; what it is found by later is told as a change."""
    made = make([now(STATUS)], [], [SearchWatch(8, "eve", {1}, {})])
    assert told(made) == [("eve", 1, 2, ("new", "status"))]
    assert made.found == [(8, 1, 2)]
    assert make([now(STATUS)], [], [SearchWatch(8, "eve", {1}, {1: 2})]).notes == []
    assert told(make([now(STATUS)], [], [SearchWatch(8, "eve", {1}, {1: 1})])) == [("eve", 1, 2, ("status",))]


def test_a_trial_that_a_search_finds_no_more_is_told_with_what_made_it_so() -> None:
    """N05: a change that does not matter by itself is no reason to tell."""
    made = make([now(STATUS)], [], [SearchWatch(8, "eve", frozenset(), {1: 1})])
    assert (told(made), made.lost) == ([("eve", 1, 2, ("status", "left"))], [(8, 1)])
    assert make([now(Change("title", "A", "B"))], [], [SearchWatch(8, "eve", frozenset(), {1: 1})]).notes == []


def test_who_watches_in_several_ways_is_told_once() -> None:
    """N05: exactly one notice for each watcher and change."""
    searches = [SearchWatch(8, "eve", {1}, {1: 1}), SearchWatch(9, "eve", {1}, {}), SearchWatch(10, "bob", {1}, {1: 1})]
    made = make([now(STATUS)], [TrialWatch(7, "eve", 1, 1)], searches)
    assert told(made) == [("eve", 1, 2, ("new", "status")), ("bob", 1, 2, ("status",))]
    assert made.notes[0].watch_id == 7
    assert [one.kind for one in made.notes[0].matters] == ["status", "new"]


def test_each_of_several_versions_is_told() -> None:
    """N05."""
    steps = (
        Step(2, "changed", DAY, (STATUS,)),
        Step(3, "changed", DAY, (Change("status", "completed", "recruiting"),)),
    )
    one = Now(1, 3, "ctgov", "NCT1", None, "recruiting", None, None, steps)
    assert told(make([one], [TrialWatch(7, "eve", 1, 1)], [])) == [
        ("eve", 1, 2, ("status",)),
        ("eve", 1, 3, ("status",)),
    ]
