"""When to try again. No I/O."""

FIRST_S = 60.0
LONGEST_S = 3600.0
SPREAD = 0.2  # of the delay: between 0.9 and 1.1 of it, so that what failed together does not return together


def retry_after_s(attempt: int, jitter: float) -> float:
    """Seconds to wait after attempt 1, 2, …: min(60 s · 2ⁿ, 1 h), n from 0, spread by `jitter` in [0, 1)."""
    delay_s = min(FIRST_S * 2.0 ** min(attempt - 1, 10), LONGEST_S)
    return delay_s * (1 - SPREAD / 2 + SPREAD * jitter)
