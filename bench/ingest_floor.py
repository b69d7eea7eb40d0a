"""The floor of ingest: a straight loop of parse, compress and COPY into our own tables, with all their indexes.

    python -m bench.ingest_floor [--trials 20000]

Prints JSON: records a second of the floor, of reading and packing on one core, of `write_page`, and of both side by
side with one process that packs, as the scraper runs them but without HTTP. Each on a fresh database of one PostgreSQL.

The floor fills the same columns with as little work as Python allows: no checks, no history, no numbers but the main
one. `record` gets the study's own protocol section, which is of the same size as what we read.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import orjson
from zstandard import ZstdCompressor

from actors.registries.ctgov import REGISTRY
from actors.trials import wire
from actors.trials.mirroring import store
from actors.trials.mirroring.rows import VERSION_COLUMNS
from actors.trials.pack import ID_COLUMNS, RAW_COLUMNS, TRIAL_COLUMNS, ZSTD_LEVEL, PackedPage, Source, pack_page
from actors.trials.reading.ctgov.words import PHASES, STATUSES, STUDY_TYPES
from bench.ingest_plain import Row
from demo.ctgov_record import record
from demo.world import World
from schema.migrate import migrate
from supervisor import embedded

PAGE = 1000
URL = "https://clinicaltrials.gov/api/v2/studies"


Plain: TypeAlias = Callable[[int, bytes, bytes, datetime], tuple[Row, list[Row]]]
"""From a record, its id and its hash to its row in the order of TRIAL_COLUMNS and the rows of its numbers."""


async def floor(records: Sequence[bytes], dsn: str, plain: Plain | None = None, registry: str = "ctgov") -> float:
    """Records a second of the straight loop, into an empty migrated database."""
    plain = plain or _plain
    db = await asyncpg.connect(dsn)
    await db.set_type_codec(
        "tsvector",
        schema="pg_catalog",
        encoder=lambda words: wire.index_words(words)[4:],
        decoder=bytes,
        format="binary",
    )
    compress = ZstdCompressor(level=ZSTD_LEVEL).compress
    started, now = time.perf_counter(), datetime.now(UTC)
    for first in range(0, len(records), PAGE):
        trials, ids, versions, raw = [], list[Row](), [], []
        for id_, body in enumerate(records[first : first + PAGE], start=first + 1):
            sha = sha256(body).digest()
            row, numbers = plain(id_, body, sha, now)
            trials.append(row)
            ids += numbers
            versions.append((id_, 1, now, registry, 1, "new", "[]"))
            raw.append((id_, 1, 1, len(body), now, sha, "application/json", URL, compress(body)))
        async with db.transaction():
            await db.copy_records_to_table("trials", records=trials, columns=TRIAL_COLUMNS)
            await db.copy_records_to_table("trial_ids", records=ids, columns=ID_COLUMNS)
            await db.copy_records_to_table("trial_versions", records=versions, columns=VERSION_COLUMNS)
            await db.copy_records_to_table("trial_raw", records=raw, columns=RAW_COLUMNS)
    took_s = time.perf_counter() - started
    await db.close()
    return len(records) / took_s


def _plain(id_: int, body: bytes, sha: bytes, now: datetime) -> tuple[Row, list[Row]]:
    row = _columns(id_, orjson.loads(body), sha, now)
    return row, [(id_, "main", "nct", row[6], None)]


def _columns(id_: int, study: dict[str, Any], sha: bytes, now: datetime) -> Row:
    """One row, in the order of TRIAL_COLUMNS."""
    protocol = study["protocolSection"]
    ident, dates = protocol["identificationModule"], protocol["statusModule"]
    design, words = protocol.get("designModule", {}), protocol.get("conditionsModule", {})
    sponsor = protocol.get("sponsorCollaboratorsModule", {}).get("leadSponsor", {})
    arms = protocol.get("armsInterventionsModule", {}).get("interventions", ())
    places = protocol.get("contactsLocationsModule", {}).get("locations", ())
    eligible = protocol.get("eligibilityModule", {})
    status, study_type = STATUSES[dates["overallStatus"]], STUDY_TYPES.get(design.get("studyType"), "unknown")
    phases = [PHASES[phase] for phase in design.get("phases", ())]
    countries = list(dict.fromkeys(place["country"] for place in places))
    facets = {f"=status:{status}", f"=type:{study_type}"}
    facets |= {f"=phase:{phase}" for phase in phases} | {f"=country:{country}" for country in countries}
    names = [name for arm in arms for name in (arm["name"], *arm.get("otherNames", ()))]
    return (
        id_, 1, now, now, 1, "ctgov", ident["nctId"], sha, URL, ident.get("briefTitle"), ident.get("officialTitle"),
        ident.get("acronym"), status, dates["overallStatus"], study_type, phases,
        *_day(dates.get("startDateStruct")), *_day(dates.get("completionDateStruct")),
        *_day(dates.get("studyFirstPostDateStruct")), *_day(dates.get("lastUpdatePostDateStruct")),
        study.get("hasResults"), design.get("enrollmentInfo", {}).get("count"),
        sponsor.get("name"), sponsor.get("class"), words.get("conditions", []),
        words.get("keywords", []), names, countries, (eligible.get("sex") or "ALL").lower(), None, None,
        sorted(facets), orjson.dumps(_summed(protocol)).decode(),
    )  # fmt: skip


def _summed(protocol: dict[str, Any]) -> dict[str, Any]:
    """With the summary where text search looks for it."""
    return protocol | {"summary": protocol.get("descriptionModule", {}).get("briefSummary")}


def _day(given: dict[str, str] | None) -> tuple[date | None, str | None]:
    text = given["date"] if given else None
    if text is None:
        return None, None
    return date.fromisoformat(f"{text}-01-01"[:10]), {4: "year", 7: "month"}.get(len(text), "day")


# ── ours, part by part ──


def read_and_pack(body: bytes) -> PackedPage:
    page = REGISTRY.read(REGISTRY.first(None)[0], body)
    source = Source("ctgov", URL, datetime.now(UTC), REGISTRY.adapter_version, REGISTRY.media_type)
    return pack_page(page.found, page.refused, source)


def pages(records: Sequence[bytes]) -> Iterator[bytes]:
    """Bodies as the registry sends them."""
    for first in range(0, len(records), PAGE):
        yield b'{"studies":[' + b",".join(records[first : first + PAGE]) + b"]}"


async def side_by_side(records: Sequence[bytes], dsn: str) -> dict[str, float]:
    """One process reads and packs while the last page is being written: records a second, and each part's share."""
    db, loop = await asyncpg.connect(dsn), asyncio.get_running_loop()
    scrape_id = await store.open_scrape(db, "ctgov", "full", since=None, job_id=None, at=datetime.now(UTC))
    writing_s = 0.0
    with ProcessPoolExecutor(1) as pool:
        await loop.run_in_executor(pool, read_and_pack, b'{"studies":[]}')  # the process is up
        started = time.perf_counter()
        bodies = pages(records)
        waiting = loop.run_in_executor(pool, read_and_pack, next(bodies))
        while True:
            page = await waiting
            following = next(bodies, None)
            if following is not None:
                waiting = loop.run_in_executor(pool, read_and_pack, following)
            began = time.perf_counter()
            async with db.transaction():
                await store.write_page(db, page, scrape_id=scrape_id)
            writing_s += time.perf_counter() - began
            if following is None:
                break
        took_s = time.perf_counter() - started
    await db.close()
    return {"records_per_s": len(records) / took_s, "write_page_per_s": len(records) / writing_s}


