"""How urgent it is to look at a trial, and why. No I/O.

The rules, of which the first that fits decides:

    removed at its source, or its status is not one of seeking patients   low
    recruiting, and fewer than FEW_PLACES are to be enrolled              high
    recruiting                                                            low
    not yet recruiting                                                    medium
"""

from dataclasses import dataclass
from typing import Literal

from actors.trials.record import Status

Level = Literal["high", "medium", "low"]

FEW_PLACES = 50  # participants that are sought in all; places go soon where they are fewer


@dataclass(frozen=True, slots=True)
class Urgency:
    level: Level
    reason: str


def urgency(*, status: Status, target: int | None, target_is_actual: bool | None, removed: bool) -> Urgency:
    """`target`: how many take part; where that is what was reached (`target_is_actual`), it is no target."""
    if removed:
        return Urgency("low", "the record was removed at its source")
    match status:
        case "recruiting":
            return _recruiting(target if target and not target_is_actual else None)
        case "not_yet_recruiting":
            return Urgency("medium", "it is not yet recruiting: it may open soon")
        case _:
            return Urgency("low", f"it does not seek patients: {status.replace('_', ' ')}")


def _recruiting(target: int | None) -> Urgency:
    if target is None:
        return Urgency("low", "it is recruiting, and does not state how many it seeks")
    if target < FEW_PLACES:
        return Urgency("high", f"it is recruiting, and seeks {target} participants, fewer than {FEW_PLACES}")
    return Urgency("low", f"it is recruiting, and seeks {target} participants, {FEW_PLACES} or more")
