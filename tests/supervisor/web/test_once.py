"""N13: whatever the command, one that is sent again with its key changes nothing and gets the first answer."""

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from actors.monitoring import store as monitoring
from actors.monitoring.alarms import Open, Rule
from actors.queue import operating
from actors.queue import store as queue
from actors.queue.job import NewJob
from supervisor.roles import Role
from supervisor.web.app import all_routes
from supervisor.web.route import Route
from tests.supervisor.web.asking import Api
from tests.supervisor.web.coded import take_mesh
from tests.supervisor.web.described import Described
from tests.supervisor.web.governed import (
    OF_ANNA,
    OF_PEOPLE,
    OF_REQUESTS,
    PASSWORD,
    Command,
    by_password,
    held,
    log_in,
    people,
)
from tests.supervisor.web.reviewed import PAIR, review
from tests.supervisor.web.site import nightly

# The alert, the jobs and the schedule of `something_runs`.
OF_RUNNING: Sequence[Command] = (
    ("POST", "/api/v1/scrapes", {"registry": "ctgov"}),
    ("POST", "/api/v1/jobs/4/retry", None),
    ("POST", "/api/v1/jobs/2/run", None),
    ("POST", "/api/v1/jobs/1/cancel", {"reason": "a test"}),
    ("POST", "/api/v1/jobs/requeue", {"ids": [5]}),
    ("POST", "/api/v1/jobs/discard", {"ids": [5]}),
    ("POST", "/api/v1/jobs/rescue", None),
    ("POST", "/api/v1/jobs/3/release", None),
    ("POST", "/api/v1/queues/default/pause", None),
    ("POST", "/api/v1/queues/default/resume", None),
    ("PUT", "/api/v1/queues/default/limits", {"most_running": 3, "per_minute": None, "fair": False}),
    ("POST", "/api/v1/schedules/nightly/disable", None),
    ("POST", "/api/v1/schedules/nightly/enable", None),
    ("POST", "/api/v1/alerts/1/acknowledge", None),
)
OF_TRIALS: Sequence[Command] = (
    ("POST", "/api/v1/duplicates/compare", None),
    ("POST", f"/api/v1{PAIR}/confirm", None),
    ("POST", f"/api/v1{PAIR}/undo", None),
    ("POST", f"/api/v1{PAIR}/split", None),
    ("POST", "/api/v1/mesh/decisions", {"about": "condition", "text": "ticker trouble", "uis": ["D006331"]}),
    ("POST", "/api/v1/mesh/decisions/undo", {"about": "condition", "key": "ticker trouble"}),
    ("POST", "/api/v1/watches", {"query": "q=heart"}),
    ("POST", "/api/v1/notices/read", None),
    ("DELETE", "/api/v1/watches/1", None),
    ("POST", "/api/v1/webhooks", {"url": "http://hooks.test:8080/"}),
    ("POST", "/api/v1/webhooks/1/kinds", {"kinds": ["job.failed"]}),
    ("POST", "/api/v1/webhooks/1/test", None),
    ("POST", "/api/v1/webhooks/1/replay", None),
    ("POST", "/api/v1/webhooks/1/deliveries/1/replay", None),
    ("POST", "/api/v1/webhooks/1/switch", {"on": False}),
    ("DELETE", "/api/v1/webhooks/1", None),
    ("POST", "/api/v1/silences", {"name": "disk_full", "hours": 1, "why": "a larger one comes"}),
    ("DELETE", "/api/v1/silences/1", None),
    ("PUT", "/api/v1/alerts/routes", {"routes": {"critical": ["mail"]}}),
)
OF_FILES: Sequence[Command] = (("DELETE", "/api/v1/files/1", None),)
# Those that let somebody in, with what they show in their body, and the one that shuts out: tried apart.
APART = {("POST", "/api/v1/auth/login"), ("POST", "/api/v1/auth/refresh"), ("DELETE", "/api/v1/tokens/{id}")}


def route_of(method: str, path: str) -> Route:
    """The one with the fewest parts that may be anything."""
    fitting = [
        route for _, route in all_routes()
        if route.method == method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", route.path), path)
    ]  # fmt: skip
    return min(fitting, key=lambda route: route.path.count("{"))


