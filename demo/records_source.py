"""Real records kept in files as a source: served byte for byte as they were kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import zstandard

from demo.source import Held, Moved, Source

_VERSIONS = "versions"  # files of this stem hold several versions of a record, oldest first


@dataclass(frozen=True, slots=True)
class Kept:
    nct: str
    aliases: tuple[str, ...]
    posted: str
    updated: str
    status: str
    versioned: str
    body: bytes


class RecordsSource:
    """Records in the order of their files.

    Without a day it serves what the files of records hold. Day n serves instead the n-th version, counted from 0 and
    at most the newest, of each record that has several.
    """

    def __init__(
        self, kept: Sequence[Kept], versions: Mapping[str, Sequence[Kept]] | None = None, day: int | None = None
    ) -> None:
        self._all, self._versions, self._day = kept, versions or {}, day
        self._kept = [self._as_of_day(one) for one in kept]
        self._places = {one.nct: Held(at) for at, one in enumerate(self._kept)}
        self._moved = {alias: Moved(one.nct) for one in self._kept for alias in one.aliases}
        self._version = hashlib.sha256(b"".join(one.body for one in self._kept)).hexdigest()

    def _as_of_day(self, one: Kept) -> Kept:
        versions = self._versions.get(one.nct, ())
        return one if self._day is None or not versions else versions[min(self._day, len(versions) - 1)]

    @property
    def version(self) -> str:
        return self._version

    @property
    def timestamp(self) -> str:
        return max((one.versioned for one in self._kept), default="1999-01-01") + "T14:00:00"

    def on(self, day: int | None) -> Source:
        return self if day == self._day else RecordsSource(self._all, self._versions, day)

    def positions(self) -> Sequence[int]:
        return range(len(self._kept))

    def body(self, position: int) -> bytes:
        return self._kept[position].body

    def bodies(self, positions: Sequence[int]) -> bytes:
        return b",".join([self._kept[position].body for position in positions])

    def find(self, nct: str) -> Held | Moved | None:
        return self._places.get(nct) or self._moved.get(nct)

    def prepare(self) -> None:
        """Everything is in memory already."""

    def nct(self, position: int) -> str:
        return self._kept[position].nct

    def posted(self, position: int) -> str:
        return self._kept[position].posted

    def updated(self, position: int) -> str:
        return self._kept[position].updated

    def status(self, position: int) -> str:
        return self._kept[position].status


def from_directory(directory: Path) -> RecordsSource:
    """All records of a directory's *.ndjson.zst, *.ndjson and *.json; raises ValueError when there is none.

    Of a number that occurs twice, the first is served.
    """
    kept: dict[str, Kept] = {}
    versions: dict[str, list[Kept]] = {}
    for path in sorted(directory.iterdir()):
        if not path.name.endswith((".ndjson.zst", ".ndjson", ".json")):
            continue
        for one in map(_kept, _records(path)):
            if path.name.split(".")[0] == _VERSIONS:
                versions.setdefault(one.nct, []).append(one)
            else:
                kept.setdefault(one.nct, one)
    if not kept:
        raise ValueError(f"no records (*.ndjson.zst, *.ndjson, *.json) in {directory}")
    for found in versions.values():
        found.sort(key=lambda one: one.updated)
    return RecordsSource(list(kept.values()), versions)


def _records(path: Path) -> Iterator[bytes]:
    if path.name.endswith(".json"):
        return _documents(path.read_bytes())
    body = path.read_bytes()
    if path.suffix == ".zst":
        body = zstandard.ZstdDecompressor().stream_reader(body).read()
    lines: Iterable[bytes] = body.splitlines()
    return (line.strip() for line in lines if line.strip())


def _documents(body: bytes) -> Iterator[bytes]:
    """A file may hold one record, a list of them, or a page of the API."""
    document = orjson.loads(body)
    if isinstance(document, dict) and "studies" in document:
        document = document["studies"]
    if isinstance(document, list):
        return (orjson.dumps(one) for one in document)
    return iter((body.strip(),))


def _kept(body: bytes) -> Kept:
    study = orjson.loads(body)
    protocol = study["protocolSection"]
    named: Mapping[str, Any] = protocol["identificationModule"]
    status: Mapping[str, Any] = protocol.get("statusModule", {})
    derived: Mapping[str, Any] = study.get("derivedSection", {}).get("miscInfoModule", {})
    return Kept(
        nct=named["nctId"],
        aliases=tuple(named.get("nctIdAliases", ())),
        posted=status.get("studyFirstPostDateStruct", {}).get("date", ""),
        updated=status.get("lastUpdatePostDateStruct", {}).get("date", ""),
        status=status.get("overallStatus", ""),
        versioned=derived.get("versionHolder", ""),
        body=body,
    )
