"""One key, one effect: a command that is sent again with its Idempotency-Key gets the answer of the first time."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256

from aiohttp import web

from actors.queue import keeping
from supervisor.web.problems import Refused
from supervisor.web.route import Database, Who

HEADER = "Idempotency-Key"
_KEY = re.compile(r"[\x21-\x7e]{1,200}")


@dataclass(frozen=True, slots=True)
class Kept:
    """A command's answer, as JSON."""

    status: int
    answer: bytes


async def once(
    db: Database, request: web.Request, who: Who, effect: Callable[[], Awaitable[Kept]], *, secret: bool = False
) -> tuple[Kept, bool]:
    """The answer, and whether it is of an earlier time; `db` is the connection that the effect uses too.

    Key and effect are committed together. A twin that comes meanwhile waits for that. A `secret` answer is given once.
    Raises Refused where the key was used for something else, or its answer cannot be given again.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return await effect(), False
    if not _KEY.fullmatch(key):
        raise Refused.field(HEADER, "expected 1 to 200 visible ASCII characters")
    route = f"{request.method} {_template(request)}"
    # Bodies of these hold passwords and the like: not even a hash of one is kept, and none is answered a second time.
    body = b"" if secret else await request.read()
    asked = sha256(b"\0".join((who.key.encode(), request.path_qs.encode(), body))).digest()
    if await keeping.begin_once(db, route, key, asked):
        kept = await effect()
        answer = "null" if secret else kept.answer.decode()
        await keeping.end_once(db, route, key, status=kept.status, answer=answer)
        return kept, False
    first = await keeping.first_call(db, route, key)
    if first.request_sha != asked:
        raise Refused(409, "key_reused", f"{HEADER}: this key was used for another request")
    if secret:
        raise Refused(409, "answered_before", f"{HEADER}: this key was used before; what came of it is told once only")
    return Kept(first.status, first.answer.encode()), True


def _template(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource else request.path
