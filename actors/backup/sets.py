"""The folder of sets: which are good, who may change it, how a set comes and goes."""

import fcntl
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import msgspec

from actors.backup import copying
from actors.backup.keeping import Held, Rule, judge
from actors.backup.manifest import FILE, FILES, BadSet, Manifest, decode, encode
from actors.errors import NotFound, Refusal

NAME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{6}Z(-\d+)?")  # a number where several are of one second
MAKING = ".making-"
GOING = ".going-"
LOCK = ".lock"
MANIFEST_BYTES = 1 << 30


class AnotherAtWork(Refusal):
    """Another backup is being made in this folder."""


@dataclass(frozen=True, slots=True)
class Set:
    """A good one: its manifest is there and whole. Whether the files are what it says, verify() finds out."""

    path: Path
    manifest: Manifest

    @property
    def name(self) -> str:
        return self.path.name


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Nobody else makes or removes sets meanwhile; let go when the process ends, however. Raises AnotherAtWork."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise copying.told(error, folder) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AnotherAtWork(f"another backup is being made in {folder}: this one is not") from error
        yield
    finally:
        os.close(descriptor)


def read(path: Path) -> Set:
    """Raises NotFound, BadSet."""
    file = path / FILE
    try:
        if file.stat().st_size > MANIFEST_BYTES:
            raise BadSet(f"{path}: its {FILE} is too large to be one")
        return Set(path, decode(file.read_bytes(), str(path)))
    except (FileNotFoundError, NotADirectoryError) as error:
        if path.is_dir():
            raise BadSet(f"{path}: it has no {FILE}: its backup did not come to its end") from error
        raise NotFound(f"there is no backup {path}") from error
    except OSError as error:
        raise BadSet(f"{path}: {error.strerror}") from error


def good(folder: Path) -> list[Set]:
    """The good sets of a folder, the oldest first; what is none is left out."""
    found: list[Set] = []
    for path in sorted(folder.iterdir() if folder.is_dir() else ()):
        if NAME.fullmatch(path.name) and path.is_dir():
            try:
                found.append(read(path))
            except (BadSet, NotFound):
                continue
    return sorted(found, key=lambda one: (one.manifest.made_at, one.name))


def choose(path: Path) -> Set:
    """The set of a path, or the newest good one of a folder of sets. Raises NotFound, BadSet."""
    if (path / FILE).exists() or NAME.fullmatch(path.name):
        return read(path)
    there = good(path)
    if not there:
        raise NotFound(f"there is no good backup in {path}")
    return there[-1]


def clear_away(folder: Path) -> list[str]:
    """Removes what runs that were cut off have left; their names. Only for who holds the lock."""
    left = [path for path in folder.iterdir() if path.name.startswith((MAKING, GOING))]
    thin = [one for one in good(folder) if one.manifest.files_removed_at and (one.path / FILES).exists()]
    for path in (*left, *(one.path / FILES for one in thin)):
        copying.remove(path)
    return sorted(path.name for path in left)


def begin(folder: Path) -> Path:
    """A new folder for a set that is being made."""
    path = folder / f"{MAKING}{secrets.token_hex(6)}"
    path.mkdir(mode=0o700)
    (path / FILES).mkdir(mode=0o700)
    return path


def publish(making: Path, manifest: Manifest) -> Set:
    """From now on it is a set. All its files are on the disk by now; first the manifest is, then it gets its name."""
    folder = making.parent
    write_manifest(making, manifest)
    copying.sync_folders(making)
    name = f"{manifest.made_at.astimezone(UTC):%Y-%m-%dT%H%M%SZ}"
    path = next(one for one in _names(folder, name) if not one.exists())
    making.rename(path)
    copying.sync(folder)
    return Set(path, manifest)


def _names(folder: Path, name: str) -> Iterator[Path]:
    yield folder / name
    yield from (folder / f"{name}-{number}" for number in count(2))


def write_manifest(set_dir: Path, manifest: Manifest) -> None:
    """Whole or not at all."""
    part = set_dir / f".{FILE}.part"
    with part.open("wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(encode(manifest))
        file.flush()
        os.fsync(file.fileno())
    part.replace(set_dir / FILE)
    copying.sync(set_dir)


def prune(folder: Path, rule: Rule, now: datetime) -> tuple[str, ...]:
    """Removes what is older than it is kept; names of the sets that went. Only for who holds the lock."""
    there = {one.name: one for one in good(folder)}
    held = [Held(one.name, one.manifest.made_at, not one.manifest.files_removed_at) for one in there.values()]
    verdict = judge(held, rule, now)
    for name in verdict.remove_files:
        _thin(there[name], now)
    for name in verdict.remove:
        going = folder / f"{GOING}{name}"
        there[name].path.rename(going)  # first it is no set any more
        copying.sync(folder)
        copying.remove(going)
    return verdict.remove


def _thin(one: Set, now: datetime) -> None:
    """Its files go; first it says so."""
    kept = [one.manifest.dump]
    write_manifest(one.path, msgspec.structs.replace(one.manifest, entries=kept, files_removed_at=now))
    copying.remove(one.path / FILES)
