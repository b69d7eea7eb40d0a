"""What a set holds, as its manifest.json says it. No I/O."""

import hashlib
import re
from datetime import datetime

import msgspec

from actors.errors import Refusal

FORMAT = 1
FILE = "manifest.json"
DUMP = "database.dump"
FILES = "files"
# What LocalFiles keeps, with the types that lie beside it: plain names, never . or .. or an absolute path.
PATH = re.compile(r"(database\.dump|files(/\.?[A-Za-z0-9_-][A-Za-z0-9._-]{0,119}){1,10})")


class BadSet(Refusal):
    """A folder is no set that can be trusted; the message says what is wrong with it."""


class Entry(msgspec.Struct, frozen=True):
    """A file of the set; its path is below the set's folder."""

    path: str
    size_bytes: int
    sha256: str
    modified_ns: int = 0


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: int
    triald: str  # the version that made it
    made_at: datetime
    schema_version: int  # number of the last migration
    postgres: int  # version of the server, 180004
    dumped_by: int  # major version of pg_dump: an older pg_restore cannot read it
    lsn: str
    snapshot: str
    rows: dict[str, int]  # of each table; unlogged ones are not in the set
    entries: list[Entry]
    files_removed_at: datetime | None = None  # its files were older than they are kept; the database is there still
    sha256: str = ""  # of this manifest with an empty one

    @property
    def dump(self) -> Entry:
        return next(one for one in self.entries if one.path == DUMP)

    @property
    def files(self) -> list[Entry]:
        return [one for one in self.entries if one.path != DUMP]

    @property
    def size_bytes(self) -> int:
        return sum(one.size_bytes for one in self.entries)


def encode(manifest: Manifest) -> bytes:
    """With its own hash; indented, for people read it too."""
    return msgspec.json.format(msgspec.json.encode(_sealed(manifest)), indent=1) + b"\n"


def decode(content: bytes, where: str) -> Manifest:
    """Raises BadSet."""
    try:
        found = msgspec.json.decode(content, type=Manifest)
    except msgspec.MsgspecError as error:
        raise BadSet(_newer(content, where) or f"{where}: its {FILE} cannot be read: {error}") from error
    if found.format != FORMAT:
        raise BadSet(_newer(content, where) or f"{where}: its format {found.format} is unknown here")
    if _sealed(found).sha256 != found.sha256:
        raise BadSet(f"{where}: its {FILE} was changed after it was made")
    strange = [one.path for one in found.entries if not PATH.fullmatch(one.path)]
    if strange:
        raise BadSet(f"{where}: it names {strange[0][:200]!r}, which no set holds")
    if sum(one.path == DUMP for one in found.entries) != 1:
        raise BadSet(f"{where}: it names no {DUMP}")
    return found


def _sealed(manifest: Manifest) -> Manifest:
    bare = msgspec.structs.replace(manifest, sha256="")
    return msgspec.structs.replace(bare, sha256=hashlib.sha256(msgspec.json.encode(bare)).hexdigest())


def _newer(content: bytes, where: str) -> str | None:
    """What to say of a set that a later triald has made."""
    try:
        number = msgspec.json.decode(content).get("format")
    except (msgspec.MsgspecError, AttributeError):
        return None
    newer = isinstance(number, int) and number > FORMAT
    return (
        f"{where}: it is of format {number}, and this triald reads {FORMAT}: restore it with a newer one"
        if newer
        else None
    )
