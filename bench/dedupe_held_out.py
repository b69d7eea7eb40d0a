"""How right the duplicates are that are found in real records: each pair is judged by weights that never saw it.

Records that any judged pair joins, and country records of one trial, are never in different parts of the ten, so no
trial is on both sides. Pairs that nobody judged count as wrong unless they were read since (READ).
"""

import random
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

from actors.trials.blocking import Blocks, count_words, rare_words
from actors.trials.calibration import Example, Model, fit
from actors.trials.clusters import Clusters, Link, Member, cluster
from actors.trials.comparable import Comparable
from actors.trials.dedupe import LIMITS, Score, score
from actors.trials.features import Features, Rarities, features
from actors.trials.identity import Claim
from actors.trials.shared_numbers import Shared
from actors.trials.words import rarity
from bench.dedupe_gold import Label, Pair

Two = frozenset[str]

PARTS = 10
PENALTY = 0.1
SISTER_WEIGHT = 0.005  # of two NCT numbers as alike as a pair: see `examples`
WORTH_LEARNING = 0.25  # likeness of titles; what is less alike teaches nothing

# Judged by nobody when the gold was made, and found since: read in the records themselves.
READ: Mapping[Two, Label] = {
    frozenset(("EUCTR2020-001333-13-FR", "NCT04347980")): "duplicate",  # DHYSCO: both of 122 patients, same arms
}


@dataclass(frozen=True, slots=True)
class Candidate:
    a: Comparable
    b: Comparable
    features: Features
    label: Label | None

    @property
    def ids(self) -> Two:
        return frozenset((self.a.record.id, self.b.record.id))


def rarities_of(*groups: Iterable[Comparable]) -> Rarities:
    titles, sponsors, records = count_words(one for group in groups for one in group)
    return Rarities(rarity(titles, records), rarity(sponsors, records))


def candidates(records: Sequence[Comparable], rarities: Rarities, pairs: Iterable[Pair]) -> list[Candidate]:
    """All pairs that blocking chooses, in order."""
    labels: dict[Two, Label] = {frozenset((pair.a, pair.b)): pair.label for pair in pairs} | dict(READ)
    blocks = Blocks()
    for one in records:
        blocks.add(one.register, rare_words(one, rarities.titles))
    found = []
    for first, second in blocks.pairs():
        a, b = sorted((records[first], records[second]), key=lambda one: one.record)
        label = labels.get(frozenset((a.record.id, b.record.id)))
        found.append(Candidate(a, b, features(a, b, rarities), label))
    return found


def sisters(records: Sequence[Comparable], rarities: Rarities) -> list[Features]:
    """Pairs of one register, as blocking would choose them: two trials each, however alike."""
    blocks = Blocks()
    for at, one in enumerate(records):  # each as if of a register of its own
        blocks.add(f"{one.register}{at}", rare_words(one, rarities.titles))
    return [features(records[first], records[second], rarities) for first, second in blocks.pairs()]


def examples(chosen: Iterable[Candidate], sister_pairs: Iterable[Features]) -> list[Example]:
    """What the weights learn from: judged pairs, and pairs that nobody found alike, as two trials each.

    Sisters, two numbers of ClinicalTrials.gov, are what the COVID records have few of: families of one sponsor's
    trials. About one in two hundred would meet a pair as alike in another register without its own record there.
    """
    found = [
        Example(one.features, one.label == "duplicate")
        for one in chosen
        if one.label in ("duplicate", "different", None)
    ]
    found += [Example(one, False, SISTER_WEIGHT) for one in sister_pairs]
    return [one for one in found if one.same or one.features.all_titles >= WORTH_LEARNING]


def parts_of(records: Sequence[Comparable], pairs: Iterable[Pair]) -> dict[str, int]:
    """Each record's part of the ten; what a judged pair or a number joins is in one."""
    parent: dict[str, str] = {}

    def root(one: str) -> str:
        parent.setdefault(one, one)
        while parent[one] != one:
            one = parent[one]
        return one

    for a, b in [*((pair.a, pair.b) for pair in pairs), *map(tuple, map(sorted, READ))]:
        first, second = sorted((root(a), root(b)))
        parent[second] = first
    for one in records:
        first, second = sorted((root(one.record.id), root(one.trial)))
        parent[second] = first
    return {one.record.id: zlib.crc32(root(one.record.id).encode()) % PARTS for one in records}


def held_out_models(
    chosen: Sequence[Candidate], sister_pairs: Sequence[Features], part: Mapping[str, int], start: Model
) -> list[Model]:
    """One for each part, learned from pairs of which neither record is in it."""
    found = []
    for out in range(PARTS):
        others = [one for one in chosen if out not in (part[one.a.record.id], part[one.b.record.id])]
        rest = [one for at, one in enumerate(sister_pairs) if at % PARTS != out]
        found.append(fit(examples(others, rest), penalty=PENALTY, source="held out", start=start))
    return found


def linked(
    chosen: Iterable[Candidate], rarities: Rarities, model_of: Mapping[str, Model]
) -> dict[Two, tuple[Link, Score]]:
    """Each candidate that is kept."""
    found = {}
    for one in chosen:
        result = score(one.a, one.b, rarities, model=model_of[one.a.record.id])
        if result.type:
            found[one.ids] = (
                Link(one.a.record, one.b.record, "text", result.value, result.type, result.decision),
                result,
            )
    return found


def clustered(records: Sequence[Comparable], links: Iterable[Link], seed: int | None = None) -> Clusters:
    """In the order given, or shuffled."""
    members = [Member(one.record, one.register, one.trial) for one in records]
    shuffled = list(links)
    if seed is not None:
        random.Random(seed).shuffle(members)  # noqa: S311  # an order, no secret
        random.Random(seed + 1).shuffle(shuffled)  # noqa: S311 - no secret
        shuffled = [
            one if at % 2 else Link(one.b, one.a, one.kind, one.value, one.type, one.decision)
            for at, one in enumerate(shuffled)
        ]
    return cluster(members, shuffled)


def within(groups: Iterable[Sequence[Any]], register: Mapping[str, str]) -> set[Two]:
    """Pairs of two registers within the groups."""
    pairs = (pair for group in groups for pair in combinations([one.id for one in group], 2))
    return {frozenset(pair) for pair in pairs if register[pair[0]] != register[pair[1]]}


def rates(found: Iterable[Two], labels: Mapping[Two, Label]) -> dict[str, Any]:
    """Precision and recall; umbrella, related and unsure pairs count neither way."""
    said = [labels.get(pair) for pair in found]
    right, wrong = said.count("duplicate"), said.count("different") + said.count(None)
    every = sum(label == "duplicate" for label in labels.values())
    precision, recall = right / max(1, right + wrong), right / max(1, every)
    return {
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "f1": round(2 * precision * recall / max(1e-9, precision + recall), 4),
        "right": right,
        "wrong": wrong,
        "unjudged": said.count(None),
        "umbrella": said.count("umbrella"),
        "related_or_unsure": said.count("related") + said.count("unsure"),
        "of": every,
    }


def kept(links: Mapping[Two, tuple[Link, Score]]) -> set[Two]:
    return {ids for ids, (link, _) in links.items() if link.value >= LIMITS.probable}


def same_link(shared: Shared) -> Link:
    return Link(shared.a, shared.b, "same", 1.0, "exact", "automatic")


def with_claim(one: Comparable, claim: Claim) -> Comparable:
    return replace(one, claims=(*one.claims, claim))
