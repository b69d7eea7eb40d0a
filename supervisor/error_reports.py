"""Errors for Sentry. Off unless a setting names where to: then no thread and no cost.

A report says what kind of error it was, where in our code, and under which trace id; no message of an error that is not
ours, which may quote what somebody sent, and no body, header, query, local variable or environment.
Needs the packages of the extra `telemetry`.
"""

import asyncio
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from actors.errors import Refusal, TrialdError
from actors.runtime import telemetry
from supervisor.logs import without_secrets
from supervisor.setting_kinds import Secret
from supervisor.version import VERSION

REPORTED = frozenset({"request.failed", "actor.crashed", "supervisor.gave_up", "service.gave_up"})
TAGS = ("name", "copy", "path", "kind", "job", "attempt", "reason", "trace_id")
PER_MINUTE = 30  # an error that comes with every request is one error
LONGEST = 300
END_WITHIN_S = 2.0


@asynccontextmanager
async def error_reports(dsn: Secret | None, *, instance: str = "") -> AsyncIterator[None]:
    """While it lasts, errors are reported there. Raises Refusal without the packages for it, or for what is no DSN."""
    if dsn is None:
        yield
        return
    reports = Reports(dsn, instance=instance)
    detach = telemetry.attach(reports.sink)
    try:
        yield
    finally:
        detach()
        await asyncio.to_thread(reports.close)


class Reports:
    def __init__(self, dsn: Secret, *, instance: str) -> None:
        try:
            from sentry_sdk import Client
            from sentry_sdk.utils import BadDsn, event_from_exception
        except ImportError as error:
            raise Refusal(
                f"sentry_dsn: reports need packages that are not installed ({error.name}): install triald with its"
                " extra telemetry, or take the setting away"
            ) from error
        self._frames_of = event_from_exception
        try:
            self._client = Client(
                dsn.reveal(), release=f"triald@{VERSION}", server_name=instance, default_integrations=False,
                auto_enabling_integrations=False, include_local_variables=False,
                max_request_body_size="never", auto_session_tracking=False, send_client_reports=False,
                traces_sample_rate=None, shutdown_timeout=END_WITHIN_S, max_breadcrumbs=0,
            )  # fmt: skip
        except BadDsn as error:
            raise Refusal("sentry_dsn: expected a DSN such as https://KEY@HOST/PROJECT") from error
        self._lately: deque[float] = deque(maxlen=PER_MINUTE)

    def sink(self, event: str, fields: Mapping[str, object]) -> None:
        died = event == "job.settled" and fields.get("state") == "dead"
        outside = fields.get("reason") == "outside"  # what it stands on is away: no error of ours
        if (event in REPORTED or died) and not outside and self._may_report():
            told: Any = report(event, fields) | self._exception()
            self._client.capture_event(told)

    def _may_report(self) -> bool:
        now_s = time.monotonic()
        if len(self._lately) == PER_MINUTE and now_s - self._lately[0] < 60:
            return False
        self._lately.append(now_s)
        return True

    def _exception(self) -> dict[str, Any]:
        """The error that is being handled just now, if any."""
        error = sys.exc_info()
        if error[1] is None:
            return {}
        told, _ = self._frames_of(error, client_options=self._client.options)
        for one, raised in zip(reversed(told["exception"]["values"]), _chain(error[1]), strict=False):
            one["value"] = message_of(raised)
        return {"exception": told["exception"]}

    def close(self) -> None:
        self._client.close(timeout=END_WITHIN_S)


def report(event: str, fields: Mapping[str, object]) -> dict[str, Any]:
    """What is told of an event. No I/O."""
    tags = {name: str(without_secrets(str(fields[name])))[:200] for name in TAGS if fields.get(name) not in (None, "")}
    kind = str(fields.get("error", "")).partition(":")[0][:100]
    where = fields.get("path") or fields.get("name") or fields.get("kind") or ""
    title = " ".join(part for part in (event, str(where), kind if kind.isidentifier() else "") if part)
    return {
        "message": title[:LONGEST], "level": "error", "logger": "triald", "platform": "python",
        "tags": tags | {"event": event}, "fingerprint": [event, str(where), kind],
    }  # fmt: skip


def message_of(error: BaseException) -> str:
    """What ours say, for they name no data; of others nothing. No I/O."""
    return str(without_secrets(str(error)))[:LONGEST] if isinstance(error, TrialdError) else ""


def _chain(error: BaseException) -> list[BaseException]:
    """The error and what caused it, in the order in which Sentry's client tells them from the last to the first."""
    found: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in found:
        found.append(following)
        following = following.__cause__ or (None if following.__suppress_context__ else following.__context__)
    return found
