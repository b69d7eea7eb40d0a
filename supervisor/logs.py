"""The log: one line for each event of telemetry, and for what libraries say through Python's own logging.

JSON for machines, columns for a terminal. Whatever looks like a secret is replaced by stars before a line is made.
"""

import json
import logging
import re
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache, partial
from textwrap import indent
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson

from actors.runtime import telemetry
from supervisor.setting_kinds import STARS

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor, WrappedLogger

LEVELS: Mapping[str, int] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
DEBUG_EVENTS = frozenset({"jobs.settled", "events.told"})  # many; job.settled tells of each that somebody can trace
ERROR_EVENTS = frozenset({"actor.crashed", "actor.hung", "supervisor.gave_up"})
WARNING_VERBS = frozenset({
    "abandoned", "awaited", "beat_failed", "cut_off", "failed", "fell_behind", "interrupted", "lease_lost", "lost",
    "opened", "refused", "rescued", "restarted", "restarting", "retried", "settled_again", "stalled",
    "took_long", "unknown", "zombie_ended",
})  # fmt: skip
BAD_STATES = frozenset({"dead", "failed", "refused", "retry"})
SECRETS = (
    (re.compile(r"(\w+://[^\s:/@?#]*:)[^\s@/]+(@)"), rf"\1{STARS}\2"),  # the password of a URL
    (re.compile(r"\btriald_[A-Za-z0-9_-]{20,}"), f"triald_{STARS}"),
    (re.compile(r"(?i)\b(bearer\s+)[\w.~+/=-]+"), rf"\1{STARS}"),
    (re.compile(r"(?i)\b(authorization[\"']?\s*[:=]\s*[\"']?\w+\s+)[^\s\"']+"), rf"\1{STARS}"),
    (re.compile(r"(https?://)[^\s:/@?#]+(@)"), rf"\1{STARS}\2"),  # the key of a DSN
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*"), STARS),  # a JWT
    (re.compile(r"\bwhsec_[\w+/=-]{10,}"), f"whsec_{STARS}"),
    (
        re.compile(
            r"(?i)((?:\b|[_-])(?:password|passwd|passphrase|secret|token|(?:api|routing|private|signing)[_-]?key)"
            r"[\"']?\s*[=:]\s*[\"']?)[^\s&,;\"']+"
        ),
        rf"\1{STARS}",
    ),
)


def set_up(
    *, form: str, level: str, file: BinaryIO | None = None, is_terminal: bool | None = None
) -> Callable[[], None]:
    """Log to `file` (standard error by default) from now on; the answer ends it and puts everything back.

    `form` is auto, json or console, `level` the lowest that is written.
    """
    target = file or sys.stderr.buffer
    terminal = sys.stderr.isatty() if is_terminal is None else is_terminal
    log = cache(partial(_logger, target, console=form == "console" or (form == "auto" and terminal), colours=terminal))
    lowest = LEVELS[level]
    detach = telemetry.attach(_sink(log, lowest))
    restore = _take_over_stdlib(log, lowest)

    def end() -> None:
        detach()
        restore()

    return end


def level_of(event: str, fields: Mapping[str, object]) -> str:
    """How important an event is. No I/O."""
    if event in DEBUG_EVENTS:
        return "debug"
    if event in ERROR_EVENTS or fields.get("severity") == "critical":
        return "error"
    if event.rpartition(".")[2] in WARNING_VERBS or fields.get("state") in BAD_STATES:
        return "warning"
    return "info"


def without_secrets(value: object) -> object:
    """The same value, with what looks like a secret replaced by stars. No I/O."""
    match value:
        case str():
            for pattern, stars in SECRETS:
                value = pattern.sub(stars, value)
            return value
        case Mapping():
            return {key: without_secrets(one) for key, one in value.items()}
        case list() | tuple():
            return [without_secrets(one) for one in value]
        case _:
            return value


def _logger(file: BinaryIO, *, console: bool, colours: bool) -> Any:
    """Made with the first line: most commands write none, and structlog is a quarter of what they would import."""
    import structlog

    shape: list[Processor] = (
        [_readable, structlog.dev.ConsoleRenderer(colors=colours, pad_event_to=24, sort_keys=False), _to_bytes]
        if console
        else [structlog.processors.JSONRenderer(serializer=_json)]
    )
    processors: list[Processor] = [_redact, *shape]
    return structlog.wrap_logger(
        structlog.BytesLogger(file), processors=processors, wrapper_class=structlog.BoundLogger
    )


def _redact(_: "WrappedLogger", __: str, line: "EventDict") -> "EventDict":
    first = {key: line[key] for key in ("timestamp", "level", "event")}
    return first | {key: without_secrets(value) for key, value in line.items() if key not in first}


def _readable(_: "WrappedLogger", __: str, line: "EventDict") -> "EventDict":
    """Lines of a traceback stand apart from those that begin an event, and move no cursor; other texts are quoted."""
    if (traceback := line.get("exception")) is not None:
        line["exception"] = indent(_plain(str(traceback)), "    ")
    return line


def _json(line: object, **_: object) -> bytes:
    """One line, whatever a reader takes for the end of one: orjson leaves U+0085, U+2028 and their like as they are."""
    told = orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z)
    text = told.decode()
    return told if text.isprintable() else _plain(text).encode()


def _plain(text: str) -> str:
    """What cannot be seen as JSON escapes it; line breaks stay."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one == "\n" else json.dumps(one)[1:-1] for one in text)


def _to_bytes(_: "WrappedLogger", __: str, line: Any) -> bytes:
    return str(line).encode("utf-8", "replace")


def _sink(log: Callable[[], Any], lowest: int) -> telemetry.Sink:
    def sink(event: str, fields: Mapping[str, object]) -> None:
        level = level_of(event, fields)
        if LEVELS[level] >= lowest:
            # `event` is also the name of a field: what happened to a job.
            rest = {f"{name}_" if name in ("event", "level", "timestamp") else name: v for name, v in fields.items()}
            _write(log, event, level, rest)

    return sink


def _write(log: Callable[[], Any], event: str, level: str, fields: Mapping[str, object]) -> None:
    """A line that cannot be written (a full disk, a reader that went) is lost: the service goes on."""
    try:
        log().msg(event, timestamp=datetime.now(UTC).isoformat(timespec="milliseconds"), level=level, **fields)
    except (OSError, ValueError):  # ValueError: the file is closed
        return


class _FromStdlib(logging.Handler):
    def __init__(self, log: Callable[[], Any]) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        fields: dict[str, object] = {"logger": record.name, "message": record.getMessage()}
        if trace := telemetry.trace_id.get():
            fields["trace_id"] = trace
        if record.exc_info:
            fields["exception"] = logging.Formatter().formatException(record.exc_info)
        _write(self._log, "library.said", _level_word(record.levelno), fields)


def _level_word(number: int) -> str:
    return max((word for word in LEVELS if LEVELS[word] <= number), key=lambda word: LEVELS[word], default="debug")


def _take_over_stdlib(log: Callable[[], Any], lowest: int) -> Callable[[], None]:
    root, access = logging.getLogger(), logging.getLogger("aiohttp.access")
    handlers, root_level, access_level = root.handlers[:], root.level, access.level
    root.handlers[:] = [_FromStdlib(log)]
    root.setLevel(max(lowest, logging.INFO))  # libraries at debug level say what only their authors want to read
    access.setLevel(logging.WARNING)  # requests are told by telemetry
    logging.captureWarnings(True)

    def restore() -> None:
        root.handlers[:] = handlers
        root.setLevel(root_level)
        access.setLevel(access_level)
        logging.captureWarnings(False)

    return restore
