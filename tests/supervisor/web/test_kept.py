"""Values that are kept for as long as they were dear."""

import asyncio

import pytest

from supervisor.web.kept import LONGEST_S, Kept, fresh_for_s


@pytest.mark.parametrize(
    ("took_s", "least_s", "expected_s"), [(0.3, 0.0, 6.0), (0.001, 0.0, 0.02), (0.001, 5.0, 5.0), (9.0, 0.0, LONGEST_S)]
)
def test_what_took_long_is_kept_long(took_s: float, least_s: float, expected_s: float) -> None:
    assert fresh_for_s(took_s, least_s) == pytest.approx(expected_s)


async def test_those_who_ask_at_once_wait_for_one_look() -> None:
    looks = 0

    async def look() -> int:
        nonlocal looks
        looks += 1
        await asyncio.sleep(0)
        return looks

    kept = Kept(look, least_s=60.0)
    assert await asyncio.gather(*(kept.get() for _ in range(20))) == [1] * 20


async def test_a_look_that_failed_is_not_kept() -> None:
    answers: list[OSError | int] = [OSError("away"), 7]

    async def look() -> int:
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    kept = Kept(look, least_s=60.0)
    with pytest.raises(OSError, match="away"):
        await kept.get()
    assert await kept.get() == 7
