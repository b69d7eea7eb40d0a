"""The OpenAPI document as people read it: operations by what they are about, and the types they speak of. No I/O."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")
PAGES_LAST = "Pages"  # what is for browsers, and not for programs


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    type: str
    type_name: str | None  # of the list of types, where it is one of those
    needed: bool
    where: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    status: str
    says: str
    media: tuple[str, ...]
    type_name: str | None


@dataclass(frozen=True, slots=True)
class Operation:
    id: str
    method: str
    path: str
    says: str
    role: str
    fields: tuple[Field, ...]
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Type:
    name: str
    says: str
    fields: tuple[Field, ...]


def groups(document: Mapping[str, Any], words: str = "") -> list[Group]:
    """Operations whose path, method, role or summary holds all of these words."""
    wanted = words.lower().split()
    found: dict[str, list[Operation]] = {}
    for path, item in document["paths"].items():
        for method in METHODS:
            if (told := item.get(method)) is not None:
                one = _operation(document, path, method, told)
                text = f"{one.method} {one.path} {one.says} {one.role}".lower()
                if all(word in text for word in wanted):
                    name = _about(path, told["tags"][0])
                    found.setdefault(name, []).append(one)
    ordered = sorted(found, key=lambda name: (name == PAGES_LAST, name))
    return [Group(name, tuple(sorted(found[name], key=lambda one: (one.path, one.method)))) for name in ordered]


def types(document: Mapping[str, Any]) -> list[Type]:
    schemas = document["components"]["schemas"]
    return [
        Type(name, str(schema.get("description", "")), tuple(_fields(document, schema)))
        for name, schema in sorted(schemas.items())
        if "properties" in schema
    ]


def _about(path: str, tag: str) -> str:
    if not path.startswith(("/api/", "/health", "/ready", "/live", "/metrics", "/openapi.json", "/ws/")):
        return PAGES_LAST
    words = tag.replace("_", " ")
    return words[:1].upper() + words[1:]


def _operation(document: Mapping[str, Any], path: str, method: str, told: Mapping[str, Any]) -> Operation:
    fields = [_field(document, one["name"], one["schema"], one["required"], one["in"]) for one in told["parameters"]]
    for content in told.get("requestBody", {}).get("content", {}).values():
        fields += [
            Field(one.name, one.type, one.type_name, one.needed, "body")
            for one in _fields(document, _resolved(document, content["schema"]))
        ]
    answers = tuple(_answer(document, status, answer) for status, answer in told["responses"].items())
    return Operation(told["operationId"], method.upper(), path, told["summary"], told["x-role"], tuple(fields), answers)


def _answer(document: Mapping[str, Any], status: str, told: Mapping[str, Any]) -> Answer:
    whole = _resolved(document, told)
    content = whole.get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    return Answer(status, whole["description"], tuple(content), _name_of(schema))


def _fields(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[Field]:
    needed = schema.get("required", ())
    for name, inner in schema.get("properties", {}).items():
        yield _field(document, name, inner, name in needed)


def _field(document: Mapping[str, Any], name: str, schema: Mapping[str, Any], needed: bool, where: str = "") -> Field:
    return Field(name, type_of(document, schema), _name_of(schema), needed, where)


def type_of(document: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """In a few words: `whole number, 1 to 200`, `list of text`, `one of done, dead`, the name of a type."""
    if (name := _direct(schema)) is not None:
        return name if "properties" in _resolved(document, schema) else type_of(document, _resolved(document, schema))
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(type_of(document, one) for one in schema["anyOf"]))
    if "enum" in schema:
        return "one of " + ", ".join(map(str, schema["enum"]))
    match schema.get("type"):
        case "array":
            return f"list of {type_of(document, schema['items'])}" if schema.get("items") else "list"
        case "string":
            return {"date": "day", "date-time": "time", "uuid": "UUID"}.get(
                schema.get("format", ""), "text"
            ) + _lengths(schema)
        case "integer" | "number" as kind:
            return ("whole number" if kind == "integer" else "number") + _bounds(schema)
        case "boolean":
            return "true or false"
        case "null":
            return "null"
        case "object":
            return "object"
    return "anything"


def _bounds(schema: Mapping[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f", {low:g} to {high:g}"
    if low is not None:
        return f", at least {low:g}"
    return f", at most {high:g}" if high is not None else ""


def _lengths(schema: Mapping[str, Any]) -> str:
    most = schema.get("maxLength")
    return f", at most {most} characters" if most is not None else ""


def _direct(schema: Mapping[str, Any]) -> str | None:
    return schema["$ref"].rpartition("/")[2] if "$ref" in schema else None


def _name_of(schema: Mapping[str, Any]) -> str | None:
    """The type that it is, or is a list of, or is if it is not null."""
    inner: Sequence[Mapping[str, Any]] = [schema, schema.get("items") or {}, *schema.get("anyOf", ())]
    return next((name for one in inner if (name := _direct(one)) is not None), None)


def _resolved(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Any = schema
    while "$ref" in found:
        part: Any = document
        for word in found["$ref"].removeprefix("#/").split("/"):
            part = part[word]
        found = part
    return found  # type: ignore[no-any-return]  # a part of a JSON document
