"""The user that the guide, the chart and the composition make for triald: it owns its database, and is no superuser."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import yaml

from tests.deploy.chart import ROOT, manifests, named
from tests.postgres import Servers, default_bin_dir
from tests.survive.processes import SMALL, command, running

if TYPE_CHECKING:
    from supervisor.embedded import Embedded

NAME = "first_of_all"  # "triald" is there already: the server is the embedded one
SQL = re.compile(r"<<'SQL'\n(.*?)\n\s*SQL", re.DOTALL)
PRIVILEGES = "select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb from pg_roles where rolname = 'triald'"


def of_chart() -> str:
    [script] = named(manifests({"postgresql": {"enabled": True}}), "ConfigMap", "-postgresql")["data"].values()
    [sql] = SQL.findall(script)
    return str(sql).replace(':"name"', "triald").replace(':"database"', "triald")


def of_composition() -> str:
    composition = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text("utf-8"))
    [sql] = SQL.findall(composition["configs"]["first_start"]["content"])
    return str(sql)


def of_guide() -> str:
    text = (ROOT / "docs" / "operating.md").read_text("utf-8")
    return ";\n".join(re.findall(r'-c "(create (?:role|database) .*?)"', text)) + ";"


def statements(sql: str) -> list[str]:
    text = re.sub(r":'password'|'\$password'", "'secret'", sql)
    return [" ".join(one.split()) for one in text.split(";") if one.strip()]


def test_guide_chart_and_composition_make_the_same_database() -> None:
    assert [one.replace(" nosuperuser nocreaterole", "") for one in statements(of_chart())] == statements(of_guide())
    assert statements(of_chart()) == statements(of_composition())


async def test_triald_works_as_a_user_that_is_no_superuser(servers: Servers, tmp_path: Path) -> None:
    """C23: what is made first is enough to migrate, to answer and to run jobs; row-level security binds it. A second
    login in the same role takes its place when the password is changed, as the guide says."""
    server = (await servers.at(default_bin_dir())).embedded
    admin = await asyncpg.connect(server.dsn_of("postgres"))
    try:
        for one in statements(of_chart()):
            await admin.execute(one.replace("database triald", f"database {NAME}"))
        assert tuple(await admin.fetchrow(PRIVILEGES) or ()) == (False, False, False, True)
        await works_as(server, "triald", tmp_path / "first")
        rotated = re.findall(r"`(create role triald2 .*?)`", (ROOT / "docs" / "operating.md").read_text("utf-8"))
        for one in [part for text in rotated for part in text.replace("…", "x").split("; ")]:
            await admin.execute(one)
        await works_as(server, "triald2", tmp_path / "second")
    finally:
        await admin.execute(f"drop database if exists {NAME} with (force)")
        for role in ("triald2", "triald"):
            await admin.execute(f"drop role if exists {role}")
        await admin.close()


async def works_as(server: "Embedded", user: str, folder: Path) -> None:
    dsn = server.dsn_of(NAME).replace("://postgres@", f"://{user}@")
    migrated = await command(dsn, "migrate")
    assert migrated.code == 0, migrated.error
    async with running(dsn, folder, settings=SMALL) as one:
        assert not one.all_said("actor.crashed")
    status = await command(dsn, "status", "--json")
    assert status.code == 0, status.error
