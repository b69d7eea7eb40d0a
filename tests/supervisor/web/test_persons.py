"""Somebody does what the service offers, is told all that is held of them, and is erased: nothing names them then."""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from actors.events import store as events
from actors.governance.audit import store as audit
from actors.governance.audit.sealer import seal_all
from supervisor.embedded import wheel_bin_dir
from supervisor.roles import Role
from tests.postgres import Postgres
from tests.supervisor.commands.running import Triald, environment
from tests.supervisor.web.asking import Api
from tests.supervisor.web.reviewed import PAIR, review
from tests.supervisor.web.watched import follow

if TYPE_CHECKING:
    import asyncpg

CANARY = "qzcanary"
LOGIN, NAME, EMAIL = f"Jo.{CANARY}", f"Jo van {CANARY.title()}", f"jo@{CANARY}.example.org"
PASSWORD = "seven green bicycles"
WISH = {"subject": "phi:trial:1", "because": f"I am {NAME}", "duration": "week"}


async def canary(api: Api) -> dict[str, str]:
    """An admin who has done something of everything; what they show."""
    given = {"login": LOGIN, "role": "admin", "name": NAME, "email": EMAIL, "password": PASSWORD}
    await done(api, "POST", "/api/v1/users", None, given)
    await api.site.all_tenants.execute("update users set must_change = false")
    for wrong in (LOGIN, EMAIL):
        credentials = {"login": wrong, "password": "not the password"}
        assert (await api.ask("POST", "/api/v1/auth/login", role=None, json=credentials))[0] == 401
    await api.site.all_tenants.execute("update login_failures set until_at = now()")
    told = await done(api, "POST", "/api/v1/auth/login", None, {"login": LOGIN, "password": PASSWORD}, role=None)
    shown = {"Authorization": f"Bearer {told['accessToken']}", "User-Agent": CANARY}
    for method, path, body in everything():
        await done(api, method, path, shown, body)
    await by_others(api, shown)
    return shown


def everything() -> list[tuple[str, str, Any]]:
    note = f"{LOGIN} <{EMAIL}> has looked"
    return [
        ("POST", "/api/v1/tokens", {"name": f"laptop of {CANARY}"}),
        ("POST", "/api/v1/projects", {"name": f"Sepsis of {NAME}", "description": note}),
        ("POST", "/api/v1/watches", {"trial": "1"}),
        ("POST", "/api/v1/webhooks", {"url": f"https://hooks.test:8080/{CANARY}", "kinds": ["trial.changed"]}),
        ("POST", f"/api/v1{PAIR}/confirm", {"note": note}),
        ("POST", f"/api/v1{PAIR}/undo", None),
        ("POST", "/api/v1/alerts/1/acknowledge", None),
        ("POST", "/api/v1/silences", {"name": "queue_deep", "why": note, "hours": 1}),
        ("POST", "/api/v1/governance/mode", {"mode": "LIVE", "because": note}),
        ("POST", "/api/v1/governance/flags/new_search", {"is_on": True, "says": note}),
        ("POST", "/api/v1/governance/flags/new_search/rules", {"is_on": False, "login": LOGIN}),
        ("POST", "/api/v1/access-requests", WISH),
        ("POST", "/api/v1/queues/default/pause", None),
        ("PATCH", "/api/v1/users/viewer", {"role": "viewer"}),
    ]


async def by_others(api: Api, shown: dict[str, str]) -> None:
    """What others did about them, and what is made by itself."""
    pool = api.site.all_tenants
    await done(api, "PATCH", f"/api/v1/users/{LOGIN}", {"Idempotency-Key": "a"}, {"role": "admin"})
    await done(api, "PATCH", f"/api/v1/users/{LOGIN.upper()}", None, {"on": True})
    await done(api, "POST", "/api/v1/governance/flags/other", None, {"is_on": True, "says": f"as {EMAIL} asked"})
    await pool.execute("update webhooks set is_on = false")  # nobody is called from here
    await pool.execute(
        """insert into trial_versions (trial_id, version, seen_at, registry, event, changes)
           values (1, 2, now(), 'ctgov', 'changed',
                   '[{"field": "status", "before": "recruiting", "after": "completed"}]')"""
    )
    await pool.execute("update trials set version = 2 where id = 1")
    await pool.execute("update webhooks set is_on = true")
    await follow(pool)
    await pool.execute(
        "insert into mesh_decisions (about, key, sample, by, note, uis) values ('condition', 'x', 'x', $1, $2, '{}')",
        LOGIN, NAME,
    )  # fmt: skip
    await pool.execute("insert into jobs (kind, queue, payload) values ('announce_approval', 'default', $1)",
                       json.dumps({"approval": 1, "login": LOGIN}))  # fmt: skip
    await pool.execute(
        "insert into stored_files (tenant_id, project_id, size_bytes, name, media_type, key, uploaded_by, sha256)"
        " select 1, id, 7, $1, 'text/plain', 'stored/aa/' || repeat('a', 32), $2, sha256('') from projects",
        f"{NAME}.txt", LOGIN,
    )  # fmt: skip
    assert (await api.ask("GET", "/trials?q=x", headers={"Cookie": "a=b"} | shown))[0] == 200
    await seal_all(pool)


