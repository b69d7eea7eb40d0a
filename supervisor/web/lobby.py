"""Where those who watch come in: which rooms they may enter, and what they hear first of each."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import msgspec
import orjson

from actors.events import store
from actors.events.event import Event
from actors.events.feed import told_of
from actors.events.rooms import FOR_ALL, HOME, Room, room_of, sees
from actors.monitoring import store as monitoring
from actors.queue import operating
from actors.runtime.telemetry import emit
from supervisor.frames import of_events, of_message
from supervisor.hub import Hub
from supervisor.roles import Role
from supervisor.watching import MOST_ROOMS, Client
from supervisor.web import picture, saying
from supervisor.web.answering import OUTSIDE
from supervisor.web.fresh import Fresh
from supervisor.web.route import Who

if TYPE_CHECKING:
    import asyncpg
    from aiohttp import web

MOST_REPLAYED = 1000  # events; who missed more starts over
LOOKS_AT_ONCE = 8  # into the log, for those who come back from long ago
SAYS_MOST, SAYS_WITHIN_S = 100, 10.0
NEEDS: Mapping[str, Role] = MappingProxyType({"approvals": Role.STEWARD})  # the others are for every VIEWER


class Lobby:
    """One for all who watch this process."""

    def __init__(self, hub: Hub, pool: "asyncpg.Pool[Any]", registries: Callable[[], Awaitable[Any]]) -> None:
        self.hub, self.pool = hub, pool
        self.visits: set[Visit] = set()
        self.looks = asyncio.Semaphore(LOOKS_AT_ONCE)
        self.snapshots: Mapping[str, Fresh[bytes]] = {
            "alerts": Fresh(self._alerts),
            "jobs": Fresh(self._jobs),
            "registries": Fresh(lambda: _encoded(registries())),
        }

    async def _alerts(self) -> bytes:
        return msgspec.json.encode(picture.alerts(await monitoring.open_alerts(self.pool)))

    async def _jobs(self) -> bytes:
        return msgspec.json.encode(picture.queues(await operating.load(self.pool), {}))

    async def may_enter(self, room: Room, who: Who) -> bool:
        """Raises what the database raises."""
        if not who.may(NEEDS.get(room.kind, Role.VIEWER)):
            return False
        if room.kind == "project":
            return (who.user, room.id) in await store.in_projects(self.pool, [asked(who, room)])
        if room.kind == "job":
            return any(sees(who.tenant, told_of(job, datetime.now(UTC))) for job in await self._job(room))
        return True

    async def _job(self, room: Room) -> list[store.JobState]:
        return await store.jobs(self.pool, [room.id or 0])

    async def snapshot(self, room: Room, who: Who) -> bytes | None:
        """What the room shows, where it shows more than what happens. Raises what the database raises."""
        if room.kind == "job":
            return next((told_of(job, datetime.now(UTC)).payload for job in await self._job(room)), None)
        if who.tenant != HOME and room.name not in FOR_ALL:
            return None
        look = self.snapshots.get(room.name)
        return None if look is None else await look.get()

    async def missed(self, room: Room, channel: str, tenant: int, since: int, up_to: int) -> list[Event] | None:
        """What happened in a room after one event and up to another; None where that cannot be told any more."""
        if not 0 <= since <= up_to:
            return None
        found = self.hub.ring.after(since, lambda one: channel in one.rooms and (one.id or 0) <= up_to)
        if found is None:
            async with self.looks:
                found = await store.replay(
                    self.pool, since, up_to, room=channel, prefix=room.prefix, most=MOST_REPLAYED
                )
        if found is None or len(found) > MOST_REPLAYED:
            return None
        return [one for one in found if sees(tenant, one)]


def asked(who: Who, room: Room) -> store.Asked:
    return store.Asked(who.user, room.id or 0, who.tenant, who.may(Role.ADMIN))


async def _encoded(look: Awaitable[Any]) -> bytes:
    return msgspec.json.encode(await look)


class Visit:
    """One connection, in the rooms that it may be in."""

    def __init__(self, lobby: Lobby, client: Client, who: Who, request: "web.Request") -> None:
        self.lobby, self.client, self.who, self.request = lobby, client, who, request
        self.rooms: dict[str, Room] = {}
        self.unknown_since: float | None = None  # since when it could not be told whether they may still be here
        self.marks: tuple[int | None, ...] | None = None  # what it was that they may be here by, as of the last look
        self.until_s: float | None = None  # seconds since 1970: then what they showed opens nothing more
        self.looked_at_s = 0.0
        self._said: list[float] = []

    async def hear(self, text: str | bytes) -> bool:
        """Does what they say; False for who says too much."""
        now = time.monotonic()
        self._said = [at for at in self._said if now - at < SAYS_WITHIN_S] + [now]
        if len(self._said) > SAYS_MOST:
            return False
        match saying.read(text):
            case saying.Join(room, since, None):
                await self.join(room, since)
            case saying.Join(room, since, project):
                await self.join(room, since, project=project)
            case saying.Leave(room, project):
                self.leave(room, project)
            case saying.Ping():
                self.client.say(of_message("pong", id=self.lobby.hub.ring.last))
            case saying.Unclear(message):
                self.client.say(of_message("error", code="bad_message", message=message))
        return True

    async def join(self, name: object, since: object = None, *, project: object = None) -> None:
        """They hear what they missed, or what the room shows, and from then on what happens. Else that they may not."""
        await self.join_all([name], since, project=project)

    async def join_all(self, names: Sequence[object], since: object = None, *, project: object = None) -> None:
        """Several at once: what was missed in them comes in the order of the log, so that each number says how far."""
        rooms = [room for name in names if (room := await self._admitted(name)) is not None]
        try:
            with self.lobby.hub.holding(self.client):
                last = max((self._enter(room, project) for room in rooms), default=0)
                await self._bring_up_to_date(rooms, saying.number(since), last)
        except OUTSIDE:
            for room in rooms:
                self._refuse(room.name, "unavailable")
                self.lobby.hub.leave(self.client, room.name)
                self.rooms.pop(room.name, None)

    async def _admitted(self, name: object) -> Room | None:
        """None for one who may not enter, and has been told so."""
        room, code = room_of(name), "forbidden"
        try:
            if room is not None and await self.lobby.may_enter(room, self.who):
                if len(self.rooms) < MOST_ROOMS or room.name in self.rooms:
                    return room
                code = "too_many_rooms"
        except OUTSIDE:
            code = "unavailable"
        self._refuse(name, code)
        return None

    def _enter(self, room: Room, project: object) -> int:
        last = self.lobby.hub.join(self.client, room.name, room.channel(self.who.login))
        self.rooms[room.name] = room
        told = of_message("joined", room=room.name, id=last)
        if project is not None:
            told = of_message("joined_project", projectId=project, room=room.name, id=last)
        self.client.say(told)
        return last

    async def _bring_up_to_date(self, rooms: Sequence[Room], since: int | None, last: int) -> None:
        missed: dict[int | None, Event] = {}
        shown: list[tuple[Room, bytes | None]] = []
        over: list[Room] = []
        for room in rooms:
            found = None if since is None else await self._missed(room, since, last)
            if since is not None and found is None:
                over.append(room)
            missed |= {one.id: one for one in found or ()}
            if found is None or room.kind == "job":
                shown.append((room, await self.lobby.snapshot(room, self.who)))
        for frame in of_events([missed[id_] for id_ in sorted(missed, key=lambda one: one or 0)]):
            self.client.say(frame)
        self.lobby.hub.counts["replayed"] += len(missed)
        for room in over:
            self.client.say(of_message("reset", room=room.name, id=last))
        for room, data in shown:
            if data is not None:
                self.client.say(of_message("snapshot", room=room.name, data=orjson.Fragment(data)))

    async def _missed(self, room: Room, since: int, last: int) -> list[Event] | None:
        return await self.lobby.missed(room, room.channel(self.who.login), self.who.tenant, since, last)

    def leave(self, name: object, project: object = None) -> None:
        if isinstance(name, str):
            self.lobby.hub.leave(self.client, name)
            self.rooms.pop(name, None)
            kind = "left" if project is None else "left_project"
            self.client.say(of_message(kind, room=name[:120], projectId=project))

    def _refuse(self, name: object, code: str) -> None:
        shown = name[:120] if isinstance(name, str) else None
        self.client.say(of_message("refused", room=shown, code=code))

    def expel(self, name: str) -> None:
        """From a room that they may be in no more."""
        emit("watcher.expelled", name=self.who.login, reason=name.partition(":")[0])
        self.lobby.hub.leave(self.client, name)
        self.rooms.pop(name, None)
        self._refuse(name, "forbidden")
