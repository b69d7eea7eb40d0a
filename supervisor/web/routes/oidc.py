"""Logging in by the issuer that the operator named."""

from typing import Annotated, Any

import msgspec
from aiohttp import web
from msgspec import Meta

from actors.errors import Refusal, Unavailable
from actors.governance.accounts import HOME, User, store
from actors.runtime.telemetry import emit
from supervisor.logins import WrongLogin
from supervisor.oidc import Attempt, Issuer, NotVouched, Vouched
from supervisor.roles import Role
from supervisor.web.door import is_secure, set_cookie
from supervisor.web.keys import DOOR, ISSUER
from supervisor.web.origin import own_urls
from supervisor.web.pages_of import local, page
from supervisor.web.problems import Refused
from supervisor.web.route import Call, Nothing, Resource, Route

CALLBACK = "/auth/oidc/callback"
ATTEMPT = "triald_attempt"  # the cookie of a login that is under way
ATTEMPT_S = 600
LONGEST_NEXT = 1000  # what a cookie holds beside the rest

Word = Annotated[str, Meta(max_length=4096)]


class Next(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where to go afterwards: a path of ours."""

    next: str = "/"


class Back(msgspec.Struct, frozen=True):
    """What the issuer sends the browser back with; it may add what it likes."""

    state: Word = ""
    code: Word = ""
    error: Word = ""


async def begin(call: Call[Next, Nothing]) -> web.Response:
    """Sends the browser to the issuer."""
    after = local(call.query.next)
    attempt = Attempt.fresh(after if len(after) <= LONGEST_NEXT else "/")
    try:
        url = await _issuer(call).begin(attempt, _back_to(call))
    except Unavailable as error:
        return _away(call, error)
    response = web.Response(status=303, headers={"Location": url})
    kept = "|".join((attempt.state, attempt.nonce, attempt.verifier, attempt.next))
    response.set_cookie(
        ATTEMPT, kept, max_age=ATTEMPT_S, httponly=True, samesite="Lax", path=CALLBACK,
        secure=is_secure(call.request, call.site),
    )  # fmt: skip
    return response


async def end(call: Call[Back, Nothing]) -> web.Response:
    """Lets in whom the issuer vouches for; the page then leads on, so that the cookie is of our own making."""
    attempt = _attempt(call)
    door = call.request.app[DOOR]
    try:
        if call.query.error or not call.query.code:
            raise NotVouched(f"the issuer says {call.query.error[:100]!r}")
        vouched = await _issuer(call).end(attempt, call.query.code, _back_to(call))
        one = await _user(call, vouched)
    except (NotVouched, WrongLogin, Refusal) as error:
        emit("login.refused", reason=f"oidc: {error}")
        told = "Nobody was let in: the issuer did not vouch for you, or nobody has added you here."
        response = _outside(call, 401, told)
    except Unavailable as error:
        response = _away(call, error)
    else:
        cookie = await door.logins.open_web(one, how="oidc", agent=call.request.headers.get("User-Agent", ""))
        response = page(call, "entered.html", here="login", next=local(attempt.next))
        set_cookie(response, cookie, lasts_s=door.logins.session_s, secure=is_secure(call.request, call.site))
    response.del_cookie(ATTEMPT, httponly=True, samesite="Lax", path=CALLBACK)
    return response


def _away(call: Call[Any, Nothing], error: Unavailable) -> web.Response:
    emit("login.refused", reason=f"oidc: {error}")
    name = _issuer(call).client.name
    response = _outside(call, 503, f"{name} does not answer just now. Log in by password, or try again soon.")
    response.headers["Retry-After"] = "30"
    return response


def _outside(call: Call[Any, Nothing], status: int, problem: str) -> web.Response:
    """The page for logging in, which says why this way led nowhere."""
    return page(
        call, "login.html", status=status, here="login", next="/", login="", issuer=_issuer(call).client.name,
        problem=problem,
    )  # fmt: skip


def _attempt(call: Call[Back, Nothing]) -> Attempt:
    """What this browser began. Raises Refused where it did not: somebody else's login is not put into it."""
    parts = call.request.cookies.get(ATTEMPT, "").split("|", 3)
    if len(parts) != 4 or not parts[0] or parts[0] != call.query.state:
        told = "state: this login was not begun here, or too long ago; begin again"
        raise Refused(400, "no_attempt", told, {"field": "state"})
    return Attempt(*parts)


async def _user(call: Call[Back, Nothing], vouched: Vouched) -> User:
    """The user that the issuer means, bound to it now where an admin has added them, made where the setting lets it."""
    pool, client = call.site.all_tenants, _issuer(call).client
    async with pool.acquire() as db, db.transaction():
        one = await store.user_of_issuer(db, vouched.issuer, vouched.subject)
        if one is None and vouched.email is not None:
            one = await store.find_user(db, vouched.email)
            if one is None and client.new_role != "none":
                await store.add_user(db, HOME, vouched.email, client.new_role, name=vouched.name, email=vouched.email)
                one = await store.user(db, vouched.email)
            if one is not None and not (
                _may_enter(one)
                and await store.bind_issuer(
                    db, one.id, vouched.issuer, vouched.subject, name=vouched.name, email=vouched.email
                )
            ):
                one = None
    if one is None or not _may_enter(one):
        raise WrongLogin("nobody has added them")
    return one


def _may_enter(one: User) -> bool:
    return one.may_enter and one.kind == "person"


def _issuer(call: Call[Any, Nothing]) -> Issuer:
    issuer = call.request.app[ISSUER]
    if issuer is None:
        raise Refused(404, "not_found", "no issuer is named in the settings (oidc_issuer)")
    return issuer


def _back_to(call: Call[Any, Nothing]) -> str:
    """Where the issuer sends the browser back to: the same name of ours that it came by."""
    host = call.request.headers.get("Host", "")
    [*urls] = own_urls(host, call.site.public_urls)
    return f"{urls[0] if urls else f'http://{host}'}{CALLBACK}"


RESOURCE = Resource(
    "oidc",
    (
        Route("GET", "/auth/oidc", begin, Role.ANYONE, status=303, group="entrances", refuses=(404,)),
        Route("GET", CALLBACK, end, Role.ANYONE, group="entrances", refuses=(401, 404)),
    ),
    of_registries=False,
    in_standby=True,
)
