"""How a handler ends, and what its row becomes. No I/O."""

from dataclasses import dataclass
from typing import Final

import orjson

from actors.queue.job import Job
from actors.queue.retry import USUAL, RetryRule, retry_after_s

ERROR_LENGTH = 2000  # characters kept of an error
LONGEST_DELAY_S = 366 * 86400.0


@dataclass(frozen=True, slots=True)
class Done:
    """It is done; `result` is JSON-able and kept with the job."""

    result: object = None


@dataclass(frozen=True, slots=True)
class Snooze:
    """Not now: again in `seconds`, and this attempt does not count."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Cancel:
    """It need not be done any more."""

    reason: str


@dataclass(frozen=True, slots=True)
class Fail:
    """It did not work; `final` says that trying again would not either. `after_s` overrides the usual delay."""

    error: str
    final: bool = False
    after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """The handler ended the job itself, in the transaction of its own effects."""


@dataclass(frozen=True, slots=True)
class HandBack:
    """It was not run to its end and nobody is to blame: the next worker may have it at once."""


Outcome = Done | Snooze | Cancel | Fail | Settled | HandBack


@dataclass(frozen=True, slots=True)
class Finish:
    result: str | None  # JSON


@dataclass(frozen=True, slots=True)
class PutOff:
    delay_s: float
    error: str | None
    gives_back: bool  # the attempt is not spent


@dataclass(frozen=True, slots=True)
class Bury:
    error: str


@dataclass(frozen=True, slots=True)
class Drop:
    reason: str


@dataclass(frozen=True, slots=True)
class Leave:
    """The row is settled already."""


FINISHED: Final = Finish(None)

Settlement = Finish | PutOff | Bury | Drop | Leave


def settle(job: Job, outcome: object, jitter: float, rule: RetryRule = USUAL) -> Settlement:
    """What the row of `job` becomes. Something that is no outcome is a failure of the handler.

    Whatever a handler gives, the settlement can be stored: one job's garbage must not keep a whole batch from its end.
    """
    if type(outcome) is Done:  # nearly all of them; a pattern takes four times as long to find out
        return FINISHED if outcome.result is None else _finish(job, outcome.result, jitter, rule)
    match outcome:
        case Snooze(int() | float() as seconds):
            return PutOff(_bounded(seconds), None, gives_back=True)
        case HandBack():
            return PutOff(0.0, None, gives_back=True)
        case Cancel(str(reason)):
            return Drop(storable(reason))
        case Settled():
            return Leave()
        case Fail(str(error), final, None | int() | float() as after_s):
            if final or job.attempt >= job.max_attempts:
                return Bury(storable(error))
            delay_s = retry_after_s(job.attempt, jitter, rule) if after_s is None else _bounded(after_s)
            return PutOff(delay_s, storable(error), gives_back=False)
        case _:
            return settle(job, Fail(f"the handler returned {type(outcome).__name__}, not an outcome"), jitter, rule)


def _finish(job: Job, result: object, jitter: float, rule: RetryRule) -> Settlement:
    try:
        return Finish(orjson.dumps(result).decode())
    except TypeError as error:
        return settle(job, Fail(f"the result cannot be kept: {error}"), jitter, rule)


def failure(error: BaseException) -> Fail:
    """What an exception makes of its job, also one that cannot say what it is."""
    try:
        return Fail(f"{type(error).__name__}: {error}")
    except Exception:  # its own __str__ raised
        return Fail(type(error).__name__)


def _bounded(seconds: float) -> float:
    """Also of what is no number, and of an integer that no float can hold."""
    return min(max(0.0, seconds), LONGEST_DELAY_S) if seconds == seconds else 0.0


def storable(text: str) -> str:
    """The beginning of a text, without what PostgreSQL cannot hold: NUL, and halves of surrogate pairs."""
    return text[:ERROR_LENGTH].encode(errors="replace").decode().replace("\0", "\ufffd")
