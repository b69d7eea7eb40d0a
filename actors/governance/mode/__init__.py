"""The mode of the service: what it may do at all, whoever asks. No I/O.

    LIVE      everything
    DEMO      a world to try it in: nothing leaves it (no export, no mail, no webhook, no AI), and only registries that
              stand in for the real ones, on this machine, are asked
    STANDBY   nothing but to say how it is, and to change the mode; no job is begun

One row of the database says which, and every process obeys it within two seconds. Where the row cannot be read for
longer it is as if it said STANDBY.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

OBEY_WITHIN_S = 2.0


class Mode(StrEnum):
    LIVE = "LIVE"
    DEMO = "DEMO"
    STANDBY = "STANDBY"

    @property
    def works(self) -> bool:
        """Whether jobs are begun and schedules fire."""
        return self is not Mode.STANDBY

    @property
    def sends(self) -> bool:
        """Whether anything may leave: mail, webhooks, exports, questions to an AI."""
        return self is Mode.LIVE


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the row says; nobody has chosen version 0."""

    mode: Mode
    version: int
    changed_at: datetime
    changed_by: str | None
    because: str | None


@dataclass(frozen=True, slots=True)
class Denied:
    """Why a request is not served in this mode."""

    code: str
    says: str


STANDS_BY = Denied("standby", "triald stands by: it tells how it is, and nothing else is done until its mode changes")
NO_EXPORT = Denied("demo", "this is a demonstration: nothing is exported from it")


def denied(mode: Mode, *, in_standby: bool, exports: bool) -> Denied | None:
    """Whether a route is closed in a mode; one that is open `in_standby` is open in every mode unless it exports."""
    if mode is Mode.STANDBY and not in_standby:
        return STANDS_BY
    if exports and not mode.sends:
        return NO_EXPORT if mode is Mode.DEMO else STANDS_BY
    return None


def may_ask(mode: Mode, *, stands_in: bool) -> bool:
    """Whether a source may be asked; `stands_in`: it is not the real one, but one on this machine in its place."""
    return mode is Mode.LIVE or (mode is Mode.DEMO and stands_in)


def in_force(chosen: Chosen | None, age_s: float) -> Mode:
    """The mode to obey, of a row that was read so long ago; None where it could not be read, or is gone."""
    return chosen.mode if chosen is not None and age_s <= OBEY_WITHIN_S else Mode.STANDBY
