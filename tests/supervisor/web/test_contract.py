"""The OpenAPI document and the service say the same: requests are made from the one, and each answer is looked at."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from supervisor.roles import Role
from tests.supervisor.web.asking import Api

CHECKS: list[Any] = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
    response_headers_conformance,
]  # fmt: skip
STREAMS = {"/ws/events", "/api/v1/events"}  # they do not end
SWITCHES = {"/api/v1/governance/mode", "/governance/mode"}  # with it nothing else could be asked
EXAMPLES = {GenerationMode.POSITIVE: 6, GenerationMode.NEGATIVE: 6}
BROWSER = {"Accept": "text/html"}
PARTS = 4


def asked(schema: Any, part: int) -> Iterator[Any]:
    """The operations of one part, of all that answer and end."""
    for number, found in enumerate(schema.get_all_operations()):
        operation = found.ok()
        if number % PARTS == part and operation.path not in STREAMS | SWITCHES:
            yield operation


def modes(operation: Any) -> list[GenerationMode]:
    """Nothing can be wrong about a request that takes no more than a word of its path: looking for it takes seconds."""
    asks = any(one["in"] == "query" for one in operation["parameters"])
    return list(EXAMPLES) if asks or "requestBody" in operation else [GenerationMode.POSITIVE]


def explore(operation: Any, mode: GenerationMode, url: str, session: requests.Session) -> list[str]:
    """What is not as described of the answers to some requests that are as described, or that are not."""
    problems: list[str] = []
    if operation.path == "/logout" or operation.path.endswith("/logout"):
        session = requests.Session()  # it would end the login of all that follow

    @settings(
        max_examples=EXAMPLES[mode], derandomize=True, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def one(case: Any) -> None:
        headers = BROWSER if len(problems) % 2 else None
        response = case.call(base_url=url, session=session, headers=headers, timeout=30, allow_redirects=False)
        try:
            case.validate_response(response, checks=CHECKS)
        except FailureGroup as failed:
            told = "; ".join(f"{type(one).__name__}: {str(one)[:400]}" for one in failed.exceptions)
            told = told.replace("\n", " ")
            problems.append(f"{operation.label} {case.as_curl_command()[:300]}\n  -> {response.status_code} {told}")

    try:
        one()
    except Unsatisfiable:  # nothing can be wrong about a request that has no parts
        return []
    return problems[:2]


def _without_security(document: dict[str, Any]) -> dict[str, Any]:
    """Else most requests would show tokens of its own making; who may come in is tried elsewhere."""
    for item in document["paths"].values():
        for operation in item.values():
            operation["security"] = []
    return document


@pytest.mark.parametrize("part", range(PARTS))
async def test_no_answer_is_other_than_its_description(trials: Api, part: int) -> None:
    """N29: no 5xx, no status, media type, header or body that the document does not tell of."""
    document = await trials.get("/openapi.json")
    schema = schemathesis.openapi.from_dict(_without_security(document))
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {trials.site.tokens[Role.ADMIN]}"
    problems: list[str] = []
    for operation in asked(schema, part):
        for mode in modes(operation.definition.raw):
            problems += await asyncio.to_thread(explore, operation, mode, trials.url, session)
    session.close()
    assert problems == [], "\n".join(problems)
    assert trials.failed == []
    await trials.get("/api/v1/queues")
