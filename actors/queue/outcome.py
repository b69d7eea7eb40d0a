"""How a handler ends, and what its row becomes. No I/O."""

from dataclasses import dataclass
from typing import Final

from actors.queue.job import Job
from actors.queue.retry import retry_after_s

ERROR_LENGTH = 2000  # characters kept of an error


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
OUTCOMES: Final = (Done, Snooze, Cancel, Fail, Settled, HandBack)


@dataclass(frozen=True, slots=True)
class Finish:
    result: object


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


def settle(job: Job, outcome: object, jitter: float) -> Settlement:
    """What the row of `job` becomes. Something that is no outcome is a failure of the handler."""
    match outcome:
        case Done(None):
            return FINISHED
        case Done(result):
            return Finish(result)
        case Snooze(seconds):
            return PutOff(max(0.0, seconds), None, gives_back=True)
        case HandBack():
            return PutOff(0.0, None, gives_back=True)
        case Cancel(reason):
            return Drop(reason)
        case Settled():
            return Leave()
        case Fail(error, final, after_s):
            if final or job.attempt >= job.max_attempts:
                return Bury(error[:ERROR_LENGTH])
            delay_s = retry_after_s(job.attempt, jitter) if after_s is None else after_s
            return PutOff(delay_s, error[:ERROR_LENGTH], gives_back=False)
        case _:
            return settle(job, Fail(f"the handler returned {type(outcome).__name__}, not an outcome"), jitter)
