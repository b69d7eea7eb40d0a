"""People, what they ask for, and every command about either, in an order in which each has something to be about."""

from collections.abc import Sequence
from typing import Any

from actors.governance.approvals import Rule, Wish
from actors.governance.approvals import store as approvals
from actors.queue import store as queue
from actors.queue.job import NewJob
from tests.supervisor.web.asking import Api

Command = tuple[str, str, Any]

PASSWORD = "seven green bicycles"
NEW_FLAG = "/api/v1/governance/flags/new_search"
REQUESTS = "/api/v1/access-requests"
WISH = {"subject": "phi:trial:1", "because": "a serious event", "duration": "day"}

# In a database that holds what `people` made of them.
OF_PEOPLE: Sequence[Command] = (
    ("POST", "/api/v1/users", {"login": "bo", "role": "viewer"}),
    ("PATCH", "/api/v1/users/bo", {"role": "researcher"}),
    ("POST", "/api/v1/users/bo/password", None),
    ("POST", "/api/v1/users/robot/tokens", {"name": "nightly"}),
    ("POST", "/api/v1/users/gone/erase", {"login": "gone"}),
    ("POST", "/api/v1/tenants", {"name": "clinic", "admin": "cleo"}),
    ("POST", "/api/v1/tenants/2/switch", {"on": False}),
    ("POST", "/api/v1/tokens", {"name": "laptop"}),
    ("POST", "/api/v1/auth/logout", None),  # one who shows a token has no login that could end
    ("POST", "/api/v1/projects", {"name": "Heart"}),
    ("PUT", "/api/v1/projects/1/members/anna", {"part": "member"}),
    ("DELETE", "/api/v1/projects/1/members/anna", None),
    ("PATCH", "/api/v1/projects/1", {"archived": True}),
    ("POST", "/api/v1/governance/mode", {"mode": "LIVE"}),
    ("POST", NEW_FLAG, {"is_on": True, "says": "Finds more."}),
    ("POST", f"{NEW_FLAG}/rules", {"is_on": False, "login": "anna"}),
    ("DELETE", f"{NEW_FLAG}/rules/1", None),
    ("DELETE", NEW_FLAG, None),
    ("POST", "/api/v1/approvals/1/approve", None),
    ("POST", "/api/v1/approvals/2/deny", {"reason": "too many rows"}),
)
# Anna's own matters, and what an admin says to what she asks for.
OF_ANNA: Sequence[Command] = (
    ("POST", REQUESTS, WISH),
    ("POST", REQUESTS, WISH | {"subject": "phi:trial:2"}),
    ("POST", "/api/v1/approvals/3/withdraw", None),
    ("DELETE", "/api/v1/me/sessions/2", None),
    ("POST", "/api/v1/me/password", {"before": PASSWORD, "after": "eight green bicycles"}),
)
OF_REQUESTS: Sequence[Command] = (
    ("POST", f"{REQUESTS}/1/grant", None),
    ("POST", f"{REQUESTS}/1/revoke", None),
    ("POST", f"{REQUESTS}/2/deny", None),
)


async def people(api: Api) -> dict[str, str]:
    """Anna, who is logged in twice, a program, and one who was switched off long ago; what Anna shows."""
    for given in (
        {"login": "anna", "role": "researcher", "password": PASSWORD},
        {"login": "robot", "role": "viewer", "kind": "program"},
        {"login": "gone", "role": "viewer"},
    ):
        assert (await api.ask("POST", "/api/v1/users", json=given))[0] == 201
    pool = api.site.all_tenants
    await pool.execute("update users set must_change = false")
    await pool.execute("update users set disabled_at = now() - interval '1 day' where login = 'gone'")
    logins = [await log_in(api) for _ in range(2)]
    return {"Authorization": f"Bearer {logins[0]['accessToken']}"}


async def log_in(api: Api) -> Any:
    status, told = await api.ask("POST", "/api/v1/auth/login", role=None, json=by_password())
    assert status == 200, told
    return told


def by_password() -> dict[str, str]:
    return {"login": "anna", "password": PASSWORD}


async def held(api: Api, who: str, number: int = 1) -> list[int]:
    """Approvals that somebody asked for, each with its job."""
    asked = []
    async with api.site.all_tenants.acquire() as db, db.transaction():
        for job in await queue.enqueue(db, [NewJob("maintain", held=True) for _ in range(number)]):
            wish = Wish("export", who, 1, rows=200_000, job=job)
            asked.append((await approvals.ask(db, wish, Rule(), await db.fetchval("select now()"))).id)
    return asked


async def something_governed(api: Api) -> None:
    """A project with a file, a flag with a rule, an approval and an access request that wait."""
    for path, given in (
        ("/api/v1/projects", {"json": {"name": "Heart"}}),
        ("/api/v1/projects/1/files", {"params": {"name": "ages.csv"}, "data": b"1,44"}),
        (NEW_FLAG, {"json": {"is_on": True, "says": "Finds more."}}),
        (f"{NEW_FLAG}/rules", {"json": {"is_on": False, "login": "viewer"}}),
        (REQUESTS, {"json": WISH}),
    ):
        status, told = await api.ask("POST", path, **given)
        assert status in (200, 201), (path, told, api.failed)
    await held(api, "researcher")
