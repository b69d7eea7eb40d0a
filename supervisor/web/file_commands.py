"""What people do about files of projects: for the HTTP interface and for the pages."""

from typing import Any

from actors.errors import NotFound
from actors.governance.projects import may_change, may_see
from actors.governance.projects import store as projects
from actors.queue import store as queue
from actors.runtime.telemetry import emit
from actors.storage import Room, StoredFile, store
from supervisor.roles import Role
from supervisor.web.governing import note
from supervisor.web.problems import Refused
from supervisor.web.route import Call
from supervisor.web.uploads import Arrived


async def seen(call: Call[Any, Any], id_: int) -> StoredFile:
    """Raises NotFound, also for one of a project that the caller may not see: that tells nothing."""
    one = await store.find(call.db, id_)
    project = await projects.find(call.db, one.project_id, call.who.user)
    if not may_see(project, is_admin=call.who.may(Role.ADMIN)):
        raise NotFound(f"file: there is no file {id_}")
    return one


async def settle(call: Call[Any, Any], one: Arrived) -> StoredFile:
    """It is there from now on. The same once more changes nothing. Raises Refused where its name is taken."""
    if await store.settle(call.db, call.who.tenant, one.id, one.size_bytes, one.sha256):
        emit("file.stored", id=one.id, bytes=one.size_bytes)
        note(call, number=one.id)
        return await store.find(call.db, one.id)
    there = await store.named(call.db, one.project, one.name)
    if there is None:
        raise Refused(408, "timeout", "body: it came too late")
    if there.sha256 != one.sha256:
        raise Refused(
            409, "name_taken", "name: the project has another file of this name",
            {"field": "name", "problem": "expected a name that no other file of the project has", "id": there.id},
        )  # fmt: skip
    return there


async def delete(call: Call[Any, Any], one: StoredFile) -> None:
    """For who brought it, and for who may change the project; a job takes its bytes. Raises Refused."""
    project = await projects.find(call.db, one.project_id, call.who.user)
    if one.uploaded_by != call.who.login and not may_change(project, is_admin=call.who.may(Role.ADMIN)):
        raise Refused(403, "forbidden", "this needs an owner of the project, or whoever brought the file")
    if await store.delete(call.db, one.id):
        await queue.enqueue(call.db, [call.site.kinds["sweep_files"].new()])


async def room(call: Call[Any, Any], project: int) -> Room:
    return await store.room(call.db, call.who.tenant, project, call.site.storage_rules)
