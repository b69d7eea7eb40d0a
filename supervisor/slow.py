"""SQL statements that take long are told by their name, never with what was asked for."""

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

from actors.runtime.telemetry import emit

SLOW_S = 1.0
OTHER = "(other)"  # a statement that is in no file: begin, commit, a setting

_names: dict[str, str] = {}


def know(statements: Mapping[str, str]) -> None:
    """The text of each statement by its name."""
    _names.update({text: name for name, text in statements.items()})


class Timing:
    """Of one statement; enters and leaves at half a microsecond, for every statement passes here."""

    __slots__ = ("_began_s", "_statement")

    def __init__(self, statement: str) -> None:
        self._statement = statement

    def __enter__(self) -> None:
        self._began_s = time.monotonic()

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        took_s = time.monotonic() - self._began_s
        if took_s >= SLOW_S:
            tell(self._statement, took_s, failed=kind)


def tell(statement: str, took_s: float, *, failed: type[BaseException] | None) -> None:
    state = "done" if failed is None else failed.__name__
    emit("statement.took_long", name=_names.get(statement, OTHER), took_s=round(took_s, 3), state=state)


class Timed:
    """Goes before asyncpg's connection: it asks for a logger around each statement, and makes a costly record for it.

    The logger that is never called makes it ask.
    """

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._query_loggers: set[Callable[[], None]] = {_never}

    def _time_and_log(self, query: str, args: object, timeout: float | None) -> Timing:
        return Timing(query)


def _never() -> None:
    """Stands for a logger."""
