"""The bounded channel between actors."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from actors.runtime.channel import Channel, ChannelClosed

T = TypeVar("T")


async def soon(work: Coroutine[Any, Any, T]) -> T:
    async with asyncio.timeout(10):
        return await work


async def turns(count: int = 5) -> None:
    """Lets everybody who can move do so."""
    for _ in range(count):
        await asyncio.sleep(0)


async def test_items_come_out_in_the_order_in_which_they_went_in() -> None:
    channel: Channel[int] = Channel(10)
    for n in range(5):
        await channel.put(n)
    assert [await channel.get() for _ in range(5)] == [0, 1, 2, 3, 4]


async def test_who_puts_into_a_full_channel_waits_until_there_is_room() -> None:
    channel: Channel[int] = Channel(1)
    await channel.put(1)
    putting = asyncio.create_task(channel.put(2))
    await turns()
    assert not putting.done()
    assert channel.take() == 1
    await soon(putting)  # type: ignore[arg-type]
    assert channel.take() == 2


async def test_an_offer_to_a_full_channel_is_refused_at_once() -> None:
    channel: Channel[int] = Channel(2)
    assert [channel.offer(n) for n in range(3)] == [True, True, False]
    assert channel.offer_all([7, 8]) == 0
    channel.take()
    assert channel.offer_all([7, 8]) == 1
    assert channel.take_all() == [1, 7]


async def test_many_who_wait_get_one_item_each() -> None:
    channel: Channel[int] = Channel(10)
    takers = [asyncio.create_task(channel.get()) for _ in range(4)]
    await turns()
    assert channel.offer_all([1, 2, 3]) == 3
    await turns()
    assert sorted(task.result() for task in takers if task.done()) == [1, 2, 3]
    channel.offer(4)
    assert sorted(await soon(_all(takers))) == [1, 2, 3, 4]


async def _all(tasks: list[asyncio.Task[T]]) -> list[T]:
    return await asyncio.gather(*tasks)


async def test_the_turn_of_one_who_is_cancelled_passes_to_the_next() -> None:
    channel: Channel[int] = Channel(10)
    first, second = asyncio.create_task(channel.get()), asyncio.create_task(channel.get())
    await turns()
    channel.offer(1)  # wakes the first, which is cancelled before it moves
    first.cancel()
    assert await soon(second) == 1  # type: ignore[arg-type]
    assert first.cancelled() or first.cancelling()


async def test_the_turn_of_one_who_puts_and_is_cancelled_passes_to_the_next() -> None:
    channel: Channel[int] = Channel(1)
    channel.offer(0)
    first, second = asyncio.create_task(channel.put(1)), asyncio.create_task(channel.put(2))
    await turns()
    channel.take()
    first.cancel()
    await soon(second)  # type: ignore[arg-type]
    assert channel.take_all() == [2]


async def test_one_who_is_cancelled_while_waiting_costs_nobody_an_item() -> None:
    channel: Channel[int] = Channel(10)
    gone = asyncio.create_task(channel.get())
    await turns()
    gone.cancel()
    await turns()
    channel.offer(1)
    assert await soon(channel.get()) == 1


async def test_an_item_taken_at_once_is_not_promised_to_one_who_waits() -> None:
    channel: Channel[int] = Channel(10)
    waiting = asyncio.create_task(channel.get())
    await turns()
    channel.offer(1)
    assert channel.take() == 1  # before the one who was woken moves
    await turns()
    assert not waiting.done()
    channel.offer(2)
    assert await soon(waiting) == 2  # type: ignore[arg-type]


async def test_taking_all_makes_room_for_those_who_wait_to_put() -> None:
    channel: Channel[int] = Channel(2)
    channel.offer_all([1, 2])
    putting = [asyncio.create_task(channel.put(n)) for n in (3, 4)]
    await turns()
    assert channel.take_all() == [1, 2]
    await soon(_all(putting))
    assert channel.take_all() == [3, 4]


async def test_a_closed_channel_is_read_to_its_end_and_takes_nothing_more() -> None:
    channel: Channel[int] = Channel(10)
    channel.offer_all([1, 2])
    await channel.close()
    assert channel.offer(3) is False
    assert channel.offer_all([3]) == 0
    with pytest.raises(ChannelClosed):
        await channel.put(3)
    assert [item async for item in channel] == [1, 2]
    with pytest.raises(ChannelClosed):
        await channel.get()


async def test_closing_ends_every_wait() -> None:
    empty: Channel[int] = Channel(1)
    full: Channel[int] = Channel(1)
    full.offer(0)
    waits = [asyncio.create_task(empty.get()) for _ in range(2)], [asyncio.create_task(full.put(1)) for _ in range(2)]
    await turns()
    await empty.close()
    await full.close()
    for waiting in (*waits[0], *waits[1]):
        with pytest.raises(ChannelClosed):
            await soon(waiting)  # type: ignore[arg-type]


async def test_to_take_from_an_empty_channel_is_a_mistake() -> None:
    with pytest.raises(IndexError):
        Channel[int](1).take()


async def test_nothing_is_lost_or_doubled_among_many() -> None:
    channel: Channel[int] = Channel(3)
    got: list[int] = []

    async def take() -> None:
        async for item in channel:
            got.append(item)

    takers = [asyncio.create_task(take()) for _ in range(5)]
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        for start in range(0, 400, 100):
            group.create_task(_put_all(channel, range(start, start + 100)))
    await channel.close()
    await soon(_all(takers))
    assert sorted(got) == list(range(400))


async def _put_all(channel: Channel[int], items: range) -> None:
    for item in items:
        await channel.put(item)
