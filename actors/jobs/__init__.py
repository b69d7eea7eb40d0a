"""Job kinds, one file each, ending in `JOB`; the worker runs them, the catalogue finds them.

@dataclass(frozen=True, slots=True)
class Payload:                       # decoded and checked before `run` sees it
    registry: str

async def run(payload: Payload, attempt: Attempt, tools: Tools) -> Outcome:
    return Done({"rows": 3})         # or Snooze(60), Cancel("…"), Fail("…"); raising is Fail

JOB = JobKind("scrape", Payload, run, queue="scraping")
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import msgspec

from actors.errors import Refusal
from actors.queue.attempt import Attempt
from actors.queue.job import MAX_ATTEMPTS, NewJob
from actors.queue.outcome import Outcome
from actors.tools import Tools

P = TypeVar("P")


class BadPayload(Refusal):
    """The payload is not what its kind takes; the message names the field and what was expected."""


@dataclass(frozen=True, slots=True)
class JobKind(Generic[P]):
    name: str  # stable, stored with each job; equals the file name
    payload: type[P]
    run: Callable[[P, Attempt, Tools], Awaitable[Outcome]]
    queue: str = "default"
    priority: int = 0
    max_attempts: int | None = None  # None: what the settings say
    timeout_s: float = 60.0
    was: tuple[str, ...] = ()  # former names, still understood
    key: Callable[[P], str] | None = None  # of jobs that ask for the same, one waits or runs at most
    _decoder: msgspec.json.Decoder[P] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_decoder", msgspec.json.Decoder(self.payload))

    def decode(self, payload: str) -> P:
        """Raises BadPayload."""
        try:
            return self._decoder.decode(payload)
        except msgspec.MsgspecError as error:
            raise BadPayload(f"payload of {self.name}: {error}") from error

    def key_of(self, payload: str) -> str | None:
        """The unique key of a job with this payload; None where its kind has none, or the payload is not one."""
        try:
            return self.key(self.decode(payload)) if self.key else None
        except BadPayload:
            return None

    def new(self, payload: P | None = None, **fields: Any) -> NewJob:
        """A job of this kind, with its payload checked at the door. Raises BadPayload."""
        text = msgspec.json.encode(payload if payload is not None else {}).decode()
        self.decode(text)
        own: dict[str, Any] = {
            "unique_key": self.key_of(text),
            "queue": self.queue,
            "priority": self.priority,
            "max_attempts": self.max_attempts or MAX_ATTEMPTS,
            "timeout_s": self.timeout_s,
        }
        return NewJob(kind=self.name, payload=text, **(own | fields))


Kinds = dict[str, JobKind[Any]]


def by_every_name(kinds: Kinds) -> Kinds:
    """The kinds under their present and their former names."""
    return {name: kind for kind in kinds.values() for name in (kind.name, *kind.was)}
