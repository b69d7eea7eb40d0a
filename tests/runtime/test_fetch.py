"""Polite HTTP against real servers on this machine that behave as badly as sources do."""

import asyncio
import contextlib
import gzip
import itertools
import os
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeAlias

import asyncpg
import pytest
from aiohttp import web

from actors.errors import Refusal, Unavailable
from actors.runtime import store, telemetry
from actors.runtime.body import MOST_MEMBERS, BodyTooLarge, BodyTruncated, Inflate
from actors.runtime.fetch import Ask, Fetch
from actors.runtime.guard import ForbiddenAddress
from actors.runtime.politeness import Limit, Patience, SourceUnavailable, Validators
from actors.runtime.rate_limit import RateLimited

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
HOST = "registry.example"
AGENT = "triald/test (+ops@example.org)"
ASK = Ask(f"https://{HOST}/studies", (HOST,), max_bytes=1 << 20, timeout_s=30)

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"


class Source:
    """A server on this machine that answers with each of its script's answers in turn, the last one for ever."""

    def __init__(self) -> None:
        self.script: list[Handler] = []
        self.requests: list[web.Request] = []
        self.bodies: list[bytes] = []
        self.base = ""

    def answers(self, *script: Handler) -> None:
        self.script = list(script)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        self.bodies.append(await request.read())
        return await (self.script.pop(0) if len(self.script) > 1 else self.script[0])(request)


@contextlib.asynccontextmanager
async def serving() -> AsyncIterator[Source]:
    source = Source()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", source.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    source.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield source
    await runner.cleanup()


@pytest.fixture
async def source() -> AsyncIterator[Source]:
    async with serving() as one:
        yield one


