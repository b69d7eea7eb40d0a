"""The steps of a comparison of all records, several at a time, each in a process of its own where `run` takes it there.

    records.bin ─▶ count … ─▶ gather ─▶ key … ─▶ choose ─▶ score … ─▶ group
                                 │        │                  │          │
                               words     keys              links   clusters, held

What has an ellipsis is done part by part. What comes out below are rows for the database: each file is `kept` as soon
as it is written. The records are read where they lie (500,000 are 230 MB).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

from actors.trials.duplicates.sweeping import choosing, counting, scoring
from actors.trials.duplicates.sweeping.choosing import Said
from actors.trials.duplicates.sweeping.files import Part

PAIRS_AT_ONCE = 20_000  # one or two seconds

Kept = Callable[[str, Path], Awaitable[None]]  # what it holds, and the file
Tell = Callable[[int, int, str], None]


class Run(Protocol):
    """Does a step elsewhere, or here."""

    async def __call__(self, work: Callable[..., Any], *given: Any) -> Any: ...


async def compare(
    folder: Path,
    parts: Sequence[Part],
    said: Sequence[Said],
    *,
    run: Run,
    kept: Kept,
    tell: Tell,
    pairs_at_once: int = PAIRS_AT_ONCE,
) -> int:
    """Writes the pairs that are kept, of records that were counted; how many."""
    at, records = str(folder), parts[-1].end if parts else 0
    tell(0, 0, "joining numbers")
    await run(counting.gather, at, parts)

    async def key(part: Part) -> None:
        await run(choosing.key, at, part)
        await kept("keys", part.file(folder, "keys"))

    tell(0, 0, "choosing pairs")
    await together([kept("words", folder / "words.copy"), *map(key, parts)])
    number = await run(choosing.choose, at, parts, said)
    done = links = 0

    async def score(begin: int) -> None:
        nonlocal done, links
        end = min(begin + pairs_at_once, number)
        found = await run(scoring.score_some, at, begin, end)
        done, links = done + end - begin, links + found
        tell(done * records // number, records, "comparing")
        await kept("links", folder / f"links.{begin}")

    tell(0, records, "comparing")
    await together(map(score, range(0, number, pairs_at_once)))
    return links


async def together(work: Iterable[Awaitable[None]]) -> None:
    """All of it; where one fails the others are ended, and its error is that of all."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