def test_every_command_of_the_interface_is_tried() -> None:
    """N13: one that is added needs a line here. A file that comes in parts bears no key: it is known by its bytes."""
    tried = [route_of(method, path) for commands in EVERYTHING for method, path, _ in commands]
    offered = {(r.method, r.path) for _, r in all_routes() if r.is_command and not (r.form or r.receive)}
    assert offered == {(route.method, route.path) for route in tried} | APART


EVERYTHING = (OF_RUNNING, OF_TRIALS, OF_PEOPLE, OF_ANNA, OF_REQUESTS, OF_FILES)


async def once(api: Api, commands: Sequence[Command], shown: dict[str, str] | None = None) -> None:
    """Sends each twice. What is shown once is not told again, and nothing is made twice."""
    described = Described(await api.get("/openapi.json"))
    for number, (method, path, body) in enumerate(commands):
        given = {"Idempotency-Key": f"key-{number}", **(shown or {})}
        first = await api.whole(method, path, headers=given, json=body or {})
        again = await api.whole(method, path, headers=given, json=body or {})
        assert first[0] in (200, 201, 202), (path, first, api.failed)
        assert described.problems(method, path, first[0], first[2]) == []
        if route_of(method, path).secret:
            assert (again[0], again[2]["code"]) == (409, "answered_before"), path
        else:
            assert (again[0], again[2], again[1].get("Idempotent-Replayed")) == (first[0], first[2], "true"), path


async def something_runs(api: Api) -> None:
    """Five jobs: one ready, one for later, one held, two dead; a schedule, and an alert."""
    pool = api.site.all_tenants
    later, is_held = NewJob("maintain", delay_s=600), NewJob("maintain", held=True)
    jobs = await queue.enqueue(pool, [NewJob("maintain"), later, is_held, NewJob("maintain"), NewJob("maintain")])
    assert jobs == [1, 2, 3, 4, 5]
    await pool.execute(
        "update jobs set state = 'running', worker = $1, deadline_at = now() where id in (4, 5)", api.site.worker
    )
    await pool.execute("update jobs set state = 'dead', worker = null where id in (4, 5)")
    await nightly(pool)
    rule = Rule("queue_deep", "job_queue_depth", 1, "high", "{value} {threshold}")
    await monitoring.open_alert(pool, Open(rule, "default", 2))


async def test_every_command_about_what_runs_answers_a_key_once(api: Api) -> None:
    """N13: of operators."""
    await something_runs(api)
    await once(api, OF_RUNNING)
    assert await operating.state_of(api.site.all_tenants, 4) == "ready"
    assert await operating.state_of(api.site.all_tenants, 1) == "cancelled"


async def test_every_command_about_trials_answers_a_key_once(api: Api, tmp_path: Path) -> None:
    """N13, N04, N05, N30: of reviewers, of those who map texts, and of those who watch."""
    await review(api.site.all_tenants, tmp_path)
    await take_mesh(api, tmp_path)
    await once(api, OF_TRIALS)


async def test_every_command_about_people_answers_a_key_once(api: Api) -> None:
    """N13, R10, R11, R12: accounts, tokens, projects, the mode, flags, and what somebody else agrees to."""
    shown = await people(api)
    await held(api, "researcher", 2)
    await held(api, "anna")
    await once(api, OF_PEOPLE)
    await once(api, OF_ANNA, shown)
    await once(api, OF_REQUESTS)
    tokens = [(await api.get("/api/v1/tokens"))["tokens"], (await api.get("/api/v1/users/robot/tokens"))["tokens"]]
    assert [sum(one["name"] in ("laptop", "nightly") for one in made) for made in tokens] == [1, 1]


async def test_a_token_is_revoked_once(api: Api) -> None:
    """N13: and opens nothing any more, within seconds."""
    [one] = [one["id"] for one in (await api.get("/api/v1/tokens", role=Role.VIEWER))["tokens"]]
    await once(api, [("DELETE", f"/api/v1/tokens/{one}", None)])
    await api.until_closed("/api/v1/me", {"Authorization": f"Bearer {api.site.tokens[Role.VIEWER]}"})


