"""What happens, over a WebSocket and as server-sent events: rooms, who may be in them, what was missed."""

import asyncio
import socket as sockets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson
import pytest

from actors.events import store
from actors.events.feed import Feed
from actors.governance import store as governance
from actors.governance.mode import Mode
from actors.governance.mode import store as modes
from actors.queue import store as queue
from actors.queue.job import NewJob
from actors.runtime.signals import Listener
from supervisor import hub as hubs
from supervisor.hub import SLOW
from supervisor.life import Life
from supervisor.roles import Role
from supervisor.watching import MOST_ROOMS
from supervisor.web import live, wires
from supervisor.web.app import listening
from supervisor.web.governing import STANDS_BY
from supervisor.web.guard import EVERY_S, REVOKED
from supervisor.web.lobby import MOST_REPLAYED, SAYS_MOST
from supervisor.web.routes import events
from tests.supervisor.web.asking import Api

HANDSHAKE = (
    b"Host: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not is_so():  # noqa: ASYNC110 - what is inside makes no sound here
            await asyncio.sleep(0.01)


@pytest.fixture
async def fed(api: Api, dsn: str) -> AsyncIterator[Api]:
    """A site that reads the log."""
    feed = Feed(api.site.all_tenants, api.site.hub)
    listener = Listener(dsn, {"triald_events": feed.wake, "triald_job_events": feed.heard_of_jobs})
    lives = (feed.run(Life("events", 0, time.monotonic)), listener.run(Life("listener", 0, time.monotonic)))
    tasks = [asyncio.create_task(one) for one in lives]
    await until(lambda: api.site.hub.ring.after(api.site.hub.ring.last, lambda _: True) is not None)
    yield api
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


def headers(api: Api, role: Role = Role.VIEWER, token: str | None = None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token or api.site.tokens[role]}"}


class Talk:
    """A WebSocket, as one who watches sees it."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.passed: list[Any] = []

    async def say(self, **fields: object) -> None:
        await self.socket.send_str(orjson.dumps(fields).decode())

    async def next(self) -> Any:
        async with asyncio.timeout(20):
            message = await self.socket.receive()
        assert message.type is aiohttp.WSMsgType.TEXT, (message, self.socket.close_code)
        self.passed.append(orjson.loads(message.data))
        return self.passed[-1]

    async def until(self, type_: str, **fields: object) -> Any:
        """The next message of this type with these fields."""
        while True:
            told = await self.next()
            if told["type"] == type_ and fields.items() <= told.items():
                return told

    async def happens(self, number: int) -> list[int]:
        """The numbers in what is told, up to one of them."""
        heard: list[int] = []
        while number not in heard:
            heard += [one["data"]["number"] for one in (await self.until("events"))["events"]]
        return heard

    async def closes(self) -> int | None:
        async with asyncio.timeout(20):
            while (message := await self.socket.receive()).type is aiohttp.WSMsgType.TEXT:
                self.passed.append(orjson.loads(message.data))
        return self.socket.close_code


@asynccontextmanager
async def talking(
    api: Api, *rooms: str, role: Role = Role.VIEWER, token: str | None = None, since: object = None
) -> AsyncIterator[Talk]:
    query = f"?rooms={','.join(rooms)}" + ("" if since is None else f"&since={since}") if rooms else ""
    async with api.http.ws_connect(f"{api.url}/ws/events{query}", headers=headers(api, role, token)) as socket:
        talk = Talk(socket)
        for room in rooms:
            await talk.until("joined", room=room)
        yield talk


async def tell(api: Api, number: int, room: str = "service", **more: Any) -> None:
    await store.append(api.site.all_tenants, room=room, kind="test.told", payload={"number": number}, **more)


async def last_id(api: Api) -> int:
    return int(await api.site.all_tenants.fetchval("select coalesce(max(id), 0) from events"))


# ── who may ──


async def test_without_a_token_there_is_no_socket_and_no_stream(api: Api) -> None:
    """S16: no token → closed."""
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await api.http.ws_connect(f"{api.url}/ws/events")
    assert refused.value.status == 401
    assert (await api.ask("GET", "/api/v1/events?rooms=service", role=None))[0] == 401


async def test_rooms_that_are_not_ones_own_are_refused(fed: Api) -> None:
    """S16: foreign room → refused; one that there is not, is not told from one that one may not see."""
    db = fed.site.all_tenants
    theirs = await db.fetchval("insert into tenants (name) values ('elsewhere') returning id")
    project = await db.fetchval("insert into projects (tenant_id, name) values ($1, 'p') returning id", theirs)
    async with talking(fed) as talk:
        for room in ("approvals", f"project:{project}", "project:99999", "job:99999", "user:admin", "nowhere", ""):
            await talk.say(type="join", room=room)
            assert await talk.next() == {"type": "refused", "room": room, "code": "forbidden"}
        await talk.say(type="join")
        assert await talk.next() == {"type": "refused", "code": "forbidden"}
    async with talking(fed, "approvals", role=Role.STEWARD) as talk:
        await tell(fed, 1, "approvals", tenant=1)
        await tell(fed, 2, "approvals", tenant=theirs)
        await tell(fed, 3, "approvals", tenant=1)
        assert await talk.happens(3) == [1, 3]


async def test_who_belongs_to_a_project_is_in_its_room_until_they_do_not(fed: Api) -> None:
    """S16: project check, by the names of another system too; looked at again each second."""
    db = fed.site.all_tenants
    project = await db.fetchval("insert into projects (tenant_id, name) values (1, 'p') returning id")
    await db.execute(
        """insert into project_members (project_id, user_id, tenant_id, part)
           select $1, id, 1, 'member' from users where login = 'viewer'""",
        project,
    )
    async with talking(fed) as talk, talking(fed, f"project:{project}", role=Role.ADMIN) as admin:
        await talk.say(type="join_project", projectId=str(project))
        joined = await talk.until("joined_project")
        assert (joined["projectId"], joined["room"]) == (str(project), f"project:{project}")
        await tell(fed, 1, f"project:{project}", tenant=1)
        assert await talk.happens(1) == [1]
        await db.execute("delete from project_members where project_id = $1", project)
        await talk.until("refused", room=f"project:{project}", code="forbidden")
        await tell(fed, 2, f"project:{project}", tenant=1)
        await tell(fed, 3)
        await talk.say(type="join", room="service", since=0)
        assert await talk.happens(3) == [3]
        assert await admin.happens(2) == [1, 2]
        await talk.say(type="leave_project", projectId=project)
        assert await talk.until("left_project")


async def test_news_of_ones_own_are_heard_by_oneself(fed: Api) -> None:
    async with talking(fed, "me") as hers, talking(fed, "me", role=Role.ADMIN) as other:
        await tell(fed, 1, "user:admin")
        await tell(fed, 2, "user:viewer")
        told = await hers.until("events")
        assert [(one["room"], one["data"]) for one in told["events"]] == [("me", {"number": 2})]
        assert await other.happens(1) == [1]


async def test_a_socket_closes_when_its_token_is_revoked(api: Api) -> None:
    """S16: at the next look, each second."""
    async with talking(api, "service") as talk:
        await governance.revoke_token(api.site.all_tenants, "viewer")
        assert await talk.closes() == REVOKED
    assert EVERY_S <= 1


async def test_sockets_and_streams_close_when_the_service_stands_by(fed: Api) -> None:
    """R02: STANDBY, chosen by whoever may."""
    async with talking(fed, "service") as talk, streaming(fed, "service") as (_, next_):
        async with fed.site.all_tenants.acquire() as db, db.transaction():
            await modes.switch(db, Mode.STANDBY, by=None, because=None)
        fed.site.mode.forget()
        await fed.site.mode.current()
        assert await talk.closes() == STANDS_BY
        while orjson.loads((await next_()).get("data", "{}")).get("code") != STANDS_BY:
            pass
    await until(lambda: not len(fed.site.hub))


# ── what is told ──


async def test_what_happens_is_told_to_those_who_look(fed: Api) -> None:
    """S16: the dashboard is one room of several."""
    task = asyncio.create_task(live.tell(fed.site, every_s=0.02))
    try:
        async with talking(fed, "dashboard", "jobs") as talk:
            await queue.enqueue(fed.site.pool, [NewJob("maintain") for _ in range(7)])
            while True:
                queues = (await talk.until("state", room="dashboard"))["topics"].get("queues", [])
                if [one["id"] for one in queues if one["ready"] == 7] == ["default"]:
                    break
            await queue.add_events(fed.site.all_tenants, [(1, "rescued", {})])
            told = await talk.until("events")
            assert [(one["room"], one["kind"]) for one in told["events"]] == [("job:1", "job.rescued")]
    finally:
        task.cancel()


async def test_a_room_shows_first_what_there_is(fed: Api) -> None:
    await fed.site.all_tenants.execute("insert into alerts (name, severity, message) values ('x', 'high', 'full')")
    [job] = await queue.enqueue(fed.site.pool, [NewJob("maintain")])
    async with talking(fed) as talk:
        for room in ("alerts", f"job:{job}", "registries", "jobs"):
            await talk.say(type="join", room=room)
        assert [one["message"] for one in (await talk.until("snapshot", room="alerts"))["data"]] == ["full"]
        assert (await talk.until("snapshot", room=f"job:{job}"))["data"]["state"] == "ready"
        assert await talk.until("snapshot", room="registries")
        assert {one["id"] for one in (await talk.until("snapshot", room="jobs"))["data"]} >= {"default"}


async def test_what_was_missed_is_told_when_one_comes_back(fed: Api) -> None:
    """N27, S16: nothing, what was missed, or that it cannot be told any more; never a part."""
    async with talking(fed, "service") as talk:
        await tell(fed, 1)
        assert await talk.happens(1) == [1]
        last = talk.passed[-1]["id"]
    for number in range(2, 14):
        await tell(fed, number)
        await tell(fed, 100 + number, "registries")
    async with talking(fed, "service", since=last) as talk:
        assert await talk.happens(13) == list(range(2, 14))
        assert max(len(one.get("events", [])) for one in talk.passed) <= 10
        last = talk.passed[-1]["id"]
    async with talking(fed, "service", since=last + 1) as talk:  # that of the other room came after it
        await tell(fed, 14)
        assert await talk.happens(14) == [14]


async def test_what_was_missed_in_several_rooms_comes_in_one_order(fed: Api) -> None:
    """N27: a connection that is cut off meanwhile has heard all, of each room, up to the number that it says."""
    async with talking(fed, "service") as talk:
        await tell(fed, 0)
        await talk.happens(0)
        last = talk.passed[-1]["id"]
    for number in range(1, 25):
        await tell(fed, number, ("service", "registries")[number % 2])
    async with talking(fed, "service", "registries", since=last) as talk:
        assert await talk.happens(24) == list(range(1, 25))
        numbers = [one["id"] for told in talk.passed if told["type"] == "events" for one in told["events"]]
        assert numbers == sorted(numbers)


async def test_over_many_disconnects_each_event_is_heard_once(fed: Api) -> None:
    """N27: twenty of them, at any moment, while others write in transactions that overlap."""

    async def write(writer: int) -> None:
        for turn in range(40):
            async with fed.site.all_tenants.acquire() as db, db.transaction():
                await tell_on(db, writer * 100 + turn)
                await asyncio.sleep(0.002 * writer)

    async def tell_on(db: Any, number: int) -> None:
        await store.append(db, room="service", kind="test.told", payload={"number": number})

    writing = asyncio.gather(*(write(writer) for writer in range(1, 4)))
    heard: list[int] = []
    last: int = 0
    for turn in range(1, 22):
        async with talking(fed, "service", since=last) as talk:
            while len(heard) < (turn * 5 if turn < 21 else 120):
                told = await talk.until("events")
                heard += [one["data"]["number"] for one in told["events"]]
                last = told["id"]
    await writing
    assert sorted(heard) == sorted(writer * 100 + turn for writer in range(1, 4) for turn in range(40))


@pytest.mark.parametrize("since", ["99999999", "nonsense", "-1", "99999999999999999999"])
async def test_who_comes_from_an_event_that_there_is_not_starts_over(fed: Api, since: str) -> None:
    """N27: reset, and what the room shows."""
    await fed.site.all_tenants.execute("insert into alerts (name, severity, message) values ('x', 'high', 'full')")
    async with talking(fed, "alerts", since=since) as talk:
        assert await talk.until("reset", room="alerts")
        assert len((await talk.until("snapshot", room="alerts"))["data"]) == 1


async def test_what_is_no_more_in_memory_is_read_from_the_log_unless_it_is_too_much(fed: Api) -> None:
    async with talking(fed, "service") as talk:
        await tell(fed, 1)
        await talk.happens(1)
        first = talk.passed[-1]["id"]
        for number in range(2, 6):
            await tell(fed, number)
        await talk.happens(5)
    fed.site.hub.ring.start([], last=fed.site.hub.ring.last)
    async with talking(fed, "service", since=first) as talk:
        assert await talk.happens(5) == [2, 3, 4, 5]
    await fed.site.all_tenants.execute(
        """insert into events (at, is_final, room, kind, payload)
           select now(), false, 'service', 'test.told', '{"number": 7}' from generate_series(1, $1)""",
        MOST_REPLAYED,
    )
    fed.site.hub.ring.start([], last=await last_id(fed))
    async with talking(fed, "service", since=first) as talk:
        assert await talk.until("reset")


async def test_what_is_removed_meanwhile_is_not_passed_over(fed: Api) -> None:
    for number in range(1, 6):
        await tell(fed, number)
    async with talking(fed, "service", since=0) as talk:
        await talk.happens(5)
    await fed.site.all_tenants.execute("delete from events where id < (select max(id) from events)")
    fed.site.hub.ring.start([], last=fed.site.hub.ring.last)
    async with talking(fed, "service", since=1) as talk:
        assert await talk.until("reset")


# ── server-sent events ──


@asynccontextmanager
async def streaming(api: Api, rooms: str, **more: str) -> AsyncIterator[tuple[aiohttp.ClientResponse, Any]]:
    async with api.http.get(f"{api.url}/api/v1/events?rooms={rooms}", headers=headers(api) | more) as response:

        async def next_() -> dict[str, str]:
            """The next event of the stream."""
            fields: dict[str, str] = {}
            async with asyncio.timeout(20):
                while line := (await response.content.readline()).decode().rstrip("\n"):
                    name, _, value = line.partition(":")
                    fields[name] = value.removeprefix(" ")
            return fields

        yield response, next_


async def test_a_stream_tells_the_same_and_goes_on_where_it_ended(fed: Api) -> None:
    """S16: `Last-Event-ID`; only what is in the log has an id."""
    async with streaming(fed, "service,nowhere") as (response, next_):
        assert response.headers["Content-Type"].startswith("text/event-stream")
        assert response.headers["X-Accel-Buffering"] == "no"
        assert await next_() == {"retry": "2000"}
        assert orjson.loads((await next_())["data"]) == {"type": "refused", "room": "nowhere", "code": "forbidden"}
        first = await next_()
        assert (orjson.loads(first["data"])["type"], "id" in first) == ("joined", False)
        await tell(fed, 1)
        told = await next_()
        assert orjson.loads(told["data"])["events"][0]["data"] == {"number": 1}
    await tell(fed, 2)
    async with streaming(fed, "service", **{"Last-Event-ID": told["id"]}) as (response, next_):
        assert [list(await next_()), orjson.loads((await next_())["data"])["type"]] == [["retry"], "joined"]
        again = await next_()
        assert int(again["id"]) > int(told["id"])
        assert [one["data"] for one in orjson.loads(again["data"])["events"]] == [{"number": 2}]


async def test_a_stream_of_which_nothing_is_told_says_that_it_lives(fed: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "PING_EVERY_S", 0.05)
    async with streaming(fed, "service") as (_, next_):
        await next_()
        await next_()
        assert await next_() == {"": "ping"}


async def test_streams_end_when_the_server_stops(api: Api) -> None:
    async with listening(api.site, "127.0.0.1", 0) as port:
        url = f"http://127.0.0.1:{port}/api/v1/events?rooms=service"
        response = await api.http.get(url, headers=headers(api))
        await response.content.readline()
    async with asyncio.timeout(10):
        await response.content.read()
    assert len(api.site.hub) == 0


# ── what clients may not do to us, or to each other ──


async def test_a_server_that_stops_tells_who_watches(api: Api) -> None:
    async with listening(api.site, "127.0.0.1", 0) as port:
        url = f"http://127.0.0.1:{port}/ws/events?rooms=service"
        socket = await api.http.ws_connect(url, headers=headers(api))
        talk = Talk(socket)
        await talk.until("joined")
        closing = asyncio.create_task(talk.closes())
    assert await closing == 1001
    assert len(api.site.hub) == 0
    await socket.close()


@pytest.mark.parametrize(
    "said",
    ["", "{", "[]", "7", "null", '{"type":"shout"}', '{"type":7}', '{"room":"jobs"}', "[" * 3000,
     '{"type":"join_project"}', '{"type":"join","room":"job:' + "9" * 2000 + '"}', '{"type":"leave","room":7}'],
)  # fmt: skip
async def test_what_makes_no_sense_does_no_harm(fed: Api, said: str) -> None:
    async with talking(fed, "service") as talk:
        await talk.socket.send_str(said)
        await talk.say(type="ping")
        assert await talk.until("pong")
        assert all(len(orjson.dumps(one)) < 500 for one in talk.passed)
    assert fed.failed == []


async def test_rooms_of_one_client_are_few_and_so_are_its_messages(fed: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """N27: bounds on what one may ask for."""
    jobs = await queue.enqueue(fed.site.pool, [NewJob("maintain") for _ in range(MOST_ROOMS + 1)])
    async with talking(fed) as talk:
        for job in jobs:
            await talk.say(type="join", room=f"job:{job}")
        assert await talk.until("refused") == {"type": "refused", "room": f"job:{jobs[-1]}", "code": "too_many_rooms"}
        for _ in range(SAYS_MOST):
            await talk.say(type="ping")
        assert await talk.closes() == events.SAYS_TOO_MUCH
    async with talking(fed) as talk:
        await talk.socket.send_str(" " * 5000)
        assert await talk.closes() == 1009
    status, _ = await fed.ask("GET", "/api/v1/events?rooms=" + ",".join(["jobs"] * (MOST_ROOMS + 1)))
    assert status == 400
    monkeypatch.setattr(hubs, "MOST_CLIENTS", 0)
    status, head, _ = await fed.whole("GET", "/api/v1/events?rooms=jobs")
    assert (status, head["Retry-After"]) == (503, "10")


async def _silent(api: Api, path: str, *, upgrade: bool) -> sockets.socket:
    """A connection that asks, and then never reads."""
    one = sockets.socket()
    one.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    one.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(one, ("127.0.0.1", int(api.url.rpartition(":")[2])))
    head = HANDSHAKE if upgrade else b"Host: localhost\r\n"
    token = b"Authorization: Bearer " + api.site.tokens[Role.VIEWER].encode() + b"\r\n\r\n"
    await loop.sock_sendall(one, b"GET " + path.encode() + b" HTTP/1.1\r\n" + head + token)
    return one


@pytest.mark.parametrize(("path", "upgrade"), [("/ws/events", True), ("/api/v1/events", False)])
async def test_one_who_does_not_read_is_dropped_and_others_hear_all(
    fed: Api, monkeypatch: pytest.MonkeyPatch, path: str, upgrade: bool
) -> None:
    """N27: what waits for them is bounded, and nobody waits for them."""
    monkeypatch.setattr(hubs, "TAKES_WITHIN_S", 1.0)
    monkeypatch.setattr(events, "HEARTBEAT_S", 60.0)  # not by their silence: by what they do not take
    monkeypatch.setattr(wires, "GOODBYE_WITHIN_S", 0.1)
    hub = fed.site.hub
    silent = await _silent(fed, f"{path}?rooms=dashboard", upgrade=upgrade)
    async with talking(fed, "dashboard") as talk:
        number = 0
        async with asyncio.timeout(30):
            while not hub.counts["dropped it does not read"] or len(hub) > 1:
                number += 1
                hub.publish({"big": orjson.dumps({"number": number, "filling": "x" * 200_000})})
                told = await talk.until("state")
                assert told["topics"]["big"]["number"] == number
    silent.close()


async def test_one_who_does_not_answer_is_dropped_though_little_is_told(
    fed: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """N27: within ten seconds, as a ping goes out after five and its answer is due after half of that."""
    assert 1 + 1.5 * events.HEARTBEAT_S < 10
    monkeypatch.setattr(events, "HEARTBEAT_S", 0.2)
    silent = await _silent(fed, "/ws/events?rooms=service", upgrade=True)
    await until(lambda: fed.site.hub.counts["dropped it does not answer"] == 1 and not len(fed.site.hub))
    silent.close()
    assert SLOW == 4408
