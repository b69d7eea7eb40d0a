"""Requests as no library sends them: smuggled, doubled, folded, too large, from under another name."""

import gzip
import zlib

from supervisor.roles import Role
from tests.attacks.raw import answers, ask, send
from tests.supervisor.web.asking import Api

HERE = "Host: localhost"


async def _statuses(api: Api, head: str, body: bytes = b"") -> list[int]:
    return [one.status for one in await ask(api.url, head, body)]


SMUGGLED = b"0\r\n\r\nGET /api/v1/users HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


FRAMINGS = [
    "Content-Length: 6\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\nContent-Length: 6",
    "Content-Length: 6\nContent-Length: 60", "Content-Length: 6, 60", "Content-Length: +6", "Content-Length: -1",
    "Content-Length: 0x6", "Content-Length: 6 6", "Content-Length:", "Content-Length: 1e1", "Content-Length: ٦",
    "Content-Length: 99999999999999999999999999", "Transfer-Encoding: xchunked", "Transfer-Encoding: chunked, identity",
    "Transfer-Encoding: identity, chunked, chunked", "Transfer-Encoding: chunked\nTransfer-Encoding: identity",
    "Transfer-Encoding:\x0bchunked", 'Transfer-Encoding: "chunked"', "Transfer-Encoding : chunked",
    " Transfer-Encoding: chunked", "Transfer-Encoding:\n chunked", "X: y\n folded: z", "Content Length: 6",
    "X\x00: y", "X: a\x00b", "X: a\rb", ": nothing", "nothing",
]  # fmt: skip


async def test_framing_that_two_readers_may_read_in_two_ways_is_refused_and_the_connection_closed(api: Api) -> None:
    """Request smuggling: whatever stands behind is never taken for a request."""
    wrong = {}
    for framing in FRAMINGS:
        head = f"POST /api/v1/auth/login HTTP/1.1\n{HERE}\nContent-Type: application/json\n{framing}"
        lines = head.replace("\n", "\r\n").encode("utf-8")
        told = answers(await send(api.url, lines + b"\r\n\r\n" + SMUGGLED))
        if [one.status for one in told] != [400]:
            wrong[framing] = told
    assert (wrong, api.failed) == ({}, [])


CHUNKS = [
    b"zz\r\nab\r\n0\r\n\r\n", b"-1\r\na\r\n0\r\n\r\n", b"0x2\r\nab\r\n0\r\n\r\n", b" 2\r\nab\r\n0\r\n\r\n",
    b"2\nab\n0\n\n", b"2\r\nabc\r\n0\r\n\r\n", b"FFFFFFFFFFFFFFFFF\r\na", b"2;a=\0b\r\n{}\r\n0\r\n\r\n",
    b"2\r\n{}\r\n0\r\nX y\r\n\r\n", b"\r\n2\r\n{}\r\n0\r\n\r\n",
]  # fmt: skip


async def test_chunks_that_are_none_are_refused_and_the_connection_closed(api: Api) -> None:
    head = (
        f"POST /api/v1/auth/refresh HTTP/1.1\r\n{HERE}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked"
    )
    wrong = {}
    for chunks in CHUNKS:
        told = answers(await send(api.url, head.encode() + b"\r\n\r\n" + chunks + SMUGGLED))
        if [one.status for one in told] != [400]:
            wrong[chunks] = told
    assert (wrong, api.failed) == ({}, [])


GET = "GET /health HTTP/1.1"
NAMES = [
    (GET, 400), (f"{GET}\n{HERE}\nHost: evil.example", 400), (f"{GET}\nHost: evil.example\n{HERE}", 400),
    (f"{GET}\nHost:", 421), (f"{GET}\nHost: localhost@evil.example", 421), (f"{GET}\nHost: localhost, evil", 421),
    (f"{GET}\nHost: localhost:80:80", 421), (f"{GET}\nHost: localhost/x", 421),
    (f"{GET}\nHost: 127.0.0.1.evil.example", 421), (f"{GET}\nHost: [::ffff:127.0.0.1]", 421),
    (f"{GET}\nHost: 2130706433", 421), (f"{GET}\nHost: 0x7f.1", 421),
    (f"{GET}\n{HERE}\nX-Forwarded-Host: evil.example", 200), (f"{GET}\n{HERE}\nForwarded: host=evil.example", 200),
    (f"GET http://evil.example/health HTTP/1.1\n{HERE}", 421), ("GET /health HTTP/1.0", 421),
    (f"GET https://localhost:80@evil.example/ HTTP/1.1\n{HERE}", 421),
    (f"GET http://[evil/ HTTP/1.1\n{HERE}", 400), (f"GET http:///health HTTP/1.1\n{HERE}", 400),
    (f"GET http://localhost/health HTTP/1.1\n{HERE}", 200), (f"GET /trials/http://evil HTTP/1.1\n{HERE}", 401),
    (f"GET //evil.example/health HTTP/1.1\n{HERE}", 401), (f"OPTIONS * HTTP/1.1\n{HERE}", 404),
    (f"CONNECT evil.example:443 HTTP/1.1\n{HERE}", 421), (f"GET /health HTTP/3.0\n{HERE}", 400),
    (f"G\x00T /health HTTP/1.1\n{HERE}", 400), (f"get /health HTTP/1.1\n{HERE}", 400),
    (f"GET /health\x00 HTTP/1.1\n{HERE}", 400), (f"GET /hea lth HTTP/1.1\n{HERE}", 400),
]  # fmt: skip


