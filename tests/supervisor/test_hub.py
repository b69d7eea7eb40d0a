"""The hub: who hears what, in how many frames, and what those cost who do not read."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack

import orjson
import pytest

from actors.events.rooms import HOME
from supervisor import hub as hubs
from supervisor.frames import MOST_EVENTS, Frame, of_state
from supervisor.hub import MOST_CLIENTS, SLOW, Full, Hub
from supervisor.watching import MOST_HELD, MOST_UNREAD_BYTES, Client, Watcher
from tests.events.test_ring import OTHER, event
from tests.supervisor.hearing import Ear, numbers

ANNA = Watcher("anna", HOME)


@pytest.fixture
async def stack() -> AsyncIterator[ExitStack]:
    with ExitStack() as one:
        yield one


def seated(hub: Hub, stack: ExitStack, *rooms: str, who: Watcher = ANNA) -> tuple[Client, Ear]:
    ear = Ear()
    client = stack.enter_context(hub.seat(who, ear))
    for room in rooms:
        hub.join(client, room, f"user:{who.login}" if room == "me" else room)
    ear.take()
    return client, ear


async def until(ear: Ear, number: int) -> list[int]:
    """The numbers that are heard, up to one of them."""
    heard: list[int] = []
    while number not in heard:
        heard += numbers(await ear.next())
    return heard


async def test_who_is_in_a_room_hears_what_happens_there_and_nobody_else(stack: ExitStack) -> None:
    """S16: rooms, those of one job within those of all, and one's own news."""
    hub = Hub()
    _, alerts = seated(hub, stack, "alerts")
    _, job = seated(hub, stack, "job:42")
    _, jobs = seated(hub, stack, "jobs", "job:42")
    _, mine = seated(hub, stack, "me")
    _, other = seated(hub, stack, "me", "jobs", who=Watcher("berta", OTHER))
    hub.hear([event(1, "alerts"), event(2, "job:42"), event(3, "job:43"), event(4, "user:anna"), event(5, "nowhere")])
    assert [numbers(ear.take()) for ear in (alerts, job, jobs, mine, other)] == [[1], [2], [2, 3], [4], []]


async def test_the_first_goes_at_once_and_what_follows_is_gathered(stack: ExitStack) -> None:
    """S16: gathered for 100 ms, at most ten events a frame."""
    hub = Hub()
    _, ear = seated(hub, stack, "service")
    hub.hear([event(1)])
    assert numbers(ear.take()) == [1]
    for number in range(2, 27):
        hub.hear([event(number)])
    assert ear.frames == []
    told = await ear.next()
    assert [len(one["events"]) for one in told] == [MOST_EVENTS, MOST_EVENTS, 5]
    assert [one["id"] for one in told] == [11, 21, 26]
    assert numbers(told) == list(range(2, 27))


async def test_what_comes_after_a_pause_need_not_wait(stack: ExitStack) -> None:
    """Ten events a second come as they happen, not each a tenth of a second late."""
    hub = Hub()
    _, ear = seated(hub, stack, "service")
    hub.hear([event(1)])
    await asyncio.sleep(hubs.PAUSE_S)
    hub.hear([event(2)])
    assert numbers(ear.take()) == [1, 2]
    hub.hear([event(3)])
    assert ear.frames == []


async def test_a_hundred_steps_of_one_job_are_few_frames_and_its_end_comes_at_once(stack: ExitStack) -> None:
    """S16: 100 progress events → ≤ 11 frames; final states at once."""
    hub = Hub()
    _, ear = seated(hub, stack, "job:42")
    for step in range(1, 101):
        hub.hear([event(None, "job:42", key="state:42")])
        if step % 10 == 0:
            await asyncio.sleep(0.01)
    assert len(ear.frames) <= 10
    hub.hear([event(101, "job:42", key="job:42", final=True)])
    told = ear.take()
    assert len(told) <= 11
    assert told[-1]["events"][-1]["id"] == 101


