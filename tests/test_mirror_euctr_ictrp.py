"""EU CTR and ICTRP, mirrored by the running service from servers that speak as they do."""

from pathlib import Path
from typing import Any

import asyncpg

from actors.trials import store
from demo.process import running as demo_running
from tests.survive.processes import command, running

REGISTRIES = "euctr,ictrp"


def settings_for(urls: dict[str, str]) -> dict[str, object]:
    hosts = {"www.clinicaltrialsregister.eu": urls["euctr"], "trialsearch.who.int": urls["ictrp"]}
    return {
        "registries": REGISTRIES,
        "registry_bases": ",".join(f"{host}={url}" for host, url in hosts.items()),
        "registry_per_min": "euctr=60000,ictrp=60000",
    }


async def test_all_trials_of_both_are_here_whatever_stands_in_the_way(
    dsn: str, db: "asyncpg.Pool[Any]", tmp_path: Path
) -> None:
    """G07, N05: missing line breaks, a text that cannot be read, swapped days; then the feed, which brings no more."""
    async with demo_running(trials=1500) as world:
        await world.registry("euctr").switch(missing_breaks=1.0, not_json=1)
        await world.registry("ictrp").switch(swapped_days=True)
        settings = settings_for(dict(world.urls))
        async with running(dsn, tmp_path, settings=settings) as triald:
            ended = await command(dsn, "scrape", "--full", "--wait", "--json", settings=settings)
            assert ended.code == 0, ended.error
            again = await command(dsn, "scrape", "euctr", "--wait", "--json", settings=settings)
            assert again.code == 0, again.error
            assert triald.alive
    latest = {one.registry: one for one in reversed(await store.scrapes(db)) if one.mode == "full"}
    for name, scrape in latest.items():
        assert (name, scrape.state, scrape.refused, scrape.missed, scrape.error) == (name, "done", 0, 0, None)
        assert scrape.records >= (scrape.total or 0) > 50
    assert latest.keys() == {"euctr", "ictrp"}
    by_registry = dict(await db.fetch("select registry, count(*) from trials group by registry"))
    assert by_registry == {name: scrape.total for name, scrape in latest.items()}
