"""What the mode keeps a service from: asking real registries, and sending anything."""

from functools import partial
from pathlib import Path

import pytest

from actors.governance.mode import Mode, store
from actors.runtime.fetch import Ask, NotAsked
from actors.runtime.post import Withheld
from supervisor.service import Service
from supervisor.wiring import open_service
from tests.supervisor import acting

URL = "https://clinicaltrials.gov/api/v2/studies"


async def put(service: Service, mode: Mode) -> None:
    async with service.all_tenants.acquire() as db, db.transaction():
        await store.switch(db, mode, by=None, because=None)
    service.mode.forget()
    assert await service.mode.current() is mode


async def test_only_stand_ins_are_asked_in_a_demonstration_and_nobody_in_standby(dsn: str, tmp_path: Path) -> None:
    """R03: scraping of real registries is refused in DEMO; a stand-in on this machine is asked."""
    given = partial(acting.given, dsn, tmp_path)
    async with acting.source() as source:
        source.go.set()
        async with open_service(given(registry_bases=source.bases)) as service:
            ask = Ask(URL, hosts=("clinicaltrials.gov",))
            for mode in (Mode.LIVE, Mode.DEMO):
                await put(service, mode)
                assert (await service.tools.fetch(ask)).status == 200
            await put(service, Mode.STANDBY)
            with pytest.raises(NotAsked):
                await service.tools.fetch(ask)
    async with open_service(given()) as service:
        for mode in (Mode.DEMO, Mode.STANDBY):
            await put(service, mode)
            with pytest.raises(NotAsked, match="not asked in the mode"):
                await service.tools.fetch(ask)
    assert len(source.agents) == 2


@pytest.mark.parametrize("mode", [Mode.DEMO, Mode.STANDBY])
async def test_nothing_is_sent_unless_the_service_is_live(dsn: str, tmp_path: Path, mode: Mode) -> None:
    """R03: outbound requests: 0."""
    async with acting.source() as source:
        host = source.url.removeprefix("http://")
        async with open_service(acting.given(dsn, tmp_path, webhook_hosts=host)) as service:
            await put(service, mode)
            with pytest.raises(Withheld):
                await service.tools.post(f"{source.url}/hook", b"{}", [])
    assert source.agents == []
