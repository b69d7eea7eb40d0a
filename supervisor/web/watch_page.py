"""What pages of notices, reports and registries show: values in words, small charts. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from actors.trials.scrapes import Scrape
from supervisor.web.trial_page import WORDED
from supervisor.web.wording import words

FLAG_NAMES: Mapping[str, str] = {
    "outcomes_switched": "Primary outcomes switched",
    "outcomes_reworded": "Primary outcomes worded otherwise",
    "recruiting_past_completion": "Recruiting past its completion date",
    "results_overdue": "Results overdue",
    "stale": "Stale at its source",
    "status_unknown": "Status has become unknown",
    "removed_at_source": "Removed at its source",
}
BAR_WIDTH, BAR_HEIGHT = 640, 150
SPARK_WIDTH, SPARK_HEIGHT = 180, 34


@dataclass(frozen=True, slots=True)
class Bar:
    """One day: what is new stands on what changed; in pixels."""

    x: float
    width: float
    changed_y: float
    changed_height: float
    new_y: float
    new_height: float
    day: str
    changed: int
    new: int


@dataclass(frozen=True, slots=True)
class Spark:
    """One scrape: its height is how many records it brought that were new or changed."""

    x: float
    y: float
    width: float
    height: float
    state: str
    label: str


def said(field: str, value: Any) -> str:
    """A value of a notice; a word of a closed vocabulary as people read it."""
    return words(str(value)) if field in WORDED else str(value)


def bars(days: Sequence[tuple[str, int, int]]) -> tuple[Bar, ...]:
    """Of (day, new, changed), oldest first."""
    most = max((new + changed for _, new, changed in days), default=0) or 1
    step = BAR_WIDTH / max(len(days), 14)
    left = BAR_WIDTH - step * len(days)
    found = []
    for place, (day, new, changed) in enumerate(days):
        up, over = BAR_HEIGHT * changed / most, BAR_HEIGHT * new / most
        x = round(left + place * step + step * 0.15, 1)
        found.append(
            Bar(x, round(step * 0.7, 1), round(BAR_HEIGHT - up, 1), round(up, 1),
                round(BAR_HEIGHT - up - over, 1), round(over, 1), day, changed, new)
        )  # fmt: skip
    return tuple(found)


def sparks(scrapes: Sequence[Scrape]) -> tuple[Spark, ...]:
    """Of scrapes, the newest first; drawn oldest first."""
    shown = list(reversed(scrapes))
    most = max((one.new + one.changed for one in shown), default=0) or 1
    step = SPARK_WIDTH / max(len(shown), 10)
    return tuple(
        Spark(
            round(place * step + 0.5, 1), round(SPARK_HEIGHT - height, 1), round(max(step - 1.5, 1.0), 1),
            round(height, 1), one.state,
            f"{one.started_at:%Y-%m-%d %H:%M}, {one.mode}: {one.state}, {one.new} new, {one.changed} changed",
        )
        for place, one in enumerate(shown)
        for height in (3 + (SPARK_HEIGHT - 3) * ((one.new + one.changed) / most) ** 0.5,)
    )  # fmt: skip
