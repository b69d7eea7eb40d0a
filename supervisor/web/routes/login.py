"""Logging in with a browser, and out."""

from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from supervisor.identity import Cookie, Token
from supervisor.logins import TooManyTries, WrongLogin
from supervisor.roles import Role
from supervisor.web.account_commands import too_many
from supervisor.web.door import ACCOUNT, COOKIE, drop_cookie, is_secure, set_cookie
from supervisor.web.keys import DOOR
from supervisor.web.pages_of import local, page, see
from supervisor.web.route import Call, Nothing, Resource, Route


class Next(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where to go afterwards: a path of ours."""

    next: str = "/"


class Given(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A login and its password, or a token."""

    login: Annotated[str, Meta(max_length=100)] = ""
    password: Annotated[str, Meta(max_length=200)] = ""
    token: Annotated[str, Meta(max_length=1024)] = ""


async def form(call: Call[Next, Nothing]) -> web.Response:
    """The page that lets people in."""
    return _form(call, 200)


def _form(call: Call[Next, Given] | Call[Next, Nothing], status: int, problem: str | None = None) -> web.Response:
    given = call.body.login if isinstance(call.body, Given) else ""
    return page(
        call, "login.html", status=status, here="login", next=local(call.query.next), problem=problem, login=given,
        issuer=call.site.oidc and call.site.oidc.name,
    )  # fmt: skip


async def log_in(call: Call[Next, Given]) -> web.Response:
    """Opens a session, whose id goes into a cookie that scripts cannot read; the one before, if there is one, ends."""
    try:
        opened = await _opened(call)
    except WrongLogin:
        return _form(call, 401, "This token opens nothing." if call.body.token else "Login or password is wrong.")
    except TooManyTries as error:
        refused = too_many(error)
        response = _form(call, 429, f"{refused.message[0].upper()}{refused.message[1:]}.")
        response.headers["Retry-After"] = refused.headers["Retry-After"]
        return response
    cookie, must_change = opened
    response = see(ACCOUNT if must_change else call.query.next)
    set_cookie(
        response, cookie, lasts_s=call.request.app[DOOR].logins.session_s, secure=is_secure(call.request, call.site)
    )
    return response


async def _opened(call: Call[Next, Given]) -> tuple[str, bool]:
    """The cookie, and whether the password is to be changed. Raises WrongLogin, TooManyTries."""
    door, given = call.request.app[DOOR], call.body
    agent = call.request.headers.get("User-Agent", "")
    if given.token:
        who = await door.identity(Token(given.token.strip())) if given.token.isascii() else None
        if who is None or who.token is None:
            raise WrongLogin
        one, token = await door.user(who.user), who.token
        cookie = await door.logins.open_web(one, how="token", agent=agent, token=token)
    else:
        await door.count_login(call.request, given.login)
        one = await door.logins.by_password(given.login, given.password)
        cookie = await door.logins.open_web(one, how="password", agent=agent)
    await _end_before(call)
    return cookie, one.must_change and not given.token


async def _end_before(call: Call[Next, Given]) -> None:
    """The session that the browser had: a cookie that somebody put there stands for nobody."""
    door, before = call.request.app[DOOR], call.request.cookies.get(COOKIE, "")
    if before and before.isascii() and (who := await door.identity(Cookie(before))) is not None:
        await door.logins.log_out(who)


async def log_out(call: Call[Nothing, Nothing]) -> web.Response:
    """Ends the session."""
    door = call.request.app[DOOR]
    if (who := await door.shown(call.request)) is not None:
        await door.logins.log_out(who)
        door.forget(call.request)
    response = see("/login")
    drop_cookie(response)
    return response


RESOURCE = Resource(
    "login",
    (
        Route("GET", "/login", form, Role.ANYONE, metered=False),
        Route("POST", "/login", log_in, Role.ANYONE, status=303, form=True, group="entrances"),
        Route("POST", "/logout", log_out, Role.ANYONE, status=303, form=True, metered=False),
    ),
    of_registries=False,
    in_standby=True,
)
