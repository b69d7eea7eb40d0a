"""Files of projects: brought, listed, handed out, deleted."""

from datetime import datetime

import msgspec
from aiohttp import web

from actors.storage import Room, StoredFile, store
from supervisor.roles import Role
from supervisor.web import file_commands as commands
from supervisor.web import project_commands
from supervisor.web.downloads import download
from supervisor.web.paging import PageQuery, page_of
from supervisor.web.route import Call, Nothing, Resource, Route
from supervisor.web.uploads import Arrived, receive


class UploadQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`name`: what it is called in the project, 1 to 255 bytes, without slashes."""

    name: str


class FileTold(msgspec.Struct, frozen=True):
    """`uploadedBy`: a login; null for one who was erased. `sha256` is of its bytes, in hexadecimal digits."""

    id: int
    project: int
    name: str
    mediaType: str
    sizeBytes: int
    sha256: str
    uploadedBy: str | None
    createdAt: datetime


class RoomTold(msgspec.Struct, frozen=True):
    """Bytes that files take, of the organisation and of this project, with those that come just now."""

    tenantBytes: int
    tenantQuotaBytes: int
    projectBytes: int
    projectQuotaBytes: int
    fileMostBytes: int


class FilesPage(msgspec.Struct, frozen=True):
    """The newest first."""

    files: tuple[FileTold, ...]
    next: int | None
    room: RoomTold


class Done(msgspec.Struct, frozen=True):
    done: bool = True


def told(one: StoredFile) -> FileTold:
    """No I/O."""
    return FileTold(
        one.id, one.project_id, one.name, one.media_type, one.size_bytes, one.sha256.hex(), one.uploaded_by,
        one.created_at,
    )  # fmt: skip


def _room_told(room: Room, most_bytes: int) -> RoomTold:
    return RoomTold(
        room.tenant_bytes, room.tenant_quota_bytes, room.project_bytes, room.project_quota_bytes, most_bytes
    )


async def files(call: Call[PageQuery, Nothing]) -> FilesPage:
    """The files of a project, and the room that there is."""
    project = await project_commands.seen(call)
    rows = await store.listed(call.db, project.id, before=call.query.before, limit=call.query.limit + 1)
    shown, following = page_of(rows, call.query.limit)
    room = await commands.room(call, project.id)
    return FilesPage(tuple(map(told, shown)), following, _room_told(room, call.site.storage_rules.file_bytes))


async def upload(call: Call[UploadQuery, Arrived]) -> FileTold:
    """The body becomes a file of the project; the same under the same name once more changes nothing."""
    return told(await commands.settle(call, call.body))


async def file(call: Call[Nothing, Nothing]) -> FileTold:
    """One file, without its bytes."""
    return told(await commands.seen(call, call.id()))


async def content(call: Call[Nothing, Nothing]) -> web.StreamResponse:
    """Its bytes, or the range of them that is asked for."""
    return await download(call.request, call.site.files, await commands.seen(call, call.id()))


async def delete(call: Call[Nothing, Nothing]) -> Done:
    """It is there no more; the room that it took is free within seconds."""
    await commands.delete(call, await commands.seen(call, call.id()))
    return Done()


RESOURCE = Resource(
    "files",
    (
        Route("GET", "/api/v1/projects/{id}/files", files, Role.VIEWER),
        Route(
            "POST", "/api/v1/projects/{id}/files", upload, Role.RESEARCHER, status=201, group="uploads", receive=receive
        ),
        Route("GET", "/api/v1/files/{id}", file, Role.VIEWER),
        Route(
            "GET", "/api/v1/files/{id}/content", content, Role.VIEWER, media="application/octet-stream",
            also=(206, 304), refuses=(416,),
        ),
        Route("DELETE", "/api/v1/files/{id}", delete, Role.RESEARCHER),
    ),
    of_registries=False,
    of_tenant=True,
)  # fmt: skip
