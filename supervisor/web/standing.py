"""Which registries do not answer: told by every answer that shows what is held of them, in one way.

Before a handler of such a route runs, its request learns how each registry stands; a page then has a banner, JSON a
field `sources`, and any answer a header. A handler that shows some registries alone says which.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import fields, is_dataclass, make_dataclass
from datetime import UTC
from functools import cache
from typing import Any, cast

import msgspec
from aiohttp import web

from supervisor.sources import Source, asked_of
from supervisor.sources import notices as notices_of

FIELD = "sources"
HEADER = "X-Registries-Unavailable"

_KNOWN: "web.RequestKey[tuple[Source, ...]]" = web.RequestKey("sources", tuple)
_TOLD: "web.RequestKey[tuple[Source, ...]]" = web.RequestKey("told", tuple)
_OF: "web.RequestKey[tuple[str, ...]]" = web.RequestKey("registries", tuple)


def know(request: web.Request, known: Sequence[Source]) -> None:
    """How every registry stands."""
    request[_KNOWN] = tuple(known)
    request.pop(_TOLD, None)


def shows_only(request: web.Request, registries: Iterable[str]) -> None:
    """What is answered is of these registries; where none is named it is of all."""
    request[_OF] = tuple(sorted(registries))
    request.pop(_TOLD, None)


def shows_records_of(request: web.Request, registries: Iterable[str]) -> None:
    """The same, where records of these are shown: one that nobody has looked at yet is not complete either."""
    names, known = set(registries), request.get(_KNOWN, ())
    unseen = sorted(names - {one.registry for one in known})
    know(request, (*known, *(Source(name, "never", None, None) for name in unseen)))
    shows_only(request, names)


def sources(request: web.Request) -> tuple[Source, ...]:
    """How the registries stand whose data the answer shows."""
    told = request.get(_TOLD)
    if told is None:
        request[_TOLD] = told = asked_of(request.get(_KNOWN, ()), request.get(_OF, ()))
    return told


def notices(request: web.Request) -> Sequence[str]:
    """What a reader of the answer must know of them."""
    return notices_of(sources(request))


def header(request: web.Request) -> str | None:
    """The registries that do not answer, each with since when."""
    if _KNOWN not in request:
        return None
    silent = [(one.registry, one.unavailable_since) for one in sources(request) if one.unavailable_since]
    return ", ".join(f"{name};since={at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" for name, at in silent) or None


def with_sources(result: Any, request: web.Request) -> bytes:
    """An answer as JSON, with how its registries stand where it does not tell of them itself."""
    encoded = msgspec.json.encode(result)
    return encoded if FIELD in _names(cast(Hashable, type(result))) else added(encoded, request)


def added(encoded: bytes, request: web.Request) -> bytes:
    """A JSON object, with how its registries stand."""
    told = msgspec.json.encode(sources(request))
    return b"".join((encoded[:-1], b"," if len(encoded) > 2 else b"", b'"', FIELD.encode(), b'":', told, b"}"))


@cache
def told_type(answer: Any) -> Any:
    """The type of such an answer, for those who describe it."""
    if FIELD in _names(cast(Hashable, answer)):
        return answer
    name, added = f"{answer.__name__}WithSources", [(FIELD, tuple[Source, ...])]
    if is_dataclass(answer) and isinstance(answer, type):
        space = {"__doc__": answer.__doc__, "__module__": answer.__module__}
        return make_dataclass(name, added, bases=(answer,), namespace=space, frozen=True, slots=True, kw_only=True)
    space = {"__doc__": answer.__doc__}
    return msgspec.defstruct(
        name, added, bases=(answer,), namespace=space, module=answer.__module__, frozen=True, kw_only=True
    )


@cache
def _names(kind: Any) -> Sequence[str]:
    return [one.name for one in fields(kind)] if is_dataclass(kind) else kind.__struct_fields__
