"""The people of a tenant: added, given a role, switched off. And tenants, by whoever runs the service."""

from datetime import datetime
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from actors.governance import store as tokens
from actors.governance.accounts import UserRow, store
from supervisor.roles import Role
from supervisor.web import account_commands as commands
from supervisor.web import person_commands as persons
from supervisor.web.account_answers import TokenMade, TokensList, tokens_list
from supervisor.web.account_commands import Login, NewToken, NewUser, RoleWord
from supervisor.web.route import Call, Nothing, Resource, Route

MOST = 200


class UsersQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """By login; `after` is the last one seen, `q` a part of a login, a name or an address."""

    q: Annotated[str, Meta(max_length=100)] = ""
    after: Annotated[str, Meta(max_length=100)] = ""
    limit: Annotated[int, Meta(ge=1, le=MOST)] = 100


class UserTold(msgspec.Struct, frozen=True):
    login: str
    name: str | None
    email: str | None
    role: str
    kind: str
    tenant: str
    hasPassword: bool
    mustChange: bool
    issuer: str | None
    createdAt: datetime
    seenAt: datetime | None
    disabledAt: datetime | None


class UsersPage(msgspec.Struct, frozen=True):
    users: tuple[UserTold, ...]
    next: str | None


class Added(msgspec.Struct, frozen=True):
    """`password` was made, and is shown this once."""

    login: str
    password: str | None


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is not given stays."""

    role: RoleWord | None = None
    on: bool | None = None


class Changed(msgspec.Struct, frozen=True):
    login: str


class Sure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The login once more: nothing of it comes back."""

    login: Login


class Erased(msgspec.Struct, frozen=True):
    """`alias` stands where others rest on what they did."""

    alias: str


class TenantTold(msgspec.Struct, frozen=True):
    id: int
    name: str
    users: int
    createdAt: datetime
    disabledAt: datetime | None


class TenantsList(msgspec.Struct, frozen=True):
    tenants: tuple[TenantTold, ...]


class NewTenant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """With its first admin, who adds the others."""

    name: Login
    admin: Login


class TenantAdded(msgspec.Struct, frozen=True):
    """`password` is the admin's, and is shown this once."""

    id: int
    admin: str
    password: str | None


class Switched(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    on: bool


def told(one: UserRow) -> UserTold:
    """No I/O."""
    return UserTold(
        one.login, one.name, one.email, one.role, one.kind, one.tenant, one.has_password, one.must_change, one.issuer,
        one.created_at, one.seen_at, one.disabled_at,
    )  # fmt: skip


async def users(call: Call[UsersQuery, Nothing]) -> UsersPage:
    """The people and programs of one's tenant."""
    asked = call.query
    rows = await store.users(call.db, after=asked.after, limit=asked.limit + 1, q=asked.q)
    shown = rows[: asked.limit]
    return UsersPage(tuple(map(told, shown)), shown[-1].login if len(rows) > asked.limit else None)


async def add(call: Call[Nothing, NewUser]) -> Added:
    """A person, or a program that acts for itself."""
    return Added(call.body.login, await commands.add_user(call, call.body))


async def change(call: Call[Nothing, Change]) -> Changed:
    """Their role, or whether they come in at all: from their next request on."""
    login = call.word("login")
    if call.body.role is not None:
        await commands.set_role(call, login, call.body.role)
    if call.body.on is not None:
        await commands.switch(call, login, on=call.body.on)
    return Changed(login)


async def reset(call: Call[Nothing, Nothing]) -> Added:
    """A one-time password for who forgot theirs."""
    login = call.word("login")
    return Added(login, await commands.reset_password(call, login))


async def tokens_of(call: Call[Nothing, Nothing]) -> TokensList:
    """Somebody's tokens, without themselves."""
    one = await commands.user_of(call, call.word("login"))
    return tokens_list(await tokens.tokens(call.db, one.id))


async def new_token(call: Call[Nothing, NewToken]) -> TokenMade:
    """A token of a program."""
    return TokenMade(call.body.name, await commands.new_token(call, call.body, call.word("login")))


async def export(call: Call[Nothing, Nothing]) -> web.StreamResponse:
    """Everything that is held of somebody, as one document."""
    return await persons.exported(call, await commands.user_of(call, call.word("login")))


async def erase(call: Call[Nothing, Sure]) -> Erased:
    """Everything that is held of somebody goes; what others rest on stays, without their name."""
    return Erased((await persons.erase(call, call.word("login"), call.body.login)).alias)


async def tenants(call: Call[Nothing, Nothing]) -> TenantsList:
    """The organisations that use this service."""
    return TenantsList(tuple(
        TenantTold(one.id, one.name, one.users, one.created_at, one.disabled_at)
        for one in await store.tenants(call.site.all_tenants)
    ))  # fmt: skip


async def add_tenant(call: Call[Nothing, NewTenant]) -> TenantAdded:
    """An organisation, and its first admin."""
    id_ = await store.add_tenant(call.db, call.body.name)
    await store.act_for(call.db, id_)
    return TenantAdded(id_, call.body.admin, await commands.add_admin(call, call.body.admin, id_))


async def switch_tenant(call: Call[Nothing, Switched]) -> TenantTold:
    """Off: nobody of it comes in; nothing of it is lost."""
    await store.switch_tenant(call.db, call.id(), on=call.body.on)
    await store.act_for(call.db, None)
    [one] = [one for one in await store.tenants(call.db) if one.id == call.id()]
    return TenantTold(one.id, one.name, one.users, one.created_at, one.disabled_at)


RESOURCE = Resource(
    "users",
    (
        Route("GET", "/api/v1/users", users, Role.ADMIN),
        Route("POST", "/api/v1/users", add, Role.ADMIN, status=201, secret=True),
        Route("PATCH", "/api/v1/users/{login}", change, Role.ADMIN),
        Route("POST", "/api/v1/users/{login}/password", reset, Role.ADMIN, secret=True),
        Route("GET", "/api/v1/users/{login}/tokens", tokens_of, Role.ADMIN),
        Route("POST", "/api/v1/users/{login}/tokens", new_token, Role.ADMIN, status=201, secret=True),
        Route("GET", "/api/v1/users/{login}/export", export, Role.ADMIN, media="application/json", group="exports"),
        Route("POST", "/api/v1/users/{login}/erase", erase, Role.ADMIN),
        Route("GET", "/api/v1/tenants", tenants, Role.ADMIN, at_home=True),
        Route("POST", "/api/v1/tenants", add_tenant, Role.ADMIN, status=201, at_home=True, secret=True),
        Route("POST", "/api/v1/tenants/{id}/switch", switch_tenant, Role.ADMIN, at_home=True),
    ),
    of_registries=False,
    of_tenant=True,
)
