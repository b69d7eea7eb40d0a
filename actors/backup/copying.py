"""Files on the disk: copied with their hashes, linked where they are unchanged, safe there once a call ends."""

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from actors.backup.manifest import FILES, BadSet, Entry, Manifest
from actors.errors import Unavailable

CHUNK_BYTES = 1 << 20
Tell = Callable[[str, int, int], None]  # what is done, how much of it, of how much


class NoRoom(Unavailable):
    """The disk is full, or the folder of backups cannot be written."""


def silent(what: str, done: int, total: int) -> None:
    """For callers who do not want to know how far it is."""


def keys(root: Path) -> list[str]:
    """The paths of all files below a folder of LocalFiles, without work in progress and what a crash left."""
    found: list[str] = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        here = Path(folder).relative_to(root)
        found += [(here / name).as_posix() for name in sorted(names) if not name.endswith(".part")]
    return found


def copy_all(root: Path, set_dir: Path, last: tuple[Path, Manifest] | None, tell: Tell) -> list[Entry]:
    """The files of a folder into a set. What has the size and time that it had in the last set is linked to that."""
    before: Mapping[str, Entry] = {one.path: one for one in last[1].files} if last else {}
    entries: list[Entry] = []
    todo = keys(root)
    for number, key in enumerate(todo):
        path = f"{FILES}/{key}"
        into = set_dir / path
        with suppress(FileNotFoundError):  # deleted since they were listed
            there = (root / key).stat()
            known = before.get(path)
            into.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            same = known and (known.size_bytes, known.modified_ns) == (there.st_size, there.st_mtime_ns)
            if last and known and same and _linked(last[0] / path, into, known.size_bytes):
                entries.append(known)
            else:
                entries.append(copy(root / key, into, path))
        tell("files", number + 1, len(todo))
    return entries


def _linked(old: Path, new: Path, size_bytes: int) -> bool:
    """False where it must be copied: on a file system without links, or where the old one is not what it was."""
    try:
        if old.stat().st_size != size_bytes:
            return False
        new.hardlink_to(old)
    except OSError:
        return False
    return True


def copy(source: Path, into: Path, path: str) -> Entry:
    """One file, safe on the disk, with its time and without any right for others."""
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as reads, into.open("xb") as writes:
        os.fchmod(writes.fileno(), 0o600)
        modified_ns = os.fstat(reads.fileno()).st_mtime_ns
        while chunk := reads.read(CHUNK_BYTES):
            digest.update(chunk)
            writes.write(chunk)
            size += len(chunk)
        writes.flush()
        os.utime(writes.fileno(), ns=(modified_ns, modified_ns))
        os.fsync(writes.fileno())
    return Entry(path, size, digest.hexdigest(), modified_ns)


def entry_of(set_dir: Path, path: str) -> Entry:
    """What is to be said of a file that is there already, and is safe on the disk from now on."""
    digest = hashlib.sha256()
    with (set_dir / path).open("rb") as file:
        os.fchmod(file.fileno(), 0o600)
        os.fsync(file.fileno())
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
        found = os.fstat(file.fileno())
    return Entry(path, found.st_size, digest.hexdigest(), found.st_mtime_ns)


def verify(set_dir: Path, manifest: Manifest, tell: Tell) -> None:
    """Reads all of a set. Raises BadSet naming the first files that are not what they were."""
    wrong: list[str] = []
    done = 0
    for entry in manifest.entries:
        wrong += _fault(set_dir / entry.path, entry)
        done += entry.size_bytes
        tell("verified", done, manifest.size_bytes)
    if wrong:
        more = f", and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        raise BadSet(f"{set_dir}: {'; '.join(wrong[:5])}{more}")


def _fault(file: Path, entry: Entry) -> list[str]:
    try:
        if file.is_symlink():
            return [f"{entry.path} is a link"]
        with file.open("rb") as content:
            if os.fstat(content.fileno()).st_size != entry.size_bytes:
                return [f"{entry.path} has another size"]
            same = hashlib.file_digest(content, "sha256").hexdigest() == entry.sha256
    except OSError as error:
        return [f"{entry.path}: {error.strerror}"]
    return [] if same else [f"{entry.path} was changed"]


def bring_back(set_dir: Path, manifest: Manifest, into: Path, tell: Tell) -> None:
    """The files of a set into a folder that is not there yet. Raises BadSet when one changed since it was verified."""
    into.mkdir(mode=0o700, parents=True)
    for number, entry in enumerate(manifest.files):
        target = into / entry.path.removeprefix(f"{FILES}/")
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if copy(set_dir / entry.path, target, entry.path).sha256 != entry.sha256:
            raise BadSet(f"{set_dir}: {entry.path} was changed")
        os.utime(target, ns=(entry.modified_ns, entry.modified_ns))
        tell("files", number + 1, len(manifest.files))
    sync_folders(into)


def sync_folders(top: Path) -> None:
    """What is in a folder and all below stays there over a power cut."""
    for folder, _, _ in os.walk(top):
        sync(Path(folder))


def sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(folder: Path) -> None:
    """A folder with all below; twice is as good as once."""
    with suppress(FileNotFoundError):
        shutil.rmtree(folder)


def told(error: OSError, folder: Path) -> NoRoom:
    """An error of the disk in our words."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoRoom(f"there is no room left in {folder}")
    return NoRoom(f"{folder}: {error.strerror or error}")
