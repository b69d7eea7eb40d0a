"""The clusters of all pairs that were kept, as rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from actors.trials import wire
from actors.trials.clusters import Decided, Link, Member, cluster
from actors.trials.comparable import Comparable
from actors.trials.duplicates.rows import held_rows, numbered
from actors.trials.duplicates.sweeping.choosing import Said
from actors.trials.duplicates.sweeping.files import Records, without_collection, write_rows
from actors.trials.duplicates.sweeping.scoring import Bare, read_bare


@dataclass(frozen=True, slots=True)
class Grouped:
    clusters: int
    held: int


def group(folder: str, said: Sequence[Said]) -> Grouped:
    """Writes the clusters of all records that a pair joins, and what is held."""
    with without_collection():
        return _group(Path(folder), said)


def _group(at: Path, said: Sequence[Said]) -> Grouped:
    records = Records(at)
    bare = _in_order(at)
    # Records are known here by the order of their rows, and by the names that decide a tie.
    rows = {row for one in bare for row in (one.a, one.b)}
    row_at = {trial_id: row for row, trial_id in enumerate(records.ids)} if said else {}
    holding = [one for one in said if one[1] in row_at and one[2] in row_at]
    rows.update(row_at[trial_id] for one in holding for trial_id in one[1:3])
    member_of = {row: _member(records[row]) for row in sorted(rows)}
    record_of = {row: member.record for row, member in member_of.items()}
    id_of = {record: records.ids[row] for row, record in record_of.items()}
    links = [Link(record_of[one.a], record_of[one.b], one.kind, one.value, one.type, one.decision) for one in bare]
    decided = [Decided(record_of[row_at[a]], record_of[row_at[b]], verdict, id_) for id_, a, b, verdict in holding]
    found = cluster(member_of.values(), links, decided)
    merged, proposed = (
        numbered([id_of[record] for record in group] for group in groups) for groups in (found.merged, found.proposed)
    )
    ids = sorted({*merged, *proposed})
    write_rows(at / "clusters.copy", (wire.row(*map(wire.bigint, (i, merged.get(i), proposed.get(i)))) for i in ids))
    held = held_rows(found, id_of)
    write_rows(at / "held.copy", (wire.row(wire.bigint(a), wire.bigint(b), wire.text(why)) for a, b, why in held))
    return Grouped(len(found.merged), len(held))


def _in_order(folder: Path) -> list[Bare]:
    parts = sorted(folder.glob("bare.*"), key=lambda path: int(path.suffix[1:]))
    return [one for path in parts for one in read_bare(path)]


def _member(one: Comparable) -> Member:
    return Member(one.record, one.register, one.trial)
