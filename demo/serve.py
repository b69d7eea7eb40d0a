"""`python -m demo serve`: the demo registry until Ctrl-C, or until standard input ends with --with-parent."""

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

from demo.ctgov_server import serve
from demo.prerender import prerendered
from demo.records_source import from_directory
from demo.source import Source
from demo.switches import BadSwitch, Switches, changed
from demo.world import FIRST_DAY, World
from demo.world_source import WorldSource


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m demo serve", description="ClinicalTrials.gov's API v2 on loopback."
    )
    parser.add_argument("--trials", type=int, default=2_000, help="how many trials the world has on day 0")
    parser.add_argument("--seed", type=int, default=1, help="which world")
    parser.add_argument("--today", type=date.fromisoformat, default=FIRST_DAY, help="the date of world day 0")
    parser.add_argument("--day", type=int, default=None, help="world day, or version number of replayed records")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--records", type=Path, help="serve the real records of this directory instead")
    parser.add_argument(
        "--prerender",
        nargs="?",
        type=Path,
        const=Path(),
        help="write the records to files first, in this directory (kept for the next time) or a temporary one",
    )
    parser.add_argument("--switches", default="{}", help="as JSON, such as '{\"latency_ms\": 50}'")
    parser.add_argument("--with-parent", action="store_true", help="end when standard input ends")
    return parser


def run(arguments: list[str]) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    with ExitStack() as stack:
        try:
            switches = changed(Switches(day=options.day), orjson.loads(options.switches))
            source = _source(options, stack)
        except (BadSwitch, ValueError, OSError) as error:
            parser.error(str(error))
        uvloop.run(_serve(source, options.port, switches, with_parent=options.with_parent))
    return 0


def _source(options: argparse.Namespace, stack: ExitStack) -> Source:
    if options.records:
        return from_directory(options.records)
    world = World(options.trials, options.seed, 0, options.today)
    if options.prerender is None:
        return WorldSource(world)
    directory = options.prerender
    if directory == Path():
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="demo-world-")))
    return prerendered(world, directory)


async def _serve(source: Source, port: int, switches: Switches, *, with_parent: bool) -> None:
    done = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, done.set)
    if with_parent:
        reader = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        ended = asyncio.ensure_future(reader.read())
        ended.add_done_callback(lambda _: done.set())
    async with serve(source, port=port, switches=switches) as server:
        print(server.url, flush=True)
        await done.wait()
