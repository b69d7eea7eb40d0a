"""The OpenAPI document, from the table of routes and the types of their handlers. No I/O."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import msgspec

from supervisor.roles import Role
from supervisor.web.bodies import FILE
from supervisor.web.problems import Envelope
from supervisor.web.refusable import HAS_RETRY_AFTER, SAYS, refusals, shows_pages
from supervisor.web.route import Nothing, Route, Shape, shape_of

REF = "#/components/schemas/{name}"
PART = re.compile(r"\{(\w+)(?::[^}]*)?\}")
_TEXT = {"schema": {"type": "string"}}
IDEMPOTENCY = {
    "name": "Idempotency-Key", "in": "header", "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
    "description": "Sent again with the same key, the command has no second effect and gets the first answer.",
}  # fmt: skip


_COUNT = {"type": "integer", "minimum": 0}
ALSO = {206: "The part that was asked for", 304: "It is as it was"}
PAGE: dict[str, object] = {"text/html": _TEXT}
HEADERS = {
    "X-Request-Id": {**_TEXT, "description": "Finds the log lines of this request, and of the jobs that it asked for."},
    "Retry-After": {"schema": _COUNT, "description": "Seconds until it may be asked again."},
    "RateLimit-Limit": {"schema": _COUNT, "description": "Requests that may be asked in a row."},
    "RateLimit-Remaining": {"schema": _COUNT, "description": "Of these, how many are left now."},
    "RateLimit-Reset": {"schema": _COUNT, "description": "Seconds until all of them are back."},
}
HEADERS_OF_ALL = ("X-Request-Id",)
HEADERS_OF_RATES = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")


def document(routes: Iterable[tuple[str, Route]], version: str) -> dict[str, object]:
    """`routes` are pairs of resource name and route."""
    shapes = [(resource, route, _told_of(route)) for resource, route in routes]
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
            "headers": HEADERS,
            "responses": _problems(schemas[0]),
        },
    }


def _problems(envelope: object) -> dict[str, object]:
    """What each refusal looks like, as JSON alone and where a browser gets a page."""
    found: dict[str, object] = {}
    for status, says in SAYS.items():
        headers = {name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-Id", *_waits(status))}
        told: dict[str, object] = {**_json(says, envelope), "headers": headers}
        found[f"Refused{status}"] = told
        found[f"Shown{status}"] = {**told, "content": {"application/json": {"schema": envelope}, **PAGE}}
    return found


def _waits(status: int) -> tuple[str, ...]:
    return ("Retry-After",) if status in HAS_RETRY_AFTER else ()


def _told_of(route: Route) -> Shape:
    """What a route receives has no type: it is bytes."""
    shape = shape_of(route)
    return shape if route.receive is None else replace(shape, body=Nothing)


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
            *([IDEMPOTENCY] if route.is_command and not route.form and route.receive is None else ()),
        ],
        "responses": _responses(route, shape, by_type),
    }
    if shape.body is not Nothing:
        media = "application/x-www-form-urlencoded" if route.form else "application/json"
        needed = not _may_be_empty(shape.body)
        told["requestBody"] = {"required": needed, "content": {media: {"schema": by_type[id(shape.body)]}}}
    if route.receive is not None:
        told["requestBody"] = {"required": True, "content": {route.takes: {"schema": _received(route)}}}
    return told


def _received(route: Route) -> dict[str, object]:
    if not route.form:
        return {"type": "string", "format": "binary"}
    return {"type": "object", "required": [FILE], "properties": {FILE: {"type": "string", "format": "binary"}}}


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
    kind = "Shown" if shows_pages(route) else "Refused"
    told: dict[str, object] = {
        str(status): {"$ref": f"#/components/responses/{kind}{status}"} for status in refusals(route)
    }
    if kind == "Shown" and route.role is not Role.ANYONE:
        told["303"] = {"description": "A browser is led to the login", "headers": {"Location": _TEXT}}
    return dict(sorted((told | _well(route, shape, by_type)).items()))


def _well(route: Route, shape: Shape, by_type: Mapping[int, Any]) -> dict[str, object]:
    match route.status:
        case 101:
            return {"101": {"description": "A WebSocket"}}
        case 303:
            return {"303": {"description": "Done; see there", "headers": {"Location": _TEXT}}}
    told_with = HEADERS_OF_ALL if not route.metered else HEADERS_OF_ALL + HEADERS_OF_RATES
    headers: dict[str, object] = {"headers": {name: {"$ref": f"#/components/headers/{name}"} for name in told_with}}
    if shape.answer is None:
        body = {"schema": {"type": "object"}} if route.media == "application/json" else {}  # of whatever fields
        return {str(route.status): {"description": "Well", "content": {route.media: body}, **headers}}
    schema = by_type[id(shape.answer)]
    told: dict[str, object] = {str(route.status): {**_json("Well", schema), **headers}}
    return told | {str(status): _unwell(route, schema) for status in route.also}


def _unwell(route: Route, schema: object) -> dict[str, object]:
    """The same answer, told of what is not well; where the request itself was refused it is an envelope."""
    either = {"anyOf": [schema, {"$ref": REF.format(name=Envelope.__name__)}]}
    content: dict[str, object] = {"application/json": {"schema": either}}
    return {"description": "Not well", "content": content | (PAGE if shows_pages(route) else {})}


def _json(description: str, schema: object) -> dict[str, object]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}
