"""One's own account, in the browser: password, logins, tokens."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec
from aiohttp import web
from msgspec import Meta

from actors.governance import store as tokens
from actors.governance.accounts import store
from supervisor.roles import PEOPLE, Role
from supervisor.web import account_commands as commands
from supervisor.web.account_commands import Passwords
from supervisor.web.account_forms import TokenForm
from supervisor.web.pages_of import page, see
from supervisor.web.problems import Refused
from supervisor.web.route import Call, Nothing, Resource, Route
from supervisor.web.trying import Attempt, attempt

PATH = "/account"


class Account(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`done` is what the form before did."""

    done: Literal["password", "session", "token"] | None = None


class PasswordForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`again` is `after` once more."""

    before: Annotated[str, Meta(max_length=200)] = ""
    after: Annotated[str, Meta(max_length=200)] = ""
    again: Annotated[str, Meta(max_length=200)] = ""


async def show(call: Call[Account, Nothing]) -> web.Response:
    """Who one is here, where one is logged in, one's tokens."""
    return await _page(call, done=call.query.done)


async def change_password(call: Call[Nothing, PasswordForm]) -> web.Response:
    """The form that changes the password; one's other logins end."""
    asked = call.body
    async with attempt(call) as made:
        if not asked.before or not asked.after:
            raise Refused.field("before" if not asked.before else "after", "expected, but not given")
        if asked.after != asked.again:
            raise Refused.field("again", "expected the new password once more")
        await commands.change_password(call, Passwords(asked.before, asked.after))
    if made.problem is not None:
        return await _page(call, made)
    return see(f"{PATH}?done=password")


async def end_session(call: Call[Nothing, Nothing]) -> web.Response:
    """The button that logs out elsewhere."""
    await commands.end_session(call, call.id())
    return see(PATH if call.id() == call.who.session else f"{PATH}?done=session")


async def new_token(call: Call[Nothing, TokenForm]) -> web.Response:
    """The form that makes a token of one's own; the answer shows it, this once."""
    token = None
    async with attempt(call) as made:
        token = await commands.new_token(call, call.body.asked())
    return await _page(call, made, token=token, given=call.body)


async def revoke(call: Call[Nothing, Nothing]) -> web.Response:
    """The button that has a token open nothing any more."""
    await tokens.revoke_by_id(call.db, call.id(), call.who.user)
    return see(f"{PATH}?done=token")


async def _page(
    call: Call[Any, Any],
    made: Attempt | None = None,
    *,
    done: str | None = None,
    token: str | None = None,
    given: TokenForm | None = None,
) -> web.Response:
    now = datetime.now(UTC)
    one = await store.user(call.db, call.who.login)
    response = page(
        call, "account.html", here="account", status=made.status if made else 200, one=one, now=now, done=done,
        problem=made and made.problem, token=token, given=given or TokenForm(),
        sessions=await store.sessions(call.db, one.id, now), tokens=await tokens.tokens(call.db, one.id),
        roles=[role.word for role in PEOPLE if call.who.may(role)],
    )  # fmt: skip
    response.headers.update(made.headers if made else {})
    return response


RESOURCE = Resource(
    "account_pages",
    (
        Route("GET", PATH, show, Role.VIEWER, in_any_case=True),
        Route("POST", f"{PATH}/password", change_password, Role.VIEWER, status=303, form=True, in_any_case=True,
              group="logins"),
        Route("POST", f"{PATH}/sessions/{{id}}/end", end_session, Role.VIEWER, status=303, form=True),
        Route("POST", f"{PATH}/tokens", new_token, Role.VIEWER, form=True),
        Route("POST", f"{PATH}/tokens/{{id}}/revoke", revoke, Role.VIEWER, status=303, form=True),
    ),
    of_registries=False,
    of_tenant=True,
    in_standby=True,
)  # fmt: skip
