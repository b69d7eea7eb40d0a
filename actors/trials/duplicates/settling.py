"""Makes clusters of pairs again, wherever some of them are new, changed or gone."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from actors.runtime.telemetry import emit
from actors.trials.clusters import Decided, Link, Member, cluster
from actors.trials.comparable import Record
from actors.trials.duplicates import store
from actors.trials.duplicates.rows import DecisionRow, Move, held_rows, moves, numbered

BY_ITSELF = "triald"
TOLD_SINGLY = 200  # events of one transaction; more are told as one


@dataclass(frozen=True, slots=True)
class By:
    """Who or what makes the clusters others."""

    name: str = BY_ITSELF
    decision_id: int | None = None


async def settle(db: store.Database, trial_ids: Collection[int], by: By | None = None) -> list[Move]:
    """The clusters of these records, and of all that hang together with them; after store.lock, in its transaction.

    What became of clusters is told once the transaction is committed: see `announce`.
    """
    before = await store.clusters_of(db, trial_ids)
    inside, links, said = await _hanging_together(db, {*trial_ids, *before})
    members = await store.members(db, inside)
    found = cluster(members.values(), _links(links, members), decided_of(said, members))
    id_of = {member.record: trial_id for trial_id, member in members.items()}
    clusters, proposed = (numbered(_ids(group, id_of) for group in groups) for groups in (found.merged, found.proposed))
    held = held_rows(found, id_of)
    if inside != {*trial_ids, *before}:
        before = await store.clusters_of(db, inside)
    became = moves(before, clusters)
    if became:
        await store.lock_registries(db, inside)
        await store.set_clusters(db, {one: clusters.get(one) for one in inside})
        await store.tell(db, became, (by or By()).name, (by or By()).decision_id)
    await store.set_proposed(db, {one: proposed.get(one) for one in inside})
    await store.hold(db, inside, held)
    return became


def announce(became: Sequence[Move]) -> None:
    """Tells telemetry of clusters that came about, grew or came apart."""
    if len(became) > TOLD_SINGLY:
        for event in ("merged", "unmerged"):
            emit(f"trials.{event}", number=sum(one.event == event for one in became))
        return
    for one in became:
        emit(f"trials.{one.event}", number=1, ids=one.trial_ids, id=one.trial_ids[0])


async def _hanging_together(
    db: store.Database, trial_ids: Collection[int]
) -> tuple[set[int], list[store.LinkRow], list[DecisionRow]]:
    """All records that strong links and decisions lead to, those links, and what was decided of them."""
    inside: set[int] = set()
    links: dict[tuple[int, int], store.LinkRow] = {}
    said: dict[int, DecisionRow] = {}
    ahead = set(trial_ids)
    while ahead:
        inside |= ahead
        found = await store.strong_links(db, ahead)
        links |= {(row[0], row[1]): row for row in found}
        said |= {one.id: one for one in await store.decided(db, list(ahead))}
        joined = [(one.a, one.b) for one in said.values() if one.verdict == "same"]
        ahead = {one for a, b in [*links, *joined] for one in (a, b)} - inside
    return inside, list(links.values()), [said[id_] for id_ in sorted(said)]


def _links(links: Sequence[store.LinkRow], members: Mapping[int, Member]) -> list[Link]:
    records = {trial_id: member.record for trial_id, member in members.items()}
    return [store.link_of(row, records) for row in links]


def decided_of(said: Sequence[DecisionRow], members: Mapping[int, Member]) -> list[Decided]:
    return [
        Decided(members[one.a].record, members[one.b].record, one.verdict, one.id)
        for one in said
        if one.a in members and one.b in members
    ]


def _ids(group: Sequence[Record], id_of: Mapping[Record, int]) -> list[int]:
    return [id_of[record] for record in group]
