"""What is backed up, and where it is. No I/O."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

from actors.runtime.database import Database

ACTS_FOR_ALL = "-c triald.tenant=*"  # row-level security then hides nothing, also where we are no superuser
NamedFiles = Callable[[Database], Awaitable[dict[str, set[str]]]]


@dataclass(frozen=True, slots=True)
class Place:
    """A database by its URL, past a pooler where there is one, and the folder of its files."""

    url: str = field(repr=False)  # it may hold a password
    files: Path
    bin_dirs: tuple[Path, ...]  # where pg_dump and pg_restore may be, the best first
    version: str
    named: NamedFiles  # keys of files that rows name, by their prefix


def database_of(url: str) -> str:
    """The name of the database that a URL leads to."""
    return unquote(urlsplit(url).path.removeprefix("/")) or unquote(urlsplit(url).username or "postgres")


def with_database(url: str, name: str) -> str:
    """The same server and user, another database."""
    return _joined(urlsplit(url)._replace(path=f"/{quote(name, safe='')}"))


def for_programs(url: str) -> tuple[str, dict[str, str]]:
    """The URL without its password, which others could see among the arguments, and the environment that has it."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    password = query.pop("password", None) or (unquote(parts.password) if parts.password else None)
    query["options"] = " ".join(one for one in (query.get("options"), ACTS_FOR_ALL) if one)
    user, _, host = parts.netloc.rpartition("@")
    netloc = f"{user.partition(':')[0]}@{host}" if user else host
    bare = _joined(parts._replace(netloc=netloc, query=urlencode(query, quote_via=quote)))
    return bare, {"PGPASSWORD": password} if password else {}


def _joined(parts: SplitResult) -> str:
    """With its // also where no host follows, which urlunsplit leaves out."""
    return f"{parts.scheme}://{parts.netloc}{parts.path}" + (f"?{parts.query}" if parts.query else "")