async def test_of_what_is_newer_and_older_only_the_newer_is_told(stack: ExitStack) -> None:
    hub = Hub()
    _, ear = seated(hub, stack, "service")
    hub.hear([event(1, key="a"), event(2, key="b"), event(3, key="a"), event(4)])
    assert numbers(ear.take()) == [2, 3, 4]


async def test_a_frame_is_encoded_once_for_all_who_hear_it(stack: ExitStack) -> None:
    hub = Hub()
    ears = [seated(hub, stack, "service")[1] for _ in range(50)]
    ears += [seated(hub, stack, "service", "alerts")[1] for _ in range(50)]
    hub.hear([event(1)])
    assert len({id(ear.frames[0]) for ear in ears}) == 1
    assert hub.counts["frames"] == 100


async def test_who_joins_hears_nothing_twice_and_misses_nothing(stack: ExitStack) -> None:
    """N27: what a room has gathered is told to those who are in it before another comes in."""
    hub = Hub()
    _, early = seated(hub, stack, "service")
    hub.hear([event(1)])
    hub.hear([event(2)])
    late = Ear()
    client = stack.enter_context(hub.seat(ANNA, late))
    assert hub.join(client, "service", "service") == 2
    hub.hear([event(3)])
    assert await until(early, 3) == [1, 2, 3]
    assert await until(late, 3) == [3]
    hub.hear([event(4)])
    hub.leave(client, "service")
    hub.hear([event(5)])
    assert 5 in await until(early, 5)
    assert 5 not in numbers(late.take())


async def test_who_does_not_read_holds_the_newest_of_each_and_others_do_not_wait(stack: ExitStack) -> None:
    """N27: bounded memory; once they read they get what matters, in order."""
    hub = Hub()
    slow, ear = seated(hub, stack, "service")
    _, quick = seated(hub, stack, "service")
    ear.reads, ear.unread = False, MOST_UNREAD_BYTES + 1
    for number in range(1, 1001):
        hub.hear([event(number, key=f"thing:{number % 20}", final=True)])
    assert len(numbers(quick.take())) == 1000
    assert ear.take() == []
    ear.read_all()
    assert await until(ear, 1000) == list(range(981, 1001))
    assert not slow.is_behind
    hub.hear([event(1001, final=True)])
    assert numbers(ear.take()) == [1001]


async def test_who_misses_too_much_is_told_to_start_over(stack: ExitStack) -> None:
    hub = Hub()
    slow, ear = seated(hub, stack, "service", "alerts")
    ear.reads, ear.unread = False, MOST_UNREAD_BYTES + 1
    for number in range(1, MOST_HELD + 100):
        hub.hear([event(number, final=True)])
    ear.read_all()
    assert await ear.next() == [{"type": "reset", "room": "service"}, {"type": "reset", "room": "alerts"}]
    assert not slow.is_behind
    hub.hear([event(5000, final=True)])
    assert numbers(ear.take()) == [5000]


