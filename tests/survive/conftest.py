"""What these tests stand on: the demo world in a process of its own, made once."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from demo import process as demo
from demo.process import Demo
from tests.survive.kinds import TABLES
from tests.survive.processes import world_settings

TRIALS = 3_250  # three full pages of the registry and a quarter


@pytest.fixture(scope="session")
def prerendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the records of the world are kept, so that they are made once."""
    return tmp_path_factory.mktemp("world")


@pytest.fixture
async def world(prerendered: Path) -> AsyncIterator[Demo]:
    async with demo.running(trials=TRIALS, prerender=prerendered) as one:
        yield one


@pytest.fixture
def mirror(world: Demo) -> dict[str, object]:
    """The settings of a service that mirrors the world."""
    return world_settings(world.url)


@pytest.fixture
async def tables(db: "asyncpg.Pool[asyncpg.Record]") -> None:
    """Where the job kinds for tests write."""
    await db.execute(TABLES)
