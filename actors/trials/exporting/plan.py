"""What an export consists of: columns, blocks, the manifest, and what is to be written anew. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

FORMAT = 1
IDS_A_BLOCK = 20_000

# Name -> type in DuckDB, and what it is. docs/export.md says the same.
COLUMNS: Mapping[str, tuple[str, str]] = {
    "trial": ("BIGINT", "our id, which stays"),
    "registry_id": ("VARCHAR", "the registry's own number"),
    "url": ("VARCHAR", "its page at the registry"),
    "title": ("VARCHAR", "brief title"),
    "official_title": ("VARCHAR", "official title"),
    "acronym": ("VARCHAR", "acronym"),
    "status": ("VARCHAR", "recruitment status, of our vocabulary"),
    "status_raw": ("VARCHAR", "the status as the registry writes it"),
    "study_type": ("VARCHAR", "interventional, observational, expanded_access or unknown"),
    "phases": ("VARCHAR[]", "phases, of our vocabulary"),
    "start_on": ("DATE", "start; of a partial date the first day"),
    "start_precision": ("VARCHAR", "day, month or year"),
    "completion_on": ("DATE", "completion; of a partial date the first day"),
    "completion_precision": ("VARCHAR", "day, month or year"),
    "first_posted_on": ("DATE", "first posted"),
    "first_posted_precision": ("VARCHAR", "day, month or year"),
    "last_updated_on": ("DATE", "last updated at the source"),
    "last_updated_precision": ("VARCHAR", "day, month or year"),
    "has_results": ("BOOLEAN", "whether results are posted; null where the registry does not say"),
    "enrolment": ("BIGINT", "participants, expected or actual: the record says which"),
    "sponsor": ("VARCHAR", "lead sponsor"),
    "sponsor_class": ("VARCHAR", "its kind, as the registry writes it"),
    "conditions": ("VARCHAR[]", "conditions as the record states them"),
    "keywords": ("VARCHAR[]", "keywords"),
    "interventions": ("VARCHAR[]", "names and other names of interventions"),
    "countries": ("VARCHAR[]", "countries with a site"),
    "sex": ("VARCHAR", "all, female or male"),
    "min_age_days": ("BIGINT", "youngest age that is admitted, in days"),
    "max_age_days": ("BIGINT", "oldest age that is admitted, in days"),
    "cluster": ("BIGINT", "the same for all records of one trial; null where no other is known"),
    "version": ("INTEGER", "how many versions we have seen"),
    "adapter_version": ("INTEGER", "of the reading that stands here"),
    "first_seen_at": ("TIMESTAMPTZ", "when we saw it first"),
    "changed_at": ("TIMESTAMPTZ", "when this version was seen first"),
    "removed_at": ("TIMESTAMPTZ", "when we noticed that its source no longer has it"),
    "content_sha256": ("VARCHAR", "of what was read, in hex"),
    "record": ("VARCHAR", "everything that was read, as JSON"),
}


@dataclass(frozen=True, slots=True)
class Block:
    """Trials of one file; the fingerprint is of their versions."""

    registry: str
    year: int
    block: int
    rows: int
    fingerprint: str

    @property
    def path(self) -> str:
        """Below the folder of an export, in the form that readers know as Hive's. A year of 0 is not stated."""
        return f"registry={self.registry}/year={self.year}/block-{self.block}.parquet"


@dataclass(frozen=True, slots=True)
class File:
    """A block as it was written."""

    path: str
    registry: str
    year: int
    block: int
    rows: int
    fingerprint: str
    bytes: int
    sha256: str

    def holds(self, block: Block) -> bool:
        return (self.path, self.rows, self.fingerprint) == (block.path, block.rows, block.fingerprint)


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: str
    says: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an export holds; `written` of its files were made for it, the others are those of the one before."""

    made_at: str
    trials: int
    bytes: int
    written: int
    files: tuple[File, ...]
    columns: tuple[Column, ...] = tuple(Column(name, *told) for name, told in COLUMNS.items())
    format: int = FORMAT


def manifest(files: Sequence[File], *, made_at: str, written: int) -> Manifest:
    return Manifest(made_at, sum(one.rows for one in files), sum(one.bytes for one in files), written, tuple(files))


def known(before: Manifest | None) -> dict[str, File]:
    """The files of an export that can be taken over, by path; none of one with other columns."""
    same = before is not None and before.format == FORMAT and [one.name for one in before.columns] == list(COLUMNS)
    return {one.path: one for one in before.files} if before is not None and same else {}