class Sleeps:
    """Sleeping, without the time that it takes."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def __call__(self, wait_s: float) -> None:
        self.slept.append(wait_s)


@pytest.fixture
def sleeps() -> Sleeps:
    return Sleeps()


@pytest.fixture
async def fetch(source: Source, sleeps: Sleeps) -> AsyncIterator[Fetch]:
    async with fetching({HOST: source.base}, sleeps) as one:
        yield one


def fetching(
    bases: Mapping[str, str],
    sleeps: Sleeps,
    *,
    db: store.Database | None = None,
    attempts: int = 5,
    resolve: Callable[[str, int], Awaitable[Sequence[str]]] | None = None,
) -> Fetch:
    async def nowhere(host: str, port: int) -> Sequence[str]:
        raise OSError(f"{host} is not to be looked up in this test")

    return Fetch(
        agent=AGENT,
        db=db,
        bases=bases,
        patience=Patience(attempts=attempts),
        resolve=resolve or nowhere,
        sleep=sleeps,
        now=lambda: NOW,
        jitter=lambda: 0.0,
    )


@pytest.fixture
def told() -> Iterator[list[tuple[str, Mapping[str, object]]]]:
    events: list[tuple[str, Mapping[str, object]]] = []
    detach = telemetry.attach(lambda event, fields: events.append((event, fields)))
    yield events
    detach()


def says(body: bytes = b"ok", status: int = 200, **headers: str) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, status=status, headers={k.replace("_", "-"): v for k, v in headers.items()})

    return handler


def moves_to(location: str, status: int = 302) -> Handler:
    return says(b"moved", status, Location=location)


async def breaks_off(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b"{" * 500)
    assert request.transport is not None
    request.transport.close()
    return response


async def breaks_off_in_chunks(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    response.enable_chunked_encoding()
    await response.prepare(request)
    await response.write(b"{" * 500)
    assert request.transport is not None
    request.transport.close()
    return response


async def hangs_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def never_ends(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(b"[")
    await asyncio.Event().wait()
    return response


async def never_stops_sending(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    response.enable_chunked_encoding()
    await response.prepare(request)
    with contextlib.suppress(ConnectionError):
        while True:
            await response.write(b"[" * 65536)
    return response


async def test_an_answer_comes_back_whole_with_its_facts(source: Source, fetch: Fetch) -> None:
    source.answers(says(b'{"studies":[]}', ETag='"7"', Content_Type="application/json", Set_Cookie="a=b"))

    answer = await fetch(replace(ASK, params=(("pageSize", "1000"),)))

    assert (answer.status, answer.body, answer.attempts, answer.not_modified) == (200, b'{"studies":[]}', 1, False)
    assert answer.url == f"{source.base}/studies?pageSize=1000"
    assert answer.fetched_at == NOW
    assert answer.took_s > 0
    assert answer.headers["Content-Type"] == "application/json"
    assert "Set-Cookie" not in answer.headers


async def test_parameters_arrive_as_they_were_given(source: Source, fetch: Fetch) -> None:
    source.answers(says())
    params = (
        ("filter.advanced", "AREA[LastUpdatePostDate]RANGE[2023-01-15,MAX]"),
        ("pageToken", "NF0g+5/Jk=%2B&x"),
        ("query.cond", "Ménière’s #1; a b"),
        ("twice", "1"),
        ("twice", "2"),
    )

    await fetch(replace(ASK, url=f"https://{HOST}/a%2Fb?kept=1%2B1", params=params))

    assert tuple(source.requests[0].query.items()) == (("kept", "1+1"), *params)
    assert source.requests[0].raw_path.startswith("/a%2Fb?")


async def test_a_request_says_who_asks_and_carries_the_trace(source: Source, fetch: Fetch) -> None:
    source.answers(says())
    token = telemetry.trace_id.set("trace-42")

    await fetch(replace(ASK, headers=(("Accept", "application/json"),)))
    telemetry.trace_id.reset(token)
    await fetch(ASK)

    first, second = (request.headers for request in source.requests)
    assert first["User-Agent"] == AGENT
    assert first["Accept-Encoding"] == "gzip, deflate"
    assert first["Accept"] == "application/json"
    assert first["X-Request-Id"] == "trace-42"
    assert "X-Request-Id" not in second


async def test_a_cookie_is_never_sent_back(source: Source, sleeps: Sleeps) -> None:
    async def here(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    source.answers(says(Set_Cookie="session=1"))
    base = source.base.replace("127.0.0.1", "localhost")  # by default there are no cookies for bare addresses

    async with fetching({HOST: base}, sleeps, resolve=here) as fetch:
        await fetch(ASK)
        await fetch(ASK)

    assert [request.headers.get("Cookie") for request in source.requests] == [None, None]


async def test_a_question_with_a_body_is_posted(source: Source, fetch: Fetch) -> None:
    source.answers(says(status=503), says())

    await fetch(replace(ASK, method="POST", body=b"{}", headers=(("Content-Type", "application/json"),)))

    assert [request.method for request in source.requests] == ["POST", "POST"]
    assert source.bodies == [b"{}", b"{}"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 422])
async def test_a_refusal_of_the_source_is_for_the_registry_to_read(source: Source, fetch: Fetch, status: int) -> None:
    source.answers(says(b"pageToken is unknown", status))

    answer = await fetch(ASK)

    assert (answer.status, answer.body) == (status, b"pageToken is unknown")
    assert len(source.requests) == 1


async def test_429s_are_waited_out_for_1_2_and_4_seconds(source: Source, fetch: Fetch, sleeps: Sleeps) -> None:
    """G05: a sequence of 429s gives waits of 1, 2, 4 s."""
    source.answers(*[says(status=429)] * 3, says())

    answer = await fetch(ASK)

    assert sleeps.slept == [1.0, 2.0, 4.0]
    assert (answer.body, answer.attempts) == (b"ok", 4)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("asked", ["17", "Wed, 25 Nov 2026 12:00:17 GMT"])
async def test_a_source_that_says_when_to_come_again_is_obeyed(
    source: Source, fetch: Fetch, sleeps: Sleeps, status: int, asked: str
) -> None:
    """G05: Retry-After is honoured, in seconds and as a date."""
    source.answers(says(status=status, Retry_After=asked, Date="Wed, 25 Nov 2026 12:00:00 GMT"), says())

    await fetch(ASK)

    assert sleeps.slept == [17.0]


async def test_429_to_the_end_is_an_error_that_says_when_to_come_again(source: Source, fetch: Fetch) -> None:
    """G05: attempts are bounded, and what is left is an error."""
    source.answers(says(status=429, Retry_After="3"))

    with pytest.raises(RateLimited) as refused:
        await fetch(ASK)

    assert len(source.requests) == 5
    assert (refused.value.status, refused.value.retry_after_s) == (429, 3.0)


async def test_a_wait_beyond_patience_is_left_to_a_later_job(source: Source, fetch: Fetch, sleeps: Sleeps) -> None:
    source.answers(says(status=429, Retry_After="600"))

    with pytest.raises(RateLimited) as refused:
        await fetch(ASK)

    assert refused.value.retry_after_s == 600.0
    assert (len(source.requests), sleeps.slept) == (1, [])


@pytest.mark.parametrize("status", [500, 502, 503, 504, 599])
async def test_a_source_that_stays_broken_is_unavailable_and_not_empty(
    source: Source, fetch: Fetch, sleeps: Sleeps, status: int
) -> None:
    """G05, N02: an error on the first page is an exception, never an empty answer."""
    source.answers(says(b'{"studies":[]}', status))

    with pytest.raises(SourceUnavailable, match=str(status)) as refused:
        await fetch(ASK)

    assert isinstance(refused.value, Unavailable)
    assert refused.value.status == status
    assert sleeps.slept == [1.0, 2.0, 4.0, 8.0]


async def test_a_closed_port_is_an_unavailable_source(sleeps: Sleeps) -> None:
    """N02: a source that cannot be reached is a state with its reason, never an answer."""
    async with serving() as gone:
        base = gone.base
    async with fetching({HOST: base}, sleeps) as fetch:
        with pytest.raises(SourceUnavailable, match=r"cannot be reached.*refused") as refused:
            await fetch(ASK)

    assert refused.value.status is None
    assert len(sleeps.slept) == 4


async def test_a_name_that_nobody_knows_is_an_unavailable_source(sleeps: Sleeps) -> None:
    async with fetching({}, sleeps, attempts=1) as fetch:
        with pytest.raises(SourceUnavailable, match="not to be looked up"):
            await fetch(ASK)


@pytest.mark.parametrize("bad", [breaks_off, breaks_off_in_chunks, hangs_up])
async def test_an_answer_that_breaks_off_is_asked_for_again(
    source: Source, fetch: Fetch, sleeps: Sleeps, bad: Handler
) -> None:
    source.answers(bad, bad, says(b"whole"))

    assert (await fetch(ASK)).body == b"whole"
    assert sleeps.slept == [1.0, 2.0]
    assert len(source.requests) == 3


@pytest.mark.parametrize("bad", [breaks_off, breaks_off_in_chunks])
async def test_half_an_answer_is_never_given_out(source: Source, fetch: Fetch, bad: Handler) -> None:
    source.answers(bad)

    with pytest.raises(BodyTruncated):
        await fetch(ASK)
    assert len(source.requests) == 5


async def test_a_source_that_falls_silent_is_unavailable(source: Source, sleeps: Sleeps) -> None:
    source.answers(never_ends)

    async with fetching({HOST: source.base}, sleeps, attempts=1) as fetch:
        with pytest.raises(SourceUnavailable, match="in time"):
            await fetch(replace(ASK, timeout_s=0.3))


async def test_what_is_not_http_is_unavailable(sleeps: Sleeps) -> None:
    async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        writer.close()

    async with await asyncio.start_server(shout, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with fetching({HOST: f"http://127.0.0.1:{port}"}, sleeps, attempts=1) as fetch:
            with pytest.raises(SourceUnavailable, match="not HTTP") as refused:
                await fetch(replace(ASK, params=(("query", "private"),)))
    assert "private" not in str(refused.value)


async def test_a_cancelled_caller_is_cancelled(source: Source, fetch: Fetch) -> None:
    arrived = asyncio.Event()

    async def arrives(request: web.Request) -> web.StreamResponse:
        arrived.set()
        return await never_ends(request)

    source.answers(arrives)
    asking = asyncio.create_task(fetch(ASK))
    async with asyncio.timeout(30):
        await arrived.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


@pytest.mark.parametrize("sized", [True, False])
async def test_a_body_may_have_the_agreed_bytes_and_not_one_more(source: Source, fetch: Fetch, sized: bool) -> None:
    async def sends(request: web.Request) -> web.StreamResponse:
        body = bytes(1 << 20) + b"x" * extra
        if sized:
            return web.Response(body=body)
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            await response.write(body)
        return response

    source.answers(sends)
    extra = 0
    assert len((await fetch(ASK)).body) == 1 << 20
    extra = 1
    with pytest.raises(BodyTooLarge):
        await fetch(ASK)
    assert len(source.requests) == 2  # asked once each: it would be as large the next time


async def test_a_body_without_end_is_left_at_the_agreed_size(source: Source, fetch: Fetch) -> None:
    source.answers(never_stops_sending)

    with pytest.raises(BodyTooLarge, match="1048576"):
        await fetch(ASK)


BODY = b'{"studies": []}' * 5000


def raw_deflate(body: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(body) + stream.flush()


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(BODY)),
        ("GZIP", gzip.compress(BODY)),
        ("x-gzip", gzip.compress(BODY)),
        ("gzip", gzip.compress(BODY[:777]) + gzip.compress(BODY[777:])),
        ("deflate", zlib.compress(BODY)),
        ("deflate", raw_deflate(BODY)),
        ("identity", BODY),
    ],
)
async def test_a_packed_body_is_unpacked(source: Source, fetch: Fetch, encoding: str, packed: bytes) -> None:
    source.answers(says(packed, Content_Encoding=encoding))

    assert (await fetch(ASK)).body == BODY


@pytest.mark.parametrize("step", [1, 7, 4096])
@pytest.mark.parametrize("packed", [gzip.compress(BODY), zlib.compress(BODY), raw_deflate(BODY)])
def test_a_packed_body_may_come_in_any_pieces(packed: bytes, step: int) -> None:
    unpack = Inflate(len(BODY))

    parts = [unpack.feed(packed[i : i + step]) for i in range(0, len(packed), step)]
    unpack.end()

    assert b"".join(parts) == BODY


@pytest.mark.parametrize("layers", [1, 3])
async def test_a_bomb_is_refused(source: Source, fetch: Fetch, layers: int) -> None:
    bomb = gzip.compress(bytes(64 << 20)) * layers
    assert len(bomb) < ASK.max_bytes
    source.answers(says(bomb, Content_Encoding="gzip"))

    with pytest.raises(BodyTooLarge):
        await fetch(ASK)
    assert len(source.requests) == 1


def test_a_bomb_never_unpacks_to_more_than_agreed() -> None:
    unpack, bomb = Inflate(1000), gzip.compress(bytes(64 << 20))
    held = 0

    with pytest.raises(BodyTooLarge):
        for i in range(0, len(bomb), 10):
            held += len(unpack.feed(bomb[i : i + 10]))
    assert held <= 1000


async def test_a_packed_body_that_unpacks_to_nothing_is_left_at_the_agreed_size_all_the_same(
    source: Source, fetch: Fetch
) -> None:
    sent = 0

    async def never_stops(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse(headers={"Content-Encoding": "gzip"})
        await response.prepare(request)
        # One member after another, each with a long name in its head and nothing inside.
        member = b"\x1f\x8b\x08\x08" + bytes(6) + b"n" * 60_000 + b"\0" + gzip.compress(b"")[10:]
        with contextlib.suppress(ConnectionError):
            while True:
                await response.write(member)
                sent += len(member)
        return response

    source.answers(never_stops)

    with pytest.raises(BodyTooLarge, match="larger than the agreed"):
        await fetch(ASK)
    assert sent < 16 * ASK.max_bytes  # what lies between them in buffers is theirs


def test_a_body_in_very_many_pieces_is_refused() -> None:
    letters = gzip.compress(b"x")

    assert Inflate(1 << 20).feed(letters * MOST_MEMBERS) == b"x" * MOST_MEMBERS
    with pytest.raises(BodyTooLarge, match="pieces"):
        Inflate(1 << 20).feed(letters * (MOST_MEMBERS + 1))


@pytest.mark.parametrize(
    "packed", [gzip.compress(BODY)[:-1], gzip.compress(os.urandom(9000))[:5000], b"not packed at all", b"\x1f\x8bxx"]
)
async def test_a_packed_body_that_breaks_off_is_not_an_answer(source: Source, fetch: Fetch, packed: bytes) -> None:
    source.answers(says(packed, Content_Encoding="gzip"), says(b"whole"))

    answer = await fetch(ASK)

    assert (answer.body, answer.attempts) == (b"whole", 2)


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip"])
async def test_a_packing_that_was_not_asked_for_is_refused_at_once(
    source: Source, fetch: Fetch, sleeps: Sleeps, encoding: str
) -> None:
    source.answers(says(b"xx", Content_Encoding=encoding))

    with pytest.raises(SourceUnavailable, match="unasked"):
        await fetch(ASK)
    assert sleeps.slept == []


@pytest.mark.parametrize("location", ["/elsewhere?x=1", f"https://{HOST}/elsewhere?x=1", "{base}/elsewhere?x=1"])
async def test_a_redirect_within_the_registry_is_followed(source: Source, fetch: Fetch, location: str) -> None:
    source.answers(moves_to(location.replace("{base}", source.base), 301), says(b"there"))

    answer = await fetch(ASK)

    assert (answer.body, answer.url) == (b"there", f"{source.base}/elsewhere?x=1")


async def test_a_redirect_to_another_host_of_the_registry_is_followed(source: Source, sleeps: Sleeps) -> None:
    async with serving() as second, fetching({HOST: source.base, "www.example": second.base}, sleeps) as fetch:
        source.answers(moves_to("https://www.example/x"))
        second.answers(says(b"second"))

        assert (await fetch(replace(ASK, hosts=(HOST, "www.example")))).body == b"second"
        with pytest.raises(ForbiddenAddress):  # for a registry that has only the first host it is outside
            await fetch(ASK)


@pytest.mark.parametrize(
    "location",
    [
        "https://evil.example/x",
        "http://registry.example/x",
        "http://169.254.169.254/latest/meta-data/",
        "https://169.254.169.254/latest/meta-data/",
        "http://[::1]/",
        "http://localhost/",
        "http://127.0.0.1:1/",
        "//evil.example/x",
        "file:///etc/passwd",
        "https://registry.example:8443/",
        "https://registry.example@evil.example/",
    ],
)
async def test_a_redirect_out_of_the_registry_is_refused(source: Source, fetch: Fetch, location: str) -> None:
    source.answers(moves_to(location))

    with pytest.raises(ForbiddenAddress):
        await fetch(ASK)
    assert len(source.requests) == 1


async def test_five_redirects_are_followed_and_not_six(source: Source, fetch: Fetch, sleeps: Sleeps) -> None:
    source.answers(*[moves_to("/again")] * 5, says(b"there"))
    assert (await fetch(ASK)).body == b"there"

    source.answers(moves_to("/again"))
    with pytest.raises(SourceUnavailable, match="redirected"):
        await fetch(ASK)
    assert (len(source.requests), sleeps.slept) == (12, [])


@pytest.mark.parametrize("location", ["", "http://[broken"])
async def test_a_redirect_to_nowhere_is_no_answer(source: Source, fetch: Fetch, location: str) -> None:
    source.answers(moves_to(location) if location else says(status=302))

    with pytest.raises(SourceUnavailable, match="where to"):
        await fetch(ASK)


async def test_a_posted_question_that_moved_is_asked_there(source: Source, fetch: Fetch) -> None:
    source.answers(moves_to("/kept", 307), moves_to("/read", 303), says())

    await fetch(replace(ASK, method="POST", body=b"q"))

    assert [request.method for request in source.requests] == ["POST", "POST", "GET"]
    assert source.bodies == [b"q", b"q", b""]


@pytest.mark.parametrize("address", ["10.0.0.5", "127.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.5", "fd00::1"])
async def test_a_name_that_stands_for_an_inner_address_is_refused(source: Source, sleeps: Sleeps, address: str) -> None:
    async def inner(host: str, port: int) -> Sequence[str]:
        return ["8.8.8.8", address]

    async with fetching({}, sleeps, resolve=inner) as fetch:
        with pytest.raises(ForbiddenAddress, match="not a public address") as refused:
            await fetch(ASK)
    assert isinstance(refused.value, Refusal)
    assert sleeps.slept == []


async def test_a_host_that_is_an_inner_address_is_refused_without_asking_it(source: Source, sleeps: Sleeps) -> None:
    port = int(source.base.rsplit(":", 1)[1])

    async with fetching({"10.0.0.5": f"https://10.0.0.5:{port}"}, sleeps) as fetch:
        for host in ("127.0.0.1", "10.0.0.5"):
            with pytest.raises(ForbiddenAddress, match="not a public address"):
                await fetch(Ask(f"https://{host}/", (host,)))
    assert source.requests == []


async def test_a_name_is_connected_only_to_the_addresses_that_were_checked(source: Source, sleeps: Sleeps) -> None:
    """A name that turns inward between two requests is refused the second time: each connection is checked."""
    port = int(source.base.rsplit(":", 1)[1])
    answers = itertools.chain([["127.0.0.1"]], itertools.repeat(["169.254.169.254"]))

    async def turns(host: str, port: int) -> Sequence[str]:
        return next(answers)

    async def once(request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"first", headers={"Connection": "close"})

    source.answers(once)
    async with fetching({HOST: f"http://localhost:{port}"}, sleeps, resolve=turns) as fetch:
        assert (await fetch(ASK)).body == b"first"
        with pytest.raises(ForbiddenAddress):
            await fetch(ASK)
    assert len(source.requests) == 1


async def test_a_page_that_is_as_we_know_it_is_not_sent_again(source: Source, fetch: Fetch) -> None:
    async def unchanged(request: web.Request) -> web.StreamResponse:
        known = request.headers.get("If-None-Match"), request.headers.get("If-Modified-Since")
        if known == ('W/"7"', "Tue, 24 Nov 2026 12:00:00 GMT"):
            return web.Response(status=304)
        return web.Response(body=b"page", headers={"ETag": 'W/"7"', "Last-Modified": "Tue, 24 Nov 2026 12:00:00 GMT"})

    source.answers(unchanged)

    first = await fetch(ASK)
    second = await fetch(replace(ASK, known=first.validators))

    assert first.validators == Validators('W/"7"', "Tue, 24 Nov 2026 12:00:00 GMT")
    assert (second.not_modified, second.status, second.body) == (True, 304, b"")


async def test_a_page_without_marks_has_no_validators(source: Source, fetch: Fetch) -> None:
    source.answers(says())

    assert (await fetch(ASK)).validators is None


async def test_every_request_takes_a_turn_under_the_limit(source: Source, sleeps: Sleeps, db: Pool) -> None:
    """G05: retries and redirects are calls too."""
    source.answers(says(status=500), moves_to("/there"), says())
    limited = replace(ASK, limit=Limit("ctgov", 60))

    async with fetching({HOST: source.base}, sleeps, db=db) as fetch:
        await fetch(limited)

    row = await db.fetchrow("SELECT extract(epoch FROM slot_at - clock_timestamp())::float8 AS ahead FROM rate_limits")
    assert row is not None
    assert 1.0 < row["ahead"] <= 2 * 61.01 / 60  # three slots: now, and two more
    assert len(sleeps.slept) == 3  # the backoff, and two turns


async def test_retry_after_closes_the_limit_for_every_process(source: Source, sleeps: Sleeps, db: Pool) -> None:
    """G05: what one process is told by a source holds for all."""
    source.answers(says(status=429, Retry_After="300"))
    limit = Limit("ctgov", 60)

    async with fetching({HOST: source.base}, sleeps, db=db) as fetch:
        with pytest.raises(RateLimited):
            await fetch(replace(ASK, limit=limit))
        with pytest.raises(RateLimited) as refused:  # another caller does not even ask
            await fetch(replace(ASK, limit=limit))

    assert refused.value.retry_after_s == pytest.approx(300, abs=30)
    assert len(source.requests) == 1
    assert await store.closed_for_s(db, limit) == pytest.approx(300, abs=30)


async def test_a_limit_without_a_database_is_a_mistake(fetch: Fetch) -> None:
    with pytest.raises(ValueError, match="database"):
        await fetch(replace(ASK, limit=Limit("ctgov", 60)))


async def test_what_happened_is_told(
    source: Source, fetch: Fetch, told: list[tuple[str, Mapping[str, object]]]
) -> None:
    source.answers(says(status=503), says(b"12345"))

    await fetch(replace(ASK, params=(("query", "private"),)))

    assert [event for event, _ in told] == ["source.answered", "source.retried", "source.answered"]
    broken, retried, answered = (fields for _, fields in told)
    assert (broken["status"], broken["attempt"], retried["delay_s"]) == (503, 1, 1.0)
    assert (answered["status"], answered["bytes"], answered["attempt"]) == (200, 5, 2)
    assert (answered["host"], answered["path"]) == (HOST, "/studies")
    assert "private" not in repr(told)
    assert not any("dropped" in fields for _, fields in told)


async def test_giving_up_is_told_once(
    source: Source, fetch: Fetch, told: list[tuple[str, Mapping[str, object]]]
) -> None:
    source.answers(says(status=500))

    with pytest.raises(SourceUnavailable):
        await fetch(ASK)

    failed = [fields for event, fields in told if event == "source.failed"]
    assert [(fields["status"], fields["attempt"]) for fields in failed] == [(500, 5)]
    assert "dropped" not in failed[0]
