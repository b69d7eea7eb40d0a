"""An OpenAPI document, and whether answers are as it says. No I/O."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.supervisor.web.schemas import problems


@dataclass(frozen=True, slots=True)
class Described:
    document: Mapping[str, Any]

    def problems(self, method: str, path: str, status: int, body: object) -> list[str]:
        """What is not as described in the answer of a path as it is asked, without its query."""
        responses = self.operation(method, path)["responses"]
        told = responses.get(str(status))
        if told is None:
            return [f"{method} {path}: {status} is not described"]
        content = told.get("content", {})
        if "application/json" not in content:
            return [f"{method} {path}: {status} is not described as JSON"]
        return list(problems(body, content["application/json"]["schema"], self.document, f"{method} {path}"))

    def operation(self, method: str, path: str) -> Mapping[str, Any]:
        """Of the template with the most letters of its own."""
        fitting = [t for t, item in self.document["paths"].items() if method.lower() in item and _fits(t, path)]
        operation: Mapping[str, Any] = self.document["paths"][min(fitting, key=lambda t: t.count("{"))][method.lower()]
        return operation


def _fits(template: str, path: str) -> bool:
    return re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template)), path) is not None
