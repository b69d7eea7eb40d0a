"""Every pair that is held to be, or may be, one trial: those that were scored, and those that follow from them."""

from collections import defaultdict
from collections.abc import Mapping

from actors.trials.clusters import Clusters
from actors.trials.comparable import Record
from actors.trials.duplicates import store
from actors.trials.pairs import Pair, pairs

Groups = tuple[tuple[Record, ...], ...]


async def every_pair(db: store.Database) -> tuple[Pair, ...]:
    """In order; of half a million records some hundred thousand."""
    members, links = await store.every_member(db), await store.every_link(db)
    records = {trial_id: record for trial_id, (record, _, _) in members.items()}
    merged = _groups({records[one]: cluster for one, (_, cluster, _) in members.items() if cluster is not None})
    proposed = _groups({records[one]: group for one, (_, _, group) in members.items() if group is not None})
    known = [store.link_of(row, records) for row in links if row[0] in records and row[1] in records]
    return pairs(Clusters(merged, proposed, ()), known)


def _groups(group_of: Mapping[Record, int]) -> Groups:
    found: dict[int, list[Record]] = defaultdict(list)
    for record, group in group_of.items():
        found[group].append(record)
    return tuple(tuple(sorted(group)) for _, group in sorted(found.items()))
