"""Projects: what some of a tenant's people work on together, and who may do what in one. No I/O.

Members see and work on what is in a project, owners also see to who belongs to it; an admin of the tenant is as an
owner of all. A project has an owner at all times.
"""

from dataclasses import dataclass
from datetime import datetime

OWNER, MEMBER = "owner", "member"
PARTS = (OWNER, MEMBER)


@dataclass(frozen=True, slots=True)
class Project:
    """`part`: of whoever asks; None for who does not belong to it."""

    id: int
    name: str
    description: str
    created_at: datetime
    archived_at: datetime | None
    part: str | None
    members: int


@dataclass(frozen=True, slots=True)
class Member:
    user_id: int
    login: str
    name: str | None
    role: str
    part: str
    since_at: datetime


def may_see(project: Project, *, is_admin: bool) -> bool:
    return is_admin or project.part is not None


def may_change(project: Project, *, is_admin: bool) -> bool:
    """Its name, and who belongs to it."""
    return is_admin or project.part == OWNER
