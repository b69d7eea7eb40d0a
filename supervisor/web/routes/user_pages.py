"""The people of a tenant, in the browser; and the tenants, for whoever runs the service."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlencode

import msgspec
from aiohttp import web
from msgspec import Meta

from actors.governance import store as tokens
from actors.governance.accounts import User, store
from supervisor.roles import PEOPLE, Role
from supervisor.web import account_commands as commands
from supervisor.web import person_commands as persons
from supervisor.web.account_commands import NewUser, RoleWord
from supervisor.web.account_forms import TokenForm
from supervisor.web.pages_of import page, see
from supervisor.web.problems import Refused
from supervisor.web.route import Call, Nothing, Resource, Route
from supervisor.web.trying import Attempt, attempt

PATH = "/users"
ROWS = 100
Short = Annotated[str, Meta(max_length=100)]


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`q` is a part of a login, a name or an address; `after` the login that the page before ended with."""

    q: Short = ""
    after: Short = ""
    done: Literal["erased", "tenant"] | None = None


class UserForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    login: Short = ""
    role: RoleWord = "viewer"
    kind: Literal["person", "program"] = "person"
    name: Annotated[str, Meta(max_length=200)] = ""
    email: Annotated[str, Meta(max_length=320)] = ""

    def asked(self) -> NewUser:
        """As the HTTP interface takes it. Raises Refused."""
        if not self.login:
            raise Refused.field("login", "expected, but not given")
        return NewUser(self.login, self.role, self.name or None, self.email or None, self.kind)


class TenantForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    tenant: Short = ""
    admin: Short = ""


class RoleForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    role: RoleWord


class Sure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The login, typed once more."""

    login: Short = ""


# ── everybody ──


async def show(call: Call[Asked, Nothing]) -> web.Response:
    """The people and programs of one's tenant."""
    return await _list(call, call.query)


async def add(call: Call[Nothing, UserForm]) -> web.Response:
    """The form that adds somebody; the answer shows their one-time password, this once."""
    password = None
    async with attempt(call) as made:
        password = await commands.add_user(call, call.body.asked())
    if made.problem is None and password is None:
        return see(_path(call.body.login))
    return await _list(call, Asked(), made, given=call.body, login=call.body.login, password=password)


async def add_tenant(call: Call[Nothing, TenantForm]) -> web.Response:
    """The form that adds an organisation; the answer shows its first admin's one-time password, this once."""
    password = None
    async with attempt(call) as made:
        id_ = await store.add_tenant(call.db, call.body.tenant)
        await store.act_for(call.db, id_)
        password = await commands.add_admin(call, call.body.admin, id_)
    await store.act_for(call.db, call.who.tenant)
    return await _list(call, Asked(), made, of_tenant=call.body, login=call.body.admin, password=password)


async def tenant_on(call: Call[Nothing, Nothing]) -> web.Response:
    """The switch of an organisation: its people come in again."""
    await store.switch_tenant(call.db, call.id(), on=True)
    return see(f"{PATH}?done=tenant")


async def tenant_off(call: Call[Nothing, Nothing]) -> web.Response:
    """The switch of an organisation: nobody of it comes in."""
    async with attempt(call) as made:
        await store.switch_tenant(call.db, call.id(), on=False)
    return see(f"{PATH}?done=tenant") if made.problem is None else await _list(call, Asked(), made)


async def _list(
    call: Call[Any, Any],
    asked: Asked,
    made: Attempt | None = None,
    *,
    given: UserForm | None = None,
    of_tenant: TenantForm | None = None,
    login: str = "",
    password: str | None = None,
) -> web.Response:
    rows = await store.users(call.db, after=asked.after, limit=ROWS + 1, q=asked.q)
    shown = rows[:ROWS]
    more = {"q": asked.q, "after": shown[-1].login} if len(rows) > ROWS else None
    return page(
        call, "users.html", here="users", status=made.status if made else 200, users=shown, asked=asked,
        next=urlencode(more) if more else None, first=urlencode({"q": asked.q}) if asked.after else None,
        problem=made and made.problem, given=given or UserForm(), of_tenant=of_tenant or TenantForm(), login=login,
        password=password, roles=_roles(call),
        tenants=await store.tenants(call.site.all_tenants) if call.who.is_home else None,
    )  # fmt: skip


