"""A request's query and body, checked against the types that a handler asks for. No I/O."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, get_args, get_origin

import msgspec

from supervisor.web.problems import Refused

T = TypeVar("T")

_PLACE = re.compile(r" - at `\$\.?(?P<field>[^`]*)`$")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<field>.*?)`", re.S)
_MISSING = re.compile(r"Object missing required field `(?P<field>.*?)`", re.S)


def read_query(pairs: Sequence[tuple[str, str]], kind: type[T]) -> T:
    """The query parameters, or the fields of a form, as `kind`; one without a value counts as not given.

    Raises Refused, naming the parameter.
    """
    many = _with_many(kind)
    given: dict[str, Any] = {}
    for name, value in pairs:
        _check_text(name, "query")
        _check_text(value, name)
        if value == "":
            continue
        if name in many:
            given.setdefault(name, []).append(value)
        elif name in given:
            raise Refused.field(name, "expected once, given twice")
        else:
            given[name] = value
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _refused(error) from error


def read_body(body: bytes, media_type: str, kind: type[T]) -> T:
    """The body as `kind`; none at all is an empty object. Raises Refused, naming the field."""
    if body and media_type != "application/json":
        raise Refused(415, "unsupported_media_type", f"body: expected application/json, got {media_type!r}")
    try:
        read = msgspec.json.decode(body or b"{}", type=kind)
    except msgspec.ValidationError as error:
        raise _refused(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused(400, "malformed", f"body: expected JSON: {error}", {"field": "body"}) from error
    _check_texts(msgspec.to_builtins(read), "body")
    return read


def _refused(error: msgspec.ValidationError) -> Refused:
    text = str(error)
    for pattern, problem in ((_UNKNOWN, "there is no such parameter"), (_MISSING, "expected, but not given")):
        if match := pattern.match(text):
            return Refused.field(match["field"], problem)
    match = _PLACE.search(text)
    field = match["field"].split("[")[0] if match else "body"
    return Refused.field(field, _PLACE.sub("", text).replace("`", ""))


def _with_many(kind: Any) -> frozenset[str]:
    """The fields that may be given several times."""
    fields = msgspec.structs.fields(kind)
    return frozenset(one.encode_name for one in fields if (get_origin(one.type) or one.type) in (tuple, list))


def _check_texts(value: object, field: str) -> None:
    match value:
        case str():
            _check_text(value, field)
        case Mapping():
            for name, item in value.items():
                _check_texts(item, str(name))
        case list() | tuple():
            for item in value:
                _check_texts(item, field)


def _check_text(text: str, field: str) -> None:
    """PostgreSQL holds neither NUL nor half of a surrogate pair."""
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise Refused.field(
            field.encode(errors="replace").decode().replace("\0", "?"), "expected text without NUL and lone surrogates"
        )


def many_of(kind: Any) -> tuple[str, ...]:
    """The values that a closed vocabulary allows."""
    return tuple(get_args(kind))
