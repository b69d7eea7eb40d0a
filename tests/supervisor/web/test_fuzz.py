"""Whatever is sent, what comes back is an answer: never an error of ours, and every refusal in its envelope."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec
import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from supervisor.web.app import all_routes
from supervisor.web.problems import Envelope
from supervisor.web.route import Route, shape_of
from tests.supervisor.web.asking import Api

# The way out is the fuzzer's own business: a WebSocket, or a stream, is tested elsewhere.
ROUTES = [route for _, route in all_routes() if not route.stays_open]
BOUNDED = settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)

WORDS = st.one_of(
    st.text(max_size=40),
    st.integers(-(2**70), 2**70).map(str),
    st.sampled_from(
        ["", "0", "1", "-1", "true", "null", "ctgov", "default", "running", "NCT00000001", "2020-02-30", "2020-02-03",
         "0001-01-01", "9999-12-31", "\0", "%", "' or 1=1 --", "a" * 1200, "<script>", "../../etc", "&|!():*", "\\",
         "9223372036854775807", "1e400", "nan", "\U0001f9ea", "é", "\N{RIGHT-TO-LEFT OVERRIDE}"]
    ),
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)


GOOD: list[dict[str, object]] = [
    {}, {"registry": "ctgov", "mode": "full"}, {"registry": "ctgov", "since": "2026-01-31"}, {"ids": [1, 2**63 - 1]},
    {"since": "0001-01-01T00:00:00Z", "kind": "scrape"}, {"since": "9999-12-31T23:59:59Z"}, {"reason": "none"},
    {"most_running": 2**31 - 1, "per_minute": 1e-300, "fair": True}, {"token": "wrong"},
    {"login": "anna", "role": "viewer"}, {"name": "Heart"}, {"mode": "LIVE"}, {"is_on": True, "says": "Finds more."},
    {"is_on": False, "tenant": 1}, {"subject": "phi:trial:1", "because": "a serious event", "duration": "day"},
    {"login": "anna", "password": "wrong"}, {"before": "wrong", "after": "another"}, {"refreshToken": "wrong"},
    {"name": "clinic", "admin": "anna"}, {"url": "https://hooks.test:8080/"},
    {"name": "disk_full", "hours": 1, "why": "a larger one comes"},
]  # fmt: skip
HEADERS = ["Idempotency-Key", "X-Request-Id", "If-None-Match", "Accept", "Cookie", "Origin"]
PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30)


@st.composite
def requests(draw: st.DrawFn) -> tuple[Route, str, list[tuple[str, str]], dict[str, str], bytes]:
    """A route, with a path, a query, headers and a body that lean towards what it understands."""
    route = draw(st.sampled_from(ROUTES))
    shape = shape_of(route)
    path = route.path.replace("{name}", draw(st.sampled_from(["default", "{name}"])))
    path = re.sub(r"\{\w+\}", lambda _: quote(draw(WORDS), safe="") or "1", path)
    names = st.sampled_from([*(shape.query.__struct_fields__ * 9), "nothing"])
    pairs = st.lists(st.tuples(names, WORDS), max_size=3, unique_by=lambda pair: pair[0])
    query = draw(pairs) if shape.query.__struct_fields__ or draw(st.integers(0, 9)) == 0 else []
    headers = draw(st.dictionaries(st.sampled_from(HEADERS), PRINTABLE, max_size=2))
    return route, path, query, headers, draw(st.binary(max_size=60) if route.receive else bodies(shape.body))


def bodies(kind: Any) -> st.SearchStrategy[bytes]:
    """Bodies that would do with one field spoiled, and bodies that never would."""
    good = st.sampled_from([body for body in GOOD if set(body) <= {*kind.__struct_fields__}])
    fields = st.sampled_from([*(kind.__struct_fields__ * 4), "nothing"])
    spoiled = st.tuples(good, st.dictionaries(fields, JSON, max_size=1)).map(lambda both: _dumped(both[0] | both[1]))
    return st.one_of(spoiled, spoiled, JSON.map(_dumped), st.binary(max_size=60))


def _dumped(value: object) -> bytes:
    return orjson.dumps(_storable(value))


def _storable(value: object) -> object:
    match value:
        case str():
            return value.encode(errors="replace").decode()
        case list():
            return [_storable(part) for part in value]
        case dict():
            return {str(_storable(name)): _storable(part) for name, part in value.items()}
    return value


@BOUNDED
@given(requests())
async def test_no_request_is_answered_with_an_error_of_ours(
    trials: Api, asked: tuple[Route, str, list[tuple[str, str]], dict[str, str], bytes]
) -> None:
    """N29: hundreds of requests that mean little, none of which is a 500."""
    route, path, query, headers, body = asked
    media = "application/x-www-form-urlencoded" if route.form else route.takes if route.receive else "application/json"
    status, headers, told = await trials.whole(
        route.method,
        path + "".join(f"{'&' if number else '?'}{quote(n)}={quote(v)}" for number, (n, v) in enumerate(query)),
        headers=headers | {"Content-Type": media},
        data=body if route.is_command else None,
    )
    assert status < 500 or trials.failed == [], (path, status, trials.failed)
    assert status != 500 and (status != 503 or route.path == "/live"), (path, told, trials.failed)
    if status >= 400 and not (route.also and status in route.also):
        refused(route, status, headers, told)


def refused(route: Route, status: int, headers: Mapping[str, str], told: Any) -> None:
    """Every refusal is an envelope, and one of what was asked names its field; a form may show that itself."""
    if route.media == "text/html" and isinstance(told, bytes):
        shows_it = route.keeps_form or route.form
        assert shows_it and b'role="alert"' in told, (route.path, status)
        return
    envelope = msgspec.convert(told, Envelope)
    assert envelope.requestId == headers["X-Request-Id"], route.path
    assert status != 400 or "field" in envelope.details, (route.path, told)
