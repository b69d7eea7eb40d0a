"""Projects in PostgreSQL. Whoever asks acts for the tenant whose they are."""

from actors.errors import NotFound, Refusal
from actors.governance.projects import MEMBER, OWNER, Member, Project
from actors.runtime.database import Database as Database
from schema import query


async def add(db: Database, name: str, description: str, owner: int) -> int:
    """In a transaction. Raises Refusal where the tenant has one of that name."""
    id_ = await db.fetchval(query("accounts.add_project"), name, description)
    if id_ is None:
        raise Refusal(f"name: there is a project {name!r} already", field="name")
    await db.execute(query("accounts.put_member"), id_, owner, OWNER)
    return int(id_)


async def listed(
    db: Database, asks: int, *, only_own: bool, before: int | None = None, limit: int = 50
) -> list[Project]:
    """The newest first."""
    rows = await db.fetch(query("accounts.projects"), asks if only_own else None, before, limit, asks)
    return [Project(**row) for row in rows]


async def find(db: Database, project: int, asks: int) -> Project:
    """Raises NotFound."""
    row = await db.fetchrow(query("accounts.project"), project, asks)
    if row is None:
        raise NotFound(f"project: there is no project {project}")
    return Project(**row)


async def change(db: Database, project: int, *, name: str, description: str, archived: bool) -> None:
    await db.execute(query("accounts.change_project"), project, name, description, archived)


async def members(db: Database, project: int) -> list[Member]:
    """Owners first."""
    return [Member(**row) for row in await db.fetch(query("accounts.members"), project)]


async def put_member(db: Database, project: int, user: int, part: str) -> None:
    """In a transaction. Raises Refusal where nobody would own it any more."""
    if part == MEMBER:
        await _keep_an_owner(db, project, user)
    await db.execute(query("accounts.put_member"), project, user, part)


async def remove_member(db: Database, project: int, user: int) -> None:
    """In a transaction. Raises Refusal where nobody would own it any more, NotFound."""
    await _keep_an_owner(db, project, user)
    if await db.fetchval(query("accounts.remove_member"), project, user) is None:
        raise NotFound("login: they do not belong to it", field="login")


async def _keep_an_owner(db: Database, project: int, user: int) -> None:
    await db.execute(query("accounts.lock_project"), project)
    owns = await db.fetchval(query("accounts.part_of"), project, user) == OWNER
    if owns and await db.fetchval(query("accounts.other_owners"), project, user) == 0:
        raise LastOwner("login: the last owner stays; make somebody else one first", field="login")


class LastOwner(Refusal):
    """A project keeps an owner."""
