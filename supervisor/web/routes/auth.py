"""Logging in with a program: a short access token, and a refresh token for the next pair."""

from datetime import datetime

import msgspec

from supervisor.logins import Pair, TooManyTries, WrongLogin
from supervisor.roles import Role
from supervisor.web.account_commands import Login, Password, too_many
from supervisor.web.keys import DOOR
from supervisor.web.problems import Refused
from supervisor.web.route import Call, Nothing, Resource, Route


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    login: Login
    password: Password


class Refresh(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    refreshToken: Password


class Tokens(msgspec.Struct, frozen=True):
    """`expiresIn`: seconds for which the access token opens the interface; the refresh token is used once."""

    accessToken: str
    refreshToken: str
    tokenType: str
    expiresIn: int
    refreshUntil: datetime


class LoggedOut(msgspec.Struct, frozen=True):
    loggedOut: bool


async def log_in(call: Call[Nothing, Credentials]) -> Tokens:
    """A login and its password for a pair of tokens."""
    door, given = call.request.app[DOOR], call.body
    logins = door.logins
    await door.count_login(call.request, given.login)
    try:
        one = await logins.by_password(given.login, given.password)
    except WrongLogin:
        raise Refused(401, "wrong_login", "login or password is wrong") from None
    except TooManyTries as error:
        raise too_many(error) from None
    if one.must_change:
        raise Refused(403, "password_change_needed", "log in on the page and change the password first")
    return _told(await logins.open_api(one, agent=call.request.headers.get("User-Agent", "")))


async def refresh(call: Call[Nothing, Refresh]) -> Tokens:
    """The next pair. A refresh token that is shown twice was stolen: the login ends for whoever has it."""
    try:
        return _told(await call.request.app[DOOR].logins.renew(call.body.refreshToken))
    except WrongLogin:
        raise Refused(401, "wrong_login", "refreshToken: it opens nothing (any more); log in again") from None


async def log_out(call: Call[Nothing, Nothing]) -> LoggedOut:
    """Ends the login that the access token belongs to, with all its tokens."""
    door = call.request.app[DOOR]
    who = await door.shown(call.request)
    if who is not None:
        await door.logins.log_out(who)
        door.forget(call.request)
    return LoggedOut(who is not None and who.session is not None)


def _told(pair: Pair) -> Tokens:
    return Tokens(pair.access_token, pair.refresh_token, "Bearer", pair.expires_in_s, pair.refresh_until)


RESOURCE = Resource(
    "auth",
    (
        Route("POST", "/api/v1/auth/login", log_in, Role.ANYONE, group="entrances", secret=True),
        Route("POST", "/api/v1/auth/refresh", refresh, Role.ANYONE, group="entrances", secret=True),
        Route("POST", "/api/v1/auth/logout", log_out, Role.VIEWER, in_any_case=True),
    ),
    of_registries=False,
    in_standby=True,
)
