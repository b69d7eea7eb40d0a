"""Bytes under a key: `LocalFiles` keeps them in a folder.

A key is a path of plain names, `reports/2026/cer-12.pdf`. What is put is there whole or not at all, also after a
power cut; putting a key again replaces it. Beside the bytes of `a/b.pdf` lies its media type, `a/.b.pdf.type`.
"""

import asyncio
import contextlib
import errno
import hashlib
import hmac
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import urlencode

from actors.errors import NotFound, Refusal, Unavailable

KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}(/[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}){0,9}")
MEDIA_TYPE = re.compile(r"[a-z]+/[A-Za-z0-9.+-]+(; ?[a-z]+=[A-Za-z0-9._-]+)*")
MAX_BYTES = 1 << 30
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class BadKey(Refusal):
    """A key is not a path of plain names, or leads out of where files are kept."""


class TooLarge(Refusal):
    """More bytes than one file may have."""


class DiskFull(Unavailable):
    """There is no room for a file; nothing of it was kept."""


class FilesUnavailable(Unavailable):
    """The place where files are kept cannot be read or written."""


@dataclass(frozen=True, slots=True)
class File:
    body: bytes
    media_type: str


class Files(Protocol):
    """Where bytes are kept. Raises BadKey, TooLarge; NotFound from `get`; Unavailable when it does not work."""

    async def put(self, key: str, body: bytes, media_type: str) -> None:
        """Keeps the bytes, in place of what the key had."""

    async def get(self, key: str) -> File:
        """What was put last."""

    async def url(self, key: str, ttl_s: float) -> str:
        """Where a browser can read the key without further rights for a while; whether it is there is not asked."""

    async def delete(self, key: str) -> None:
        """The key is gone, also if it never was."""