async def test_another_name_than_ours_is_refused_whatever_way_it_is_given(api: Api) -> None:
    """Host header tricks, and lines that begin no request."""
    wrong = {}
    for head, status in NAMES:
        told = await ask(api.url, head)
        if [one.status for one in told] != [status] or "evil" in repr(told):
            wrong[head] = [(one.status, one.head[:40]) for one in told]
    assert (wrong, api.failed) == ({}, [])


async def test_an_answer_never_leads_to_the_name_that_a_request_gave(api: Api) -> None:
    for name in ("X-Forwarded-Host", "X-Host", "X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Proto", "Forwarded"):
        for path in ("/jobs", "/logout", "/login?next=//evil.example"):
            [told] = await ask(api.url, f"GET {path} HTTP/1.1\n{HERE}\nAccept: text/html\n{name}: http://evil.example")
            assert "evil" not in told.head, (name, path)


# ── too much ──


LONG = [
    (f"GET /health?{'q' * 40_000} HTTP/1.1\n{HERE}", 400), (f"{GET}\n{HERE}\nX: {'x' * 20_000}", 400),
    (f"{GET}\n{HERE}\nCookie: {'c' * 20_000}", 400), (f"{GET}\n{HERE}\n{'x' * 20_000}: 1", 400),
    (f"{GET}\n{HERE}\n" + "\n".join(f"X-{number}: 1" for number in range(1000)), 400),
    (f"{GET}\n{HERE}\nCookie: " + "; ".join(f"c{number}=1" for number in range(1500)), 200),
    (f"{'G' * 40_000} /health HTTP/1.1\n{HERE}", 400),
]  # fmt: skip


async def test_what_is_too_long_is_refused(api: Api) -> None:
    for head, status in LONG:
        told = await ask(api.url, head)
        assert [one.status for one in told] == [status], (head[:100], told)
    assert api.failed == []


LOGIN = f"POST /api/v1/auth/login HTTP/1.1\n{HERE}\nContent-Type: application/json"


async def test_a_body_that_says_that_it_is_too_large_is_not_waited_for(api: Api) -> None:
    for length in (65_537, 1 << 30, 1 << 40):
        assert await _statuses(api, f"{LOGIN}\nContent-Length: {length}", b"{") == [413], length


async def test_a_body_that_grows_too_large_is_refused(api: Api) -> None:
    chunk = b"1000\r\n" + b" " * 4096 + b"\r\n"
    assert await _statuses(api, f"{LOGIN}\nTransfer-Encoding: chunked", chunk * 40) == [413]
    many = b"1\r\n \r\n" * 70_000
    assert await _statuses(api, f"{LOGIN}\nTransfer-Encoding: chunked", many) == [413]


async def test_a_body_that_is_packed_is_refused_before_it_is_unpacked(api: Api) -> None:
    """A thousand times its size in memory: nobody needs to pack what may have 64 KiB."""
    zeros = bytes(10 << 20)
    for coding in ("gzip", "deflate", "zstd", "br", "GZIP", "x-gzip", "identity, gzip", "bomb"):
        body = zlib.compress(zeros) if coding == "deflate" else gzip.compress(zeros)
        told = await ask(api.url, f"{LOGIN}\nContent-Encoding: {coding}\nContent-Length: {len(body)}", body)
        assert [one.status for one in told] == [415], (coding, told)
        assert b"Content-Encoding" in told[0].body
    assert await _statuses(api, f"{LOGIN}\nContent-Encoding: identity\nContent-Length: 2", b"{}") == [400]


async def test_a_body_deeper_than_any_is_refused(api: Api) -> None:
    for body in (b"[" * 60_000, b'{"a":' * 10_000, b'{"login":' + b"[" * 60_000):
        told = await ask(api.url, f"{LOGIN}\nContent-Length: {len(body)}", body)
        assert [one.status for one in told] == [400]
    assert api.failed == []


async def test_a_form_of_more_fields_than_any_is_refused(api: Api) -> None:
    body = b"&".join(b"a%d=1" % number for number in range(5000))
    head = f"POST /login HTTP/1.1\n{HERE}\nContent-Type: application/x-www-form-urlencoded\nContent-Length: {len(body)}"
    assert await _statuses(api, head, body) == [400]


async def test_requests_in_a_row_are_answered_in_a_row_and_no_more_of_them_held_than_some(api: Api) -> None:
    """Pipelining: each gets its own answer, in order."""
    one = f"GET /health HTTP/1.1\r\n{HERE}\r\n\r\n".encode()
    last = f"GET /live HTTP/1.1\r\n{HERE}\r\nConnection: close\r\n\r\n".encode()
    told = answers(await send(api.url, one * 50 + last))
    assert [answer.status for answer in told] == [200] * 51


async def test_a_connection_that_turns_into_a_socket_takes_no_requests_behind_it(api: Api) -> None:
    """What stands behind an upgrade that is refused is no request of whoever comes next through a proxy."""
    bearer = f"Authorization: Bearer {api.site.tokens[Role.VIEWER]}"
    head = f"GET /ws/events HTTP/1.1\r\n{HERE}\r\n{bearer}\r\nConnection: Upgrade\r\nUpgrade: h2c"
    told = answers(await send(api.url, head.encode() + b"\r\n\r\n" + SMUGGLED))
    assert told[0].status == 426
    assert all(b"users" not in one.body for one in told)
