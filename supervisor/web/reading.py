"""A request's query and body, checked against the types that a handler asks for. No I/O."""

import re
from collections.abc import Hashable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any, TypeVar, cast
from urllib.parse import parse_qsl

import msgspec
import msgspec.inspect

from supervisor.web.problems import Refused

T = TypeVar("T")

FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 250  # a page of jobs with every one of them chosen

IN_OTHER_WORDS = MappingProxyType({
    "Invalid RFC3339 encoded date": "expected a day such as 2026-01-31",
    "Invalid RFC3339 encoded datetime": "expected a time such as 2026-01-31T00:00:00Z",
})  # fmt: skip

_PLACE = re.compile(r" - at `\$\.?(?P<field>[^`]*)`$")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<field>.*?)`", re.S)
_MISSING = re.compile(r"Object missing required field `(?P<field>.*?)`", re.S)


def read_query(pairs: Sequence[tuple[str, str]], kind: type[T]) -> T:
    """The query parameters, or the fields of a form, as `kind`; one without a value counts as not given.

    Raises Refused, naming the parameter.
    """
    many = _with_many(cast(Hashable, kind))
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


def read_form(body: bytes, media_type: str, kind: type[T]) -> T:
    """The body that a page's form makes, as `kind`. Raises Refused, naming the field."""
    if body and media_type != FORM:
        raise Refused(415, "unsupported_media_type", f"body: expected {FORM}, got {media_type!r}")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise Refused.field("body", f"expected a form: {error}") from error
    return read_query(pairs, kind)


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
    problem = _PLACE.sub("", text).replace("`", "")
    return Refused.field(field, IN_OTHER_WORDS.get(problem, problem))


@cache
def _with_many(kind: Any) -> frozenset[str]:
    """The fields that may be given several times."""
    told = msgspec.inspect.type_info(kind)
    if not isinstance(told, msgspec.inspect.StructType):
        return frozenset()
    many = (msgspec.inspect.VarTupleType, msgspec.inspect.ListType)
    return frozenset(one.encode_name for one in told.fields if isinstance(one.type, many))


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
