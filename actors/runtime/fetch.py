"""Polite HTTP: one question to a source, asked as often as it takes, answered whole or not at all.

    Fetch(ask) ── turn under the shared limit ── door and guard ── request ── redirects by hand ── bounded body
       └── again after 1, 2, 4 … s for a connection that fails, 429, 5xx and a body that breaks off

What comes back is an Answer; whatever else happened is an exception, never an empty answer:

    Unavailable
    └── SourceUnavailable   no connection, no answer in time, 5xx, …
        ├── RateLimited     429 to the end, or no call free within our patience
        └── BodyTruncated
    Refusal
    ├── ForbiddenAddress    another host, plain http, or inside our own network
    ├── NotAsked            the service is in a mode in which it does not ask
    └── BodyTooLarge
"""

import asyncio
import os
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Protocol, Self

import aiohttp
from yarl import URL

from actors.errors import Refusal, TrialdError
from actors.runtime import store, telemetry
from actors.runtime.ask import Answer as Answer
from actors.runtime.ask import Ask as Ask
from actors.runtime.ask import headers_of, kept
from actors.runtime.body import read_body
from actors.runtime.guard import Guard, GuardedResolver, Resolve, door, loopback_of, system_resolve
from actors.runtime.politeness import (
    Again,
    GiveUp,
    Limit,
    Meaning,
    Patience,
    SourceUnavailable,
    after_failure,
    meaning,
    method_after,
    retry_after_s,
)
from actors.runtime.rate_limit import RateLimited, Sleep, wait_for_turn
from actors.runtime.store import Database

PATIENCE = Patience()
MAX_REDIRECTS = 5
CONNECT_TIMEOUT_S = 10.0  # name, TCP and TLS
SILENCE_TIMEOUT_S = 60.0  # longest pause before and within an answer


class NotAsked(Refusal):
    """The service is in a mode in which it does not ask this."""


class MayAsk(Protocol):
    """Whether a source may be asked just now; `stands_in`: it is on this machine, in the place of the real one."""

    async def __call__(self, *, stands_in: bool) -> bool: ...


async def always(*, stands_in: bool) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Moved:
    url: URL
    method: str


def utc_now() -> datetime:
    return datetime.now(UTC)


