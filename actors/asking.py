"""Asks a registry for one page after another, and in another way where it must: once more, for less, from the start.

some() ── what is written in one transaction: pages that follow one another, of which the answers are here by now
page() ── fetch ─┬─ an answer ───────────── read in a process of its own ── Got
                 ├─ not modified ────────── None: all is as it was
                 ├─ refused for good ────── the registry's other way (a dead page token)
                 └─ too large, unreadable ─ once more; then for less; of one record alone: Got, which refuses it
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from actors.early import Early
from actors.errors import TrialdError, Unavailable
from actors.reading import ReadPage, question_of, read_on, read_page, set_aside
from actors.registries import Registry, Request, UnreadableBody
from actors.runtime import store as pages
from actors.runtime.ask import Answer, Ask
from actors.runtime.body import BodyTooLarge
from actors.runtime.politeness import Limit, Validators
from actors.runtime.telemetry import emit
from actors.tools import Tools

READ_WITHIN_S = 120.0  # a page's bytes made into rows, in a process of its own
MOST_RESTARTS = 50  # requests asked another way, in one attempt
ENOUGH = 100  # records, or pages, of a transaction, unless a single page has more
GATHER_S = 0.5  # for which the first of them waits for others


@dataclass(frozen=True, slots=True)
class Got:
    """A page that was fetched and read, and not written yet; `seen` is what its source says to tell it from others."""

    request: Request
    page: ReadPage
    seen: Validators | None = None


class SourceRefused(Unavailable):
    """The registry refused a question for good, and there is no other way to ask it."""


class Asking:
    """What one attempt at a scrape still has to ask, the next first.

    `pending` is all that is not written; `todo` the same less what was read since, which is written next. `anew`:
    something was, or will be, asked for that may have been met already.
    """

    def __init__(
        self, registry: Registry, tools: Tools, scrape: int, pending: tuple[Request, ...], *, anew: bool
    ) -> None:
        self.registry = registry
        self.tools = tools
        self.scrape = scrape
        self.pending = self.todo = pending
        self.anew = anew
        self.requests = 0  # made, and not accounted for yet
        self.restarts = 0
        self.doubted: Request | None = None  # its answer could not be read; it is asked once more
        self._early = Early(self._fetch, registry.at_once)
        self._alone: set[Request] = set()  # could not be read among others
        self._began_with = len(pending)

    def name(self, request: Request) -> str:
        """Under which is kept what the answer to a request looked like: read in another way, it is another one."""
        return f"{request.address} v{self.registry.adapter_version}"

    async def some(self) -> tuple[Got, ...]:
        """The pages to write next, up to ENOUGH records; none where all that is asked is as it was when read last.

        Who has something to write waits no longer than GATHER_S for more.
        """
        self.todo, self._began_with = self.pending, len(self.pending)
        until = asyncio.get_running_loop().time() + GATHER_S
        got: list[Got] = []
        while self.todo and _records(got) < ENOUGH and len(got) < ENOUGH:
            self._early.want(self.registry.ahead(self.todo))
            if got and not await self._early.comes(self.todo[0], until):
                break
            try:
                more = await self._read_next()
            except (TrialdError, UnreadableBody):
                if not got:
                    raise
                break  # what was read before is written first; then this comes up once more
            if not more:
                break
            got += more
        return tuple(got)

    def go_on(self) -> None:
        """What `some` gave is about to be written. What was put behind the rest meanwhile stays there."""
        self.pending = self.todo + self.pending[self._began_with :]

    async def close(self) -> None:
        await self._early.close()

    async def _read_next(self) -> list[Got]:
        """The next page, and those behind it whose answers are here: they take one way to the other process and back.

        One that cannot be read among others is read alone.
        """
        here = self._early.here()
        given = {question: (one.body, one.url, one.fetched_at) for question, one in here.items()}
        if question_of(self.todo[0]) not in given or self.todo[0] in self._alone:
            got = await self.page()
            return [self._went(got)] if got else []
        todo = self.todo[: len(given)]
        read = await self.tools.compute.run(read_on, self.registry.name, todo, given, timeout_s=READ_WITHIN_S)
        if not read:
            self._alone.add(self.todo[0])
            return await self._read_next()
        return [self._went(Got(one, page, (await self._early.take(one)).validators)) for one, page in read]

    def _went(self, got: Got) -> Got:
        self.todo = got.page.follow + self.todo[1:]
        return got

    async def page(self) -> Got | None:
        """The next page alone; None where all that is asked is as it was when it was read last."""
        while True:
            request = self.todo[0]
            known = await pages.validators(self.tools.db, self.name(request)) if request.repeats else None
            try:
                answer = await (self._fetch(request, known) if request.repeats else self._early.take(request))
            except BodyTooLarge as error:
                if (aside := self._doubt(request, error, None)) is not None:
                    return aside
                continue
            if answer.not_modified and known is not None:
                return None
            if answer.status >= 300:
                self._ask_another_way(request, answer)
                continue
            try:
                return Got(request, await self._read(request, answer), answer.validators)
            except UnreadableBody as error:
                if (aside := self._doubt(request, error, answer)) is not None:
                    return aside

    async def _fetch(self, request: Request, known: Validators | None = None) -> Answer:
        answer = await self.tools.fetch(self._ask(request, known))
        self.requests += answer.attempts
        return answer

    def _ask(self, request: Request, known: Validators | None) -> Ask:
        per_min = self.tools.rates[self.registry.name]
        headers = (("Content-Type", request.media_type),) if request.media_type else ()
        return Ask(
            request.url, self.registry.hosts, params=request.params, method=request.method, headers=headers,
            body=request.body.encode() if request.body is not None else None, known=known,
            limit=Limit(self.registry.name, per_min),
        )  # fmt: skip

    async def _read(self, request: Request, answer: Answer) -> ReadPage:
        return await self.tools.compute.run(
            read_page, self.registry.name, request, answer.body, answer.url, answer.fetched_at, timeout_s=READ_WITHIN_S
        )

    def _ask_another_way(self, request: Request, answer: Answer) -> None:
        instead = self.registry.instead(request, answer.status)
        if not self._may_restart(instead):
            said = answer.body[:200].decode(errors="replace")
            raise SourceRefused(f"{self.registry.name} answered {answer.status}: {said}")
        self._put(instead, f"it answered {answer.status}")

    def _doubt(self, request: Request, error: BodyTooLarge | UnreadableBody, answer: Answer | None) -> Got | None:
        """What to do about an answer that cannot be read; raises its error where nothing is left to do.

        That is where not even less can be read: then it is no record's fault.
        """
        if self.doubted != request:
            self.doubted = request
            return None
        reason = f"{type(error).__name__}: {error}"
        if request.only is not None:
            body, url = (answer.body, answer.url) if answer else (b"", request.address)
            emit("record.refused", scrape=self.scrape, registry=self.registry.name, record=request.only, reason=reason)
            return Got(request, set_aside(self.registry, request.only, reason, body, url, self.tools.now()))
        less = self.registry.narrower(request)
        if not self._may_restart(less):
            raise error
        self._put(less, reason)
        return None

    def _may_restart(self, requests: tuple[Request, ...]) -> bool:
        self.restarts += 1
        return bool(requests) and self.restarts <= MOST_RESTARTS

    def _put(self, requests: tuple[Request, ...], reason: str) -> None:
        self.todo = requests + self.todo[1:]
        self.anew = True
        emit("scrape.restarted", scrape=self.scrape, registry=self.registry.name, reason=reason, pending=len(requests))


def _records(got: Iterable[Got]) -> int:
    return sum(len(one.page.packed.trials) + len(one.page.packed.refused) for one in got)
