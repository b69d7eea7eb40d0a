"""Compares records anew with all that they could be, one transaction for some of them; then settles their clusters."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from actors.trials.blocking import LARGEST, MOST_CODES, hashes, rare_words
from actors.trials.comparable import Comparable
from actors.trials.dedupe import LIMITS, Verdict, looked_at, score
from actors.trials.duplicates.alone import near, store
from actors.trials.duplicates.alone.near import Keys, Known, Moved, Two
from actors.trials.duplicates.alone.rarity import rarities_of
from actors.trials.duplicates.rows import PairRow, pair_row
from actors.trials.duplicates.store import Database, decided, relink
from actors.trials.duplicates.stored import numbers_of
from actors.trials.features import Rarities, Weighed
from actors.trials.shared_numbers import Shared, shared_numbers


@dataclass(frozen=True, slots=True)
class Chosen:
    """Pairs to be scored: by number, with what they share; by words or codes; and those that people decided."""

    shared: Mapping[Two, Shared]
    alike: Collection[Two]
    decided: Mapping[Two, Verdict]

    @property
    def all(self) -> list[Two]:
        return sorted({*self.shared, *self.alike, *self.decided})


async def renew(db: Database, trial_ids: Sequence[int], counted: int) -> set[int]:
    """The pairs of these records, and of those whom a change of theirs concerns, are found anew.

    Gives all whose clusters may be others now. After lock, in its transaction.
    """
    known = await store.known(db, trial_ids)
    moved = await _moved(db, known.values(), counted)
    concerned = await _concerned(db, moved)
    await store.set_keys(db, [one for one in moved if one.before != one.after])
    await store.compared(db, trial_ids)
    known = {one.trial_id: replace(known[one.trial_id], keys=one.after) for one in moved}
    known |= await store.known(db, concerned)
    chosen, others = await _chosen(db, known)
    rows = _scored(chosen, known | others, await rarities_of(db, _of((known | others).values()), counted))
    return {*known, *await relink(db, known, rows)}


async def _moved(db: Database, known: Iterable[Known], counted: int) -> list[Moved]:
    given = list(known)
    rarities = await rarities_of(db, _of(given), counted)
    return [Moved(one.trial_id, one.keys, keys_of(one, rarities)) for one in given]


def keys_of(one: Known, rarities: Rarities) -> Keys:
    """By what a record is looked for from now on."""
    return Keys(hashes(rare_words(one.one, rarities.titles)), numbers_of(one.one), one.one.codes)


def _of(given: Iterable[Known]) -> list[Comparable]:
    return [one.one for one in given]


async def _concerned(db: Database, moved: Sequence[Moved]) -> set[int]:
    """Before the new keys are written: all others of whom they change what is found."""
    mine = {one.trial_id for one in moved}
    words = await store.with_words(db, near.twos_that_move(moved), LARGEST + 1 + len(mine))
    codes = await store.with_codes(db, near.codes_that_move(moved), MOST_CODES + 1 + len(mine))
    numbers = await store.with_numbers(db, near.numbers_of_any(moved))
    found = near.concerned_by_words(moved, _without(words, mine))
    found |= near.concerned_by_codes(moved, _without(codes, mine))
    return found | near.concerned_by_numbers(_without(numbers, mine))


def _without(holders: Mapping[near.K, Mapping[int, str]], mine: Collection[int]) -> dict[near.K, dict[int, str]]:
    return {key: {one: what for one, what in who.items() if one not in mine} for key, who in holders.items()}


async def _chosen(db: Database, known: dict[int, Known]) -> tuple[Chosen, dict[int, Known]]:
    """The pairs of these records, and the other records that they are with."""
    given = list(known.values())
    twos = sorted({two for one in given for two in one.keys.pairs})
    words = near.by_words(given, await store.with_words(db, twos, LARGEST + 1))
    codes = sorted({code for one in given for code in one.keys.codes})
    alike = words | near.by_codes(given, await store.with_codes(db, codes, MOST_CODES + 1))
    said = {(one.a, one.b): one.verdict for one in await decided(db, list(known))}
    numbers = await store.with_numbers(db, sorted({number for one in given for number in one.keys.numbers}))
    claimants = {one for who in numbers.values() for one in who}
    wanted = claimants.union(*alike, *said) - set(known)
    others = await store.known(db, wanted)
    shared = _shared([one for id_, one in (known | others).items() if id_ in claimants], known)
    return Chosen(shared, alike, said), others


def _shared(claimants: Sequence[Known], known: Mapping[int, Known]) -> dict[Two, Shared]:
    """The pairs that a number joins, one of which is among the known: of others not all claims are here."""
    id_of = {one.one.record: one.trial_id for one in claimants}
    found = {}
    for link in shared_numbers(one.one for one in claimants).shared:
        two = tuple(sorted((id_of[link.a], id_of[link.b])))
        if not known.keys().isdisjoint(two):
            found[two[0], two[1]] = link
    return found


def _scored(chosen: Chosen, known: Mapping[int, Known], rarities: Rarities) -> list[PairRow]:
    weighed: dict[int, Weighed] = {}
    rows = []
    for a, b in chosen.all:
        if a not in known or b not in known:
            continue  # decided, and gone since
        for one in {a, b} - weighed.keys():
            weighed[one] = Weighed(known[one].one, rarities)
        shared, verdict = chosen.shared.get((a, b)), chosen.decided.get((a, b))
        looks = looked_at(weighed[a], weighed[b], rarities)
        if not (shared or verdict or looks):
            continue
        found = score(known[a].one, known[b].one, rarities, shared=shared, decided=verdict, found=looks)
        row = pair_row(a, b, found, shared)
        if row and (shared or verdict or found.value >= LIMITS.possible):
            rows.append(row)
    return rows
