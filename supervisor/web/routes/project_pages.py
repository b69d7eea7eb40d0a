"""Projects in the browser: what some of a tenant's people work on together, and who belongs to it."""

from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import msgspec
from aiohttp import web
from msgspec import Meta

from actors.errors import NotFound
from actors.governance.accounts import store as accounts
from actors.governance.projects import Project, may_change, store
from actors.storage import store as stored
from supervisor.roles import Role
from supervisor.web import file_commands
from supervisor.web import project_commands as commands
from supervisor.web.pages_of import page, see
from supervisor.web.paging import PageQuery, page_of
from supervisor.web.problems import Refused
from supervisor.web.route import Call, Nothing, Resource, Route
from supervisor.web.trying import Attempt, attempt
from supervisor.web.uploads import Arrived, NotTaken, receive_form

PATH = "/projects"
Name = Annotated[str, Meta(max_length=200)]
Description = Annotated[str, Meta(max_length=5000)]


class ProjectForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Name = ""
    description: Description = ""


class MemberForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    login: Annotated[str, Meta(max_length=100)] = ""
    part: Literal["owner", "member"] = "member"


async def show(call: Call[PageQuery, Nothing]) -> web.Response:
    """One's own projects; of an admin all of the tenant."""
    return await _list(call, call.query)


async def add(call: Call[Nothing, ProjectForm]) -> web.Response:
    """The form that begins a project; whoever does owns it."""
    id_, asked = 0, call.body
    async with attempt(call) as made:
        id_ = await store.add(call.db, _name(asked), asked.description, call.who.user)
    return see(f"{PATH}/{id_}") if made.problem is None else await _list(call, PageQuery(), made, given=asked)


async def _list(
    call: Call[Any, Any], asked: PageQuery, made: Attempt | None = None, *, given: ProjectForm | None = None
) -> web.Response:
    who = call.who
    everybodys = who.may(Role.ADMIN)
    rows = await store.listed(call.db, who.user, only_own=not everybodys, before=asked.before, limit=asked.limit + 1)
    shown, following = page_of(rows, asked.limit)
    return page(
        call, "projects.html", here="projects", status=made.status if made else 200, projects=shown,
        everybodys=everybodys, may_add=who.may(Role.RESEARCHER), given=given or ProjectForm(),
        problem=made and made.problem, next=urlencode({"before": following}) if following else None,
        first="" if asked.before else None,
    )  # fmt: skip


async def one(call: Call[PageQuery, Nothing]) -> web.Response:
    """A project, its files, and who belongs to it."""
    return await _one(call, await commands.seen(call), files=call.query)


async def change(call: Call[Nothing, ProjectForm]) -> web.Response:
    """The form that changes its name and what it is about."""
    asked, project = call.body, await commands.changed(call)
    async with attempt(call) as made:
        archived = project.archived_at is not None
        await store.change(call.db, project.id, name=_name(asked), description=asked.description, archived=archived)
    return await _done(call, made, project)


async def archive(call: Call[Nothing, Nothing]) -> web.Response:
    """The switch of a project: it is done with."""
    return await _archive(call, archived=True)


async def reopen(call: Call[Nothing, Nothing]) -> web.Response:
    """The switch of a project: it goes on."""
    return await _archive(call, archived=False)


async def _archive(call: Call[Nothing, Nothing], *, archived: bool) -> web.Response:
    project = await commands.changed(call)
    await store.change(call.db, project.id, name=project.name, description=project.description, archived=archived)
    return see(f"{PATH}/{project.id}")


async def put_member(call: Call[Nothing, MemberForm]) -> web.Response:
    """The form by which somebody belongs to it, or owns it, from now on."""
    project = await commands.changed(call)
    async with attempt(call) as made:
        await commands.put_member(call, project, call.body.login, call.body.part)
    return await _done(call, made, project)


