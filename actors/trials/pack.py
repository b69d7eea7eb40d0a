"""Trials made ready to be written: compressed, hashed, and already in the form that COPY takes. No I/O.

This is the work of a process of the pool. What comes back is plain bytes, so that the event loop, which has the
connection, only adds an id and a version in front of each row:

    trials      count · id · version · first_seen_at · changed_at   ┃ PackedTrial.trial, its last field is the record
    trial_ids   count · id                                          ┃ each of PackedTrial.ids
    trial_raw   count · id · version                                ┃ PackedTrial.raw
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from struct import error as StructError
from typing import NamedTuple, Protocol

import orjson
from zstandard import ZstdCompressor, ZstdDecompressor

from actors.trials import wire
from actors.trials.facets import facets_of
from actors.trials.history import plain
from actors.trials.record import Identifier, Trial, When

TRIAL_COLUMNS = (
    "id", "version", "first_seen_at", "changed_at", "adapter_version", "registry", "registry_id", "content_sha256",
    "url", "title", "official_title", "acronym", "status", "status_raw", "study_type", "phases",
    "start_on", "start_precision", "completion_on", "completion_precision", "first_posted_on", "first_posted_precision",
    "last_updated_on", "last_updated_precision", "has_results", "enrolment", "sponsor", "sponsor_class",
    "conditions", "keywords", "interventions", "countries", "sex", "min_age_days", "max_age_days", "facets", "record",
)  # fmt: skip
ID_COLUMNS = ("trial_id", "place", "scheme", "value", "label")
RAW_COLUMNS = (
    "trial_id", "version", "adapter_version", "size_bytes", "fetched_at", "sha256", "media_type", "url", "body",
)  # fmt: skip

ZSTD_LEVEL = 1  # of real records: 5,127 bytes at 12,600/s; level 3 makes 4,998 at 9,200/s
LONGEST_ID = 200  # characters: a longer "number" is no number; it stays in the record
LONGEST_REGISTRY_ID = 100

_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class Read(Protocol):
    """A trial, and the bytes that it was read from."""

    @property
    def trial(self) -> Trial: ...
    @property
    def raw(self) -> bytes: ...


class SetAside(Protocol):
    """A record that could not be read."""

    @property
    def reason(self) -> str: ...
    @property
    def raw(self) -> bytes: ...
    @property
    def registry_id(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Source:
    """Where the records of a page came from."""

    registry: str
    url: str
    fetched_at: datetime
    adapter_version: int
    media_type: str


class PackedTrial(NamedTuple):
    registry_id: str
    content_sha256: bytes  # of what was read; of the bytes too where the source does not say when it changed
    last_updated_on: date | None
    record_bytes: int  # the length of the record, which ends `trial`
    trial: bytes
    ids: tuple[bytes, ...]
    raw: bytes

    @property
    def record(self) -> bytes:
        """The trial as JSON."""
        return self.trial[-self.record_bytes :]


class PackedRefusal(NamedTuple):
    registry_id: str | None
    reason: str
    size_bytes: int
    sha256: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class PackedPage:
    source: Source
    trials: tuple[PackedTrial, ...]
    refused: tuple[PackedRefusal, ...]
    repeated: int = 0  # records that stood twice on the page; the later one counts


class NotStorable(ValueError):
    """PostgreSQL cannot hold this record as it is; the message says why."""


def pack_page(found: Iterable[Read], refused: Iterable[SetAside], source: Source) -> PackedPage:
    """A page ready to be written. What PostgreSQL could not hold is refused, with its reason."""
    compress = ZstdCompressor(level=ZSTD_LEVEL).compress
    latest: dict[str, PackedTrial] = {}
    aside = [_refusal(bad.registry_id, bad.reason, bad.raw, compress) for bad in refused]
    repeated = 0
    for one in found:
        try:
            packed = _pack(one.trial, one.raw, source, compress)
        except (NotStorable, StructError, UnicodeEncodeError, orjson.JSONEncodeError) as error:
            aside.append(_refusal(one.trial.registry_id, f"cannot be kept: {error}", one.raw, compress))
            continue
        twin = latest.get(packed.registry_id)
        repeated += twin is not None
        if twin is None or _day(packed) >= _day(twin):
            latest[packed.registry_id] = packed
    return PackedPage(source, tuple(latest.values()), tuple(aside), repeated)


def unpack(body: bytes) -> bytes:
    """A stored record as it came."""
    return ZstdDecompressor().decompress(body)


def _pack(trial: Trial, raw: bytes, source: Source, compress: Callable[[bytes], bytes]) -> PackedTrial:
    record = orjson.dumps(plain(trial))
    if b"\\u0000" in record and _NUL.search(record):
        raise NotStorable("it holds the character NUL (U+0000)")
    if not 0 < len(trial.registry_id) <= LONGEST_REGISTRY_ID:
        raise NotStorable(f"its number has {len(trial.registry_id)} characters, not 1 to {LONGEST_REGISTRY_ID}")
    raw_sha256 = sha256(raw).digest()
    content_sha256 = sha256(record if trial.last_updated else record + raw_sha256).digest()
    return PackedTrial(
        registry_id=trial.registry_id,
        content_sha256=content_sha256,
        last_updated_on=trial.last_updated.day if trial.last_updated else None,
        record_bytes=len(record),
        trial=b"".join(_trial_fields(trial, source, content_sha256)) + wire.json(record),
        ids=tuple(_id_fields(one) for one in _identifiers(trial)),
        raw=_raw_fields(raw, raw_sha256, source, compress),
    )


def _trial_fields(trial: Trial, source: Source, content_sha256: bytes) -> Iterator[bytes]:
    """From adapter_version to facets, as in TRIAL_COLUMNS."""
    yield wire.integer(source.adapter_version)
    yield wire.word(trial.registry)
    yield wire.text(trial.registry_id)
    yield wire.raw(content_sha256)
    yield wire.text(trial.url)
    yield wire.text(trial.title)
    yield wire.text(trial.official_title)
    yield wire.text(trial.acronym)
    yield wire.word(trial.status)
    yield wire.word(trial.status_raw)
    yield wire.word(trial.study_type)
    yield wire.texts(trial.phases)
    yield _when(trial.start)
    yield _when(trial.completion)
    yield _when(trial.first_posted)
    yield _when(trial.last_updated)
    yield wire.boolean(trial.has_results)
    yield wire.bigint(trial.enrolment)
    yield wire.word(trial.sponsor)
    yield wire.word(trial.sponsor_class)
    yield wire.texts(trial.conditions)
    yield wire.texts(trial.keywords)
    yield wire.texts(intervention_names(trial))
    yield wire.texts(trial.countries)
    yield wire.word(trial.eligibility.sex)
    yield wire.bigint(trial.eligibility.min_age_days)
    yield wire.bigint(trial.eligibility.max_age_days)
    yield wire.index_words(facets_of(trial))


def intervention_names(trial: Trial) -> tuple[str, ...]:
    """Every name that an intervention goes by, each once."""
    return tuple(dict.fromkeys(name for one in trial.interventions for name in (one.name, *one.other_names)))


def _when(when: When | None) -> bytes:
    return wire.day(when.day) + wire.word(when.precision) if when else wire.NULL * 2


def _identifiers(trial: Trial) -> Iterator[Identifier]:
    return (one for one in trial.ids if 0 < len(one.value) <= LONGEST_ID)


def _id_fields(one: Identifier) -> bytes:
    return wire.word(one.place) + wire.word(one.scheme) + wire.text(one.value) + wire.word(one.label)


def _raw_fields(raw: bytes, raw_sha256: bytes, source: Source, compress: Callable[[bytes], bytes]) -> bytes:
    return b"".join(
        (
            wire.integer(source.adapter_version),
            wire.integer(len(raw)),
            wire.instant(source.fetched_at),
            wire.raw(raw_sha256),
            wire.word(source.media_type),
            wire.word(source.url),
            wire.raw(compress(raw)),
        )
    )


def _refusal(registry_id: str | None, reason: str, raw: bytes, compress: Callable[[bytes], bytes]) -> PackedRefusal:
    return PackedRefusal(_sayable(registry_id), _sayable(reason) or "", len(raw), sha256(raw).digest(), compress(raw))


def _sayable(text: str | None) -> str | None:
    """Without what PostgreSQL refuses: NUL and lone surrogates, each shown as a replacement character."""
    if text is None:
        return None
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()[:2000]


def _day(packed: PackedTrial) -> date:
    return packed.last_updated_on or date.min
