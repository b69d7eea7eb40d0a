"""One's own account: who one is, where one is logged in, one's tokens and password."""

from datetime import UTC, datetime

import msgspec
from aiohttp import web

from actors.governance import store as tokens
from actors.governance.accounts import store
from supervisor.roles import Role
from supervisor.web import account_commands as commands
from supervisor.web import person_commands as persons
from supervisor.web.account_answers import TokenMade, TokensList, tokens_list
from supervisor.web.account_commands import NewToken, Passwords
from supervisor.web.route import Call, Nothing, Resource, Route


class Me(msgspec.Struct, frozen=True):
    """`mustChange`: nothing else opens before the password was changed."""

    login: str
    name: str | None
    email: str | None
    role: str
    tenant: str
    kind: str
    mustChange: bool


class SessionTold(msgspec.Struct, frozen=True):
    """A login that lasts; `current` is the one that asks."""

    id: int
    kind: str
    how: str
    agent: str
    createdAt: datetime
    untilAt: datetime
    current: bool


class SessionsList(msgspec.Struct, frozen=True):
    sessions: tuple[SessionTold, ...]


class Done(msgspec.Struct, frozen=True):
    done: bool = True


async def me(call: Call[Nothing, Nothing]) -> Me:
    """Who one is here."""
    one = await store.user(call.db, call.who.login)
    return Me(one.login, one.name, one.email, call.who.role.word, one.tenant, one.kind, call.who.must_change)


async def sessions(call: Call[Nothing, Nothing]) -> SessionsList:
    """Where one is logged in."""
    found = await store.sessions(call.db, call.who.user, datetime.now(UTC))
    return SessionsList(tuple(
        SessionTold(one.id, one.kind, one.how, one.agent, one.created_at, one.until_at, one.id == call.who.session)
        for one in found
    ))  # fmt: skip


async def end_session(call: Call[Nothing, Nothing]) -> Done:
    """Logs out elsewhere."""
    await commands.end_session(call, call.id())
    return Done()


async def own_tokens(call: Call[Nothing, Nothing]) -> TokensList:
    """One's own tokens."""
    return tokens_list(await tokens.tokens(call.db, call.who.user))


async def new_token(call: Call[Nothing, NewToken]) -> TokenMade:
    """A token of one's own, for a program."""
    return TokenMade(call.body.name, await commands.new_token(call, call.body))


async def revoke(call: Call[Nothing, Nothing]) -> Done:
    """It opens nothing any more, within seconds: one's own, of an admin anybody's of the tenant."""
    await commands.revoke_token(call, call.id())
    return Done()


async def change_password(call: Call[Nothing, Passwords]) -> Done:
    """One's other logins end."""
    await commands.change_password(call, call.body)
    return Done()


async def export(call: Call[Nothing, Nothing]) -> web.StreamResponse:
    """Everything that is held of oneself, as one document."""
    return await persons.exported(call, await store.user(call.db, call.who.login))


RESOURCE = Resource(
    "me",
    (
        Route("GET", "/api/v1/me", me, Role.VIEWER, in_any_case=True),
        Route("GET", "/api/v1/me/sessions", sessions, Role.VIEWER),
        Route("DELETE", "/api/v1/me/sessions/{id}", end_session, Role.VIEWER),
        Route("GET", "/api/v1/me/export", export, Role.VIEWER, media="application/json", group="exports"),
        Route("GET", "/api/v1/tokens", own_tokens, Role.VIEWER),
        Route("POST", "/api/v1/tokens", new_token, Role.VIEWER, status=201, secret=True),
        Route("DELETE", "/api/v1/tokens/{id}", revoke, Role.VIEWER),
        Route(
            "POST", "/api/v1/me/password", change_password, Role.VIEWER, in_any_case=True, group="logins", secret=True
        ),
    ),
    of_registries=False,
    of_tenant=True,
)