class Fetch:
    """`await fetch(ask)`. Made inside the running loop; one for the whole process; `close()` at its end.

    `bases` names a stand-in for a host, {"clinicaltrials.gov": "http://127.0.0.1:9000"}: only a stand-in on this
    machine may be asked without TLS, and only such a one may have a loopback address. `db` is needed for asks
    with a limit.
    """

    def __init__(
        self,
        *,
        agent: str,
        db: Database | None = None,
        bases: Mapping[str, str] = MappingProxyType({}),
        patience: Patience = PATIENCE,
        may_ask: MayAsk = always,
        resolve: Resolve = system_resolve,
        sleep: Sleep = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = utc_now,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._db = db
        self._bases = dict(bases)
        self._patience = patience
        self._sleep, self._clock, self._now, self._jitter = sleep, clock, now, jitter
        self._stand_ins = loopback_of(bases)
        self._may_ask = may_ask
        self._guard = Guard(self._stand_ins)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=GuardedResolver(self._guard, resolve), use_dns_cache=False),
            middlewares=(_once,),
            headers={"User-Agent": agent, "Accept-Encoding": "gzip, deflate"},
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
        )

    async def __call__(self, ask: Ask) -> Answer:
        """The answer to one question. Raises SourceUnavailable, RateLimited, BodyTruncated and the Refusals."""
        attempt = 1
        try:
            while True:
                try:
                    return await self._attempt(ask, attempt)
                except SourceUnavailable as failure:
                    await self._wait_or_give_up(ask, failure, attempt)
                    attempt += 1
        except TrialdError as error:
            telemetry.emit("source.failed", reason=str(error), attempt=attempt, **_where(ask), **_status(error))
            raise

    async def _wait_or_give_up(self, ask: Ask, failure: SourceUnavailable, attempt: int) -> None:
        match after_failure(failure, attempt=attempt, patience=self._patience, jitter=self._jitter()):
            case GiveUp():
                raise failure
            case Again(delay_s):
                telemetry.emit("source.retried", reason=failure.reason, attempt=attempt, delay_s=delay_s, **_where(ask))
                await self._sleep(delay_s)

    async def _attempt(self, ask: Ask, attempt: int) -> Answer:
        url, method = URL(ask.url), ask.method
        url = url.extend_query(list(ask.params)) if ask.params else url
        for _ in range(1 + MAX_REDIRECTS):
            target = door(url, ask.hosts, self._bases)
            self._guard.check_literal(target)
            if not await self._may_ask(stands_in=(target.host, target.port) in self._stand_ins):
                raise NotAsked(f"{target.host} is not asked in the mode that the service is in")
            if ask.limit is not None:
                await self._turn(ask.limit)
            match await self._send(ask, method, target, attempt):
                case Answer() as answer:
                    return answer
                case Moved(url, method):
                    pass
        raise SourceUnavailable(f"redirected more than {MAX_REDIRECTS} times", again=False)

    async def _turn(self, limit: Limit) -> None:
        if self._db is None:
            raise ValueError(f"an ask with a limit ({limit.name}) needs the database that its limit is shared by")
        await wait_for_turn(self._db, limit, patience_s=self._patience.wait_s, sleep=self._sleep, clock=self._clock)

    async def _send(self, ask: Ask, method: str, url: URL, attempt: int) -> Answer | Moved:
        began = self._clock()
        timeout = aiohttp.ClientTimeout(total=ask.timeout_s, connect=CONNECT_TIMEOUT_S, sock_read=SILENCE_TIMEOUT_S)
        try:
            async with self._session.request(
                method,
                url,
                data=ask.body if method == ask.method else None,
                headers=headers_of(ask, trace=telemetry.trace_id.get()),
                allow_redirects=False,
                timeout=timeout,
            ) as response:
                whole = meaning(response.status) in (Meaning.ANSWER, Meaning.UNCHANGED)
                body = await read_body(response, ask.max_bytes) if whole else b""
        except TimeoutError as error:
            raise SourceUnavailable(f"{url.host} did not answer in time") from error
        except aiohttp.ClientError as error:
            raise SourceUnavailable(f"{url.host} cannot be reached: {_reason(error)}") from error
        took_s = self._clock() - began
        telemetry.emit(
            "source.answered",
            status=response.status,
            took_s=took_s,
            bytes=len(body),
            attempt=attempt,
            **_where(ask),
        )
        if meaning(response.status) is Meaning.MOVED:
            return _moved(method, response)
        if not whole:
            raise await self._sent_away(ask.limit, response)
        return Answer(
            status=response.status,
            body=body,
            url=str(response.url),
            fetched_at=self._now(),
            took_s=took_s,
            attempts=attempt,
            not_modified=meaning(response.status) is Meaning.UNCHANGED,
            headers=kept(response.headers),
        )

    async def _sent_away(self, limit: Limit | None, response: aiohttp.ClientResponse) -> SourceUnavailable:
        """The error for 429 and 5xx; a time that the source asks for closes the limit for every process."""
        wait_s = retry_after_s(response.headers, self._now())
        if wait_s and limit is not None and self._db is not None:
            await store.close_limit(self._db, limit, wait_s)
        kind = RateLimited if meaning(response.status) is Meaning.SLOW_DOWN else SourceUnavailable
        reason = f"{response.url.host} answered {response.status}"
        return kind(reason, status=response.status, retry_after_s=wait_s)

    async def close(self) -> None:
        """Lets go of every connection."""
        await self._session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


async def _once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keeps the session from asking again by itself, past our limit, when a connection breaks."""
    try:
        return await send(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise SourceUnavailable(f"{request.url.host} cannot be reached: {_reason(error)}") from error


def _moved(method: str, response: aiohttp.ClientResponse) -> Moved:
    try:
        to = response.url.join(URL(response.headers["Location"]))
    except (KeyError, ValueError) as error:
        reason = f"{response.url.host} answered {response.status} without saying where to"
        raise SourceUnavailable(reason, status=response.status, again=False) from error
    return Moved(to, method_after(response.status, method))


def _reason(error: aiohttp.ClientError) -> str:
    """What went wrong, without the URL: its query may say what was looked for."""
    match error:
        case aiohttp.ClientConnectorError():
            return _strerror(error.os_error)
        case aiohttp.ServerDisconnectedError():
            return "the connection was closed before the answer"
        case aiohttp.ClientResponseError():
            return f"not HTTP: {error.message}"
        case _:
            return type(error).__name__


def _strerror(error: OSError) -> str:
    # The event loops word it differently; an error of the resolver has a negative number.
    return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)


def _where(ask: Ask) -> dict[str, object]:
    url = URL(ask.url)
    name = {"registry": ask.limit.name} if ask.limit else {}
    return {"host": url.host, "path": url.path, "method": ask.method, **name}


def _status(error: TrialdError) -> dict[str, object]:
    return {"status": error.status} if isinstance(error, SourceUnavailable) and error.status else {}
