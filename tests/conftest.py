"""What tests stand on: a real PostgreSQL with a fresh, migrated database for each test, and recorded data."""

import asyncio
import gc
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import asyncpg
import pytest
from hypothesis import settings

from supervisor.embedded import wheel_bin_dir
from tests.postgres import PG15_BIN, Postgres, Servers, Stock, default_bin_dir

ROOT = Path(__file__).parent.parent
# How fast this machine is just now is no property of the code. CI looks at the same examples each time.
settings.register_profile("triald", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("triald")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if config.option.basetemp is None:
        # Not below the folder that all sessions of a user share: each new one closes it to everybody else, and
        # to the user who runs PostgreSQL for root. This one goes with the session.
        config.option.basetemp = tempfile.mkdtemp(prefix="triald-tmp-")
        config.add_cleanup(partial(shutil.rmtree, config.option.basetemp, ignore_errors=True))
    # A session that is told to end (a time limit around it) takes its servers along, as it does after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: many tests wait for what others (processes, PostgreSQL, clocks) do."""
    return len(os.sched_getaffinity(0)) + 1 if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1) + 1


WAITING = {"survive", "observing", "bench"}  # folders whose tests wait more than they compute


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each worker is given a part of the list: what waits long comes first in each, not at the end of all."""
    parts = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    waiting = [one for one in items if set(one.path.relative_to(ROOT).parts) & WAITING]
    known = set(waiting)
    others = [one for one in items if one not in known]
    share = -(-len(others) // parts)
    items[:] = [
        one for part in range(parts) for one in (*waiting[part::parts], *others[part * share : (part + 1) * share])
    ]


def pytest_collection_finish() -> None:
    """What is here by now stays to the end: the garbage collector need not look at it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """The PostgreSQL servers of this session, stopped at its end."""
    started = Servers()
    yield started
    asyncio.run(started.stop())


@pytest.fixture
def stock() -> Stock | None:
    """What the database holds beside its schema; for tests to override."""
    return None


@pytest.fixture
async def postgres(servers: Servers, stock: Stock | None) -> AsyncIterator[Postgres]:
    """A migrated database on the default PostgreSQL (embedded, or TRIALD_TEST_PG); .restart() and .kill()."""
    server = await servers.at(default_bin_dir())
    async with server.database(stock=stock) as database:
        yield database


@pytest.fixture(params=["18", "15"])
async def any_postgres(servers: Servers, request: pytest.FixtureRequest) -> AsyncIterator[Postgres]:
    """A migrated database, once on the embedded PostgreSQL 18 and once on PostgreSQL 15."""
    server = await servers.at(_bin_dir_of(request.param))
    async with server.database() as database:
        yield database


@pytest.fixture(params=["18", "15"])
async def any_empty_postgres(servers: Servers, request: pytest.FixtureRequest) -> AsyncIterator[Postgres]:
    """A database that no migration has touched, once on PostgreSQL 18 and once on 15."""
    server = await servers.at(_bin_dir_of(request.param))
    async with server.database(empty=True) as database:
        yield database


@pytest.fixture
def dsn(postgres: Postgres) -> str:
    """The connection URL of the test's own migrated database."""
    return postgres.dsn


@pytest.fixture
async def db(postgres: Postgres) -> "AsyncIterator[asyncpg.Pool[asyncpg.Record]]":
    """A pool on the test's own migrated database."""
    pool = await asyncpg.create_pool(postgres.dsn, min_size=1, max_size=10)
    yield pool
    pool.terminate()  # at once, also when a test left a connection out or the server down


@pytest.fixture
async def connection(postgres: Postgres) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    """A connection to the test's own migrated database."""
    one = await asyncpg.connect(postgres.dsn)
    yield one
    one.terminate()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Recorded real data of the registries: TRIALD_TEST_DATA, else beside the repository."""
    folder = Path(os.environ.get("TRIALD_TEST_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no recorded data in {folder}")
    return folder


def _bin_dir_of(major: str) -> Path:
    if major == "18":
        return wheel_bin_dir()
    if not (PG15_BIN / "initdb").exists():
        pytest.skip(f"PostgreSQL 15 is not in {PG15_BIN}")
    return PG15_BIN
