"""When to try again. No I/O."""

from dataclasses import dataclass

SPREAD = 0.2  # of the delay: between 0.9 and 1.1 of it, so that what failed together does not return together


@dataclass(frozen=True, slots=True)
class RetryRule:
    first_s: float = 60.0
    longest_s: float = 3600.0


USUAL = RetryRule()


def retry_after_s(attempt: int, jitter: float, rule: RetryRule = USUAL) -> float:
    """Seconds to wait after attempt 1, 2, …: min(first · 2ⁿ, longest), n from 0, spread by `jitter` in [0, 1)."""
    delay_s = min(rule.first_s * 2.0 ** min(max(attempt, 1) - 1, 30), rule.longest_s)
    return delay_s * (1 - SPREAD / 2 + SPREAD * jitter)
