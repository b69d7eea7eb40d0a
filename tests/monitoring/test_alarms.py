"""When measures alarm, and when the alarms end."""

from pathlib import Path

import pytest

from actors.monitoring.alarms import CLOSES_BELOW, Close, Open, Rule, Thresholds, judge, rules

DEEP = Rule(
    "queue_deep", "job_queue_depth", 100.0, "high", "queue {subject} holds {value:.0f}, more than {threshold:g}"
)
LATE = Rule("loop_lagging", "loop_lag_s", 1.0, "medium", "{subject} is {value:.1f} s late")
BOTH = (DEEP, LATE)
DEPTH, OPEN = ("job_queue_depth", "default"), ("queue_deep", "default")


@pytest.mark.parametrize(
    ("value", "is_open", "steps"),
    [
        (0.0, False, []),
        (100.0, False, []),
        (100.1, False, [Open(DEEP, "default", 100.1)]),
        (100.1, True, [Open(DEEP, "default", 100.1)]),  # brings the episode up to date
        (100.0, True, []),
        (90.0, True, []),
        (89.9, True, [Close(DEEP, "default")]),
        (89.9, False, []),
    ],
)
def test_an_alarm_opens_above_its_threshold_and_closes_below_a_lower_one(
    value: float, is_open: bool, steps: list[Open | Close]
) -> None:
    assert CLOSES_BELOW == 0.9
    assert judge(BOTH, {DEPTH: value}, [OPEN] if is_open else []) == steps


def test_a_subject_that_is_measured_no_more_alarms_no_more() -> None:
    assert judge(BOTH, {}, [OPEN]) == [Close(DEEP, "default")]


def test_subjects_and_measures_are_judged_each_for_itself() -> None:
    measured = {DEPTH: 500.0, ("job_queue_depth", "scraping"): 1.0, ("loop_lag_s", "a/1"): 3.0, ("unruled", "x"): 1e9}
    assert judge(BOTH, measured, [("queue_deep", "scraping")]) == [
        Open(DEEP, "default", 500.0), Close(DEEP, "scraping"), Open(LATE, "a/1", 3.0)
    ]  # fmt: skip


def test_an_alert_of_a_rule_that_is_no_more_is_left_alone() -> None:
    assert judge(BOTH, {}, [("formerly", "x")]) == []


def test_the_message_names_subject_value_and_threshold() -> None:
    assert Open(DEEP, "default", 512.0).message == "queue default holds 512, more than 100"


@pytest.mark.parametrize("rule", rules(Thresholds()), ids=lambda rule: str(rule.name))
def test_every_rule_has_a_message_that_can_be_told(rule: Rule) -> None:
    assert Open(rule, "it", rule.threshold + 1).message


def test_names_and_measures_of_the_rules_are_their_own() -> None:
    shipped = rules(Thresholds())
    assert len({rule.name for rule in shipped}) == len({rule.measure for rule in shipped}) == len(shipped)


def test_every_alert_is_in_the_documentation() -> None:
    """G13: what an operator is told of, and at which threshold."""
    told = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text("utf-8")
    for rule in rules(Thresholds()):
        assert f"- `{rule.name}`: " in told
