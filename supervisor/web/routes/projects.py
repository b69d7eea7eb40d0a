"""Projects, and who belongs to them."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from actors.governance.projects import Project, store
from supervisor.roles import Role
from supervisor.web import project_commands as commands
from supervisor.web.paging import PageQuery, page_of
from supervisor.web.route import Call, Nothing, Resource, Route

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Description = Annotated[str, Meta(max_length=5000)]


class NewProject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Name
    description: Description = ""


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is not given stays."""

    name: Name | None = None
    description: Description | None = None
    archived: bool | None = None


class ProjectTold(msgspec.Struct, frozen=True):
    """`part`: owner or member; null for an admin who does not belong to it."""

    id: int
    name: str
    description: str
    part: str | None
    members: int
    createdAt: datetime
    archivedAt: datetime | None


class ProjectsPage(msgspec.Struct, frozen=True):
    projects: tuple[ProjectTold, ...]
    next: int | None


class MemberTold(msgspec.Struct, frozen=True):
    login: str
    name: str | None
    role: str
    part: str
    sinceAt: datetime


class MembersList(msgspec.Struct, frozen=True):
    members: tuple[MemberTold, ...]


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    part: Literal["owner", "member"] = "member"


class Done(msgspec.Struct, frozen=True):
    done: bool = True


def told(one: Project) -> ProjectTold:
    """No I/O."""
    return ProjectTold(one.id, one.name, one.description, one.part, one.members, one.created_at, one.archived_at)


async def projects(call: Call[PageQuery, Nothing]) -> ProjectsPage:
    """One's own; of an admin all of the tenant."""
    asked, who = call.query, call.who
    rows = await store.listed(
        call.db, who.user, only_own=not who.may(Role.ADMIN), before=asked.before, limit=asked.limit + 1
    )
    shown, following = page_of(rows, asked.limit)
    return ProjectsPage(tuple(map(told, shown)), following)


async def add(call: Call[Nothing, NewProject]) -> ProjectTold:
    """Whoever makes one owns it."""
    id_ = await store.add(call.db, call.body.name, call.body.description, call.who.user)
    return told(await store.find(call.db, id_, call.who.user))


async def project(call: Call[Nothing, Nothing]) -> ProjectTold:
    """One project."""
    return told(await commands.seen(call))


async def change(call: Call[Nothing, Change]) -> ProjectTold:
    """Its name, what it is about, whether it is done with."""
    one, asked = await commands.changed(call), call.body
    await store.change(
        call.db, one.id, name=asked.name or one.name,
        description=one.description if asked.description is None else asked.description,
        archived=one.archived_at is not None if asked.archived is None else asked.archived,
    )  # fmt: skip
    return told(await store.find(call.db, one.id, call.who.user))


async def members(call: Call[Nothing, Nothing]) -> MembersList:
    """Who belongs to it."""
    one = await commands.seen(call)
    return MembersList(tuple(
        MemberTold(m.login, m.name, m.role, m.part, m.since_at) for m in await store.members(call.db, one.id)
    ))  # fmt: skip


async def put_member(call: Call[Nothing, Part]) -> Done:
    """Somebody of the tenant belongs to it, or owns it, from now on."""
    await commands.put_member(call, await commands.changed(call), call.word("login"), call.body.part)
    return Done()


async def remove_member(call: Call[Nothing, Nothing]) -> Done:
    """They see nothing of it any more."""
    await commands.remove_member(call, await commands.changed(call), call.word("login"))
    return Done()


RESOURCE = Resource(
    "projects",
    (
        Route("GET", "/api/v1/projects", projects, Role.VIEWER),
        Route("POST", "/api/v1/projects", add, Role.RESEARCHER, status=201),
        Route("GET", "/api/v1/projects/{id}", project, Role.VIEWER),
        Route("PATCH", "/api/v1/projects/{id}", change, Role.RESEARCHER),
        Route("GET", "/api/v1/projects/{id}/members", members, Role.VIEWER),
        Route("PUT", "/api/v1/projects/{id}/members/{login}", put_member, Role.RESEARCHER),
        Route("DELETE", "/api/v1/projects/{id}/members/{login}", remove_member, Role.RESEARCHER),
    ),
    of_registries=False,
    of_tenant=True,
)
