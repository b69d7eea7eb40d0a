"""The command line: `triald COMMAND …`, also `python -m supervisor`. Finds commands, reads settings, dispatches."""

import argparse
import os
import sys
from collections.abc import Sequence
from copy import copy
from pathlib import Path

import asyncpg
import uvloop

from actors.errors import NotFound, Refusal, TrialdError
from actors.runtime.catalog import catalog, names
from supervisor import logs
from supervisor.commands import Command, DatabaseUnavailable, Exit
from supervisor.setting_sources import nearest
from supervisor.settings import KNOWN, BadSettings, Settings
from supervisor.version import VERSION

COMMANDS = "supervisor.commands"
INTERRUPTED = 130  # as shells say it: 128 + SIGINT


def main(arguments: Sequence[str] | None = None) -> int:
    words = sys.argv[1:] if arguments is None else list(arguments)
    parser = make_parser(_commands(words[:1]))
    for word in words:
        if not word.isascii() and any("\ud800" <= sign <= "\udfff" for sign in word):
            parser.error(f"expected UTF-8, got {word!r}")
    given, rest = parser.parse_known_args(words)
    if rest:
        parser.error(_unknown(rest, given.options))
    command: Command = given.command
    try:
        settings = command.settings(given, os.environ)
    except BadSettings as error:
        return _say("the settings are wrong:", *error.problems, code=Exit.USAGE)
    return _run(command, given, settings)


def _commands(asked: list[str]) -> dict[str, Command]:
    """The one asked for by its name, which starts without what others need; all of them otherwise."""
    known = [name for name in names(COMMANDS) if spelled(name) in asked]
    return catalog(COMMANDS, "COMMAND", Command, only=known or None)


def spelled(name: str) -> str:
    """A command as people write it: import-from, which no file could be named."""
    return name.replace("_", "-")


def make_parser(commands: dict[str, Command]) -> argparse.ArgumentParser:
    """Every command with its arguments and the settings."""
    about = "One service for clinical evidence: trial registries mirrored into your own PostgreSQL."
    parser = argparse.ArgumentParser(prog="triald", description=about, allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"triald {VERSION}")
    where = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in commands.values():
        one = where.add_parser(spelled(command.name), help=command.help, description=command.help, allow_abbrev=False)
        command.add_arguments(one)
        for leaf in _leaves(one):
            _add_settings(leaf, shown=command.is_service)
            options = [text for added in leaf._actions for text in added.option_strings]
            leaf.set_defaults(command=command, options=options)
        _take_before(one)
    _take_before(parser)
    return parser


def _take_before(parser: argparse.ArgumentParser) -> None:
    """What every action of a command takes as an option may stand before the action too, and holds there."""
    actions = next((one for one in parser._actions if isinstance(one, argparse._SubParsersAction)), None)
    if actions is None:
        return
    parsers = list(actions.choices.values())
    shared = set[str].intersection(*(set(one._option_string_actions) for one in parsers))
    shared = {name for name in shared if len({one._option_string_actions[name].dest for one in parsers}) == 1}
    own = set(parser._option_string_actions)
    for name in (name for name in parsers[0]._option_string_actions if name in shared and name not in ("-h", "--help")):
        if name not in own:
            before = copy(parsers[0]._option_string_actions[name])
            before.help = argparse.SUPPRESS
            parser._add_action(before)
        for one in parsers:  # one that is not given after the action leaves what stood before it as it is
            one._option_string_actions[name].default = argparse.SUPPRESS


def _leaves(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """The parsers of a command's actions, and its own where it needs none."""
    for added in parser._actions:
        if isinstance(added, argparse._SubParsersAction):
            return [*([] if added.required else [parser]), *added.choices.values()]
    return [parser]


def _add_settings(parser: argparse.ArgumentParser, *, shown: bool) -> None:
    """Every setting is an option of every command, unless that means something else by it; help lists them where they
    matter most.
    """
    group = parser.add_argument_group(
        "settings", None if shown else "every setting is an option too: see triald up --help"
    )
    group.add_argument("--settings-file", type=Path, metavar="FILE", help="a TOML file with settings")
    for known in (known for known in KNOWN.values() if known.option not in parser._option_string_actions):
        says = known.says.replace("%", "%%") if shown else argparse.SUPPRESS
        if known.kind.switch:
            group.add_argument(
                known.option, dest=f"setting_{known.name}", nargs="?", const="true", metavar="BOOL", help=says
            )
        else:
            group.add_argument(known.option, dest=f"setting_{known.name}", metavar="VALUE", help=says)


def _unknown(rest: list[str], options: list[str]) -> str:
    option = next((text for text in rest if text.startswith("-")), None)
    if option is None:
        return f"unexpected: {' '.join(rest)}"
    return f"there is no option {option}; the nearest is {nearest(option.partition('=')[0], options)}"


def _run(command: Command, given: argparse.Namespace, settings: Settings) -> int:
    level = settings.log_level if command.is_service else "warning"
    end_logs = logs.set_up(form=settings.log_format, level=level)
    try:
        return uvloop.run(_outcome(command, given, settings))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has gone: `triald jobs list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    finally:
        end_logs()


async def _outcome(command: Command, given: argparse.Namespace, settings: Settings) -> int:
    """The command's exit code. A service has ended then, also if a handler of its jobs has not."""
    code: int = Exit.FAILED
    try:
        code = await _ended(command, given, settings)
        return code
    finally:
        if command.is_service:
            from supervisor.running import leave  # it stands on all of the service, which is there already

            leave(code)


async def _ended(command: Command, given: argparse.Namespace, settings: Settings) -> int:
    """The command's exit code; what stops it is told in one line."""
    try:
        code = await command.run(given, settings)
        sys.stdout.flush()
        return code
    except DatabaseUnavailable as error:
        return _say(f"the database cannot be used: {error}", code=Exit.NO_DATABASE)
    except NotFound as error:
        return _say(str(error), code=Exit.NOT_FOUND)
    except Refusal as error:
        return _say(str(error), code=Exit.USAGE)
    except (TimeoutError, asyncpg.QueryCanceledError) as error:
        return _say(f"timed out: {error}", code=Exit.TIMED_OUT)
    except TrialdError as error:
        return _say(str(error), code=Exit.FAILED)


def _say(*lines: str, code: Exit) -> int:
    for number, line in enumerate(lines):
        sys.stderr.write(f"{'triald: ' if number == 0 else '  '}{line}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