@asynccontextmanager
async def fresh(server: embedded.Embedded, name: str) -> AsyncIterator[str]:
    """A migrated database of its own."""
    admin = await asyncpg.connect(server.dsn)
    await admin.execute(f"create database {name}")
    db = await asyncpg.connect(server.dsn_of(name))
    await migrate(db)
    await db.close()
    yield server.dsn_of(name)
    await admin.execute(f"drop database {name}")
    await admin.close()


async def main(trials: int) -> dict[str, Any]:
    world = World(trials)
    records = [record(world, index) for index in range(trials)]
    started = time.perf_counter()
    for body in pages(records[: 3 * PAGE]):
        read_and_pack(body)
    packed_per_s = len(records[: 3 * PAGE]) / (time.perf_counter() - started)
    with tempfile.TemporaryDirectory() as folder:
        server = await embedded.start(Path(folder))
        async with fresh(server, "bench_floor") as dsn:
            floor_per_s = await floor(records, dsn)
        async with fresh(server, "bench_ours") as dsn:
            ours = await side_by_side(records, dsn)
        await server.stop()
    return {
        "trials": trials,
        "mean_record_bytes": sum(map(len, records)) // trials,
        "floor_per_s": floor_per_s,
        "read_and_pack_per_s_and_core": packed_per_s,
        **ours,
        "ratio": ours["records_per_s"] / floor_per_s,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=20_000)
    figures = asyncio.run(main(parser.parse_args().trials))
    print(json.dumps({name: round(figure, 3) for name, figure in figures.items()}, indent=2))
