"""The HTTP interface over a real socket."""

from supervisor.roles import Role
from tests.supervisor.web.conftest import Api


async def test_search_finds_what_the_words_say(trials: Api) -> None:
    found = await trials.get("/api/v1/trials?q=heart+attack")
    assert found["count"] == len(found["trials"]) > 0 or found["next"]
    print(found["trials"][0])
    assert found["count"] > 0


async def test_health_needs_no_token(api: Api) -> None:
    for path in ("/health", "/health/detailed", "/ready", "/live", "/health/services/database"):
        assert (await api.ask("GET", path, role=None))[0] == 200, path
    assert (await api.ask("GET", "/api/v1/trials", role=None))[0] == 401


async def test_pages(trials: Api) -> None:
    for path in (
        "/",
        "/trials?q=heart",
        "/trials/1",
        "/jobs",
        "/openapi.json",
        "/metrics",
        "/api/v1/registries",
        "/api/v1/queues",
        "/api/v1/actors",
        "/api/v1/alerts",
        "/api/v1/schedules",
        "/api/v1/jobs",
        "/api/v1/scrapes",
        "/api/v1/refused",
    ):
        await trials.get(path, role=Role.VIEWER)
