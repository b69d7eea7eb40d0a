"""Bytes on a socket, as no library would send them."""

import asyncio
from dataclasses import dataclass

WITHIN_S = 20.0  # a bound for what ends by itself, on a machine that is busy with much else
MOST = 1 << 20


@dataclass(frozen=True, slots=True)
class Answer:
    """One of those that came, or what came of a connection that broke: status 0."""

    status: int
    head: str
    body: bytes
    is_whole: bool = True


async def send(url: str, *parts: bytes, most_answers: int | None = None) -> bytes:
    """All that comes back until the server closes, or so many answers are there."""
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    got = b""
    try:
        async with asyncio.timeout(WITHIN_S):
            for part in parts:
                writer.write(part)
                await writer.drain()
            while len(got) < MOST and (data := await reader.read(1 << 16)):
                got += data
                if most_answers and len([one for one in answers(got) if one.is_whole]) >= most_answers:
                    break
    except ConnectionError:
        pass
    finally:
        writer.transport.abort()
    return got


def answers(got: bytes) -> list[Answer]:
    """The answers that a well-meaning client would find in it."""
    found = []
    while got:
        head, _, rest = got.partition(b"\r\n\r\n")
        words = head.split(b"\r\n")[0].split(b" ")
        if not (words[0].startswith(b"HTTP/1.") and len(words) > 1 and words[1].isdigit()):
            found.append(Answer(0, head.decode("latin-1"), rest))
            break
        length = next(
            (int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if b"content-length" in line), 0
        )
        found.append(Answer(int(words[1]), head.decode("latin-1"), rest[:length], len(rest) >= length))
        got = rest[length:]
    return found


async def ask(url: str, head: str, body: bytes = b"") -> list[Answer]:
    """What a request is answered; lines of `head` end in LF here, in CRLF on the wire."""
    lines = head.replace("\n", "\r\n").encode("latin-1")
    return answers(await send(url, lines + b"\r\nConnection: close\r\n\r\n" + body, most_answers=1))
