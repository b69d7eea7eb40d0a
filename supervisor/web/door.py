"""Who asks, and whether they may. Whatever goes wrong here is a refusal."""

from collections import Counter, OrderedDict
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import urlsplit

from aiohttp import web

from actors.governance import digest
from actors.governance.accounts import User, allows
from actors.governance.accounts import store as accounts
from actors.governance.limits import Turn
from supervisor.identity import Cookie, Identity, Shown, Token, forget, identity_of
from supervisor.logins import Logins, WrongLogin
from supervisor.roles import Role
from supervisor.setting_kinds import Network
from supervisor.web.origin import caller_of, check_host, check_origin, own_urls
from supervisor.web.problems import Refused
from supervisor.web.rates import MOST_CALLERS, Rates
from supervisor.web.route import Route, Who
from supervisor.web.site import Site

NOBODY = Who(Role.ANYONE, "anyone")
LONGEST_TOKEN = 1024
LOGIN = "/login"
ACCOUNT = "/account"
COOKIE = "triald_session"


class Door:
    """The logins and rates of this process.

    A request is counted before what it shows is looked up: by whom that belonged to last, else as a stranger's, of whom
    all from one address have one rate. So guessing costs no more look-ups than that, and holds up nobody who was in.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self.logins = Logins(site.all_tenants, site.login_rules)
        self._rates = Rates(site.all_tenants)
        self._known: OrderedDict[bytes, Who] = OrderedDict()
        self._under_way: Counter[str] = Counter()

    @property
    def public_urls(self) -> Collection[str]:
        return self._site.public_urls

    async def enter(self, request: web.Request, route: Route) -> Who:
        """Who asks, if they may use this route. Raises Refused."""
        shown = _shown(request)
        self._check_origin(request, by_cookie=isinstance(shown, Cookie))
        if route.role is Role.ANYONE:
            if route.metered:
                await self._count(request, route, _stranger(request, self._site.trusted_proxies))
            return NOBODY
        who = await self._counted(request, route, shown)
        if who is None:
            raise Refused(401, "unauthorized", "a token is needed: Authorization: Bearer …", WWW_Authenticate="Bearer")
        _check_rights(who, route)
        return who

    async def still(self, request: web.Request, role: Role) -> bool:
        """Whether one who came in long ago may still be here; also false where that cannot be told."""
        try:
            who = await self.who(request)
        except Refused:
            return False
        return who is not None and who.may(role)

    async def who(self, request: web.Request) -> Who | None:
        """Who asks, without counting it. Raises Refused."""
        shown = _shown(request)
        return None if shown is None else await self._who(shown, _key(shown))

    async def shown(self, request: web.Request) -> Identity | None:
        """Whose it is that came along. Raises Refused where that cannot be told."""
        shown = _shown(request)
        return None if shown is None else await self.identity(shown)

    async def identity_of_call(self, request: web.Request) -> Identity:
        """Of one who has come in. Raises Refused, where that has ended meanwhile."""
        if (found := await self.shown(request)) is None:
            raise Refused(401, "unauthorized", "log in again", WWW_Authenticate="Bearer")
        return found

    async def user(self, user: int) -> User:
        """Raises WrongLogin for one who is gone."""
        if (found := await accounts.user_by_id(self._site.all_tenants, user)) is None:
            raise WrongLogin
        return found

    def forget(self, request: web.Request) -> None:
        """What was shown opens nothing from now on, in this process at once."""
        if (shown := _shown(request)) is not None:
            self._known.pop(_key(shown), None)
            forget(self._site.all_tenants, shown)

    def remembered(self, request: web.Request) -> Who | None:
        """Who asked when this token was looked up last, for a page that could not be shown."""
        shown = _shown(request)
        return self._known.get(_key(shown)) if shown else None

    async def identity(self, shown: Shown) -> Identity | None:
        """Whose it is. Raises Refused where that cannot be told."""
        try:
            return await identity_of(self._site.all_tenants, shown, self.logins.keys)
        except Exception as error:  # whatever it is: who cannot be checked does not come in
            raise Refused(503, "unavailable", "tokens cannot be checked just now", Retry_After="5") from error

    @contextmanager
    def among(self, who: Who, most: int) -> Iterator[None]:
        """One of the requests of a caller that are answered at the same time. Raises Refused."""
        key = who.key
        if self._under_way[key] >= most:
            raise Refused(429, "too_many_at_once", f"more than {most} requests at the same time", Retry_After="1")
        self._under_way[key] += 1
        try:
            yield
        finally:
            self._under_way[key] -= 1
            if not self._under_way[key]:
                del self._under_way[key]

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

    async def _counted(self, request: web.Request, route: Route, shown: Shown | None) -> Who | None:
        if shown is None:
            await self._count(request, route, _stranger(request, self._site.trusted_proxies))
            return None
        key = _key(shown)
        known = self._known.get(key)
        await self._count(request, route, known or self._newcomer(request))
        who = await self._who(shown, key)
        if who is not None and who != known:
            await self._count(request, route, who)
        return who

    def _newcomer(self, request: web.Request) -> Who:
        """Whoever shows what has opened nothing here yet."""
        stranger = _stranger(request, self._site.trusted_proxies)
        return replace(stranger, login=f"token of {stranger.login}")

    async def _who(self, shown: Shown, key: bytes) -> Who | None:
        found = await self.identity(shown)
        self._known.pop(key, None)
        if found is None or found.role is Role.ANYONE:
            return None
        self._known[key] = who = Who(
            found.role, found.login, found.user, found.tenant, found.scopes, found.session, found.token,
            found.must_change,
        )  # fmt: skip
        while len(self._known) > MOST_CALLERS:
            self._known.popitem(last=False)
        return who

    async def _count(self, request: web.Request, route: Route, who: Who) -> None:
        """One turn of the caller, of the caller's in this group of routes, of the caller's tenant. Raises Refused.

        Of strangers a group is apart from all else: who asks for much that opens to nobody holds up no login.
        """
        if route.group is None or who.role is not Role.ANYONE:
            await self._take(request, who.key, who.role.word)
        if route.group is not None:
            await self._take(request, f"{route.group} of {who.key}", route.group)
        if who.tenant:
            await self._take(request, f"tenant {who.tenant}", "tenant", is_told=False)

    async def count_login(self, request: web.Request, login: str) -> None:
        """One try at a login, wherever it comes from: a whole hospital may come from one address. Raises Refused."""
        await self._take(request, f"logins of {digest(login.strip().casefold()).hex()}", "logins")

    async def _take(self, request: web.Request, bucket: str, name: str, *, is_told: bool = True) -> None:
        limit = self._site.limits[name]
        try:
            turn = self._rates.kept(bucket, limit) or await self._rates.take(bucket, limit)
        except Exception as error:  # whatever it is: who cannot be counted waits
            raise Refused(503, "unavailable", "requests cannot be counted just now", Retry_After="5") from error
        if is_told or not turn.granted:
            request[TURN] = turn
        if not turn.granted:
            raise Refused(429, "too_many_requests", f"more than {limit} requests ({name})", {"limit": name})


TURN: "web.RequestKey[Turn]" = web.RequestKey("turn", Turn)


def _shown(request: web.Request) -> Shown | None:
    """What came along that may open something: a token before a cookie."""
    if (given := request.headers.get("Authorization")) is not None:
        scheme, _, text = given.partition(" ")
        text = text.strip()
        return Token(text) if scheme.lower() == "bearer" and _may_be_one(text) else None
    cookie = _session_of(request)
    return Cookie(cookie) if _may_be_one(cookie) else None


def _session_of(request: web.Request) -> str:
    """What the session's cookie holds; nothing where there are two, of which one was put there by somebody else."""
    pairs = (pair.strip().partition("=") for line in request.headers.getall("Cookie", []) for pair in line.split(";"))
    found = {value for name, _, value in pairs if name == COOKIE}
    return found.pop() if len(found) == 1 else ""


