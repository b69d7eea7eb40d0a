"""The files of the embedded PostgreSQL: its cluster, and the directory of its socket."""

import hashlib
import os
import re
import shutil
import stat
import tempfile
from pathlib import Path

from supervisor.postmaster import EmbeddedError, program_output
from supervisor.system_user import Owner

SUPERUSER = "postgres"
PORT = 5432  # only a part of the socket's name
SOCKET_PATH_BYTES = 107  # sockaddr_un.sun_path on Linux, without its final NUL


def ensure_cluster(cluster: Path, bin_dir: Path, owner: Owner | None) -> None:
    """Make the cluster if it is not there; refuse one of another major version. Raises EmbeddedError."""
    said = program_output([bin_dir / "postgres", "--version"], owner)
    version = re.search(r"PostgreSQL\) (\d+)", said)
    if version is None:
        raise EmbeddedError(f"{bin_dir / 'postgres'} does not say its version: {said.strip()}")
    made_by = cluster / "PG_VERSION"
    if not made_by.exists():
        _make_cluster(cluster, bin_dir, owner, int(version[1]))
    elif (found := made_by.read_text().strip()) != version[1]:
        raise EmbeddedError(
            f"{cluster} was made by PostgreSQL {found}, and {bin_dir} holds {version[1]}: "
            "dump it with the old programs and load it with the new ones"
        )


def _make_cluster(cluster: Path, bin_dir: Path, owner: Owner | None, major: int) -> None:
    # Made beside its place and renamed, so that a start killed half-way leaves nothing that looks whole.
    fresh = cluster.with_name("cluster.new")
    shutil.rmtree(fresh, ignore_errors=True)
    _private(fresh, owner)
    # From 17 on PostgreSQL brings its own C.UTF-8, whose order no library upgrade can change.
    builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if major >= 17 else []
    # Whoever reaches the socket is the owner or root; nobody comes over the network.
    access = ["--auth-local=trust", "--auth-host=reject", "--encoding=UTF8", "--locale=C.UTF-8"]
    initdb = [bin_dir / "initdb", "-D", fresh, "-U", SUPERUSER, *access, *builtin]
    try:
        program_output(initdb, owner)
    except EmbeddedError:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    fresh.rename(cluster)


def make_socket_dir(home: Path, owner: Owner | None) -> Path:
    """Beside the cluster, or in a short directory where that path would be too long for a socket."""
    beside = home / "socket"
    if len(os.fsencode(beside / f".s.PGSQL.{PORT}")) <= SOCKET_PATH_BYTES:
        return _private(beside, owner)
    short = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return _private(Path(tempfile.gettempdir()) / f"triald-{short}", owner)


def _private(folder: Path, owner: Owner | None) -> Path:
    folder.mkdir(mode=0o700, exist_ok=True)
    uid, gid = (owner.uid, owner.gid) if owner else (os.geteuid(), os.getegid())
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (uid, os.geteuid()):
        raise EmbeddedError(f"{folder} belongs to somebody else: take it away, or use a shorter data directory")
    os.chown(folder, uid, gid, follow_symlinks=False)
    folder.chmod(0o700)
    return folder
