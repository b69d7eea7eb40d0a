"""How urgent a trial is, how complete its record."""

import pytest

from actors.trials.quality import PARTS, quality
from actors.trials.record import Status
from actors.trials.urgency import urgency

WHOLE = {
    "official_title": "A trial",
    "summary": "It tries.",
    "eligibility": {"criteria": "Adults"},
    "sites": [{"city": "Vienna"}],
    "outcomes": [{"kind": "primary", "measure": "Death"}],
}


@pytest.mark.parametrize(
    ("status", "target", "level", "says"),
    [
        ("recruiting", 30, "high", "seeks 30 participants, fewer than 50"),
        ("recruiting", 49, "high", "fewer than 50"),
        ("recruiting", 50, "low", "50 or more"),
        ("recruiting", None, "low", "does not state how many"),
        ("recruiting", 0, "low", "does not state how many"),
        ("not_yet_recruiting", 30, "medium", "not yet recruiting"),
        ("completed", 30, "low", "does not seek patients: completed"),
        ("enrolling_by_invitation", 30, "low", "enrolling by invitation"),
        ("unknown", None, "low", "unknown"),
    ],
)
def test_urgency_follows_its_rules_and_says_why(status: Status, target: int | None, level: str, says: str) -> None:
    """G19: recruiting with a target of 30 is high; another status flips it."""
    found = urgency(status=status, target=target, target_is_actual=False, removed=False)
    assert (found.level, says in found.reason) == (level, True)


def test_what_was_reached_is_no_target_and_what_was_removed_is_not_urgent() -> None:
    """G19."""
    assert urgency(status="recruiting", target=30, target_is_actual=True, removed=False).level == "low"
    assert urgency(status="recruiting", target=30, target_is_actual=None, removed=False).level == "high"
    assert urgency(status="recruiting", target=30, target_is_actual=False, removed=True).level == "low"


def test_quality_is_a_fifth_for_each_part_that_is_stated() -> None:
    """G19: five times 0.2."""
    assert quality(WHOLE).score == 1.0
    assert quality({}).score == 0.0
    assert quality({}).missing == PARTS
    for count, name in enumerate(WHOLE, start=1):
        kept = dict(list(WHOLE.items())[:count])
        assert quality(kept).score == pytest.approx(0.2 * count), name


@pytest.mark.parametrize(
    ("part", "empty"),
    [
        ("official_title", "  "), ("summary", ""), ("eligibility", {"sex": "all"}), ("sites", []),
        ("outcomes", [{"kind": "secondary", "measure": "Pain"}]),
    ],
)  # fmt: skip
def test_an_empty_part_is_not_stated(part: str, empty: object) -> None:
    """G19."""
    found = quality(WHOLE | {part: empty})
    assert found.score == 0.8
    assert found.reason.startswith("not stated: ")
