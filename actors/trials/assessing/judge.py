"""All rules over one trial. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from actors.trials.flags import Flag, Trial, flags, next_look
from actors.trials.quality import Quality, quality
from actors.trials.urgency import Urgency, urgency


@dataclass(frozen=True, slots=True)
class Judged:
    """`next_look_on`: the day on which a date alone says more, None where none will."""

    urgency: Urgency
    quality: Quality
    flags: tuple[Flag, ...]
    next_look_on: date | None


def judge(trial: Trial, today: date) -> Judged:
    record: Mapping[str, Any] = trial.record
    return Judged(
        urgency(
            status=record["status"],
            target=record.get("enrolment"),
            target_is_actual=record.get("enrolment_actual"),
            removed=trial.removed_on is not None,
        ),
        quality(record),
        flags(trial, today),
        next_look(trial, today),
    )
