"""Asks a registry for one page after another, and in another way where it must: once more, for less, from the start.

page() ── fetch ─┬─ an answer ───────────── read in a process of its own ── Got
                 ├─ not modified ────────── None: all is as it was
                 ├─ refused for good ────── the registry's other way (a dead page token)
                 └─ too large, unreadable ─ once more; then for less; of one record alone: Got, which refuses it
"""

from dataclasses import dataclass

from actors.errors import Unavailable
from actors.reading import ReadPage, read_page, set_aside
from actors.registries import Registry, Request, UnreadableBody
from actors.runtime import store as pages
from actors.runtime.ask import Answer, Ask
from actors.runtime.body import BodyTooLarge
from actors.runtime.politeness import Limit, Validators
from actors.runtime.telemetry import emit
from actors.tools import Tools
from actors.trials.mirroring import store

READ_WITHIN_S = 120.0  # a page's bytes made into rows, in a process of its own
MOST_RESTARTS = 50  # requests asked another way, in one attempt


@dataclass(frozen=True, slots=True)
class Got:
    """A page that was fetched and read, and not written yet; `seen` is what its source says to tell it from others."""

    request: Request
    page: ReadPage
    seen: Validators | None = None


class SourceRefused(Unavailable):
    """The registry refused a question for good, and there is no other way to ask it."""


class Asking:
    """What one attempt at a scrape still has to ask: `pending`, the next first.

    `anew`: something was, or will be, asked for that may have been met already.
    """

    def __init__(
        self, registry: Registry, tools: Tools, scrape: int, pending: tuple[Request, ...], *, anew: bool
    ) -> None:
        self.registry = registry
        self.tools = tools
        self.scrape = scrape
        self.pending = pending
        self.anew = anew
        self.restarts = 0
        self.doubted: Request | None = None  # its answer could not be read; it is asked once more

    def name(self, request: Request) -> str:
        """Under which is kept what the answer to a request looked like: read in another way, it is another one."""
        return f"{request.address} v{self.registry.adapter_version}"

    async def page(self) -> Got | None:
        """The next page; None where all that is asked is as it was when it was read last."""
        while True:
            request = self.pending[0]
            known = await pages.validators(self.tools.db, self.name(request)) if request.repeats else None
            try:
                answer = await self.tools.fetch(self._ask(request, known))
            except BodyTooLarge as error:
                if (aside := self._doubt(request, error, None)) is not None:
                    return aside
                continue
            await store.add_requests(self.tools.db, self.scrape, answer.attempts)
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
        self.pending = requests + self.pending[1:]
        self.anew = True
        emit("scrape.restarted", scrape=self.scrape, registry=self.registry.name, reason=reason, pending=len(requests))