def _roles(call: Call[Any, Any]) -> list[str]:
    """Operators run the service, so they are of the tenant that does."""
    return [role.word for role in PEOPLE if role is not Role.OPERATOR or call.who.is_home]


# ── somebody ──


async def one(call: Call[Nothing, Nothing]) -> web.Response:
    """One of them: what they may, and their tokens."""
    return await _one(call)


async def set_role(call: Call[Nothing, RoleForm]) -> web.Response:
    """The form that says what somebody may."""
    async with attempt(call) as made:
        await commands.set_role(call, call.word("login"), call.body.role)
    return await _done(call, made)


async def switch_on(call: Call[Nothing, Nothing]) -> web.Response:
    """The switch of somebody: they come in again."""
    async with attempt(call) as made:
        await commands.switch(call, call.word("login"), on=True)
    return await _done(call, made)


async def switch_off(call: Call[Nothing, Nothing]) -> web.Response:
    """The switch of somebody: their logins end, their tokens open nothing."""
    async with attempt(call) as made:
        await commands.switch(call, call.word("login"), on=False)
    return await _done(call, made)


async def reset(call: Call[Nothing, Nothing]) -> web.Response:
    """The button for who forgot their password; the answer shows a one-time one, this once."""
    password = None
    async with attempt(call) as made:
        password = await commands.reset_password(call, call.word("login"))
    return await _one(call, made, password=password)


async def new_token(call: Call[Nothing, TokenForm]) -> web.Response:
    """The form that makes a token of a program; the answer shows it, this once."""
    token = None
    async with attempt(call) as made:
        token = await commands.new_token(call, call.body.asked(), call.word("login"))
    return await _one(call, made, token=token, given=call.body)


async def revoke(call: Call[Nothing, Nothing]) -> web.Response:
    """The button that has a token open nothing any more."""
    whose = await commands.user_of(call, call.word("login"))
    await tokens.revoke_by_id(call.db, call.id(), whose.id)
    return see(_path(whose.login))


async def erase(call: Call[Nothing, Sure]) -> web.Response:
    """The form by which everything that is held of somebody goes."""
    async with attempt(call) as made:
        await persons.erase(call, call.word("login"), call.body.login)
    return see(f"{PATH}?done=erased") if made.problem is None else await _one(call, made)


async def _done(call: Call[Any, Any], made: Attempt) -> web.Response:
    return see(_path(call.word("login"))) if made.problem is None else await _one(call, made)


async def _one(
    call: Call[Any, Any],
    made: Attempt | None = None,
    *,
    password: str | None = None,
    token: str | None = None,
    given: TokenForm | None = None,
) -> web.Response:
    whose: User = await commands.user_of(call, call.word("login"))
    return page(
        call, "user.html", here="users", status=made.status if made else 200, one=whose, path=_path(whose.login),
        problem=made and made.problem, password=password, token=token, given=given or TokenForm(), roles=_roles(call),
        now=datetime.now(UTC), tokens=await tokens.tokens(call.db, whose.id),
    )  # fmt: skip


def _path(login: str) -> str:
    return f"{PATH}/{quote(login, safe='')}"


def _form(path: str, handler: object, status: int = 303, *, at_home: bool = False) -> Route:
    return Route("POST", path, handler, Role.ADMIN, status=status, form=True, at_home=at_home)  # type: ignore[arg-type]  # any handler


RESOURCE = Resource(
    "user_pages",
    (
        Route("GET", PATH, show, Role.ADMIN),
        _form(PATH, add, 200),
        Route("GET", f"{PATH}/{{login}}", one, Role.ADMIN),
        _form(f"{PATH}/{{login}}/role", set_role),
        _form(f"{PATH}/{{login}}/on", switch_on),
        _form(f"{PATH}/{{login}}/off", switch_off),
        _form(f"{PATH}/{{login}}/password", reset, 200),
        _form(f"{PATH}/{{login}}/tokens", new_token, 200),
        _form(f"{PATH}/{{login}}/tokens/{{id}}/revoke", revoke),
        _form(f"{PATH}/{{login}}/erase", erase),
        _form("/tenants", add_tenant, 200, at_home=True),
        _form("/tenants/{id}/on", tenant_on, at_home=True),
        _form("/tenants/{id}/off", tenant_off, at_home=True),
    ),
    of_registries=False,
    of_tenant=True,
)
