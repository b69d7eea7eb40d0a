"""What is done about all that is held of one person: for the HTTP interface and for the pages."""

from typing import Any, cast

from aiohttp import web

from actors.errors import Refusal
from actors.governance.accounts import User
from actors.governance.accounts import store as accounts
from actors.governance.audit import Act, store
from actors.governance.persons.store import Database
from supervisor import persons
from supervisor.auditing import subject_of
from supervisor.web import account_commands as commands
from supervisor.web.governing import number
from supervisor.web.problems import Refused
from supervisor.web.route import Call


async def exported(call: Call[Any, Any], one: User) -> web.StreamResponse:
    """Everything that is held of them, already sent; who asked for it stands in the audit."""
    actor = await store.actor(call.db, one.login)
    subject = subject_of({"login": one.login}, {one.login: actor})
    who = call.who
    await store.append(call.db, Act(who.tenant, who.login, who.role.word, "users_export", subject))
    headers = {"Content-Type": "application/json", "Content-Disposition": f'attachment; filename="user-{one.id}.json"'}
    response = web.StreamResponse(headers=headers)
    await response.prepare(call.request)
    async for part in persons.document(call.site.all_tenants, one):
        await response.write(part)
    await response.write_eof()
    return response


async def erase(call: Call[Any, Any], login: str, sure: str) -> persons.Erased:
    """Everything of somebody of one's tenant; `sure` is the login once more. Raises Refusal, Refused, NotFound."""
    one = await commands.user_of(call, login)
    if one.id == call.who.user:
        raise Refusal("login: another admin erases you", field="login")
    if sure != one.login:
        raise Refused.field("login", f"expected {one.login!r} once more: nothing of it comes back")
    await accounts.act_for(call.db, None)
    erased = await persons.erase(cast(Database, call.db), one, heir=call.who.user)
    await accounts.act_for(call.db, call.who.tenant)
    number(call, login, erased.actor)
    return erased
