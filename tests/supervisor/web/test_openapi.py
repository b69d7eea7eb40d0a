"""The OpenAPI document: it lists every route, and all that it refers to is there."""

import re
from collections.abc import Iterator
from pathlib import Path

from actors.monitoring import store as monitoring
from actors.monitoring.alarms import Open, Rule
from actors.queue import store as queue
from actors.queue.job import NewJob
from supervisor.roles import Role
from supervisor.web.app import all_routes, resources
from tests.postgres import Postgres
from tests.supervisor.web.asking import Api
from tests.supervisor.web.coded import take_mesh
from tests.supervisor.web.described import Described
from tests.supervisor.web.governed import something_governed
from tests.supervisor.web.reviewed import PAIR, review
from tests.supervisor.web.schemas import resolved
from tests.supervisor.web.site import fired, mirror, nightly, world_page
from tests.supervisor.web.watched import fill
from tests.trials.pages import Refused, page, trial

DOCS = Path(__file__).parents[3] / "docs" / "http.md"
# Their lists may be empty, and are looked at elsewhere.
MAY_BE_EMPTY = {
    "/api/v1/trials/{id}/similar",
    "/api/v1/actors", "/api/v1/trials", "/api/v1/jobs/{id}", "/api/v1/duplicates/{a}/{b}", "/api/v1/trials/{id}/merged",
    "/api/v1/mesh/records/{ui}", "/api/v1/me/sessions", "/api/v1/alerts/ways", "/api/v1/silences",
    "/api/v1/me/export", "/api/v1/users/{login}/export",
}  # fmt: skip
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
        assert bool(operation["security"]) == (expected[key] is not Role.ANYONE), key
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
            assert {"400", "421", "503"} <= set(operation["responses"]) and "default" not in operation["responses"]
    for reference in _references(told):
        assert resolved(reference, told)


async def test_every_answer_is_as_its_description_says(trials: Api, tmp_path: Path) -> None:
    """N29: every route whose answer is JSON is asked for it, and every one of its fields is looked at."""
    described = Described(await trials.get("/openapi.json"))
    pool = trials.site.all_tenants
    [job, _] = await queue.enqueue(pool, [NewJob("maintain", delay_s=60), NewJob("scrape", queue="scraping")])
    await mirror(pool, page([trial(1, acronym="ACE")], [Refused("it is broken", b"{", "NCT00000009")]))
    await monitoring.open_alert(pool, Open(Rule("deep", "job_queue_depth", 1, "high", "{value} {threshold}"), "x", 2))
    await nightly(pool)
    await fired(pool, job)
    await fill(pool)
    await mirror(pool, world_page(day=2))
    await mirror(pool, page([trial(2, conditions=("heart atack", "Ticker trouble"))]))
    await take_mesh(trials, tmp_path)
    await trials.ask("POST", "/api/v1/mesh/decisions", json={"about": "condition", "text": "x", "uis": ["D009203"]})
    await review(pool, tmp_path)
    await trials.ask("POST", f"/api/v1{PAIR}/confirm")
    await something_governed(trials)
    changed = await pool.fetchval("select trial_id from trial_versions where event = 'changed' limit 1")
    own = {
        "/api/v1/duplicates/{a}/{b}": f"/api/v1{PAIR}",
        "/api/v1/trials/{id}/versions/{number}": f"/api/v1/trials/{changed}/versions/2",
        "/api/v1/schedules/{name}/ticks": "/api/v1/schedules/nightly/ticks",
        "/api/v1/jobs/{id}": f"/api/v1/jobs/{job}",
        "/api/v1/jobs/{id}/explain": f"/api/v1/jobs/{job}/explain",
        "/health/services/{name}": "/health/services/database",
        "/api/v1/registries/{name}": "/api/v1/registries/ctgov",
        "/api/v1/trials/{id}/assessment": "/api/v1/trials/NCT00000902/assessment",
        "/api/v1/reports/daily/{day}": "/api/v1/reports/daily/latest",
        "/api/v1/flags/{flag}": "/api/v1/flags/outcomes_switched",
        "/api/v1/projects/{id}": "/api/v1/projects/1",
        "/api/v1/projects/{id}/files": "/api/v1/projects/1/files",
        "/api/v1/files/{id}": "/api/v1/files/1",
        "/api/v1/projects/{id}/members": "/api/v1/projects/1/members",
        "/api/v1/users/{login}": "/api/v1/users/admin",
        "/api/v1/users/{login}/export": "/api/v1/users/admin/export",
        "/api/v1/users/{login}/tokens": "/api/v1/users/admin/tokens",
        "/api/v1/governance/flags/{name}/rules": "/api/v1/governance/flags/new_search/rules",
        "/api/v1/mesh/descriptors": "/api/v1/mesh/descriptors?q=heart",
        "/api/v1/mesh/named": "/api/v1/mesh/named?q=heart+attack",
        "/api/v1/trials/suggest": "/api/v1/trials/suggest?q=heart",
        "/api/v1/mesh/map": "/api/v1/mesh/map?text=heart+attack",
        "/api/v1/mesh/records/{ui}": "/api/v1/mesh/records/D009203",
        "/api/v1/mesh/tree/{number}": "/api/v1/mesh/tree/C14.280",
        "/api/v1/trials/{id}/mesh": "/api/v1/trials/NCT00000002/mesh",
    }
    seen = 0
    for template, item in described.document["paths"].items():
        content = item.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
        if "application/json" not in content:
            continue
        path = own.get(template, template)
        for part, value in {"{name}": "default", "{id}": "1", "{number}": "1"}.items():
            path = path.replace(part, value)
        body = await trials.get(path)
        assert described.problems("GET", path.partition("?")[0], 200, body) == []
        assert template in MAY_BE_EMPTY or [] not in body.values(), (path, "its lists hold something to look at")
        seen += 1
    assert seen >= 23
    searched = await trials.get("/api/v1/trials?q=trial+or+heart+or+NCT00000001")
    assert searched["exact"] and searched["trials"]
    assert described.problems("GET", "/api/v1/trials", 200, searched) == []


async def test_a_service_that_is_not_well_says_so_as_described(api: Api, postgres: Postgres) -> None:
    """N29: also the bodies of 503."""
    described = Described(await api.get("/openapi.json"))
    await postgres.kill()
    for path in ("/health", "/health/detailed", "/health/services/database", "/ready"):
        status, body = await api.ask("GET", path, role=None)
        assert (status, described.problems("GET", path, 503, body)) == (503, [])


async def test_what_may_be_left_out_is_not_required(api: Api) -> None:
    described = Described(await api.get("/openapi.json"))
    assert described.operation("POST", "/api/v1/scrapes")["requestBody"]["required"] is True
    assert described.operation("POST", "/api/v1/jobs/1/cancel")["requestBody"]["required"] is False
    every = {"400", "401", "403", "421", "429", "503"}
    assert set(described.operation("POST", "/login")["responses"]) == every | {"303", "404", "409", "413", "415"}
    assert set(described.operation("GET", "/ws/events")["responses"]) == every | {"101", "303", "426"}
    assert set(described.operation("GET", "/api/v1/queues")["responses"]) == every | {"200"}
    assert set(described.operation("GET", "/api/v1/jobs/1")["responses"]) == every | {"200", "404"}
    assert set(described.operation("GET", "/live")["responses"]) == {"200", "400", "421", "503"}
    assert "text/html" in described.operation("GET", "/trials")["responses"]["200"]["content"]


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