async def test_who_takes_nothing_is_dropped_with_a_reason(stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """N27: and one who takes a little now and then is not."""
    monkeypatch.setattr(hubs, "TAKES_WITHIN_S", 0.5)
    hub = Hub()
    _, dead = seated(hub, stack, "service")
    _, tired = seated(hub, stack, "service")
    for ear in (dead, tired):
        ear.reads, ear.unread = False, MOST_UNREAD_BYTES + 1
    number = 0
    async with asyncio.timeout(20):
        while dead.dropped is None:
            number += 1
            hub.hear([event(number, key="one")])
            await asyncio.sleep(0.05)
            tired.unread = 0
    assert dead.dropped == (SLOW, "it does not read")
    assert tired.dropped is None
    assert hub.counts["dropped it does not read"] == 1


async def test_of_topics_who_looks_gets_all_first_and_then_what_changes(stack: ExitStack) -> None:
    hub = Hub()
    hub.publish({"a": b"0"})
    _, early = seated(hub, stack, "dashboard")
    hub.publish({"a": b"1", "b": b"2"})
    late = Ear()
    client = stack.enter_context(hub.seat(ANNA, late))
    hub.join(client, "dashboard", "dashboard")
    hub.publish({"a": b"1", "b": b"3"})
    assert [one["topics"] for one in early.take()] == [{"a": 1, "b": 2}, {"b": 3}]
    assert [one["topics"] for one in late.take()] == [{"a": 1, "b": 2}, {"b": 3}]


async def test_of_topics_who_does_not_read_holds_one_value_each(stack: ExitStack) -> None:
    hub = Hub()
    _, ear = seated(hub, stack, "dashboard")
    ear.reads, ear.unread = False, MOST_UNREAD_BYTES + 1
    for number in range(10_000):
        hub.publish({"a": str(number).encode()})
    ear.read_all()
    assert await ear.next() == [{"type": "state", "room": "dashboard", "topics": {"a": 9999}}]


async def test_ones_own_topics_are_told_to_oneself(stack: ExitStack) -> None:
    hub = Hub()
    _, hers = seated(hub, stack, "me")
    _, his = seated(hub, stack, "me", who=Watcher("bert", HOME))
    assert set(hub.watchers) == {"anna", "bert"}
    hub.tell("notices", {"anna": b"1", "carl": b"2"})
    hub.tell("notices", {"anna": b"1"})
    assert [one["topics"] for one in hers.take()] == [{"notices": 1}]
    assert his.take() == []


async def test_while_nobody_watches_nothing_is_looked_at_and_nothing_kept() -> None:
    hub = Hub()
    with ExitStack() as stack:
        _, ear = seated(hub, stack, "jobs", "job:7")
        assert not hub.watched.is_set()
        assert set(hub.jobs) == {7}
        seated(hub, stack, "dashboard", "me")
        assert hub.watched.is_set()
        hub.publish({"a": b"1"})
    assert (len(hub), set(hub.jobs), set(hub.watchers), hub.watched.is_set()) == (0, set(), set(), False)
    with ExitStack() as stack:
        _, ear = seated(hub, stack, "dashboard")
        assert ear.frames == []


async def test_more_than_so_many_may_not_watch(stack: ExitStack) -> None:
    """N27: the one after 2,000 is refused."""
    hub = Hub()
    for _ in range(MOST_CLIENTS):
        stack.enter_context(hub.seat(ANNA, Ear()))
    with pytest.raises(Full), hub.seat(ANNA, Ear()):
        pass


async def test_what_is_looked_up_for_somebody_does_not_come_after_what_is_newer(stack: ExitStack) -> None:
    """N27: what happens while a room is shown is told after it."""
    hub = Hub()
    client, ear = seated(hub, stack)
    with hub.holding(client):
        hub.join(client, "service", "service")
        hub.hear([event(1, final=True)])
        client.say(Frame(b'{"type":"snapshot"}'))
    assert [one["type"] for one in ear.take()] == ["snapshot", "events"]


def test_a_state_is_json_whatever_its_topics_are_called() -> None:
    assert orjson.loads(of_state("x", {'a"b': b"[1]", "c": b"null"}).json)["topics"] == {'a"b': [1], "c": None}


@pytest.mark.parametrize("length", [1, 125, 126, 65_535, 65_536, 100_000])
def test_a_frame_is_one_of_a_websocket_and_a_chunk_of_a_stream(length: int) -> None:
    """RFC 6455 section 5.2; RFC 9112 section 7.1."""
    frame = Frame(b"x" * length, 7)
    size = 2 if length < 126 else 4 if length < 65_536 else 10
    assert (frame.frame[0], len(frame.frame)) == (0x81, size + length)
    head, _, rest = frame.chunk.partition(b"\r\n")
    assert int(head, 16) == len(rest) - 2
    assert rest == b"id: 7\ndata: " + b"x" * length + b"\n\n\r\n"
