"""Commands of the command line, one file each, ending in `COMMAND`; the catalogue finds them.

def arguments(parser: ArgumentParser) -> None: ...

async def run(given: Namespace, settings: Settings) -> int:
    async with database(settings) as pool:
        ...
    return Exit.OK

COMMAND = Command("status", "what is going on", arguments, run)

A command with actions (`triald jobs list`) adds each by `action(…)` and runs `given.action`.
"""

import argparse
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, TypeVar

import asyncpg

from actors.errors import Unavailable
from supervisor.database import open_database, open_urls
from supervisor.postmaster import EmbeddedError
from supervisor.settings import Settings, read

if TYPE_CHECKING:
    Pool = asyncpg.Pool[Any]
    Actions = argparse._SubParsersAction[argparse.ArgumentParser]

T = TypeVar("T")

CONNECT_S = 10.0
# What may happen while a database is opened.
CANNOT_USE = (
    OSError, TimeoutError, EmbeddedError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError,
)  # fmt: skip
# What may happen when it goes away later; the last one when a connection breaks at an unlucky moment.
LOST = (
    asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError, asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)  # fmt: skip


class Exit(IntEnum):
    OK = 0
    FAILED = 1  # what was asked for did not come about
    USAGE = 2  # wrong arguments or settings: the same again cannot help
    NOT_FOUND = 3
    NO_DATABASE = 4
    TIMED_OUT = 5


class DatabaseUnavailable(Unavailable):
    """The database cannot be reached, or has not been migrated; the message says what to do."""


def read_settings(given: argparse.Namespace, environ: Mapping[str, str]) -> Settings:
    """Raises BadSettings."""
    return read(overrides(given), environ, given.settings_file)


def overrides(given: argparse.Namespace) -> dict[str, str]:
    """The settings among the arguments, by name."""
    prefix = "setting_"
    return {k.removeprefix(prefix): v for k, v in vars(given).items() if k.startswith(prefix) and v is not None}


@dataclass(frozen=True, slots=True)
class Command:
    name: str
    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace, Settings], Awaitable[int]]
    settings: Callable[[argparse.Namespace, Mapping[str, str]], Settings] = read_settings
    is_service: bool = False  # it lives for long and logs all that the settings ask for


Action = Callable[[argparse.Namespace, Settings], Awaitable[int]]


def actions(parser: argparse.ArgumentParser) -> "Actions":
    """Where the actions of a command are added."""
    return parser.add_subparsers(title="actions", metavar="ACTION", required=True)


def action(where: "Actions", name: str, run: Action, says: str) -> argparse.ArgumentParser:
    """An action of a command, whose arguments can then be added."""
    parser = where.add_parser(name, help=says, description=says, allow_abbrev=False)
    parser.set_defaults(action=run)
    return parser


async def run_action(given: argparse.Namespace, settings: Settings) -> int:
    return int(await given.action(given, settings))


def json_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def whole(least: int, most: int) -> Callable[[str], int]:
    """The type of an argument."""

    def number(text: str) -> int:
        value = int(text) if text.isascii() and text.isdigit() else least - 1
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"expected a whole number from {least} to {most}, got {text!r}")
        return value

    return number


row_id = whole(1, 2**63 - 1)  # what PostgreSQL's bigint holds


@asynccontextmanager
async def database(settings: Settings) -> "AsyncIterator[Pool]":
    """A pool on the database of these settings. What keeps it from being used is told as DatabaseUnavailable."""
    if not has_database(settings):
        raise DatabaseUnavailable(f"there is none yet in {settings.data_dir}: triald up or triald migrate makes it")
    async with _told(open_database(settings)) as pool:
        yield pool


def has_database(settings: Settings) -> bool:
    """False where the embedded PostgreSQL has never been started: to ask is no reason to make one."""
    return settings.database_url is not None or (settings.data_dir / "postgres" / "cluster" / "PG_VERSION").exists()


@asynccontextmanager
async def connection(settings: Settings) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    """One connection, past a pooler where there is one; otherwise as database()."""
    async with _told(_connected(settings)) as one:
        yield one


@asynccontextmanager
async def _connected(settings: Settings) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    async with open_urls(settings) as ways:
        one = await asyncpg.connect(ways.listen_url, timeout=CONNECT_S)
        try:
            yield one
        finally:
            await one.close()


@asynccontextmanager
async def _told(opening: AbstractAsyncContextManager[T]) -> AsyncIterator[T]:
    try:
        opened = await opening.__aenter__()
    except CANNOT_USE as error:
        raise unavailable(error) from error
    try:
        yield opened
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError, asyncpg.UndefinedFunctionError) as error:
        raise DatabaseUnavailable(f"it is not up to date ({error}): run triald migrate") from error
    except LOST as error:
        if isinstance(error, asyncpg.QueryCanceledError):
            raise
        raise unavailable(error) from error
    finally:
        await opening.__aexit__(None, None, None)


def unavailable(error: Exception) -> DatabaseUnavailable:
    return DatabaseUnavailable(str(error) or type(error).__name__)