class LocalFiles:
    """Files in a folder. Its URLs are paths below `url_prefix`, signed with `secret`; see `opens`."""

    def __init__(
        self,
        root: Path,
        *,
        secret: bytes,
        url_prefix: str = "/files",
        max_bytes: int = MAX_BYTES,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._root = root
        self._secret = secret
        self._url_prefix = url_prefix
        self._max_bytes = max_bytes
        self._now = now

    async def put(self, key: str, body: bytes, media_type: str) -> None:
        if len(body) > self._max_bytes:
            raise TooLarge(f"{key} has {len(body)} bytes; a file may have {self._max_bytes}")
        if not MEDIA_TYPE.fullmatch(media_type):
            raise BadKey(f"{key} is given a media type that is none: {media_type!r}")
        await asyncio.to_thread(_put, self._root, checked(key), body, media_type)

    async def get(self, key: str) -> File:
        return await asyncio.to_thread(_get, self._root, checked(key), self._max_bytes)

    async def url(self, key: str, ttl_s: float) -> str:
        until = int(self._now() + ttl_s)
        query = urlencode({"until": until, "signature": signature(checked(key), until, self._secret)})
        return f"{self._url_prefix}/{key}?{query}"

    async def delete(self, key: str) -> None:
        await asyncio.to_thread(_delete, self._root, checked(key))

    async def incoming(self, key: str, media_type: str) -> "Incoming":
        """A file that comes in parts. Whoever asks for one drops it in the end, also where it was kept."""
        if not MEDIA_TYPE.fullmatch(media_type):
            raise BadKey(f"{key} is given a media type that is none: {media_type!r}")
        return await asyncio.to_thread(Incoming, self._root, checked(key), media_type)

    async def opened(self, key: str) -> BinaryIO:
        """What was put last, to be read in parts and closed. Raises NotFound."""
        return await asyncio.to_thread(_opened, self._root, checked(key))

    async def forget(self, key: str) -> None:
        """The key is gone, and whatever came for it and was never kept."""
        await self.delete(key)
        await asyncio.to_thread(_drop_parts, self._root, key)

    def scratch(self, name: str) -> Path:
        """A folder of this machine for work in progress, beside the files; no key leads there. Nothing keeps it."""
        return self._root / ".scratch" / checked(name)

    def older(self, than: datetime) -> list[str]:
        """The keys whose bytes were put before; what a crash left half written is removed. Reads the whole folder."""
        return _older(self._root, than.timestamp())

    def opens(self, key: str, until: int, signed: str) -> bool:
        """Whether a URL that was made by `url` is genuine and still good."""
        genuine = hmac.compare_digest(signature(key, until, self._secret), signed)
        return genuine and self._now() <= until


class Incoming:
    """What has come so far of a file that is kept whole or not at all, as `put` does, and is never whole in memory."""

    def __init__(self, root: Path, key: str, media_type: str) -> None:
        self._root, self._key, self._media_type = root, key, media_type
        self._digest = hashlib.sha256()
        self.size_bytes = 0
        with _translated(key):
            self._path = _path(root, key)
            self._made = _make_folder(root, self._path.parent)
            self._part = _part_path(self._path)
            self._file = self._part.open("xb")

    @property
    def sha256(self) -> bytes:
        return self._digest.digest()

    async def write(self, some: bytes) -> None:
        """Raises DiskFull, FilesUnavailable."""
        await asyncio.to_thread(self._write, some)

    async def keep(self) -> None:
        """It is there under its key, also after a power cut."""
        await asyncio.to_thread(self._keep)

    async def drop(self) -> None:
        """What was not kept is gone."""
        await asyncio.to_thread(self._drop)

    def _write(self, some: bytes) -> None:
        with _translated(self._key):
            self._file.write(some)
        self._digest.update(some)
        self.size_bytes += len(some)

    def _keep(self) -> None:
        with _translated(self._key):
            self._file.flush()
            os.fsync(self._file.fileno())
            types = _type_path(self._path)
            with _part(types, self._media_type.encode()) as new_type:
                new_type.replace(types)
            self._part.replace(self._path)
            for folder in (self._path.parent, *self._made):
                _sync(folder)

    def _drop(self) -> None:
        with contextlib.suppress(OSError):  # what a full disk did not take is not taken now either
            self._file.close()
        self._part.unlink(missing_ok=True)


def checked(key: str) -> str:
    """The key. No I/O. Raises BadKey."""
    if not KEY.fullmatch(key):
        raise BadKey(f"{key[:200]!r} is no key: plain names of letters, digits, . _ -, with / between")
    return key


def signature(key: str, until: int, secret: bytes) -> str:
    """What proves that this service gave out a URL for a key, good until then. No I/O."""
    return hmac.new(secret, f"{until}\n{key}".encode(), hashlib.sha256).hexdigest()


def free_bytes(root: Path) -> int:
    """The room that is left for us on the disk of a folder."""
    return shutil.disk_usage(root).free


def _put(root: Path, key: str, body: bytes, media_type: str) -> None:
    with _translated(key):
        path = _path(root, key)
        if path.is_dir():
            raise IsADirectoryError
        made = _make_folder(root, path.parent)
        types = _type_path(path)
        with _part(path, body) as new_body, _part(types, media_type.encode()) as new_type:
            new_type.replace(types)
            new_body.replace(path)
        for folder in (path.parent, *made):
            _sync(folder)


def _get(root: Path, key: str, max_bytes: int) -> File:
    with _translated(key):
        path = _there(root, key)
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size > max_bytes:
                raise TooLarge(f"{key} is larger than the {max_bytes} bytes that a file may have")
            return File(file.read(), _type_path(path).read_text("utf-8"))


def _opened(root: Path, key: str) -> BinaryIO:
    with _translated(key):
        return _there(root, key).open("rb")


def _drop_parts(root: Path, key: str) -> None:
    path = _path(root, key)
    with _translated(key):
        for part in path.parent.glob(f".{path.name}.*.part"):  # a key holds nothing that a pattern would understand
            part.unlink(missing_ok=True)


def _delete(root: Path, key: str) -> None:
    with contextlib.suppress(NotFound), _translated(key):
        path = _there(root, key)
        path.unlink()
        _type_path(path).unlink(missing_ok=True)
        _sync(path.parent)


def _older(root: Path, than_s: float) -> list[str]:
    keys: list[str] = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        for name in sorted(names):
            path = Path(folder) / name
            with contextlib.suppress(FileNotFoundError):  # replaced or deleted meanwhile
                if path.stat().st_mtime >= than_s:
                    continue
                if name.startswith(".") and name.endswith(".part"):
                    path.unlink()
                elif not name.startswith("."):
                    keys.append(path.relative_to(root).as_posix())
    return keys


def _path(root: Path, key: str) -> Path:
    path = root / key
    if not path.resolve().is_relative_to(root.resolve()):
        raise BadKey(f"{key} leads out of where files are kept")
    return path


def _there(root: Path, key: str) -> Path:
    path = _path(root, key)
    if not path.is_file():
        raise NotFound(f"there is no file {key}")
    return path


def _type_path(path: Path) -> Path:
    return path.with_name(f".{path.name}.type")


def _make_folder(root: Path, folder: Path) -> list[Path]:
    """Makes a folder; gives those whose entries changed by it, down to the root."""
    if folder.is_dir():
        return []
    folder.mkdir(parents=True, exist_ok=True)
    return [above for above in folder.parents if above == root or above.is_relative_to(root)]


@contextlib.contextmanager
def _part(path: Path, body: bytes) -> Iterator[Path]:
    """The bytes, safe on the disk under a name of their own beside `path`; gone again if nobody renames it."""
    part = _part_path(path)
    try:
        with part.open("xb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        yield part
    finally:
        part.unlink(missing_ok=True)


def _part_path(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _translated(key: str) -> Iterator[None]:
    """An error of the disk in our words."""
    try:
        yield
    except FileNotFoundError as error:
        raise NotFound(f"there is no file {key}") from error
    except (NotADirectoryError, IsADirectoryError, FileExistsError) as error:
        raise BadKey(f"{key} lies below or above another file") from error
    except OSError as error:
        if error.errno in NO_ROOM:
            raise DiskFull(f"there is no room for {key}") from error
        raise FilesUnavailable(f"{key}: {error.strerror}") from error
