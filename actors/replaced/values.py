"""Values of dumps as they stand in JSON, CSV and SQL, read into what they mean. No I/O."""

import re
from collections.abc import Iterable
from typing import Any

import orjson

from actors.replaced import Beside, NotTaken, Row

LONGEST = 1_000_000  # characters of one text
_ARRAY_PART = re.compile(r'"((?:[^"\\]|\\.)*)"|([^,{}"]+)')
_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._@-]{0,99}")
ROLES = ("viewer", "researcher", "steward", "admin")


def text(row: Row, name: str) -> str | None:
    """None where nothing is said. Raises NotTaken."""
    value = row.get(name)
    if value is None or isinstance(value, dict | list):
        return None
    plain = str(value).strip()
    if len(plain) > LONGEST:
        raise NotTaken(f"{name}: expected at most {LONGEST:,} characters, got {len(plain):,}")
    return plain or None


def needed(row: Row, name: str) -> str:
    """Raises NotTaken."""
    value = text(row, name)
    if value is None:
        raise NotTaken(f"{name}: expected a value, got none")
    return value


def words(row: Row, name: str) -> tuple[str, ...]:
    """Several texts: a list, JSON of one, or PostgreSQL's {a,"b, c"}."""
    value = row.get(name)
    if isinstance(value, str):
        plain = value.strip()
        if plain.startswith("{") and plain.endswith("}"):
            value = [
                quoted.replace('\\"', '"').replace("\\\\", "\\") or bare
                for quoted, bare in _ARRAY_PART.findall(plain[1:-1])
            ]
        else:
            value = _json(plain, name) if plain.startswith("[") else [plain]
    if value is None:
        return ()
    if not isinstance(value, list):
        raise NotTaken(f"{name}: expected a list, got {str(value)[:60]!r}")
    found = (str(one).strip() for one in value if one is not None and not isinstance(one, dict | list))
    return tuple(dict.fromkeys(one for one in found if one and one != "NULL"))


def thing(row: Row, name: str) -> dict[str, Any]:
    """An object, or JSON of one; empty where there is none. Raises NotTaken."""
    value = row.get(name)
    value = _json(value, name) if isinstance(value, str) and value.strip() else value
    if value is None or value == "":
        return {}
    if not isinstance(value, dict):
        raise NotTaken(f"{name}: expected an object, got {str(value)[:60]!r}")
    return value


def things(row: Row, name: str) -> list[dict[str, Any]]:
    """Objects, or JSON of a list of them. Raises NotTaken."""
    value = row.get(name)
    value = _json(value, name) if isinstance(value, str) and value.strip() else value
    if value is None or value == "":
        return []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise NotTaken(f"{name}: expected a list of objects, got {str(value)[:60]!r}")
    return value


def _json(value: str, name: str) -> Any:
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise NotTaken(f"{name}: expected JSON, got {value[:60]!r}") from error


def says(value: Any) -> bool:
    """Whether a field says anything at all."""
    return value not in (None, "", [], {}, "{}", "[]", "null", False, "f", "false")


def left(row: Row, reasons: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The fields of a row that say something and are left out: `compensation (invented)`."""
    return tuple(f"{name} ({why})" for name, why in reasons if says(row.get(name)))


def login_of(beside: Beside, tables: Iterable[str], id_: str | None) -> str | None:
    """The login of somebody whom another table knows by a number."""
    if id_ is None:
        return None
    for table in tables:
        for row in beside.get(table, {}).get(id_, ()):
            return login(row)
    return None


def login(row: Row) -> str:
    """What somebody is known by: a mail address, or a name. Raises NotTaken."""
    value = text(row, "email") or text(row, "username") or needed(row, "name")
    if _LOGIN.fullmatch(value) is None:
        raise NotTaken(f"email: expected letters, digits and . _ @ - (100 at most), got {value[:60]!r}")
    return value.lower()
