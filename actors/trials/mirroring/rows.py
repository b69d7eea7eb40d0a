"""The rows of a page as COPY takes them: what pack.py made, with ids, versions and times put in front. No I/O."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from struct import Struct

from actors.trials import wire
from actors.trials.pack import ID_COLUMNS, RAW_COLUMNS, TRIAL_COLUMNS, PackedTrial

VERSION_COLUMNS = ("trial_id", "version", "seen_at", "registry", "scrape_id", "event", "changes")

_trial_head = Struct(">hiqii").pack
_id_head = Struct(">hiq").pack
_version_head = Struct(">hiqii").pack


@dataclass(frozen=True, slots=True)
class Placed:
    """A packed trial with its place in the database. `event` is None where no new version comes of it."""

    packed: PackedTrial
    id: int
    version: int
    event: str | None
    changes: bytes = b"[]"  # as JSON


def trials(placed: Sequence[Placed], seen_at: datetime) -> Iterator[bytes]:
    times = wire.instant(seen_at) * 2
    for one in placed:
        yield _trial_head(len(TRIAL_COLUMNS), 8, one.id, 4, one.version)
        yield times
        yield one.packed.trial


def ids(placed: Sequence[Placed]) -> Iterator[bytes]:
    for one in placed:
        head = _id_head(len(ID_COLUMNS), 8, one.id)
        for fields in one.packed.ids:
            yield head
            yield fields


def versions(placed: Sequence[Placed], *, seen_at: datetime, registry: str, scrape_id: int) -> Iterator[bytes]:
    same = wire.instant(seen_at) + wire.word(registry) + wire.bigint(scrape_id)
    for one in placed:
        if one.event is not None:
            yield _version_head(len(VERSION_COLUMNS), 8, one.id, 4, one.version)
            yield same
            yield wire.word(one.event)
            yield wire.json(one.changes)


def raw(placed: Sequence[Placed]) -> Iterator[bytes]:
    for one in placed:
        yield _version_head(len(RAW_COLUMNS), 8, one.id, 4, one.version)
        yield one.packed.raw
