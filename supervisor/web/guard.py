"""Looks each second whether those who watch may still be here, and in the rooms that they are in."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence

from aiohttp import web

from actors.events import store
from actors.governance.accounts import allows
from actors.runtime.telemetry import emit
from supervisor.hub import Hub
from supervisor.roles import Role
from supervisor.web.answering import OUTSIDE
from supervisor.web.door import Door
from supervisor.web.keys import DOOR, LOBBY
from supervisor.web.lobby import NEEDS, Lobby, Visit, asked
from supervisor.web.problems import Refused
from supervisor.web.route import Who

EVERY_S = 1.0
LOOK_EVERY_S = 60.0  # at each, though nothing seems to have changed
UNKNOWN_S = 60.0  # a database that is away for so long cannot take a token back either
AT_ONCE = 20
REVOKED = 4401
AGAIN_LATER = 1013
RESOURCE = "events"


async def guarding(app: web.Application) -> AsyncIterator[None]:
    """As long as the application runs."""
    task = asyncio.create_task(_guard(app[LOBBY], app[DOOR]))
    yield
    task.cancel()
    await asyncio.wait([task])


async def _guard(lobby: Lobby, door: Door) -> None:
    told: Counter[str] = Counter()
    while True:
        await asyncio.sleep(EVERY_S)
        await check(lobby, door)
        told = _tell(lobby.hub, told)


async def check(lobby: Lobby, door: Door) -> None:
    """All of them once: one look at what may have changed, and a closer one at those of whom something has."""
    visits = tuple(lobby.visits)
    try:
        marks = await _marks(lobby, visits)
    except OUTSIDE:
        for visit in visits:
            _note_unknown(visit)
        return
    now, doubtful = time.time(), []
    for visit in visits:
        found = tuple(marks.get(mark) for mark in _marks_of(visit.who))
        if found != visit.marks:
            door.forget(visit.request)  # what is remembered of them may be older than the change
            doubtful.append(visit)
        elif (visit.until_s is not None and now >= visit.until_s) or now - visit.looked_at_s >= LOOK_EVERY_S:
            doubtful.append(visit)
        visit.marks, visit.unknown_since = found, None
    for at in range(0, len(doubtful), AT_ONCE):
        await asyncio.gather(*(_look(door, visit) for visit in doubtful[at : at + AT_ONCE]))
    await _check_projects(lobby)


async def _marks(lobby: Lobby, visits: Sequence[Visit]) -> dict[store.Mark, int]:
    wanted: dict[str, set[int]] = {"user": set(), "token": set(), "session": set()}
    for visit in visits:
        for what, id_ in _marks_of(visit.who):
            wanted[what].add(id_)
    return await store.marks(lobby.pool, *wanted.values()) if visits else {}


def _marks_of(who: Who) -> list[store.Mark]:
    marks = [("user", who.user), ("token", who.token), ("session", who.session)]
    return [(what, id_) for what, id_ in marks if id_]


async def _look(door: Door, visit: Visit) -> None:
    try:
        who, shown = await door.who(visit.request), await door.shown(visit.request)
    except Refused:
        visit.marks = None
        _note_unknown(visit)
        return
    if who is None or shown is None or not _is_as_before(visit.who, who):
        visit.lobby.hub.drop(visit.client, REVOKED, "log in again")
        return
    visit.who, visit.until_s, visit.looked_at_s = who, shown.until_s, time.time()
    for name, room in tuple(visit.rooms.items()):
        if not who.may(NEEDS.get(room.kind, Role.VIEWER)):
            visit.expel(name)


def _is_as_before(before: Who, now: Who) -> bool:
    is_same = (before.user, before.login, before.tenant) == (now.user, now.login, now.tenant)
    return is_same and now.may(Role.VIEWER) and allows(now.scopes, RESOURCE, is_command=False) and not now.must_change


def _note_unknown(visit: Visit) -> None:
    now = time.monotonic()
    visit.unknown_since = visit.unknown_since or now
    if now - visit.unknown_since >= UNKNOWN_S:
        visit.lobby.hub.drop(visit.client, AGAIN_LATER, "logins cannot be checked just now")


async def _check_projects(lobby: Lobby) -> None:
    inside = [
        (visit, name, asked(visit.who, room))
        for visit in lobby.visits
        for name, room in visit.rooms.items()
        if room.kind == "project"
    ]
    if not inside:
        return
    try:
        still = await store.in_projects(lobby.pool, sorted({one for _, _, one in inside}))
    except OUTSIDE:
        return
    for visit, name, one in inside:
        if (one.user, one.project) not in still:
            visit.expel(name)


def _tell(hub: Hub, told: Counter[str]) -> Counter[str]:
    """What was told since the last time, for the metrics."""
    now = Counter(hub.counts)
    if now != told:
        emit("events.told", number=now["frames"] - told["frames"], records=now["replayed"] - told["replayed"])
    return now
