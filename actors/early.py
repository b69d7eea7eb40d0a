"""Answers that are fetched before they are needed, so that several requests are under way at once.

Each still waits for its turn under the registry's limit. Nothing depends on it: what is lost is asked for again.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from actors.reading import Question, question_of
from actors.registries import Request
from actors.runtime.ask import Answer

MOST_BYTES = 16 << 20  # of answers that are kept; a larger one comes alone


class Early:
    """`want` says what will be needed; whatever else was asked for before is forgotten."""

    def __init__(self, fetch: Callable[[Request], Coroutine[Any, Any, Answer]], at_once: int) -> None:
        self._fetch = fetch
        self._turn = asyncio.Semaphore(at_once)
        self._asked: dict[Question, asyncio.Task[Answer]] = {}

    def want(self, requests: Iterable[Request]) -> None:
        wanted = {question_of(one): one for one in requests if not one.repeats}
        for question in self._asked.keys() - wanted.keys():
            _forget(self._asked.pop(question))
        room = MOST_BYTES - sum(len(one.result().body) for one in self._asked.values() if _came(one))
        for question, request in wanted.items():
            if question not in self._asked and room > 0:
                self._asked[question] = asyncio.create_task(self._in_turn(request))

    async def _in_turn(self, request: Request) -> Answer:
        async with self._turn:
            return await self._fetch(request)

    def here(self) -> dict[Question, Answer]:
        """The good answers that came, and were not taken."""
        came = {question: one.result() for question, one in self._asked.items() if _came(one)}
        return {question: answer for question, answer in came.items() if answer.status < 300}

    async def comes(self, request: Request, until: float) -> bool:
        """Whether an answer, or none, is here by then (of the loop's clock)."""
        asked = self._asked.get(question_of(request))
        if asked is None:
            return False
        if not asked.done():
            await asyncio.wait([asked], timeout=max(0.0, until - asyncio.get_running_loop().time()))
        return asked.done()

    async def take(self, request: Request) -> Answer:
        """The answer, which is asked for now where it was not before."""
        asked = self._asked.pop(question_of(request), None)
        return await (self._fetch(request) if asked is None else asked)

    async def close(self) -> None:
        asked, self._asked = list(self._asked.values()), {}
        for one in asked:
            one.cancel()
        await asyncio.gather(*asked, return_exceptions=True)


def _came(asked: "asyncio.Future[Answer]") -> bool:
    return asked.done() and not asked.cancelled() and asked.exception() is None


def _forget(asked: "asyncio.Future[Answer]") -> None:
    asked.cancel()
    if asked.done() and not asked.cancelled():
        asked.exception()  # looked at, so that nobody complains that it was not
