"""What people do about projects: for the HTTP interface and for the pages."""

from typing import Any

from actors.errors import NotFound
from actors.governance.accounts import store as accounts
from actors.governance.projects import Project, may_change, may_see, store
from actors.governance.projects.store import LastOwner
from supervisor.roles import Role
from supervisor.web import account_commands
from supervisor.web.problems import Refused
from supervisor.web.route import Call


async def seen(call: Call[Any, Any]) -> Project:
    """The one that the path names. Raises NotFound, also for one that the caller may not see: that tells nothing."""
    one = await store.find(call.db, call.id(), call.who.user)
    if not may_see(one, is_admin=call.who.may(Role.ADMIN)):
        raise NotFound(f"project: there is no project {one.id}")
    return one


async def changed(call: Call[Any, Any]) -> Project:
    """The same, for who may change it. Raises Refused."""
    one = await seen(call)
    if not may_change(one, is_admin=call.who.may(Role.ADMIN)):
        raise Refused(403, "forbidden", "this needs an owner of the project")
    return one


async def put_member(call: Call[Any, Any], project: Project, login: str, part: str) -> None:
    """Somebody of the tenant belongs to it, or owns it, from now on. Raises Refused for the last owner."""
    user = await account_commands.user_of(call, login)
    try:
        await store.put_member(call.db, project.id, user.id, part)
    except LastOwner as error:
        raise Refused(409, "last_owner", str(error).removeprefix("login: ")) from error


async def remove_member(call: Call[Any, Any], project: Project, login: str) -> None:
    """They see nothing of it any more. Raises Refused for the last owner."""
    user = await accounts.user(call.db, login)
    try:
        await store.remove_member(call.db, project.id, user.id)
    except LastOwner as error:
        raise Refused(409, "last_owner", str(error).removeprefix("login: ")) from error
