"""The OpenAPI document: it lists every route, and all that it refers to is there."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from supervisor.roles import Role
from supervisor.web.app import all_routes, resources
from tests.supervisor.web.asking import Api

DOCS = Path(__file__).parents[3] / "docs" / "http.md"
METHODS = {"get", "put", "post", "delete", "patch"}


async def test_it_lists_every_route_with_its_role(api: Api) -> None:
    """N29: the document is made from the table of routes and cannot differ from it."""
    told = await api.get("/openapi.json")
    listed = {(method, path): operation for path, item in told["paths"].items() for method, operation in item.items()}
    expected = {(route.method.lower(), route.path): route.role for _, route in all_routes()}
    assert {key: operation["x-role"] for key, operation in listed.items()} == {
        key: role.word for key, role in expected.items()
    }
    for key, operation in listed.items():
        assert bool(operation["security"]) == (expected[key] > Role.ANYONE), key
        assert operation["summary"], key


async def test_it_holds_together(api: Api) -> None:
    """N29: version, paths, unique operations, parameters for each part of a path, references that lead somewhere."""
    told = await api.get("/openapi.json")
    assert re.fullmatch(r"3\.1\.\d+", told["openapi"])
    assert told["info"]["title"] == "triald"
    operations = [operation for item in told["paths"].values() for operation in item.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names))
    for path, item in told["paths"].items():
        assert path.startswith("/") and set(item) <= METHODS
        for operation in item.values():
            places = {(one["in"], one["name"]) for one in operation["parameters"]}
            assert len(places) == len(operation["parameters"])
            assert {name for place, name in places if place == "path"} == set(re.findall(r"\{(\w+)\}", path))
            assert "default" in operation["responses"]
    for reference in _references(told):
        found: Any = told
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]


def _references(value: object) -> Iterator[str]:
    match value:
        case {"$ref": str(reference)}:
            yield reference
        case dict():
            for part in value.values():
                yield from _references(part)
        case list():
            for part in value:
                yield from _references(part)


def test_every_endpoint_is_in_the_docs() -> None:
    text = DOCS.read_text("utf-8")
    missing = [f"{r.method} {r.path}" for _, r in all_routes() if f"`{r.method} {r.path}`" not in text]
    assert missing == []


def test_the_docs_name_no_endpoint_that_is_not_there() -> None:
    named = set(re.findall(r"`((?:GET|POST|PUT|PATCH|DELETE) /[^`?]*)`", DOCS.read_text("utf-8")))
    assert named <= {f"{route.method} {route.path}" for _, route in all_routes()}


def test_a_resource_bears_the_name_of_its_file() -> None:
    assert all(name == resource.name for name, resource in resources().items())