def _may_be_one(text: str) -> bool:
    return 0 < len(text) <= LONGEST_TOKEN and text.isascii()


def _key(shown: Shown) -> bytes:
    return digest(f"{type(shown).__name__} {shown.text}")


def _stranger(request: web.Request, proxies: Collection[Network]) -> Who:
    """Of whom only the address is known."""
    address = caller_of(request.remote, request.headers.getall("X-Forwarded-For", []), proxies)
    return Who(Role.ANYONE, f"anyone at {address}")


def _check_rights(who: Who, route: Route) -> None:
    """Raises Refused."""
    if not who.may(route.role) or (route.at_home and not who.is_home):
        told = f"this needs the role {route.role.word}; you have {who.role.word}"
        raise Refused(403, "forbidden", told if not who.role.may(route.role) else "this is a matter of the home tenant")
    if not allows(who.scopes, route.resource, is_command=route.is_command):
        wanted = f"{route.resource}:{'write' if route.is_command else 'read'}"
        raise Refused(403, "out_of_scope", f"this token is not for {wanted}")
    if who.must_change and not route.in_any_case:
        raise Refused(403, "password_change_needed", "the password was given by somebody else: change it first")


def set_cookie(response: web.StreamResponse, session: str, *, lasts_s: float, secure: bool) -> None:
    response.set_cookie(
        COOKIE, session, max_age=int(lasts_s), httponly=True, samesite="Strict", path="/", secure=secure
    )


def drop_cookie(response: web.StreamResponse) -> None:
    response.del_cookie(COOKIE, httponly=True, samesite="Strict", path="/")


def is_secure(request: web.Request, site: Site) -> bool:
    """Whether who asks reaches us by TLS, which a proxy in front of us ends."""
    return any(url.startswith("https://") for url in own_urls(request.headers.get("Host", ""), site.public_urls))


def check_door(request: web.Request, public_urls: Collection[str] = ()) -> None:
    """What every request must pass, also one to nowhere. Raises Refused."""
    check_host(request.headers.get("Host"), public_urls)
    if not request.raw_path.startswith(("/", "*")):  # a whole URL, whose host counts (RFC 9112, section 3.2.2)
        check_host(urlsplit(request.raw_path).netloc, public_urls)
