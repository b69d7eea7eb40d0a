"""Who runs the embedded PostgreSQL when triald runs as root, which PostgreSQL refuses: an ordinary user.

That user must reach its data and its programs, though both may lie below a directory that is closed to it
(/root is 0700). It then gets leave to pass through that directory: an access list entry for this one user,
which allows no listing and no reading, and gives nobody else anything.
"""

import errno
import os
import pwd
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

NAMES = ("triald", "postgres")  # the first that exists
CREATED = NAMES[0]

# An access list as Linux keeps it: a version, then entries (tag, permissions, id); see acl(5) and
# linux/posix_acl_xattr.h.
ACL = "system.posix_acl_access"
ACL_VERSION = 2
ENTRY = struct.Struct("<HHI")
USER_OBJ, USER, GROUP_OBJ, GROUP, MASK, OTHER = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
PASS = 1  # the permission to execute: on a directory, to pass through
NO_ID = 0xFFFFFFFF

Entry = tuple[int, int, int]  # tag, permissions, id


class NoSystemUser(Exception):
    """PostgreSQL has no user to run as, or one that cannot reach its files; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Owner:
    uid: int
    gid: int


def owner_of(cluster: Path) -> Owner:
    """The user that owns the cluster or, before there is one, the user that shall. Raises NoSystemUser."""
    if cluster.exists() and (found := cluster.stat()).st_uid != 0:
        return Owner(found.st_uid, found.st_gid)
    for name in NAMES:
        try:
            return _named(name)
        except KeyError:
            continue
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", CREATED]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=30)  # noqa: S603 - a fixed command
        return _named(CREATED)
    except (OSError, subprocess.SubprocessError, KeyError) as error:
        raise NoSystemUser(
            f"PostgreSQL refuses to run as root, and the user {CREATED!r} cannot be made ({error}): "
            "make it, start triald as an ordinary user, or set DATABASE_URL"
        ) from error


def let_through(path: Path, owner: Owner) -> None:
    """Let the owner pass through every directory above `path` that is closed to it. Raises NoSystemUser."""
    for folder in reversed(path.resolve().parents):
        found = folder.stat()
        if not may_pass(found.st_mode, (found.st_uid, found.st_gid), owner):
            _open(folder, owner)


def may_pass(mode: int, owned_by: tuple[int, int], owner: Owner) -> bool:
    """Whether the mode bits alone let the owner pass through a directory. No I/O."""
    uid, gid = owned_by
    shift = 6 if uid == owner.uid else 3 if gid == owner.gid else 0
    return bool(mode >> shift & PASS)


def with_pass(entries: list[Entry], mode: int, uid: int) -> list[Entry]:
    """The access list (none: the mode bits), with leave for `uid` to pass through. No I/O."""
    minimal = [
        (USER_OBJ, mode >> 6 & 7, NO_ID),
        (GROUP_OBJ, mode >> 3 & 7, NO_ID),
        (OTHER, mode & 7, NO_ID),
    ]
    known = {(tag, who): permissions for tag, permissions, who in entries or minimal}
    # Without a mask entry the group's bits are the mask: it must not take from the group what it had.
    mask = known.get((MASK, NO_ID), known[GROUP_OBJ, NO_ID])
    known[USER, uid] = known.get((USER, uid), 0) | PASS
    known[MASK, NO_ID] = mask | PASS
    return [(tag, permissions, who) for (tag, who), permissions in sorted(known.items())]


def _named(name: str) -> Owner:
    found = pwd.getpwnam(name)
    return Owner(found.pw_uid, found.pw_gid)


def _open(folder: Path, owner: Owner) -> None:
    try:
        wanted = with_pass(list(_entries(folder)), folder.stat().st_mode, owner.uid)
        packed = struct.pack("<I", ACL_VERSION) + b"".join(ENTRY.pack(*entry) for entry in wanted)
        os.setxattr(folder, ACL, packed)
    except OSError as error:
        raise NoSystemUser(
            f"the user that runs PostgreSQL (uid {owner.uid}) cannot pass through {folder} ({error}): "
            f"run `chmod o+x {folder}`, or keep triald and its data below a directory open to all"
        ) from error


def _entries(folder: Path) -> Iterator[Entry]:
    try:
        packed = os.getxattr(folder, ACL)
    except OSError as error:
        if error.errno == errno.ENODATA:  # mode bits only
            return
        raise
    yield from ENTRY.iter_unpack(packed[4:])
