"""What the mode of the service closes; and what the audit keeps of requests: commands, and who was refused."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from typing import Any

from aiohttp import web

from actors.errors import Forbidden
from actors.governance.accounts import HOME
from actors.governance.accounts import store as accounts
from actors.governance.audit import Act, Outcome, store
from actors.governance.mode import Mode, denied
from actors.runtime.telemetry import emit
from supervisor.auditing import PEOPLE, subject_of
from supervisor.roles import Role
from supervisor.web.answering import OUTSIDE, REQUEST_ID
from supervisor.web.keys import LOBBY, SOCKETS
from supervisor.web.problems import Refused
from supervisor.web.route import Call, Database, Route, Who
from supervisor.web.site import Site

SAME_AGAIN_S = 60.0  # who is refused the same again within this time is written down once
MOST_REFUSED = 1_000  # callers and routes that are remembered
MOST_A_SECOND = 20
WRITE_WITHIN_S = 2.0
LONGEST_PART = 100  # of a path, as an entry tells it
UNKNOWN = 0  # the actor of a login that nobody has
STANDS_BY = 1013  # how a WebSocket says: try again later

NOTES: "web.RequestKey[dict[str, object]]" = web.RequestKey("notes", dict)
NUMBERS: "web.RequestKey[dict[str, int]]" = web.RequestKey("numbers", dict)


def note(call: Call[Any, Any], **details: object) -> None:
    """Tells the audit more of a command than its path does: what stands on the list of details, and nothing else."""
    call.request.setdefault(NOTES, {}).update(details)


def number(call: Call[Any, Any], login: str, actor: int) -> None:
    """Tells the audit the number of somebody in the path whose login it may not write down again."""
    call.request.setdefault(NUMBERS, {})[login] = actor


async def check_mode(route: Route, site: Site) -> None:
    """Raises Refused for what the mode closes; while nobody can tell which it is, all that STANDBY closes."""
    mode = await site.mode.current()
    why = denied(mode, in_standby=route.in_standby, exports=route.exports)
    if why is None:
        return
    if mode is Mode.STANDBY and not site.mode.is_readable:
        raise Refused(503, "mode_unknown", "the mode of the service cannot be read just now", Retry_After="5")
    raise Refused(403, why.code, why.says, {"mode": mode.value})


async def append(db: Database, route: Route, call: Call[Any, Any], status: int) -> None:
    """Into the transaction of what was done. Who comes in or leaves is written down where it is known who that is."""
    if route.role is Role.ANYONE:
        return
    outcome: Outcome = "done" if status < 400 else "refused"
    await _append(db, call.request, route, call.who, outcome, {"status": status, **call.request.get(NOTES, {})})


async def _append(
    db: Database, request: web.Request, route: Route, who: Who, outcome: Outcome, details: Mapping[str, object]
) -> None:
    parts = {name: _storable(part) for name, part in request.match_info.items()}
    known = request.get(NUMBERS, {})
    logins = [one for name, one in parts.items() if name in PEOPLE and one]
    people = {one: known[one] if one in known else await _actor(db, one) for one in logins}
    action = f"{route.resource}_{route.handler.__name__}"
    await store.append(
        db,
        Act(
            who.tenant or HOME, who.login, who.role.word, action, subject_of(parts, people), outcome,
            request.get(REQUEST_ID), details,
        ),
    )  # fmt: skip


async def _actor(db: Database, login: str) -> int:
    """The number of somebody whom a path names; of a word that is nobody's login no actor is made."""
    one = await accounts.find_user(db, login)
    return UNKNOWN if one is None else await store.actor(db, one.login)


def _storable(text: str) -> str:
    return text.replace("\0", "").encode(errors="replace").decode()[:LONGEST_PART]


class Refusals:
    """Those whom their role or the mode kept out: written down, but not as often as they like to ask."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._lately: OrderedDict[tuple[str, str, str], float] = OrderedDict()
        self._second, self._written = 0, 0

    async def note(self, request: web.Request, route: Route, who: Who, error: Refused | Forbidden) -> None:
        """In a transaction of its own; where that fails, the refusal stands all the same."""
        code = error.code if isinstance(error, Refused) else "forbidden"
        if not self._is_news((who.key, f"{request.method} {route.path}", code), time.monotonic()):
            return
        try:
            async with asyncio.timeout(WRITE_WITHIN_S), self._site.all_tenants.acquire() as db, db.transaction():
                await _append(db, request, route, who, "refused", {"code": code, "status": 403})
        except OUTSIDE as failure:
            emit("audit.failed", error=type(failure).__name__, path=route.path)

    def _is_news(self, key: tuple[str, str, str], now_s: float) -> bool:
        if now_s - self._lately.get(key, -SAME_AGAIN_S) < SAME_AGAIN_S:
            return False
        if int(now_s) != self._second:
            self._second, self._written = int(now_s), 0
        if self._written >= MOST_A_SECOND:
            return False
        self._written += 1
        self._lately[key] = now_s
        self._lately.move_to_end(key)
        while len(self._lately) > MOST_REFUSED:
            self._lately.popitem(last=False)
        return True


async def closing(app: web.Application, site: Site) -> AsyncIterator[None]:
    """As long as the application runs: when the service stands by, whoever watches is sent away."""

    def hear(_mode: Mode) -> None:
        if not site.mode.stands_by:
            return
        lobby = app[LOBBY]
        for visit in list(lobby.visits):
            lobby.hub.drop(visit.client, STANDS_BY, "the service stands by")
        for ends in app[SOCKETS].streams:
            ends.set()

    end = site.mode.on_change(hear)
    yield
    end()
