"""What an autoscaler outside scales by is what triald itself measures: one statement."""

from typing import TYPE_CHECKING, Any

from actors.queue import operating
from actors.queue import store as queue
from schema import query
from tests.deploy.chart import named, rendered
from tests.queue.jobs import add

if TYPE_CHECKING:
    import asyncpg


def _scaled_by() -> str:
    [trigger] = named(rendered("keda"), "ScaledObject", "-worker")["spec"]["triggers"]
    return str(trigger["metadata"]["query"])


def test_the_chart_asks_what_the_metric_is_made_of() -> None:
    """N18: "chart references it": word for word the statement behind triald_worker_load."""
    statement = [line for line in query("jobs.worker_load").splitlines() if not line.startswith("--")]
    assert " ".join(" ".join(statement).split()) == _scaled_by()


async def test_the_statement_counts_what_waits_and_what_runs(db: "asyncpg.Pool[Any]") -> None:
    """N18: "metric equals SQL", on a migrated database: ready and running jobs of queues that are not paused; what is
    due later, held or dead is no work for a worker now."""
    await queue.ensure_queues(db, {"default", "scraping", "importing"})
    assert await db.fetchval(_scaled_by()) == 0
    await add(db, 5)
    await add(db, 2, queue="scraping")
    await add(db, 3, queue="importing")  # run by the command that brings the files
    await db.execute("update jobs set state = 'scheduled', run_at = now() + interval '1 h' where id = 1")
    assert await db.fetchval(_scaled_by()) == await operating.worker_load(db) == 6
    await operating.set_paused(db, "scraping", paused=True)
    assert await db.fetchval(_scaled_by()) == await operating.worker_load(db) == 4
