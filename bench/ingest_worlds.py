"""Made-up records of CTIS, EU CTR, ISRCTN and ICTRP, made once and then served as bytes by a process of their own.

A demo server makes a record whenever it is asked for one, which costs more than mirroring it does: here all are made
before, so that what is served comes from memory.
"""

import asyncio
import multiprocessing
import os
import threading
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

import uvloop

from demo import ctis_record, euctr_record, ictrp_record, isrctn_record
from demo.holdings import Entry, entries, indexes
from demo.ictrp_copies import copies_of
from demo.ictrp_files import as_xml
from demo.listing import Listing
from demo.servers import Sources, serve
from demo.switches import CtisSwitches, EuctrSwitches, IctrpSwitches, IsrctnSwitches
from demo.world import World

CHUNK = 2_000  # trials that are looked through at once
START_WITHIN_S = 60.0

Held = Mapping[str, Sequence[Any]]
"""What each register lists, by its name."""


@dataclass(frozen=True, slots=True)
class Made:
    """`bodies` has the records as they come, by registry; `export` is ICTRP's file."""

    held: Held
    bodies: Mapping[str, Sequence[bytes]]
    export: bytes


def made(world: World, most: Mapping[str, int]) -> Made:
    """Up to so many records of each registry, looked for from the first trial on."""
    at = list(indexes(world))
    chunks = [at[first : first + CHUNK] for first in range(0, len(at), CHUNK)]
    held: dict[str, dict[str, Any]] = {name: {} for name in most}
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=spawn) as pool:
        for start in range(0, len(chunks), 4):
            wanted = frozenset(name for name, limit in most.items() if len(held[name]) < limit)
            if not wanted:
                break
            for found in pool.map(partial(_of_chunk, world, wanted), chunks[start : start + 4]):
                for name, ones in found.items():
                    held[name] |= {_trial(name, one): one for one in ones}
    listed = {name: list(ones.values())[: most[name]] for name, ones in held.items()}
    rows = listed.get("ictrp", ())
    switches = IctrpSwitches()
    bodies = {name: [_body(name, one) for one in ones] for name, ones in listed.items() if name != "ictrp"}
    bodies["ictrp"] = [_piece(as_xml([one], switches)) for one in rows]
    return Made(listed, bodies, as_xml(rows, switches))


def _trial(name: str, one: Any) -> str:
    """Under which a record is kept once; of several submissions of CTIS, the last."""
    number: str = one.number
    return number[:-3] if name == "ctis" else number


def _of_chunk(world: World, wanted: frozenset[str], at: Sequence[int]) -> dict[str, list[Any]]:
    """In a process of its own."""
    held: dict[str, list[Any]] = defaultdict(list)
    for index in at:
        for entry in entries(world, index):
            if entry.register in wanted:
                held[entry.register] += _listed(world, entry)
        if "ictrp" in wanted:
            for copy in copies_of(world, index):
                row = ictrp_record.row(world, copy)
                held["ictrp"].append(
                    ictrp_record.Listed(copy.number, ictrp_record.refreshed(copy), partial(dict[str, str], row))
                )
    return held


def _listed(world: World, entry: Entry) -> Iterable[Any]:
    """With all that the server would make later made now."""
    match entry.register:
        case "ctis":
            for trial in ctis_record.listed(world, entry):
                overview = partial(dict[str, Any], trial.overview())
                yield replace(trial, overview=overview, body=partial(bytes, trial.body()))
        case "euctr":
            for one in euctr_record.listed(world, entry):
                texts = tuple(replace(country, text=partial(str, country.text())) for country in one.protocols)
                yield replace(one, protocols=texts)
        case "isrctn":
            for record in isrctn_record.listed(world, entry):
                yield replace(record, body=partial(bytes, record.body()))


def _body(name: str, one: Any) -> bytes:
    body: bytes = one.text().encode() if name == "euctr" else one.body()
    return body


def _piece(export: bytes) -> bytes:
    """The record of an export that has one."""
    return export[export.index(b"<Trial>") : export.rindex(b"</Trial>") + len(b"</Trial>")]


@asynccontextmanager
async def serving(held: Held) -> AsyncIterator[Mapping[str, str]]:
    """The address of each registry; its process ends with the context, and with its parent however that ends."""
    if not held:
        yield {}
        return
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_serve, args=(dict(held), theirs), daemon=True)
    await asyncio.to_thread(process.start)
    theirs.close()
    try:
        if not await asyncio.to_thread(ours.poll, START_WITHIN_S):
            raise TimeoutError(f"the registries did not start within {START_WITHIN_S:g} s")
        yield await asyncio.to_thread(ours.recv)
    finally:
        ours.close()
        await asyncio.to_thread(process.join, 10)
        process.kill()


def _serve(held: Held, parent: Connection) -> None:
    uvloop.run(_until_closed(held, parent))


async def _until_closed(held: Held, parent: Connection) -> None:
    sources = Sources(**{name: _listing(name, ones) for name, ones in held.items()})  # type: ignore[arg-type]  # by name
    plain = {
        "ctis": CtisSwitches(gzip=False),
        "euctr": EuctrSwitches(gzip=False),
        "isrctn": IsrctnSwitches(gzip=False),
    }
    async with serve(sources, switches=plain) as servers:
        parent.send({name: server.url for name, server in servers.items()})
        closed, loop = asyncio.Event(), asyncio.get_running_loop()
        threading.Thread(target=_wait, args=(parent, loop, closed), daemon=True).start()
        await closed.wait()


def _wait(parent: Connection, loop: asyncio.AbstractEventLoop, closed: asyncio.Event) -> None:
    parent.poll(None)
    loop.call_soon_threadsafe(closed.set)


def _listing(name: str, ones: Sequence[Any]) -> Listing[Any]:
    return Listing(name, lambda _: ones)
