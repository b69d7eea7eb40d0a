"""Whether a value is as a JSON Schema says: the part of it that the OpenAPI document speaks. No I/O."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

TYPES: Mapping[str, type | tuple[type, ...]] = {
    "object": dict, "array": list, "string": str, "boolean": bool, "null": type(None), "number": (int, float),
    "integer": int,
}  # fmt: skip
SAID = {
    "$ref", "type", "anyOf", "enum", "const", "properties", "required", "additionalProperties", "items", "prefixItems",
    "minItems", "maxItems", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "format", "default",
    "title", "description",
}  # fmt: skip
FORMATS = {
    "date-time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", "date": r"\d{4}-\d\d-\d\d",
    "uuid": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
}  # fmt: skip


def problems(value: Any, schema: Mapping[str, Any], document: Mapping[str, Any], at: str = "$") -> Iterator[str]:
    """What is not as described, each with its place."""
    if unknown := schema.keys() - SAID:
        yield f"{at}: the schema says {sorted(unknown)}, which is not understood here"
    if "$ref" in schema:
        yield from problems(value, resolved(schema["$ref"], document), document, at)
        return
    if "anyOf" in schema:
        if not any(not list(problems(value, one, document, at)) for one in schema["anyOf"]):
            yield f"{at}: {value!r} is none of {schema['anyOf']}"
        return
    if "type" in schema and not _is(value, schema["type"]):
        yield f"{at}: {value!r} is no {schema['type']}"
        return
    if value not in schema.get("enum", [value]) or value != schema.get("const", value):
        yield f"{at}: {value!r} is not one of {schema.get('enum', schema.get('const'))}"
    if isinstance(value, str) and not re.fullmatch(FORMATS.get(schema.get("format", ""), ".*"), value, re.S):
        yield f"{at}: {value!r} is no {schema['format']}"
    match value:
        case dict():
            yield from _object(value, schema, document, at)
        case list():
            yield from _array(value, schema, document, at)


def resolved(reference: str, document: Mapping[str, Any]) -> Any:
    found: Any = document
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, TYPES[kind])


def _object(value: dict[str, Any], schema: Mapping[str, Any], document: Mapping[str, Any], at: str) -> Iterator[str]:
    known = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{at}: {name} is missing"
    for name, part in value.items():
        if name in known:
            yield from problems(part, known[name], document, f"{at}.{name}")
        elif isinstance(rest := schema.get("additionalProperties"), Mapping):
            yield from problems(part, rest, document, f"{at}.{name}")
        elif known:
            yield f"{at}: {name} is not described"


def _array(value: list[Any], schema: Mapping[str, Any], document: Mapping[str, Any], at: str) -> Iterator[str]:
    if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
        yield f"{at}: {len(value)} items"
    first = schema.get("prefixItems", ())
    for number, part in enumerate(value):
        inner = first[number] if number < len(first) else schema.get("items")
        if inner:
            yield from problems(part, inner, document, f"{at}[{number}]")