async def done(
    api: Api, method: str, path: str, headers: dict[str, str] | None, body: Any, role: Role | None = Role.ADMIN
) -> Any:
    given: dict[str, Any] = {} if body is None else {"json": body}
    status, told = await api.ask(method, path, headers=headers, role=role, **given)
    assert status < 300, (method, path, status, told, api.failed)
    return told


async def naming(pool: "asyncpg.Pool[Any]") -> dict[str, list[str]]:
    """The rows of every table that name them, whatever the column: as text, and as bytes."""
    tables = await pool.fetch(
        "select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where c.relkind in ('r', 'm') and n.nspname = 'public'"
    )
    found = {}
    for table in tables:
        rows = await pool.fetch(
            f"select t::text as told from {table['name']} t where t::text ilike $1 or t::text ilike $2",  # noqa: S608
            f"%{CANARY}%", f"%{CANARY.encode().hex()}%",
        )  # fmt: skip
        if rows:
            found[table["name"]] = [row["told"][:200] for row in rows]
    return found


@pytest.fixture
async def told(trials: Api, tmp_path: Path) -> tuple[Api, dict[str, str]]:
    await review(trials.site.all_tenants, tmp_path)
    await trials.site.all_tenants.execute(
        "insert into alerts (name, subject, severity, message) values ('queue_deep', 'default', 'high', 'deep')"
    )
    return trials, await canary(trials)


async def test_after_an_erasure_nothing_names_them(told: tuple[Api, dict[str, str]], postgres: Postgres) -> None:
    """N36: the canary is in no row of any table, nor in a dump; the audit keeps its entries and verifies."""
    api, _ = told
    pool = api.site.all_tenants
    before = await naming(pool)
    assert len(before) >= 20, sorted(before)
    path = f"/api/v1/users/{LOGIN}/erase"
    assert (await api.ask("POST", path, json={"login": "somebody"}))[0] == 400
    assert (await api.ask("POST", path, json={"login": LOGIN}))[0] == 409
    await off(pool)
    entries = await pool.fetchval("select count(*) from audit_entries")
    status, erased = await api.ask("POST", path, json={"login": LOGIN}, headers={"Idempotency-Key": "erase"})
    assert status == 200, (erased, api.failed)
    assert await naming(pool) == {}
    assert CANARY not in (await dump(postgres.dsn)).lower()
    await seal_all(pool)
    async with pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
        verdict = await audit.verify(db)
    assert (verdict.fault, verdict.links) == (None, entries + 1)
    assert await pool.fetchval("select by from duplicate_decisions") == erased["alias"]
    assert (await api.ask("POST", path, json={"login": LOGIN}, headers={"Idempotency-Key": "erase"}))[0] == 200


async def off(pool: "asyncpg.Pool[Any]") -> None:
    """They were switched off some time ago."""
    await pool.execute("update users set disabled_at = now() - interval '11 seconds' where login = $1", LOGIN)


