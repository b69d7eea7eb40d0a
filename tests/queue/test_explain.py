"""Why a job is not running, in sentences."""

from typing import Any

import pytest

from actors.queue.explain import Facts, explain


def facts(**given: Any) -> Facts:
    usual: dict[str, Any] = {"id": 7, "state": "ready", "queue": "default", "kind": "print"}
    return Facts(**usual | given)


@pytest.mark.parametrize(
    ("given", "lines"),
    [
        ({"state": "done"}, ["it has ended: done"]),
        ({"state": "cancelled"}, ["it has ended: cancelled"]),
        ({"state": "discarded"}, ["it has ended: discarded"]),
        (
            {"state": "dead", "attempts": 3, "last_error": "it broke"},
            ["it is a dead letter after 3 of 3 attempts: it broke", "triald jobs retry 7 revives it"],
        ),
        ({"state": "held"}, ["it is held: triald jobs release 7 lets it go"]),
        (
            {"state": "blocked", "waits_for": (3, 4), "waits_for_states": ("3 (ready)", "4 (dead)")},
            ["it waits for 2 other jobs to end: 3 (ready), 4 (dead)"],
        ),
        ({"state": "scheduled", "due_in_s": 90.0}, ["it is not due: 90 s to go"]),
        (
            {"state": "scheduled", "due_in_s": 60.0, "attempts": 1},
            ["it is not due: 60 s to go after attempt 1 of 3 failed"],
        ),
        ({"state": "scheduled", "due_in_s": 0.0}, ["it is due and becomes ready at the next look"]),
        (
            {"state": "scheduled", "due_in_s": 9.0, "paused": True},
            ["it is not due: 9 s to go", "queue default is paused: triald jobs resume default"],
        ),
        (
            {"state": "running", "worker": "w1", "running_s": 5.0, "attempts": 1, "beat_age_s": 10.0},
            ["it is running on worker w1 for 5 s, attempt 1 of 3"],
        ),
        (
            {"state": "running", "worker": "w1", "attempts": 2, "beat_age_s": 11.0, "cancel_asked": True},
            [
                "it is running on worker w1 for 0 s, attempt 2 of 3",
                "its worker's last beat is 11 s old: the job is taken back soon unless it beats again",
                "its cancelling was asked for",
            ],
        ),
        (
            {"state": "running", "worker": "w1", "attempts": 1},
            [
                "it is running on worker w1 for 0 s, attempt 1 of 3",
                "its worker is not registered: the job is taken back soon unless it registers again",
            ],
        ),
        ({"ahead": 3, "running_in_queue": 2}, ["it is ready, with 3 ahead of it in queue default (2 running there)"]),
        (
            {"fair": True, "tenant": "north"},
            ["it is ready, with 0 ahead of it in queue default (0 running there)", "turns are shared between tenants"],
        ),
        ({"queue_exists": False}, ["there is no queue default: nobody looks at it"]),
        ({"paused": True}, ["queue default is paused: triald jobs resume default"]),
        ({"workers": 0}, ["no worker that is alive takes jobs of queue default"]),
        ({"cancel_asked": True}, ["its cancelling was asked for: whoever claims it next cancels it"]),
        ({"kind_known": False}, ["this version of triald knows no job kind print"]),
        (
            {"most_running": 2, "running_in_queue": 3, "counted_in_queue": 2},
            ["queue default runs at most 2 at once, and that many are running"],
        ),
        (
            {"most_running": 2, "running_in_queue": 2, "counted_in_queue": 1},
            ["it is ready, with 0 ahead of it in queue default (2 running there)"],
        ),
        (
            {"per_minute": 30.0, "starts_left": 0.99, "ahead": 5},
            ["queue default starts at most 30 a minute, and has started as many"],
        ),
        (
            {"per_minute": 30.0, "starts_left": 1.0, "ahead": 1},
            ["it is ready, with 1 ahead of it in queue default (0 running there)"],
        ),
        (
            {"paused": True, "workers": 0, "kind_known": False},
            [
                "queue default is paused: triald jobs resume default",
                "no worker that is alive takes jobs of queue default",
                "this version of triald knows no job kind print",
            ],
        ),
    ],
)
def test_every_state_and_obstacle_has_its_sentence(given: dict[str, Any], lines: list[str]) -> None:
    assert explain(facts(**given)) == lines
