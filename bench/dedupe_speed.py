"""How long it takes to find the duplicates among half a million records, and how much memory. Prints JSON.

    python -m bench.dedupe_speed [--records 500000]

All that a run over a whole database does but for the database: words are counted, numbers joined, candidates chosen,
scored and clustered. Records are held packed (`comparable.packed`), as they would be read from their table.
"""

import argparse
import json
import resource
import sys
import time
from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from typing import Any

from actors.trials.blocking import Blocks, count_words, rare_words
from actors.trials.clusters import Kind, Link, Member, cluster
from actors.trials.comparable import Comparable, packed, unpacked
from actors.trials.dedupe import LIMITS, score, worth_a_look
from actors.trials.features import Rarities
from actors.trials.shared_numbers import How, shared_numbers
from actors.trials.words import rarity
from bench.dedupe_world import world
from bench.measure import Figures, at_most, missed, rounded

WITHIN_S, WITHIN_MB = 300.0, 1_000.0
KINDS: dict[How, Kind] = {"same": "same", "mutual": "numbers", "claimed": "number", "third": "number"}


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench.dedupe_speed")
    parser.add_argument("--records", type=int, default=500_000)
    print(json.dumps(measure(parser.parse_args(arguments).records)), flush=True)
    return 0


def measure(records: int) -> Figures:
    bodies: list[bytes] = []
    truths: list[int] = []
    for made in world(records):
        bodies.append(packed(made.record))
        truths.append(made.truth)
    made_mb = _peak_mb()
    began = time.perf_counter()
    took: dict[str, float] = {}
    last = began

    def lap(name: str) -> None:
        nonlocal last
        now = time.perf_counter()
        took[name], last = round(now - last, 1), now

    titles, sponsors, count = count_words(map(unpacked, bodies))
    rarities = Rarities(rarity(titles, count), rarity(sponsors, count))
    lap("count_words")
    numbers = shared_numbers(map(unpacked, bodies))
    lap("shared_numbers")
    named = {record for link in numbers.shared for record in (link.a, link.b)}
    blocks, row_of = Blocks(), {}
    for row, one in enumerate(map(unpacked, bodies)):
        blocks.add(one.register, rare_words(one, rarities.titles))
        if one.record in named:
            row_of[one.record] = row
    lap("rare_words")
    joined = {(row_of[link.a], row_of[link.b]): link for link in numbers.shared}
    joined |= {(b, a): link for (a, b), link in joined.items()}
    links: list[Link] = []
    compared = 0
    at, first = -1, unpacked(bodies[0])
    for a, b in blocks.pairs():
        compared += 1
        if a != at:
            at, first = a, unpacked(bodies[a])
        other = unpacked(bodies[b])
        if (a, b) not in joined and worth_a_look(first, other, rarities):
            _keep(links, first, other, rarities)
            row_of |= {first.record: a, other.record: b}
    lap("pairs_by_text")
    for (a, b), link in joined.items():
        if a < b:
            one, other = unpacked(bodies[a]), unpacked(bodies[b])
            found = score(one, other, rarities, shared=link)
            kind = KINDS[link.how]
            links.append(Link(one.record, other.record, kind, found.value, found.type, found.decision))
    lap("pairs_by_number")
    clusters = cluster((Member(one.record, one.register, one.trial) for one in map(unpacked, bodies)), links)
    lap("clusters")
    total = time.perf_counter() - began
    targets = {"seconds": at_most(total, WITHIN_S), "peak_mb": at_most(_peak_mb(), WITHIN_MB)}
    return {
        "bench": "dedupe_speed",
        "records": records,
        "candidates": compared,
        "kept": len(links),
        "types": dict(Counter(f"{link.kind} {link.type} {link.decision}" for link in links)),
        "took_s": took,
        "made_mb": rounded(made_mb),
        "merged": _right(clusters.merged, row_of, truths),
        "proposed": _right(clusters.proposed, row_of, truths),
        "targets": targets,
        "missed": missed(targets),
    }


def _keep(links: list[Link], one: Comparable, other: Comparable, rarities: Rarities) -> None:
    found = score(one, other, rarities)
    if found.value >= LIMITS.possible:
        links.append(Link(one.record, other.record, "text", found.value, found.type, found.decision))


def _right(groups: Sequence[Sequence[Any]], row_of: dict[Any, int], truths: Sequence[int]) -> dict[str, Any]:
    """Of made-up records: says that it works, not how well it would with real ones."""
    pairs = [(row_of[a], row_of[b]) for group in groups for a, b in combinations(group, 2)]
    right = sum(truths[a] == truths[b] for a, b in pairs)
    every = sum(count * (count - 1) // 2 for count in Counter(truths).values())
    return {
        "clusters": len(groups),
        "precision": round(right / max(1, len(pairs)), 4),
        "recall": round(right / every, 4),
    }


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
