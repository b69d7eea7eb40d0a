"""`triald up`: the service; with --demo, in a world of its own to try it in."""

import argparse
import asyncio
import dataclasses
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from actors.errors import Unavailable
from actors.trials.following.store import Waiting
from actors.trials.scrapes import Mode
from demo import process as demo
from supervisor import demo_world
from supervisor.catching_up import catch_up, line
from supervisor.commands import CANNOT_USE, Command, Exit, overrides, read_settings, unavailable, whole
from supervisor.following import follow, screen_on, summary
from supervisor.running import Host, Stopped, enter_once_there, run_service
from supervisor.scraping import ask_for_scrapes
from supervisor.service import Service
from supervisor.setting_sources import FILE_VARIABLE
from supervisor.settings import Settings, read
from supervisor.tokens import FIRST_LOGIN, first_password, make_token

DEMO_DIR = Path("var") / "demo"  # below the current directory
SET_ASIDE = frozenset({
    "DATABASE_URL", "TRIALD_DATABASE_URL", "TRIALD_DATABASE_URL_FILE", "TRIALD_LISTEN_URL", "TRIALD_LISTEN_URL_FILE",
    "TRIALD_DATABASE_POOLER", "TRIALD_DATA_DIR", "CREDENTIALS_DIRECTORY", "STATE_DIRECTORY", FILE_VARIABLE,
})  # fmt: skip


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--demo", action="store_true", help="mirror made-up registries on this machine, to try triald")
    parser.add_argument(
        "--trials", type=whole(1, 1_000_000), default=5000, metavar="N", help="of the demo (default: 5000)"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="another number is another demo world")
    parser.add_argument("--once", action="store_true", help="mirror every registry once, then end")


def settings_of(given: argparse.Namespace, environ: Mapping[str, str]) -> Settings:
    """Of the demo: no file and no database but those of the command line, so that it writes into nobody's own."""
    if not given.demo:
        return read_settings(given, environ)
    kept = {name: text for name, text in environ.items() if name not in SET_ASIDE}
    names = demo_world.mirrored()
    defaults = {
        "data_dir": str(DEMO_DIR),
        "registries": ",".join(names),
        "registry_per_min": ",".join(f"{name}={demo_world.PER_MIN}" for name in names),
        "alert_stale_trials": str(given.trials),  # the world's trials change as seldom as real ones
        "mode": "demo",  # at the first start: nothing leaves a world that is made up
        "log_level": "warning",
    }
    return read(overrides(given), kept, given.settings_file, defaults=defaults, default_file=None)


async def run(given: argparse.Namespace, settings: Settings) -> int:
    settings = _with_port(settings)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    host = Host()
    try:
        async with AsyncExitStack() as stack:
            async with host.opening():
                settings = await _in_its_world(stack, given, settings)
                service = await _open(stack, settings)
            return await _serve(given, service, host)
    except Stopped:
        return Exit.FAILED if given.once else Exit.OK


async def _in_its_world(stack: AsyncExitStack, given: argparse.Namespace, settings: Settings) -> Settings:
    """The settings of a demo lead into a world that is made for it, for as long as `stack`."""
    if not given.demo:
        return settings
    print(f"making a world of {given.trials:,} trials and a database in {settings.data_dir} …", flush=True)
    try:
        first, day = demo_world.days_of(settings.data_dir, datetime.now(UTC).date())
        starting = demo.running(trials=given.trials, seed=given.seed, first_day=first, day=day)
        world = await stack.enter_async_context(starting)
    except demo.DidNotStart as error:
        raise Unavailable(f"the demo world did not start: {error}") from error
    stand_ins = MappingProxyType({**demo_world.hosts(world.urls), **settings.registry_bases})
    token_file = settings.token_file or _demo_token(settings.data_dir)
    return dataclasses.replace(settings, token_file=token_file, registry_bases=stand_ins)


async def _open(stack: AsyncExitStack, settings: Settings) -> Service:
    try:
        return await enter_once_there(stack, settings)
    except CANNOT_USE as error:
        raise unavailable(error) from error


def _with_port(settings: Settings) -> Settings:
    """The same, with a free port for port 0. Raises Unavailable for a port that is taken, before anything starts."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise Unavailable(f"{settings.listen}: {error.strerror}: give another by --listen HOST:PORT") from error
        port = probe.getsockname()[1]
    return dataclasses.replace(settings, listen=f"{settings.listen.rpartition(':')[0]}:{port}")


def _demo_token(folder: Path) -> Path:
    """A file of the demo's own: its login stays the same from one start to the next."""
    file = folder / "token"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(make_token(), "utf-8")
    return file


async def _serve(given: argparse.Namespace, service: Service, host: Host) -> int:
    password = None  # a worker alone lets nobody in
    if service.settings.role != "worker":
        password = await first_password(service.all_tenants, service.settings.token_file)
    ready = asyncio.Event()
    serving = asyncio.create_task(run_service(service, host, on_ready=ready.set))
    telling = asyncio.create_task(_tell(given, service, password, ready))
    try:
        code = await serving
    finally:
        finished = telling.done() or not telling.cancel()
        [mirrored] = await asyncio.gather(telling, return_exceptions=True)
    if isinstance(mirrored, Exception):
        raise mirrored
    if given.once and code == Exit.OK:
        return Exit.OK if finished and mirrored is True else Exit.FAILED
    return code


async def _tell(given: argparse.Namespace, service: Service, password: str | None, ready: asyncio.Event) -> bool:
    """Says what there is to see; mirrors the registries where that was asked for: whether all of them were."""
    if password is not None:
        says = "made at this first start, shown only now; to be changed at the first login"
        print(f"login: {FIRST_LOGIN}\npassword: {password}\n  {says}", flush=True)
    await ready.wait()
    if not (given.demo or given.once):
        return True
    try:
        mirrored = await _mirror(given, service)
    finally:
        if given.once:
            os.kill(os.getpid(), signal.SIGTERM)  # as an operator would: it drains
    if not given.once:
        _invite(service)
    return mirrored


async def _mirror(given: argparse.Namespace, service: Service) -> bool:
    wanted = service.settings.registries
    if given.demo:
        print(await demo_world.learn_mesh(service, service.settings.data_dir), flush=True)
    mode: Mode = "full" if given.demo else "incremental"
    asked = await ask_for_scrapes(service.all_tenants, wanted, mode=mode, kinds=service.kinds)
    jobs = {one.job: one.registry for one in asked}
    looks = await follow(service.all_tenants, jobs, screen_on(sys.stdout).show)
    print(summary(looks), flush=True)
    behind = await catch_up(service.all_tenants, service.kinds, _telling())
    print(*await demo_world.found(service), sep="\n", flush=True)
    return not behind and all(look.state == "done" for look in looks)


def _telling() -> Callable[[Sequence[Waiting]], None]:
    """Shows how far the followers are: over one line of a terminal, else when one has caught up."""
    told: set[str] = set()

    def show(behind: Sequence[Waiting]) -> None:
        if sys.stdout.isatty():
            print(f"\r\x1b[2K{line(behind)}", end="" if behind else "\n", flush=True)
            return
        names = {one.follower for one in behind}
        for name in sorted(told - names):
            print(f"{name}: has seen all trials", flush=True)
        told.clear()
        told.update(names)

    return show


def _invite(service: Service) -> None:
    file = service.settings.token_file
    print(f"\ntriald is on http://{service.settings.listen}/")
    if file is not None:
        print(f"login: {file.read_text('utf-8').strip()}")
    print("Ctrl-C ends it", flush=True)


COMMAND = Command("up", "run the service", arguments, run, settings=settings_of, is_service=True)
