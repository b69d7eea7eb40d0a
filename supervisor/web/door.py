"""Who asks, and whether they may. Whatever goes wrong here is a refusal."""

import secrets
import time
from collections import OrderedDict
from collections.abc import Collection
from typing import TypeGuard

from aiohttp import web

from actors.governance import digest
from supervisor.roles import Role
from supervisor.tokens import holder_of
from supervisor.web.origin import check_host, check_origin
from supervisor.web.problems import Refused
from supervisor.web.rates import MOST_CALLERS, PER_MINUTE, Rates, Turn
from supervisor.web.route import Route, Who
from supervisor.web.sessions import COOKIE, LASTS_S, Sessions
from supervisor.web.site import Site

NOBODY = Who(Role.ANYONE, "anyone")
STRANGERS = Who(Role.ANYONE, "strangers")  # whose token has not opened anything here yet
LONGEST_TOKEN = 512
LOGIN = "/login"


class Door:
    """The sessions and rates of this process.

    A request is counted before its token is looked up: by whom the token belonged to last, else as a stranger's, whose
    rate is one for all of them. So guessing costs no more look-ups than that, and holds up nobody who was in before.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._sessions = Sessions()
        self._rates = Rates()
        self._known: OrderedDict[bytes, Who] = OrderedDict()

    async def enter(self, request: web.Request, route: Route) -> Who:
        """Who asks, if they may use this route. Raises Refused."""
        token, session = self._token(request)
        self._check_origin(request, by_cookie=session is not None)
        if route.role is Role.ANYONE:
            if route.metered:
                self._count(request, route.bucket or NOBODY.key, Role.ANYONE)
            return NOBODY
        who = await self._counted(request, token)
        if who is None:
            raise Refused(401, "unauthorized", "a token is needed: Authorization: Bearer …", WWW_Authenticate="Bearer")
        if who.role < route.role:
            raise Refused(403, "forbidden", f"this needs the role {route.role.word}; you have {who.role.word}")
        return who

    async def still(self, request: web.Request, role: Role) -> bool:
        """Whether one who came in long ago may still be here; also false where that cannot be told."""
        try:
            who = await self._who(self._token(request)[0])
        except Refused:
            return False
        return who is not None and who.role >= role

    @property
    def public_urls(self) -> Collection[str]:
        return self._site.public_urls

    def remembered(self, request: web.Request) -> Who | None:
        """Who asked when this token was looked up last, for a page that could not be shown."""
        token, _ = self._token(request)
        return self._known.get(digest(token)) if _may_be_one(token) else None

    async def log_in(self, token: str) -> str | None:
        """The id of a fresh session, None for a token that opens nothing. Raises Refused."""
        if await self._who(token) is None:
            return None
        id_ = secrets.token_urlsafe(32)
        self._sessions.open(id_, token, now_s=time.monotonic())
        return id_

    def log_out(self, request: web.Request) -> None:
        self._sessions.close(request.cookies.get(COOKIE, ""))

    def _token(self, request: web.Request) -> tuple[str | None, str | None]:
        """The token that came along, and the session that it came from."""
        if (given := request.headers.get("Authorization")) is not None:
            scheme, _, token = given.partition(" ")
            return (token.strip() if scheme.lower() == "bearer" else ""), None
        if not (session := request.cookies.get(COOKIE)):
            return None, None
        return self._sessions.token_of(session, now_s=time.monotonic()), session

    def _check_origin(self, request: web.Request, *, by_cookie: bool) -> None:
        check_origin(
            method=request.method,
            host=request.headers.get("Host", ""),
            origin=request.headers.get("Origin"),
            site=request.headers.get("Sec-Fetch-Site"),
            by_cookie=by_cookie,
            is_socket=request.headers.get("Upgrade", "").lower() == "websocket",
            public_urls=self._site.public_urls,
        )

    async def _counted(self, request: web.Request, token: str | None) -> Who | None:
        if not _may_be_one(token):
            self._count(request, NOBODY.key, Role.ANYONE)
            return None
        known = self._known.get(digest(token))
        self._count(request, (known or STRANGERS).key, (known or STRANGERS).role)
        who = await self._who(token)
        if who is not None and who != known:
            self._count(request, who.key, who.role)
        return who

    async def _who(self, token: str | None) -> Who | None:
        if not _may_be_one(token):
            return None
        try:
            holder = await holder_of(self._site.pool, token)
        except Exception as error:  # whatever it is: who cannot be checked does not come in
            raise Refused(503, "unavailable", "tokens cannot be checked just now", Retry_After="5") from error
        self._known.pop(digest(token), None)
        if holder is None or holder.role is Role.ANYONE:
            return None
        self._known[digest(token)] = who = Who(holder.role, holder.name)
        while len(self._known) > MOST_CALLERS:
            self._known.popitem(last=False)
        return who

    def _count(self, request: web.Request, bucket: str, role: Role) -> None:
        turn = self._rates.take(bucket, PER_MINUTE[role], time.monotonic())
        request[TURN] = turn
        if not turn.granted:
            raise Refused(429, "too_many_requests", f"more than {turn.limit} requests a minute")


TURN: "web.RequestKey[Turn]" = web.RequestKey("turn", Turn)


def _may_be_one(token: str | None) -> TypeGuard[str]:
    return bool(token) and len(token or "") <= LONGEST_TOKEN and (token or "").isascii()


def set_cookie(response: web.StreamResponse, session: str) -> None:
    response.set_cookie(COOKIE, session, max_age=int(LASTS_S), httponly=True, samesite="Strict", path="/")


def drop_cookie(response: web.StreamResponse) -> None:
    response.del_cookie(COOKIE, httponly=True, samesite="Strict", path="/")


def check_door(request: web.Request, public_urls: Collection[str] = ()) -> None:
    """What every request must pass, also one to nowhere. Raises Refused."""
    check_host(request.headers.get("Host"), public_urls)
