"""The reports of each day."""

from datetime import datetime

from actors.retention import Aged, Kept
from actors.runtime.database import Database
from actors.trials.reporting import store as reporting


async def _trim(db: Database, before: datetime) -> int:
    return await reporting.trim(db, before.date())


KEPT = Kept("reporting", aged=(Aged("reports", "daily_reports", "reports_days", _trim),))
