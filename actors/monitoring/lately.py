"""What this process did of late: a sink of telemetry that counts jobs and calls, for all processes to be added up."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

JOBS_WITHIN_S = 10  # a rate of jobs is that of the last whole seconds
CALLS_WITHIN_S = 60  # registries allow so many calls a minute
FAILURES_WITHIN_S = 600  # an actor that fails now and then is started again; one that does so over and over is broken

Told = dict[str, dict[str, float]]


class Lately:
    """Told with each beat, from the thread that beats: hence the lock."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._jobs = _Window(JOBS_WITHIN_S)
        self._calls = _Window(CALLS_WITHIN_S)
        self._failures = _Window(FAILURES_WITHIN_S)
        self._lock = threading.Lock()

    def sink(self, event: str, fields: Mapping[str, object]) -> None:
        """Redirects and retries are calls too: each is a request. A job that was handed back has not ended.

        An actor that hangs is told as crashed once it was ended; what it stands on being away is no failure of its own.
        """
        number = fields.get("number")
        if event == "jobs.settled" and fields.get("state") != "handed_back" and isinstance(number, int):
            self._add(self._jobs, str(fields.get("queue")), number)
        elif event == "source.answered" and (registry := fields.get("registry")):
            self._add(self._calls, str(registry), 1)
        elif event == "actor.crashed" and fields.get("reason") != "outside":
            self._add(self._failures, str(fields.get("name")), 1)

    def told(self) -> Told:
        """Jobs ended a second by queue, calls of the last minute by registry, failures of ten minutes by actor."""
        second = int(self._now())
        with self._lock:
            jobs, calls = self._jobs.before(second), self._calls.before(second + 1)
            failures = self._failures.before(second + 1)
        return {
            "jobs_per_s": {queue: round(number / JOBS_WITHIN_S, 2) for queue, number in jobs.items()},
            "calls": {registry: float(number) for registry, number in calls.items()},
            "failures": {actor: float(number) for actor, number in failures.items()},
        }

    def _add(self, window: "_Window", name: str, number: int) -> None:
        with self._lock:
            window.add(int(self._now()), name, number)


class _Window:
    """Counts of each of the last whole seconds, by name."""

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds
        self._counts: dict[int, Counter[str]] = {}

    def add(self, second: int, name: str, number: int) -> None:
        if second not in self._counts:
            self._forget(second)
            self._counts[second] = Counter()
        self._counts[second][name] += number

    def before(self, second: int) -> Counter[str]:
        """Of as many seconds before this one."""
        self._forget(second)
        return sum((counts for at, counts in self._counts.items() if at < second), Counter())

    def _forget(self, second: int) -> None:
        for at in [at for at in self._counts if at < second - self._seconds]:
            del self._counts[at]


def summed(told: Sequence[Mapping[str, Mapping[str, float]]], what: str) -> dict[str, float]:
    """One thing that processes tell, over all of them, by its name. No I/O."""
    total: dict[str, float] = {}
    for one in told:
        for name, value in one.get(what, {}).items():
            total[name] = total.get(name, 0.0) + value
    return total
