"""The latest events in memory, and the rooms that they belong to."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from actors.events.event import Event
from actors.events.ring import Ring
from actors.events.rooms import HOME, Room, room_of, sees

OTHER = 2


def event(
    id_: int | None = 1,
    room: str = "service",
    *,
    tenant: int | None = None,
    key: str | None = None,
    final: bool = False,
) -> Event:
    return Event(id_, datetime.now(UTC), tenant, final, room, "test.told", key, b'{"number":%d}' % (id_ or 0))


def everything(_: Event) -> bool:
    return True


def ids(events: list[Event] | None) -> list[int | None] | None:
    return None if events is None else [one.id for one in events]


def test_a_ring_knows_how_far_it_reaches_back() -> None:
    """N27: nothing, what was missed, or that it cannot be told any more: never a part of it."""
    ring = Ring(most=3)
    assert ring.after(0, everything) is None
    ring.start([event(5), event(6)], last=6)
    assert [ids(ring.after(since, everything)) for since in (3, 4, 5, 6)] == [None, [5, 6], [6], []]
    ring.add(event(9))
    ring.add(event(10))
    assert [ids(ring.after(since, everything)) for since in (4, 5, 6, 8, 10)] == [
        None, [6, 9, 10], [9, 10], [9, 10], []
    ]  # fmt: skip
    assert ids(ring.after(5, lambda one: one.id != 9)) == [6, 10]
    assert ring.last == 10


def test_a_ring_of_a_log_that_is_empty_has_all_that_comes() -> None:
    ring = Ring()
    ring.start([], last=0)
    assert ids(ring.after(0, everything)) == []
    ring.add(event(1))
    assert ids(ring.after(0, everything)) == [1]


def test_a_ring_is_bounded_by_its_size_too() -> None:
    ring = Ring(most_bytes=10 * len(event(100).json))
    ring.start([], last=0)
    for number in range(100, 200):
        ring.add(event(number))
    assert ids(ring.after(189, everything)) == list(range(190, 200))
    assert ring.after(188, everything) is None


@pytest.mark.parametrize(
    "name",
    ["", "job", "jobs:1", "job:", "job:0", "job:-1", "job:1x", "job:01", "job:9999999999999999999", "user:anna", "me:1",
     "project:", "JOB:1", "job:1\n", None, 7, [], {"room": "jobs"}, "x" * 10_000],
)  # fmt: skip
def test_there_are_no_other_rooms(name: object) -> None:
    """S16: what somebody else's news is called cannot be said."""
    assert room_of(name) is None


def test_rooms_by_name_and_by_number() -> None:
    assert room_of("jobs") == Room("jobs", "jobs")
    assert room_of("job:42") == Room("job:42", "job", 42)
    assert room_of("project:7") == Room("project:7", "project", 7)
    me = room_of("me")
    assert me is not None
    assert me.channel("anna") == "user:anna"


@pytest.mark.parametrize(
    ("tenant", "room", "of", "is_seen"),
    [
        (HOME, "jobs", None, True),
        (OTHER, "jobs", None, False),
        (OTHER, "alerts", None, False),
        (OTHER, "registries", None, True),
        (OTHER, "service", None, True),
        (OTHER, "user:anna", None, True),
        (OTHER, "jobs", OTHER, True),
        (HOME, "jobs", OTHER, False),
        (OTHER, "registries", HOME, False),
    ],
)
def test_what_is_a_tenants_own_is_heard_by_it_alone(tenant: int, room: str, of: int | None, is_seen: bool) -> None:
    """S16: the same room holds different things for different tenants."""
    assert sees(tenant, event(1, room, tenant=of)) is is_seen


def test_an_event_as_it_is_told() -> None:
    told: dict[str, Any] = orjson.loads(event(3, "job:42").json)
    assert {
        "id": 3,
        "room": "job:42",
        "kind": "test.told",
        "final": False,
        "data": {"number": 3},
    }.items() <= told.items()
    assert event(3, "job:42").rooms == ("job:42", "jobs")
    assert event(None, "job:42").rooms == ("job:42",)
    assert orjson.loads(event(3, "user:anna").json)["room"] == "me"
    assert "id" not in orjson.loads(event(None).json)
