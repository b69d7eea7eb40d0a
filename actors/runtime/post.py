"""Tells another program something by HTTP: one request, no redirect, nothing inside our own network.

Where to is said by whoever may watch a trial, so the same two doors stand here as before a registry (guard.py): the
URL, and every address that its name stands for, checked again at each request. Hosts of our own network open only where
a setting names them, with their port.
"""

import asyncio
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import NamedTuple, Self

import aiohttp
from yarl import URL

from actors.errors import Refusal, Unavailable
from actors.runtime.guard import ForbiddenAddress, Guard, GuardedResolver, Resolve, system_resolve

TIMEOUT_S = 10.0  # name, TCP, TLS and the head of the answer
EXCERPT_S = 1.0  # and what is read of its body: the answer is known by then
EXCERPT_BYTES = 1000
LONGEST_URL = 2000

_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")  # a name in ASCII, or an address

Host = tuple[str, int]


class Answer(NamedTuple):
    """What a target said, 2xx; `excerpt` is how its body begins."""

    status: int
    took_s: float
    excerpt: str


class NotAccepted(Unavailable):
    """The target did not take it; `status` and `excerpt` where it answered."""

    def __init__(
        self, message: str, status: int | None = None, *, excerpt: str = "", took_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.excerpt = excerpt
        self.took_s = took_s


class Withheld(Unavailable):
    """Nothing may leave the house as it is run now; later perhaps."""


class BadTarget(Refusal):
    """Nothing may be sent there; the message says why."""


@dataclass(frozen=True, slots=True)
class Own(Guard):
    """Lets through the hosts of our own network that are named, and else only public addresses."""

    hosts: frozenset[Host] = frozenset()

    def check(self, host: str, port: int, addresses: Collection[str]) -> None:  # type: ignore[override]  # the guard's is static
        """Raises ForbiddenAddress."""
        if (host, port) not in self.hosts:
            Guard.check(self, host, port, addresses)


def target(text: str, own: Collection[Host] = ()) -> URL:
    """The URL to send to: https, or a host of our own that is named. Raises BadTarget."""
    try:
        url = URL(text)
        port = url.port
    except ValueError as error:
        raise BadTarget(f"url: expected a URL: {error}", field="url") from error
    if len(text) > LONGEST_URL or not url.host or url.scheme not in ("http", "https") or not port:
        raise BadTarget(f"url: expected https://… of {LONGEST_URL} characters at most", field="url")
    if not (text.isprintable() and _HOST.fullmatch(url.raw_host or "")):
        raise BadTarget("url: expected a URL on one line, with the name of a host", field="url")
    if url.user or url.password or url.fragment:
        raise BadTarget("url: expected no password and no fragment in it", field="url")
    if (url.host, port) in own:
        return url
    if url.scheme != "https":
        raise BadTarget("url: expected https: what is told goes through other people's networks", field="url")
    try:
        Guard().check_literal(url)
    except ForbiddenAddress as error:
        raise BadTarget(f"url: {error}", field="url") from error
    if f".{url.host.rstrip('.')}".endswith((".localhost", ".local", ".internal")):
        raise BadTarget(f"url: {url.host} is inside a network; a setting must name it", field="url")
    return url


class Post:
    """Made inside the running loop; one for the whole process; `close()` at its end.

    `may_send` says whether anything may leave the house just now; without it, always.
    """

    def __init__(
        self,
        *,
        agent: str,
        own: Collection[Host] = (),
        resolve: Resolve = system_resolve,
        timeout_s: float = TIMEOUT_S,
        may_send: Callable[[], bool] = lambda: True,
    ) -> None:
        self._own = frozenset(own)
        self._timeout_s = timeout_s
        self._may_send = may_send
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=GuardedResolver(Own(hosts=self._own), resolve), use_dns_cache=False, force_close=True
            ),
            headers={"User-Agent": agent},
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,  # a kilobyte may unpack into a gigabyte
            trust_env=False,
        )

    async def __call__(self, text: str, body: bytes, headers: Sequence[tuple[str, str]]) -> Answer:
        """What the target answered. Raises BadTarget, ForbiddenAddress, NotAccepted and Withheld."""
        url, began_s = target(text, self._own), monotonic()
        if not self._may_send():
            raise Withheld("nothing is sent to the outside in the mode that the service is in")
        try:
            async with (
                asyncio.timeout(self._timeout_s) as limit,
                self._session.post(url, data=body, headers=list(headers), allow_redirects=False) as response,
            ):
                status, took_s = response.status, monotonic() - began_s
                limit.reschedule(None)
                excerpt = await _excerpt(response)
        except TimeoutError as error:
            why = f"{url.host} did not answer within {self._timeout_s:g} s"
            raise NotAccepted(why, took_s=monotonic() - began_s) from error
        except (aiohttp.ClientError, OSError) as error:
            why = f"{url.host} cannot be reached: {type(error).__name__}"
            raise NotAccepted(why, took_s=monotonic() - began_s) from error
        if not 200 <= status < 300:
            raise NotAccepted(f"{url.host} answered {status}", status, excerpt=excerpt, took_s=took_s)
        return Answer(status, took_s, excerpt)

    async def close(self) -> None:
        """Lets go of every connection."""
        await self._session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


async def _excerpt(response: aiohttp.ClientResponse) -> str:
    """How the body begins, as far as it is there soon: it may be endless, slow, or no text."""
    read = bytearray()
    try:
        async with asyncio.timeout(EXCERPT_S):
            while len(read) < EXCERPT_BYTES and (more := await response.content.read(EXCERPT_BYTES - len(read))):
                read += more
    except (TimeoutError, aiohttp.ClientError, OSError):
        pass  # its status has said what matters
    return "".join(one if one.isprintable() else " " for one in read.decode("utf-8", "replace")).strip()
