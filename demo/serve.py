"""`python -m demo serve`: the demo registries until Ctrl-C, or until standard input ends with --with-parent.

The first line is the address of the first registry (ClinicalTrials.gov where it is served); the second, an object of
JSON with the address of each by name.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import tempfile
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import orjson
import uvloop

from demo.prerender import prerendered
from demo.records import sources_in
from demo.servers import Sources, everywhere, serve, switches_for
from demo.switches import BadSwitch, Common
from demo.world import FIRST_DAY, World
from demo.world_source import WorldSource


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m demo serve", description="Five registries on loopback, over one made-up world or real records."
    )
    parser.add_argument("--trials", type=int, default=2_000, help="how many trials the world has on day 0")
    parser.add_argument("--seed", type=int, default=1, help="which world")
    parser.add_argument("--today", type=date.fromisoformat, default=FIRST_DAY, help="the date of world day 0")
    parser.add_argument("--day", type=int, default=None, help="world day, or version number of replayed records")
    parser.add_argument(
        "--port", type=int, default=0, help="of the first registry, the others have the next ones; 0 takes free ones"
    )
    parser.add_argument(
        "--records",
        type=Path,
        help="serve the real records of this directory instead: of a registry, or of several in folders by name",
    )
    parser.add_argument(
        "--prerender",
        nargs="?",
        type=Path,
        const=Path(),
        help="write the records to files first, in this directory (kept for the next time) or a temporary one",
    )
    parser.add_argument(
        "--switches", default="{}", help='as JSON, such as \'{"latency_ms": 50, "ctis": {"cap": 300}}\''
    )
    parser.add_argument("--with-parent", action="store_true", help="end when standard input ends")
    return parser


def run(arguments: list[str]) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    with ExitStack() as stack:
        try:
            switches = switches_for(orjson.loads(options.switches), options.day)
            sources = _sources(options, stack)
        except (BadSwitch, ValueError, OSError) as error:
            parser.error(str(error))
        uvloop.run(_serve(sources, options.port, switches, with_parent=options.with_parent))
    return 0


def _sources(options: argparse.Namespace, stack: ExitStack) -> Sources:
    if options.records:
        return sources_in(options.records)
    world = World(options.trials, options.seed, 0, options.today)
    if options.prerender is None:
        return everywhere(world, WorldSource(world))
    directory = options.prerender
    if directory == Path():
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="demo-world-")))
    return everywhere(world, prerendered(world, directory))


async def _serve(sources: Sources, port: int, switches: dict[str, Common], *, with_parent: bool) -> None:
    done = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, done.set)
    if with_parent:
        reader = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        ended = asyncio.ensure_future(reader.read())
        ended.add_done_callback(lambda _: done.set())
    async with serve(sources, port=port, switches=switches) as servers:
        urls = {name: server.url for name, server in servers.items()}
        print(next(iter(urls.values())), flush=True)
        print(orjson.dumps(urls).decode(), flush=True)
        await done.wait()
