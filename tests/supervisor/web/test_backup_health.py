"""How backups stand, as health tells it."""

from datetime import timedelta

import pytest

from actors.backup.runs import Run, standing
from supervisor.web import health
from tests.backup.test_manifest import NOW, run
from tests.supervisor.web.asking import Api

OK, FAILED = run("backup", 5), run("drill", 2, error="differs")


@pytest.mark.parametrize(
    ("runs", "stale", "status", "message"),
    [
        ([], False, "not_used", "no backup was made yet"),
        ([], True, "degraded", "no backup was made yet"),
        ([OK], False, "healthy", None),
        ([OK], True, "degraded", "the last good backup is 5 hours old"),
        ([OK, FAILED], False, "degraded", "the last drill failed"),
        ([OK, FAILED, run("drill", 1)], False, "healthy", None),
        ([FAILED], False, "degraded", "no backup was made yet"),
    ],
)
def test_backups_are_well_while_the_last_one_is_young_and_went_well(
    runs: list[Run], stale: bool, status: str, message: str | None
) -> None:
    """N23: with the last good one and the last drill."""
    last = {(one.kind, one.state): one for one in runs}
    part = health.backup_part(standing(last.values()), NOW, stale=stale)
    assert part.status == status
    assert (part.message or "").startswith(message or "")
    assert (part.message is None) == (message is None)


def test_it_tells_the_last_good_one_and_no_folder() -> None:
    """Whoever may ask for health need not know where backups lie."""
    part = health.backup_part(standing([OK]), NOW, stale=False)
    assert part.details["last"] == (NOW - timedelta(hours=5)).isoformat()
    assert part.details["age_s"] == 18_000.0
    assert "/b" not in [*part.details.values()]
    assert health.backup_part(None, NOW, stale=False).status == "unhealthy"


async def test_the_part_is_told_by_the_service(api: Api) -> None:
    await api.site.all_tenants.execute(
        "insert into backup_runs (started_at, ended_at, kind, state, host, folder, name)"
        " values (now(), now(), 'drill', 'done', 'h', '/b', '2026-11-26T020000Z')"
    )
    told = await api.get("/health/services/backup", role=None)
    assert (told["status"], told["details"]["set"]) == ("healthy", "2026-11-26T020000Z")
