"""Whether a registry answers, as its latest scrapes tell it. No I/O."""

from collections.abc import Sequence
from datetime import datetime

from actors.trials.scrapes import Scrape

SCRAPES_LOOKED_AT = 30  # of one registry, back to its last success


def failing_since(scrapes: Sequence[Scrape]) -> datetime | None:
    """When it answered last before the failures that go on now; None where the latest scrape is well.

    `scrapes` are its latest, the newest first.
    """
    since: datetime | None = None
    for scrape in scrapes:
        if scrape.state == "cancelled":
            continue
        if not (scrape.state == "failed" or (scrape.state == "running" and scrape.error)):
            break
        since = scrape.page_at or scrape.started_at
    return since
