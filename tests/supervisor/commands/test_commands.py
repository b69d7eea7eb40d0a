"""What all commands have in common."""

import argparse
import asyncio
import re
from pathlib import Path

import pytest

import supervisor.commands
from actors.runtime.catalog import catalog
from supervisor.__main__ import make_parser, spelled
from supervisor.commands import Command, overrides
from supervisor.settings import KNOWN
from tests.supervisor.commands.running import ROOT, Triald, environment

COMMANDS = catalog(supervisor.commands, "COMMAND", Command)
READING = {
    "status": (), "search": ("word",), "jobs": ("list",), "schedules": ("list",), "refused": ("list",),
    "token": ("list",), "check": ("--settings",),
}  # fmt: skip


async def test_an_unknown_option_ends_with_2_and_names_the_nearest(triald: Triald) -> None:
    """N39: typo → exit ≠ 0 naming the nearest, of commands' own options and of settings."""
    ends = await asyncio.gather(triald("jobs", "list", "--limid", "3"), triald("up", "--slot=3"), triald("statsu"))
    assert [end.code for end in ends] == [2, 2, 2]
    assert "there is no option --limid; the nearest is --limit" in ends[0].err
    assert "there is no option --slot=3; the nearest is --slots" in ends[1].err
    assert "'status'" in ends[2].err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ("jobs", "show", "9" * 20),
            "expected a whole number from 1 to 9223372036854775807, got '99999999999999999999'",
        ),
        (("jobs", "discard", "0"), "expected a whole number from 1"),
        (("jobs", "list", "--before", "x"), "expected a whole number from 1"),
        (("refused", "show", "-1"), "expected a whole number from 1"),
        (("jobs", "cancel", "1", "--reason", "\udcff"), "expected UTF-8, got '\\udcff'"),
    ],
)
async def test_what_cannot_be_meant_ends_with_2_and_says_what_was_expected(
    triald: Triald, words: tuple[str, ...], says: str
) -> None:
    ended = await triald(*words)
    assert (ended.code, says in ended.err, "Traceback" in ended.err) == (2, True, False)


@pytest.mark.parametrize("name", READING)
async def test_a_database_that_is_away_ends_with_4(name: str, tmp_path: Path) -> None:
    """The line says what is wrong, not where in the code."""
    away = Triald(environment(tmp_path, DATABASE_URL="postgresql://triald:canary@127.0.0.1:1/triald"))
    ended = await away(name, *READING[name])
    if name == "check":  # --settings needs none
        assert ended.code == 0
        return
    assert (ended.code, ended.out) == (4, "")
    assert ended.err.startswith("triald: the database cannot be used: ")
    assert ended.err.count("\n") == 1
    assert "canary" not in ended.err


async def test_to_ask_makes_no_database(tmp_path: Path) -> None:
    """Where the embedded PostgreSQL has never been started, a command that reads says so; check finds nothing wrong."""
    nothing = Triald(environment(tmp_path, TRIALD_DATA_DIR=str(tmp_path / "data")))
    status, check = await asyncio.gather(nothing("status"), nothing("check", "--json"))
    assert status.code == 4
    assert f"there is none yet in {tmp_path / 'data'}: triald up or triald migrate makes it" in status.err
    assert {one["part"]: one["ok"] for one in check.json}["database"]
    assert not (tmp_path / "data").exists()


async def test_a_command_that_asks_the_database_starts_without_the_service(tmp_path: Path) -> None:
    """Its web server, pages and metrics are most of what there is to import."""
    triald = Triald(environment(tmp_path, PYTHONPROFILEIMPORTTIME="1"))
    ends = await asyncio.gather(*(triald(name, "--help") for name in ("status", "jobs", "search", "token", "scrape")))
    for ended in ends:
        imported = {line.rpartition("|")[2].strip() for line in ended.err.splitlines()}
        assert "supervisor.database" in imported
        assert imported & {"supervisor.wiring", "aiohttp", "jinja2", "prometheus_client", "duckdb"} == set()


async def test_every_reading_command_answers_in_json(triald: Triald) -> None:
    """G12 (status): with --json the output is JSON and nothing else."""
    ends = await asyncio.gather(*(triald(name, *words, "--json") for name, words in READING.items()))
    assert [(end.code, end.err) for end in ends] == [(0, "")] * len(READING)
    assert all(isinstance(end.json, list | dict) for end in ends)


def test_every_command_and_action_is_in_the_documentation() -> None:
    text = (ROOT / "docs" / "commands.md").read_text("utf-8")
    for name in COMMANDS:
        assert f"triald {spelled(name)}" in text
    for name in ("jobs", "schedules", "refused", "token"):
        actions = actions_of(COMMANDS[name])
        assert actions
        assert [action for action in actions if not re.search(rf"\b{action}\b", text)] == []


def actions_of(command: Command) -> list[str]:
    parser = argparse.ArgumentParser(prog=command.name)
    command.add_arguments(parser)
    return re.findall(r"^    (\w+) ", parser.format_help(), re.M)


def test_every_setting_is_an_option_of_every_command() -> None:
    """N39: the command line can give each setting, whatever the command, unless that means something else by it."""
    parser = make_parser(COMMANDS)
    for start, own in (
        (["up"], ()), (["status"], ()), (["jobs", "list"], ()), (["jobs", "cancel", "7"], ()), (["token", "list"], ()),
        (["search", "x"], ("mode",)), (["token", "new", "x"], ("role",)), (["user", "add", "x"], ("role",)),
    ):  # fmt: skip
        given = {name: known.option for name, known in KNOWN.items() if name not in own}
        parsed = parser.parse_args([*start, *(word for option in given.values() for word in (option, "1"))])
        assert overrides(parsed) == dict.fromkeys(given, "1")


BEFORE = (
    ["dedupe", "--database-url", "here", "--json", "pairs"],
    ["mesh", "--database-url", "here", "--json", "status"],
    ["watch", "--database-url", "here", "--json", "--owner", "eve", "list"],
    ["jobs", "--database-url", "here", "--json", "list"],
    ["--database-url", "here", "dedupe", "--json", "explain", "a", "b"],
)


@pytest.mark.parametrize("words", BEFORE, ids=" ".join)
def test_what_every_action_takes_may_stand_before_it(words: list[str]) -> None:
    """N39: an option before the action holds as one after it does; the one nearer to the end counts."""
    parser = make_parser(COMMANDS)
    given = parser.parse_args(words)
    assert (overrides(given), given.json) == ({"database_url": "here"}, True)
    assert getattr(given, "owner", "eve") == "eve"
    later = parser.parse_args([*words, "--database-url", "there"])
    assert overrides(later) == {"database_url": "there"}
    without = parser.parse_args([word for word in words if word not in ("--json", "--owner", "eve")])
    assert without.json is False
    assert getattr(without, "owner", "admin") == "admin"


async def test_what_an_action_does_not_take_is_refused_before_it_too(triald: Triald) -> None:
    ends = await asyncio.gather(
        triald("dedupe", "--wait", "pairs"), triald("dedupe", "--timeout", "3", "decisions"),
        triald("mesh", "--nonsense", "status"), triald("dedupe", "--jsno", "pairs"),
    )  # fmt: skip
    assert [end.code for end in ends] == [2] * 4
    assert "--wait and --timeout are for comparing everything" in ends[0].err
    assert "--wait and --timeout are for comparing everything" in ends[1].err
    assert "there is no option --nonsense" in ends[2].err
    assert "there is no option --jsno; the nearest is --json" in ends[3].err
