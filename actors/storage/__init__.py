"""Files of projects: what people bring and what is made for them, and how much of it there may be. No I/O.

    reserve ──▶ bytes come, hashed ──▶ safe on the disk under a key ──▶ settle, with the entry of the audit
    a row keeps room     a part beside the key         renamed                one transaction

A row takes room before the first byte comes and until its last byte is gone, so however many come at once no quota is
passed. What breaks off at any step leaves a row that never arrived: whoever took it gives it back at once, and the
sweep does after a kill.
"""

import re
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from actors.errors import Refusal

PREFIX = "stored/"
LONGEST_NAME_BYTES = 255
LONGEST_MEDIA_TYPE = 100
OCTETS = "application/octet-stream"
MB, GB = 10**6, 10**9
Whose = Literal["tenant", "project"]

_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9][a-z0-9.+-]*")
_JOINERS = "\u200c\u200d"  # of letters in Persian and in Indian scripts
# What a browser would run, or read further files for.
_ACTIVE = re.compile(r"text/html|[a-z]+/(.*\+)?xml|.*(javascript|ecmascript|xhtml|svg|xslt|shockwave).*|text/css")


class TooLarge(Refusal):
    """More bytes than one file may have."""

    def __init__(self, most_bytes: int) -> None:
        super().__init__(f"body: expected at most {most_bytes:,} bytes")


class OverQuota(Refusal):
    """There is no room left for it."""

    def __init__(self, whose: Whose, used_bytes: int, limit_bytes: int) -> None:
        name = {"tenant": "organisation", "project": "project"}[whose]
        super().__init__(
            f"the files of this {name} may take {limit_bytes:,} bytes, and have {used_bytes:,}: there is no room for it"
        )
        self.whose, self.used_bytes, self.limit_bytes = whose, used_bytes, limit_bytes


@dataclass(frozen=True, slots=True)
class Rules:
    """What the settings say: of one file, of all files of a tenant, of those of one project."""

    file_bytes: int = 50 * MB
    tenant_bytes: int = 10 * GB
    project_bytes: int = 10 * GB


@dataclass(frozen=True, slots=True)
class Room:
    """What is taken, and what may be."""

    tenant_bytes: int
    tenant_quota_bytes: int
    project_bytes: int
    project_quota_bytes: int

    @property
    def left_bytes(self) -> int:
        return max(0, min(self.tenant_quota_bytes - self.tenant_bytes, self.project_quota_bytes - self.project_bytes))

    @property
    def tightest(self) -> Whose:
        """Whose quota leaves least."""
        of_project = self.project_quota_bytes - self.project_bytes < self.tenant_quota_bytes - self.tenant_bytes
        return "project" if of_project else "tenant"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """`uploaded_by`: a login; None of one who was erased."""

    id: int
    project_id: int
    name: str
    media_type: str
    size_bytes: int
    created_at: datetime
    key: str
    uploaded_by: str | None
    sha256: bytes


def granted(room: Room, announced_bytes: int | None, most_bytes: int) -> int:
    """How much room one that comes is given: what it announces, else as much as it may need and there is.

    Raises TooLarge, OverQuota.
    """
    if announced_bytes is not None and announced_bytes > most_bytes:
        raise TooLarge(most_bytes)
    if room.left_bytes < (announced_bytes or 0) or (announced_bytes is None and room.left_bytes == 0):
        raise over(room)
    return min(most_bytes, room.left_bytes) if announced_bytes is None else announced_bytes


def over(room: Room) -> OverQuota:
    """What is told where there is no room left."""
    if room.tightest == "project":
        return OverQuota("project", room.project_bytes, room.project_quota_bytes)
    return OverQuota("tenant", room.tenant_bytes, room.tenant_quota_bytes)


def check_name(name: str) -> str:
    """The name of a file, in Unicode's composed form. Raises Refusal for what no file may be called."""
    name = unicodedata.normalize("NFC", name)
    if not 0 < len(name.encode(errors="replace")) <= LONGEST_NAME_BYTES:
        raise _bad_name(f"expected a name of 1 to {LONGEST_NAME_BYTES} bytes")
    if "/" in name or "\\" in name or name in (".", ".."):
        raise _bad_name("expected the name of a file, not a path")
    if name != name.strip():
        raise _bad_name("expected a name that neither begins nor ends with a space")
    if any(unicodedata.category(letter)[0] == "C" and letter not in _JOINERS for letter in name):
        raise _bad_name("expected a name without control characters")
    return name


def _bad_name(problem: str) -> Refusal:
    return Refusal(f"name: {problem}", field="name")


def media_type_of(given: str) -> str:
    """The media type that came along, without parameters, where it looks like one; it is never guessed."""
    given = given.partition(";")[0].strip().lower()
    return given if len(given) <= LONGEST_MEDIA_TYPE and _MEDIA_TYPE.fullmatch(given) else OCTETS


def sent_as(media_type: str) -> str:
    """The media type that it is handed out with: nothing that a browser would run."""
    return OCTETS if _ACTIVE.fullmatch(media_type) else media_type


def new_key() -> str:
    """Where the bytes of a new file lie; it tells nothing of them."""
    name = secrets.token_hex(16)
    return f"{PREFIX}{name[:2]}/{name}"