async def test_nothing_can_be_guessed_from_what_is_kept_of_a_body_with_a_password(api: Api) -> None:
    """N35: not even a hash of it: two bodies leave the same behind."""
    await people(api)
    kept = []
    for password in (PASSWORD, "wrong password, of anna"):
        given = by_password() | {"password": password}
        await api.ask("POST", "/api/v1/auth/login", role=None, json=given, headers={"Idempotency-Key": "in"})
        kept.append(await api.site.all_tenants.fetch("select request_sha from idempotency_keys"))
    assert kept[0] == kept[1] != []
    given = by_password() | {"password": "wrong password, of anna"}
    status, body = await api.ask("POST", "/api/v1/auth/login", role=None, json=given, headers={"Idempotency-Key": "in"})
    assert (status, body["code"]) == (409, "answered_before")


async def test_a_login_is_opened_once_and_a_refresh_token_is_used_once(api: Api) -> None:
    """N13: nothing is shown again, and who asks again with the key is not taken for a thief."""
    await people(api)
    key = {"Idempotency-Key": "in"}
    for status in (200, 409):
        assert (await api.ask("POST", "/api/v1/auth/login", role=None, json=by_password(), headers=key))[0] == status
    shown = {"refreshToken": (await log_in(api))["refreshToken"]}
    status, pair = await api.ask("POST", "/api/v1/auth/refresh", role=None, json=shown, headers=key)
    assert status == 200
    again = await api.ask("POST", "/api/v1/auth/refresh", role=None, json=shown, headers=key)
    assert (again[0], again[1]["code"]) == (409, "answered_before")
    assert (await api.ask("GET", "/api/v1/me", headers={"Authorization": f"Bearer {pair['accessToken']}"}))[0] == 200


async def test_a_file_is_deleted_once(api: Api) -> None:
    """N13: and brought once, key or none."""
    assert (await api.ask("POST", "/api/v1/projects", json={"name": "Heart"}))[0] == 201
    for _ in range(2):
        given: dict[str, Any] = {"params": {"name": "ages.csv"}, "data": b"1,44", "headers": {"Idempotency-Key": "a"}}
        assert (await api.ask("POST", "/api/v1/projects/1/files", **given))[0] == 201
    assert [one["id"] for one in (await api.get("/api/v1/projects/1/files"))["files"]] == [1]
    await once(api, OF_FILES)


async def test_a_storm_of_retries_has_one_effect(api: Api) -> None:
    """N13: twenty calls with one key at once enqueue one job, and all get its number."""
    headers = {"Idempotency-Key": "storm-1"}
    asked = {"registry": "ctgov", "mode": "full"}
    answers = await asyncio.gather(
        *(api.whole("POST", "/api/v1/scrapes", headers=headers, json=asked) for _ in range(20))
    )
    assert {status for status, _, _ in answers} == {202}
    assert len({body["job"] for _, _, body in answers}) == 1
    assert sum("Idempotent-Replayed" not in told for _, told, _ in answers) == 1
    assert await api.site.all_tenants.fetchval("select count(*) from jobs") == 1


async def test_a_key_used_for_another_request_is_refused(api: Api) -> None:
    key = {"Idempotency-Key": "one"}
    await api.ask("POST", "/api/v1/queues/default/pause", headers=key)
    status, body = await api.ask("POST", "/api/v1/queues/scraping/pause", headers=key)
    assert (status, body["code"]) == (409, "key_reused")
    status, body = await api.ask("POST", "/api/v1/queues/default/pause", headers=key, role=Role.OPERATOR)
    assert (status, body["code"]) == (409, "key_reused"), "it is not another one's answer that comes back"


async def test_a_command_that_is_refused_changes_nothing_and_may_be_sent_again(api: Api) -> None:
    """N13: the key of a command without effect is free again."""
    key = {"Idempotency-Key": "early"}
    assert (await api.ask("POST", "/api/v1/jobs/1/cancel", headers=key, json={}))[0] == 404
    await queue.enqueue(api.site.all_tenants, [NewJob("maintain")])
    assert (await api.ask("POST", "/api/v1/jobs/1/cancel", headers=key, json={}))[0] == 200
