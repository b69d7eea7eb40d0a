"""A file as it comes: room is taken, bytes are hashed and safe on the disk; nothing is left of one that breaks off.

No connection of the database is held while bytes come.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from actors.errors import Refusal
from actors.governance.accounts.store import acting_for
from actors.governance.projects import Project
from actors.runtime.telemetry import emit
from actors.storage import OverQuota, TooLarge, check_name, media_type_of, over, store
from actors.storage.store import Coming, Reserved
from supervisor.web import project_commands
from supervisor.web.answering import OUTSIDE
from supervisor.web.bodies import allowed_s, file_of, parts_of, parts_of_file
from supervisor.web.problems import Problem, Refused, problem_of
from supervisor.web.route import Call

SETTLES_S = 60.0  # what the transaction may take in which it becomes one that is there
GIVES_BACK_WITHIN_S = 10.0

Parts = Callable[[int], AsyncIterator[bytes]]  # of at most so many bytes


@dataclass(frozen=True, slots=True)
class Arrived:
    """A file whose bytes are safe on the disk; it is there once it is settled."""

    id: int
    project: int
    name: str
    size_bytes: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class NotTaken:
    """What a page tells of a file that was refused."""

    problem: Problem


@asynccontextmanager
async def receive(call: Call[Any, Any]) -> AsyncIterator[Arrived]:
    """The body as it is; its name is in the query. Raises Refused, Refusal."""
    request, within_s = call.request, call.site.request_within_s
    project = await _project(call)
    if request.content_type.startswith("multipart/"):
        raise Refused(415, "unsupported_media_type", "body: expected the bytes of the file, and no form around them")
    coming = Coming(
        project.id, check_name(call.query.name), media_type_of(request.headers.get("Content-Type", "")),
        call.who.login, size_bytes=request.content_length,
    )  # fmt: skip
    async with _arriving(call, coming, lambda most: parts_of(request, most_bytes=most, within_s=within_s)) as arrived:
        yield arrived


@asynccontextmanager
async def receive_form(call: Call[Any, Any]) -> AsyncIterator[Arrived | NotTaken]:
    """The file in a form; what is wrong with it its page tells. Raises Refused where there is no page."""
    project = await _project(call)
    async with AsyncExitStack() as stack:
        found: Arrived | NotTaken
        try:
            found = await stack.enter_async_context(_of_form(call, project))
        except (Refused, Refusal) as error:
            found = NotTaken(problem_of(error, outside=()))
        yield found


@asynccontextmanager
async def _of_form(call: Call[Any, Any], project: Project) -> AsyncIterator[Arrived]:
    request, within_s = call.request, call.site.request_within_s
    file = await file_of(request, within_s=within_s)
    if not file.part.filename:
        raise Refused.field("file", "expected, but not given")
    kind = media_type_of(file.part.headers.get("Content-Type", ""))
    coming = Coming(
        project.id, check_name(file.part.filename), kind, call.who.login, most_bytes=request.content_length,
    )  # fmt: skip
    async with _arriving(call, coming, lambda most: parts_of_file(file, most_bytes=most, within_s=within_s)) as arrived:
        yield arrived


async def _project(call: Call[Any, Any]) -> Project:
    """The one in the path, of a caller who may bring something into it. Raises NotFound, Refused."""
    async with acting_for(call.site.pool, call.who.tenant) as db:
        project = await project_commands.seen(replace(call, db=db))
    if project.archived_at is not None:
        raise Refused(409, "archived", "project: it is done with; nothing more comes into it")
    return project


@asynccontextmanager
async def _arriving(call: Call[Any, Any], coming: Coming, parts: Parts) -> AsyncIterator[Arrived]:
    """Room is taken for it, and given back in the end unless it was settled by then."""
    reserved = await _reserved(call, coming)
    try:
        size_bytes, sha256 = await _kept(call, coming, reserved, parts)
        yield Arrived(reserved.id, coming.project, coming.name, size_bytes, sha256)
    finally:
        await _give_back(call, reserved)


async def _reserved(call: Call[Any, Any], coming: Coming) -> Reserved:
    site, tenant = call.site, call.who.tenant
    lasts_s = allowed_s(site.storage_rules.file_bytes, site.request_within_s) + SETTLES_S
    try:
        async with acting_for(site.pool, tenant) as db:
            return await store.reserve(db, tenant, coming, site.storage_rules, within_s=lasts_s)
    except (OverQuota, TooLarge) as error:
        raise _refused(error) from error


async def _kept(call: Call[Any, Any], coming: Coming, reserved: Reserved, parts: Parts) -> tuple[int, bytes]:
    """The size and the hash of what is safe on the disk now."""
    most_bytes = call.site.storage_rules.file_bytes
    incoming = await call.site.files.incoming(reserved.key, coming.media_type)
    try:
        async for part in parts(reserved.size_bytes):
            if incoming.size_bytes + len(part) > reserved.size_bytes:
                short = reserved.size_bytes < most_bytes
                raise _refused(over(reserved.room) if short else TooLarge(most_bytes))
            await incoming.write(part)
        await incoming.keep()
    finally:
        await incoming.drop()
    return incoming.size_bytes, incoming.sha256


async def _give_back(call: Call[Any, Any], reserved: Reserved) -> None:
    """Where that fails too, the sweep does it."""
    try:
        async with asyncio.timeout(GIVES_BACK_WITHIN_S):
            async with acting_for(call.site.pool, call.who.tenant) as db:
                key = await store.release(db, reserved.id)
            if key is not None:
                await call.site.files.forget(key)
    except OUTSIDE as error:
        emit("file.left", id=reserved.id, error=type(error).__name__)


def _refused(error: OverQuota | TooLarge) -> Refused:
    match error:
        case OverQuota():
            emit("file.refused", reason="quota")
            details = {"used": error.used_bytes, "limit": error.limit_bytes, "of": error.whose}
            return Refused(413, "quota_exceeded", str(error), details)
        case TooLarge():
            emit("file.refused", reason="too_large")
            return Refused(413, "too_large", str(error))