async def dump(dsn: str) -> str:
    """What a backup of the database would hold, in the open."""
    process = await asyncio.create_subprocess_exec(
        str(wheel_bin_dir() / "pg_dump"), "--dbname", dsn, "--format=plain",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    assert process.returncode == 0, err
    return out.decode()


async def test_one_is_told_all_that_is_held_and_no_secret(told: tuple[Api, dict[str, str]]) -> None:
    """N36: by oneself and by an admin; both stand in the audit."""
    api, shown = told
    mine = await api.get("/api/v1/me/export", headers=shown)
    theirs = await api.get(f"/api/v1/users/{LOGIN.lower()}/export")
    assert mine["held"].keys() == theirs["held"].keys()
    assert mine["held"].keys() >= {
        "users", "tokens", "sessions", "projects", "flag_rules", "watches", "notices", "webhooks", "access_requests",
        "alerts", "silences", "mode", "flags", "duplicate_decisions", "duplicate_events", "mesh_decisions", "jobs",
        "audit",
    }  # fmt: skip
    text = json.dumps(mine)
    pool = api.site.all_tenants
    secrets = await pool.fetchrow(
        "select (select password from users where login = $1) as password, (select secret from webhooks) as signs,"
        " (select encode(sha256, 'hex') from access_tokens where name like '%canary%') as token", LOGIN,
    )  # fmt: skip
    assert secrets is not None and all(secret and secret not in text for secret in secrets.values())
    assert mine["held"]["users"][0]["has_password"] is True
    assert (await api.ask("GET", f"/api/v1/users/{LOGIN}/export", role=Role.STEWARD))[0] == 403
    exported = "select count(*) from audit_entries where action = 'users_export' and outcome = 'done'"
    assert await pool.fetchval(exported) == 2


async def test_nobody_erases_themselves_nor_somebody_of_another_tenant(api: Api) -> None:
    assert (await api.ask("POST", "/api/v1/users/admin/erase", json={"login": "admin"}))[0] == 400
    await done(api, "POST", "/api/v1/tenants", None, {"name": "clinic", "admin": "eve"})
    assert (await api.ask("POST", "/api/v1/users/eve/erase", json={"login": "eve"}))[0] == 404
    assert (await api.ask("GET", "/api/v1/users/eve/export"))[0] == 404
    assert await api.site.all_tenants.fetchval("select count(*) from users where login in ('eve', 'admin')") == 2


async def test_the_command_line_exports_and_erases(told: tuple[Api, dict[str, str]], dsn: str, tmp_path: Path) -> None:
    """N36: the file is for its owner alone, is never written over, and nothing is erased without --yes."""
    api, _ = told
    triald, file = (
        Triald(environment(tmp_path, DATABASE_URL=dsn, TRIALD_DATA_DIR=str(tmp_path / "data"))),
        tmp_path / "x",
    )
    assert (await triald("user", "export", LOGIN, str(file))).code == 0
    assert (file.stat().st_mode & 0o777, json.loads(file.read_text())["login"]) == (0o600, LOGIN)
    again, unsure = await asyncio.gather(triald("user", "export", LOGIN, str(file)), triald("user", "erase", LOGIN))
    assert (again.code, unsure.code) == (2, 2)
    await off(api.site.all_tenants)
    erased = await triald("user", "erase", LOGIN, "--yes", "--json")
    assert erased.json["alias"].startswith("erased-")
    assert await naming(api.site.all_tenants) == {}
    assert CANARY not in "".join(
        one.read_text("utf-8", "replace") for one in (tmp_path / "data").rglob("*") if one.is_file()
    )
    assert (await triald("user", "erase", LOGIN, "--yes")).code == 3


async def test_what_was_told_to_them_alone_is_forgotten(api: Api) -> None:
    """N36: events that wait for their number, and those that have one."""
    pool = api.site.all_tenants
    await done(api, "POST", "/api/v1/users", None, {"login": LOGIN, "role": "viewer"})
    for number in range(2):
        await events.append(pool, room=f"user:{LOGIN}", kind="notices.made", payload={"number": number})
        if number == 0:
            await pool.execute("select events_number(100)")
    assert {"events", "event_inbox"} <= (await naming(pool)).keys()
    await off(pool)
    await done(api, "POST", f"/api/v1/users/{LOGIN}/erase", None, {"login": LOGIN})
    assert await naming(pool) == {}


async def test_a_word_in_a_path_that_is_nobodys_login_is_no_actor_of_the_audit(api: Api) -> None:
    """N36: what somebody makes up, or tries of one who was erased, is written down nowhere."""
    path = f"/api/v1/users/{LOGIN}/export"
    assert (await api.ask("GET", path, role=Role.VIEWER))[0] == 403
    subjects = await api.site.all_tenants.fetch("select subject from audit_entries where outcome = 'refused'")
    assert [row["subject"] for row in subjects] == ["login=actor 0"]
    assert await naming(api.site.all_tenants) == {}
