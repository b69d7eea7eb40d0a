"""One registry's server is down while others go on: whatever shows its data says so, and since when."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from actors.queue import operating
from actors.trials.mirroring import store
from actors.trials.scrapes import End
from supervisor.roles import Role
from supervisor.scraping import ask_for_scrapes
from supervisor.web.app import all_routes
from supervisor.web.standing import HEADER
from tests.supervisor.web.asking import Api
from tests.supervisor.web.coded import take_mesh
from tests.supervisor.web.reviewed import ISRCTN, NCT, PAIR, review
from tests.supervisor.web.site import mirror, world_page
from tests.supervisor.web.watched import fill
from tests.survive.processes import running, until
from tests.trials.pages import Refused, page, trial

# What shows nothing that is held of registries, or tells of each of them itself. A page that is not named here has to
# say which registries do not answer.
OTHERS = {
    "/", "/login", "/alerts", "/jobs", "/jobs/{id}", "/schedules", "/registries", "/static/{name}", "/ws/events",
    "/api/v1/events",
    "/metrics", "/openapi.json", "/health", "/health/detailed", "/health/services/{name}", "/ready", "/live",
    "/api/v1/actors", "/api/v1/alerts", "/api/v1/jobs", "/api/v1/jobs/{id}", "/api/v1/jobs/{id}/explain",
    "/api/v1/queues", "/api/v1/queues/{name}", "/api/v1/schedules", "/api/v1/schedules/{name}/ticks",
    "/api/v1/registries", "/api/v1/registries/{name}", "/api/v1/webhooks", "/api/v1/webhooks/{id}/deliveries",
    "/webhooks", "/webhooks/{id}", "/api/v1/silences", "/api/v1/alerts/ways",
    "/account", "/auth/oidc", "/auth/oidc/callback", "/users", "/users/{login}", "/projects", "/projects/{id}",
    "/approvals", "/audit", "/governance", "/settings", "/docs/api",
    "/api/v1/me", "/api/v1/me/export", "/api/v1/me/sessions", "/api/v1/tokens", "/api/v1/tenants",
    "/api/v1/users", "/api/v1/users/{login}/export", "/api/v1/users/{login}/tokens",
    "/api/v1/projects", "/api/v1/projects/{id}", "/api/v1/projects/{id}/members", "/api/v1/projects/{id}/files",
    "/api/v1/files/{id}", "/api/v1/files/{id}/content",
    "/api/v1/access-requests", "/api/v1/approvals", "/api/v1/approvals/{id}",
    "/api/v1/audit", "/api/v1/audit/export", "/api/v1/audit/verify",
    "/api/v1/governance/flags", "/api/v1/governance/flags/{name}/rules", "/api/v1/governance/mode",
}  # fmt: skip
THEMSELVES = ("/", "/registries", "/api/v1/registries", "/api/v1/registries/ctgov")
ASKED = {
    "/mesh/{ui}": "/mesh/D009203",
    "/mesh/map": "/mesh/map?text=heart+attack",
    "/duplicates/{a}/{b}": PAIR,
    "/reports/daily/{day}": "/reports/daily/latest",
    "/flagged/{flag}": "/flagged/stale",
    "/api/v1/flags/{flag}": "/api/v1/flags/stale",
    "/api/v1/duplicates/{a}/{b}": f"/api/v1{PAIR}",
    "/api/v1/trials/suggest": "/api/v1/trials/suggest?q=heart",
    "/api/v1/trials/export": "/api/v1/trials/export?q=heart",
    "/api/v1/trials/{id}/assessment": "/api/v1/trials/NCT00000902/assessment",
    "/api/v1/reports/daily/{day}": "/api/v1/reports/daily/latest",
    "/api/v1/mesh/descriptors": "/api/v1/mesh/descriptors?q=heart",
    "/api/v1/mesh/named": "/api/v1/mesh/named?q=heart",
    "/api/v1/mesh/map": "/api/v1/mesh/map?text=heart+attack",
    "/api/v1/mesh/records/{ui}": "/api/v1/mesh/records/D009203",
    "/api/v1/mesh/tree/{number}": "/api/v1/mesh/tree/C14.280",
}


def paths(ids: dict[str, int]) -> Iterator[tuple[str, bool]]:
    """Everything that can be read, as it is asked, and whether it shows what is held of registries."""
    for resource, route in all_routes():
        if route.method != "GET" or route.path in OTHERS:
            continue
        path = ASKED.get(route.path, route.path)
        for part, value in {"{id}": str(ids.get(resource, ids["trials"])), "{number}": "1"}.items():
            path = path.replace(part, value)
        yield path, route.says_sources


async def somewhere_of_each(api: Api, folder: Path) -> dict[str, int]:
    """Something of everything that pages show; ids by resource."""
    pool = api.site.all_tenants
    await mirror(pool, page([trial(1)], [Refused("it is broken", b"{", "NCT00000009")]))
    await fill(pool)
    await mirror(pool, world_page(day=2))
    await mirror(pool, page([trial(2, conditions=("heart atack",))]))
    await take_mesh(api, folder)
    await review(pool, folder)
    isrctn = await store.open_scrape(pool, "isrctn", "full", since=None, job_id=None, at=datetime.now(UTC))
    await store.close_scrape(pool, isrctn, "done", at=datetime.now(UTC))
    refused = await pool.fetchval("select id from refused_records limit 1")
    of_world = world_page(day=2).trials[-1].registry_id
    trial_id = await pool.fetchval("select id from trials where registry_id = $1", of_world)
    return {"trials": trial_id, "refused": refused, "refused_pages": refused,
            "scrapes": 1, "scrape_pages": 1}  # fmt: skip


def port_of_nobody() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


async def goes_down(api: Api, dsn: str, folder: Path, registry: str) -> datetime:
    """A real scrape by the real service from a port where nobody listens; since when the registry does not answer."""
    settings = {"registries": registry, "registry_bases": f"clinicaltrials.gov=http://127.0.0.1:{port_of_nobody()}"}
    pool = api.site.all_tenants
    async with running(dsn, folder, settings=settings):
        [asked] = await ask_for_scrapes(pool, [registry], mode="full")
        await until(
            lambda: pool.fetchval("select error from scrapes where job_id = $1 order by id desc limit 1", asked.job)
        )
        assert await operating.state_of(pool, asked.job) != "done"
    told = await api.get("/api/v1/registries")
    [silent] = [one for one in told["registries"] if one["unavailable_since"]]
    assert silent["name"] == registry
    return datetime.fromisoformat(silent["unavailable_since"])


async def test_every_page_and_answer_says_which_registry_does_not_answer_and_since_when(
    api: Api, dsn: str, tmp_path: Path
) -> None:
    """G07: "one registry down while others go on (its state `unavailable` on every page that shows its data, with since
    when)": all pages and all JSON are asked for; one that is added later is asked for too.
    """
    ids = await somewhere_of_each(api, tmp_path)
    since = await goes_down(api, dsn, tmp_path / "service", "ctgov")
    banner = f"Ctgov has not answered since {since:%Y-%m-%d %H:%M} UTC"
    kinds = set()
    for path, says in paths(ids):
        assert says, f"{path} shows what is held of registries, or is to be named among the others"
        status, headers, body = await api.whole("GET", path)
        assert status == 200, (path, body, api.failed)
        assert headers[HEADER] == f"ctgov;since={since:%Y-%m-%dT%H:%M:%SZ}", path
        kinds.add(media := headers["Content-Type"].partition(";")[0])
        if media == "text/html":
            assert banner in body.decode(), path
        elif isinstance(body, dict) and not path.endswith("/raw"):  # that is the record as it came
            states = {one["registry"]: (one["state"], one["unavailable_since"]) for one in body["sources"]}
            assert states["ctgov"][0] == "unavailable", path
            assert datetime.fromisoformat(states["ctgov"][1]) == since, path
            assert states.get("isrctn", ("ok",))[0] == "ok", path
    assert {"text/html", "application/json", "text/csv"} <= kinds
    for path in THEMSELVES:
        assert "navailable" in str(await api.get(path)), path


async def test_what_shows_records_of_other_registries_alone_says_nothing_of_it(api: Api, tmp_path: Path) -> None:
    """G07: a registry that is down is no reason to doubt what is held of another."""
    pool = api.site.all_tenants
    await review(pool, tmp_path)
    ends: tuple[tuple[str, End], ...] = (("ctgov", "failed"), ("isrctn", "done"), ("drks", "done"))
    for registry, end in ends:
        scrape = await store.open_scrape(pool, registry, "full", since=None, job_id=None, at=datetime.now(UTC))
        await store.close_scrape(pool, scrape, end, at=datetime.now(UTC), error="SourceUnavailable: refused")
    told: list[tuple[str, bool]] = [
        (f"/trials/{ISRCTN}", False),
        (f"/trials/{NCT}", True),
        (PAIR, True),
        (f"/duplicates/{ISRCTN}/DRKS00012345", False),
        ("/trials?registry=isrctn", False),
        ("/trials", True),
        ("/flagged/stale?registry=isrctn", False),
        ("/scrapes?registry=ctgov", True),
        (f"/api/v1/trials/{ISRCTN}", False),
        ("/api/v1/trials?registry=isrctn", False),
        ("/api/v1/trials/export?registry=isrctn&format=ndjson", False),
        ("/api/v1/flags/stale?registry=drks", False),
    ]
    for path, shows in told:
        status, headers, body = await api.whole("GET", path)
        assert (status, HEADER in headers) == (200, shows), (path, body)


@pytest.mark.parametrize("path", ["/", "/jobs", "/alerts", "/api/v1/jobs", "/api/v1/schedules"])
async def test_what_shows_nothing_of_registries_does_not_tell_of_them(trials: Api, path: str) -> None:
    pool = trials.site.all_tenants
    scrape = await store.open_scrape(pool, "ctgov", "full", since=None, job_id=None, at=datetime.now(UTC))
    await store.close_scrape(pool, scrape, "failed", at=datetime.now(UTC), error="SourceUnavailable: refused")
    _, headers, body = await trials.whole("GET", path, role=Role.VIEWER)
    assert HEADER not in headers
    assert not isinstance(body, dict) or "sources" not in body


def test_nothing_is_exempt_that_is_not_there() -> None:
    there: set[Any] = {route.path for _, route in all_routes() if route.method == "GET"}
    assert there >= OTHERS
    assert {route.path for _, route in all_routes() if route.method == "GET" and not route.says_sources} == OTHERS
