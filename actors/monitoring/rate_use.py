"""How much of what a registry allows a minute this process uses: a sink of telemetry that counts requests."""

import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping

WINDOW_S = 60.0


class RateUse:
    """`per_min` is what each registry allows. Redirects and retries count: each is a request."""

    def __init__(self, per_min: Mapping[str, float], *, now: Callable[[], float] = time.monotonic) -> None:
        self.per_min = per_min
        self.now = now
        self.at: dict[str, deque[float]] = defaultdict(deque)

    def sink(self, event: str, fields: Mapping[str, object]) -> None:
        if event == "source.answered" and (registry := fields.get("registry")) in self.per_min:
            self.at[str(registry)].append(self.now())

    def percent(self) -> dict[str, float]:
        """Of each registry's allowance, over the last minute."""
        since_s = self.now() - WINDOW_S
        for moments in self.at.values():
            while moments and moments[0] < since_s:
                moments.popleft()
        return {registry: 100.0 * len(self.at[registry]) / most for registry, most in self.per_min.items()}
