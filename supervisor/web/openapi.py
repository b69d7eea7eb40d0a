"""The OpenAPI document, from the table of routes and the types of their handlers. No I/O."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from supervisor.roles import Role
from supervisor.web.problems import Envelope
from supervisor.web.route import Nothing, Route, Shape, shape_of

REF = "#/components/schemas/{name}"
PART = re.compile(r"\{(\w+)(?::[^}]*)?\}")
_TEXT = {"schema": {"type": "string"}}
IDEMPOTENCY = {
    "name": "Idempotency-Key", "in": "header", "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
    "description": "Sent again with the same key, the command has no second effect and gets the first answer.",
}  # fmt: skip


def document(routes: Iterable[tuple[str, Route]], version: str) -> dict[str, object]:
    """`routes` are pairs of resource name and route."""
    shapes = [(resource, route, shape_of(route)) for resource, route in routes]
    types = list({id(kind): kind for _, _, shape in shapes for kind in _types(shape)}.values())
    schemas, components = msgspec.json.schema_components([Envelope, *types], ref_template=REF)
    by_type = {id(kind): schema for kind, schema in zip(types, schemas[1:], strict=True)}
    paths: dict[str, dict[str, object]] = {}
    for resource, route, shape in shapes:
        operation = _operation(resource, route, shape, by_type, components)
        paths.setdefault(PART.sub(r"{\1}", route.path), {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "triald", "version": version},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "triald_session"},
            },
            "responses": {"Problem": _json("What went wrong", schemas[0])},
        },
    }


def _types(shape: Shape) -> list[Any]:
    return [kind for kind in (shape.query, shape.body, shape.answer) if kind not in (None, Nothing)]


def _operation(
    resource: str, route: Route, shape: Shape, by_type: Mapping[int, Any], components: Mapping[str, Any]
) -> dict[str, object]:
    told: dict[str, object] = {
        "tags": [resource],
        "summary": route.summary,
        "operationId": f"{resource}_{route.handler.__name__}",
        "x-role": route.role.word,
        "security": [] if route.role is Role.ANYONE else [{"token": []}, {"session": []}],
        "parameters": [
            *_in_path(route.path),
            *(_in_query(by_type[id(shape.query)], components) if shape.query is not Nothing else ()),
            *([IDEMPOTENCY] if route.is_command and not route.form else ()),
        ],
        "responses": _responses(route, shape, by_type),
    }
    if shape.body is not Nothing:
        media = "application/x-www-form-urlencoded" if route.form else "application/json"
        needed = not _may_be_empty(shape.body)
        told["requestBody"] = {"required": needed, "content": {media: {"schema": by_type[id(shape.body)]}}}
    return told


def _may_be_empty(kind: Any) -> bool:
    try:
        msgspec.convert({}, kind)
    except msgspec.ValidationError:
        return False
    return True


def _in_path(path: str) -> list[dict[str, object]]:
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in PART.findall(path)]


def _in_query(reference: Mapping[str, str], components: Mapping[str, Any]) -> list[dict[str, object]]:
    schema = components[reference["$ref"].rpartition("/")[2]]
    required = schema.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in required, "schema": kind}
        for name, kind in schema["properties"].items()
    ]


def _responses(route: Route, shape: Shape, by_type: Mapping[int, Any]) -> dict[str, object]:
    problem: dict[str, object] = {"default": {"$ref": "#/components/responses/Problem"}}
    match route.status:
        case 101:
            return {"101": {"description": "A WebSocket"}} | problem
        case 303:
            return {"303": {"description": "Done; see there", "headers": {"Location": _TEXT}}} | problem
    if shape.answer is None:
        return {str(route.status): {"description": "Well", "content": {route.media: {}}}} | problem
    well = _json("Well", by_type[id(shape.answer)])
    unwell = {str(status): _json("Not well", by_type[id(shape.answer)]) for status in route.also}
    return {str(route.status): well} | unwell | problem


def _json(description: str, schema: object) -> dict[str, object]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}
