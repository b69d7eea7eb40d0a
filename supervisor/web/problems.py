"""What went wrong with a request, and how that is told: one envelope for all. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Self

import msgspec

from actors.errors import Conflict, Forbidden, NotFound, Refusal, Unavailable

NO_HEADERS: Mapping[str, str] = MappingProxyType({})

CODES = MappingProxyType({
    400: "bad_request", 401: "unauthorized", 403: "forbidden", 404: "not_found", 405: "method_not_allowed",
    408: "timeout", 409: "conflict", 411: "length_required", 413: "too_large", 415: "unsupported_media_type",
    416: "no_such_part", 417: "expectation_failed", 421: "misdirected", 426: "upgrade_required",
    429: "too_many_requests", 500: "internal",
    503: "unavailable",
})  # fmt: skip


class Refused(Exception):
    """The request is not answered; status, code, message and details are for who asked."""

    def __init__(
        self, status: int, code: str, message: str, details: Mapping[str, object] | None = None, **headers: str
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.details = dict(details or {})
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    @classmethod
    def field(cls, name: str, problem: str) -> Self:
        """A parameter, or a field of the body, that is not as expected."""
        name = name[:100]
        return cls(400, "invalid", f"{name}: {problem}", {"field": name, "problem": problem})


@dataclass(frozen=True, slots=True)
class Problem:
    status: int
    code: str
    message: str
    details: Mapping[str, object] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


class Envelope(msgspec.Struct, frozen=True):
    """Every error looks like this."""

    code: str
    message: str
    details: Mapping[str, Any]
    timestamp: datetime
    requestId: str


INTERNAL = Problem(500, "internal", "something went wrong here; the operator finds it by the request id")


MALFORMED = Problem(400, "malformed", "request: this is not HTTP as expected", {"field": "request"})


def problem_of(error: Exception, *, outside: tuple[type[Exception], ...]) -> Problem:
    """What to tell of an error; `outside` are the types that mean that the database does not answer just now."""
    match error:
        case Refused():
            return Problem(error.status, error.code, error.message, error.details, error.headers)
        case NotFound():
            return Problem(404, "not_found", str(error))
        case Forbidden():
            return Problem(403, "forbidden", str(error))
        case Conflict():
            return Problem(409, "conflict", str(error))
        case Refusal(field=str(name)):
            return Problem(400, "invalid", str(error), {"field": name, "problem": str(error)})
        case Refusal():
            return Problem(400, "refused", str(error))
        case Unavailable():
            return Problem(503, "unavailable", str(error), headers={"Retry-After": "5"})
    if isinstance(error, outside):
        message = "the database does not answer; nothing was changed"
        return Problem(503, "database_unavailable", message, headers={"Retry-After": "5"})
    return INTERNAL


def problem_of_status(status: int, reason: str, headers: Mapping[str, str] = NO_HEADERS) -> Problem:
    """What to tell where the HTTP layer itself refuses."""
    return Problem(status, CODES.get(status, "refused"), reason, headers=headers)


def envelope(problem: Problem, *, at: datetime, request_id: str) -> bytes:
    return msgspec.json.encode(Envelope(problem.code, problem.message, problem.details, at, request_id))
