"""The page of the interface: every operation and type of the document, and the way to find one."""

from typing import Any

from supervisor.roles import Role
from supervisor.web.api_page import type_of
from tests.supervisor.web.asking import Api


async def _text(api: Api, path: str) -> str:
    status, _, body = await api.whole("GET", path, role=Role.VIEWER)
    assert status == 200
    return str(body.decode())


async def test_the_page_shows_every_operation_and_every_type(api: Api) -> None:
    """N29: it is made from the document, with no script and nothing from elsewhere."""
    document, text = await api.get("/openapi.json"), await _text(api, "/docs/api")
    for path, item in document["paths"].items():
        for operation in item.values():
            assert f'id="{operation["operationId"]}"' in text and f"<code>{path}</code>" in text
    for name, schema in document["components"]["schemas"].items():
        assert "properties" not in schema or f'id="type-{name}"' in text
    main = text[text.index("<main") :]
    assert "http://" not in main and "https://" not in main and "<script" not in main and " style=" not in main


async def test_operations_are_found_by_words_of_their_path_role_and_summary(api: Api) -> None:
    text = await _text(api, "/docs/api?q=JOBS+retry+operator+api")
    assert text.count("<details id=") - text.count('<details id="type-') == 1
    assert "/api/v1/jobs/{id}/retry" in text and " open>" in text
    assert "1 of " in text
    assert "No operation holds" in await _text(api, "/docs/api?q=%3Cscript%3E")
    assert "<script>" not in (await _text(api, "/docs/api?q=%3Cscript%3E"))[1000:]


def test_a_type_is_told_in_a_few_words() -> None:
    document = {"components": {"schemas": {
        "Word": {"enum": ["a", "b"]}, "Thing": {"type": "object", "properties": {}},
    }}}  # fmt: skip
    told: dict[str, dict[str, Any]] = {
        "whole number, 1 to 200": {"type": "integer", "minimum": 1, "maximum": 200},
        "number, at least 0": {"type": "number", "minimum": 0},
        "text, at most 5 characters": {"type": "string", "maxLength": 5},
        "day or null": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
        "list of Thing": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}},
        "one of a, b": {"$ref": "#/components/schemas/Word"},
        "true or false": {"type": "boolean"},
        "anything": {},
    }
    assert {words: type_of(document, schema) for words, schema in told.items()} == {words: words for words in told}