async def remove_member(call: Call[Nothing, Nothing]) -> web.Response:
    """The button by which somebody sees nothing of it any more."""
    project = await commands.changed(call)
    async with attempt(call) as made:
        await commands.remove_member(call, project, call.word("login"))
    if made.problem is None and call.word("login") == call.who.login and not call.who.may(Role.ADMIN):
        return see(PATH)
    return await _done(call, made, project)


async def bring_file(call: Call[Nothing, Arrived | NotTaken]) -> web.Response:
    """The form by which a file comes into the project."""
    project, arrived = await commands.seen(call), call.body
    async with attempt(call) as made:
        if isinstance(arrived, Arrived):
            await file_commands.settle(call, arrived)
    if isinstance(arrived, NotTaken):
        made.problem = arrived.problem
    return await _done(call, made, project)


async def delete_file(call: Call[Nothing, Nothing]) -> web.Response:
    """The button by which a file goes."""
    project, file = await commands.seen(call), await file_commands.seen(call, call.id("file"))
    if file.project_id != project.id:
        raise NotFound(f"file: there is no file {file.id}")
    await file_commands.delete(call, file)
    return see(f"{PATH}/{project.id}")


async def _done(call: Call[Any, Any], made: Attempt, project: Project) -> web.Response:
    return see(f"{PATH}/{project.id}") if made.problem is None else await _one(call, project, made)


async def _one(
    call: Call[Any, Any], project: Project, made: Attempt | None = None, *, files: PageQuery | None = None
) -> web.Response:
    asked = files or PageQuery()
    changes = may_change(project, is_admin=call.who.may(Role.ADMIN)) and call.who.may(Role.RESEARCHER)
    members = await store.members(call.db, project.id)
    rows = await stored.listed(call.db, project.id, before=asked.before, limit=asked.limit + 1)
    shown, following = page_of(rows, asked.limit)
    return page(
        call, "project.html", here="projects", status=made.status if made else 200, project=project, members=members,
        may_change=changes, problem=made and made.problem, files=shown, room=await file_commands.room(call, project.id),
        most_bytes=call.site.storage_rules.file_bytes, next=urlencode({"before": following}) if following else None,
        first="" if asked.before else None, is_researcher=call.who.may(Role.RESEARCHER),
        may_bring=call.who.may(Role.RESEARCHER) and project.archived_at is None,
        logins=await _others(call, {member.login for member in members}) if changes else (),
    )  # fmt: skip


async def _others(call: Call[Any, Any], members: set[str]) -> list[str]:
    """Whom one might think of: people of the tenant who do not belong to it."""
    return [one.login for one in await accounts.users(call.db, limit=500) if one.login not in members]


def _name(asked: ProjectForm) -> str:
    if not asked.name:
        raise Refused.field("name", "expected, but not given")
    return asked.name


def _form(path: str, handler: object, status: int = 303) -> Route:
    return Route("POST", path, handler, Role.RESEARCHER, status=status, form=True)  # type: ignore[arg-type]  # any handler


RESOURCE = Resource(
    "project_pages",
    (
        Route("GET", PATH, show, Role.VIEWER),
        _form(PATH, add),
        Route("GET", f"{PATH}/{{id}}", one, Role.VIEWER),
        _form(f"{PATH}/{{id}}", change),
        _form(f"{PATH}/{{id}}/archive", archive),
        _form(f"{PATH}/{{id}}/reopen", reopen),
        Route(
            "POST", f"{PATH}/{{id}}/files", bring_file, Role.RESEARCHER, status=303, form=True, group="uploads",
            receive=receive_form, takes="multipart/form-data",
        ),
        _form(f"{PATH}/{{id}}/files/{{file}}/delete", delete_file),
        _form(f"{PATH}/{{id}}/members", put_member),
        _form(f"{PATH}/{{id}}/members/{{login}}/remove", remove_member),
    ),
    of_registries=False,
    of_tenant=True,
)  # fmt: skip
