"""Duplicates across registries, found in real records and judged by people. Prints JSON.

    python -m bench.dedupe [--gold DIR] [--fit [--decisions FILE]] [--records 500000]

DIR holds the gold sets (`dedupe_gold`, `ictrp`, `ctgov_v2`, `ctgov_xml`). By text alone each pair is judged by weights
that never saw it (`bench.dedupe_held_out`), in two worlds: words as rare as they are among these records, and among
these and some thousand records of other diseases. By numbers: IntoValue's pairs, of which the one record or the other
states the number. --fit prints instead what `actors/trials/model_data.py` holds, learned from all pairs, and from what
reviewers decided (`triald dedupe decisions --json`), should that be given. --records 0 leaves the time of a large
database out.
"""

import argparse
import asyncio
import json
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from actors.trials.calibration import Example, Model, fit, laid_on_scale, line_of
from actors.trials.clusters import Link
from actors.trials.comparable import Comparable, Record, distinct, own_number
from actors.trials.dedupe import LIMITS, score
from actors.trials.features import BOUNDS, NAMES, Features, Rarities
from actors.trials.identity import Claim, RegistryId, parse, read_field
from actors.trials.model_data import MODEL
from actors.trials.pairs import pairs as held_pairs
from actors.trials.shared_numbers import shared_numbers
from actors.trials.words import words
from bench import dedupe_gold as gold
from bench import dedupe_held_out as held_out
from bench.children import output
from bench.dedupe_held_out import Candidate
from bench.measure import Figures, at_least, at_most, missed

DATA = Path("../shared/data")
ORDERS = 20
KEPT_OF_POOL = 0.975  # precision of what is kept, over both worlds together
WITHIN_S = 1_800.0


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench.dedupe")
    parser.add_argument("--gold", type=Path, default=DATA)
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--records", type=int, default=500_000)
    parser.add_argument("--decisions", type=Path, help="with --fit: what people decided, to be learned too")
    given = parser.parse_args(arguments)
    gathered = Gathered(given.gold, decided(given.decisions) if given.decisions else [])
    if given.fit:
        print(written(gathered.model, gathered.kept))
        return 0
    print(json.dumps({**figures(gathered, given.gold), **_speed(given.records)}), flush=True)
    return 0


class Gathered:
    """The judged records, their candidates in both worlds, and the weights: of all pairs, and of nine parts in ten."""

    def __init__(self, folder: Path, said: Sequence[Example] = ()) -> None:
        self.records = gold.records(folder)
        self.judged = gold.pairs(folder)
        self.labels = {frozenset((pair.a, pair.b)): pair.label for pair in self.judged} | dict(held_out.READ)
        self.register = {one.record.id: one.register for one in self.records}
        sister_records = gold.sister_records(folder)
        self.worlds: dict[str, tuple[Rarities, list[Candidate]]] = {}
        for name, groups in (("with_others", (self.records, sister_records)), ("alone", (self.records,))):
            rarities = held_out.rarities_of(*groups)
            self.worlds[name] = rarities, held_out.candidates(self.records, rarities, self.judged)
        rarities, chosen = self.worlds["with_others"]
        self.sisters: list[Features] = held_out.sisters(sister_records, rarities)
        examples = [*held_out.examples(chosen, self.sisters), *said]
        self.model = fit(examples, penalty=held_out.PENALTY, source="")
        self.part = held_out.parts_of(self.records, self.judged)
        unscaled = held_out.held_out_models(chosen, self.sisters, self.part, self.model)
        self.kept = self._kept_line(unscaled)
        scaled = [laid_on_scale(model, kept=self.kept) for model in unscaled]
        self.held_out_model = {one.record.id: scaled[self.part[one.record.id]] for one in self.records}

    def _kept_line(self, models: Sequence[Model]) -> float:
        sums, same = [], []
        for _, chosen in self.worlds.values():
            for one in chosen:
                if one.label in ("duplicate", "different", None):
                    sums.append(models[self.part[one.a.record.id]].raw(one.features))
                    same.append(one.label == "duplicate")
        return line_of(sums, same, precision=KEPT_OF_POOL)


def decided(file: Path) -> list[Example]:
    """What people decided, as `triald dedupe decisions --json` tells it."""
    told = json.loads(file.read_text("utf-8"))
    return [Example(Features(**one["features"]), one["verdict"] == "same") for one in told]


def figures(gathered: Gathered, folder: Path) -> Figures:
    worlds = {name: _by_text(gathered, name, gathered.held_out_model) for name in gathered.worlds}
    in_use = {name: _by_text(gathered, name, defaultdict(lambda: MODEL)) for name in gathered.worlds}
    numbers = by_numbers(folder)
    targets = {}
    for name, found in worlds.items():
        targets[f"{name}: precision by text"] = at_least(found["kept"]["precision"], 0.97)
        targets[f"{name}: recall by text"] = at_least(found["kept"]["recall"], 0.93)
        targets[f"{name}: precision of what is merged"] = at_least(found["merged"]["precision"], 0.99)
        targets[f"{name}: umbrella pairs merged"] = at_most(
            max(found["merged"]["umbrella"], in_use[name]["merged"]["umbrella"]), 0
        )
        targets[f"{name}: orders with the same clusters"] = at_least(found["orders_alike"], ORDERS)
    targets["precision by numbers"] = at_least(numbers["precision"], 0.98)
    targets["recall by numbers"] = at_least(numbers["recall"], 1.0)
    return {
        "bench": "dedupe",
        "records": len(gathered.records),
        "held_out": worlds,
        "in_use": in_use,
        "by_numbers": numbers,
        "secondary_ids_read": secondary_ids(folder),
        "sisters": {
            "pairs": len(gathered.sisters),
            "kept_if_of_two_registers": sum(gathered.model.raw(one) >= gathered.kept for one in gathered.sisters),
        },
        "fit": {"kept_line": round(gathered.kept, 3), "differs_from_model_in_use": _differs(gathered)},
        "targets": targets,
        "missed": missed(targets),
    }


def _by_text(gathered: Gathered, world: str, models: Mapping[str, Model]) -> dict[str, Any]:
    rarities, chosen = gathered.worlds[world]
    links = held_out.linked(chosen, rarities, models)
    every = [link for link, _ in links.values()]
    same = _copies(gathered.records)
    clusters = held_out.clustered(gathered.records, [*every, *same])
    alike = sum(held_out.clustered(gathered.records, [*every, *same], seed) == clusters for seed in range(ORDERS))
    listed = {
        frozenset((pair.a.id, pair.b.id)): pair
        for pair in held_pairs(clusters, every)
        if gathered.register[pair.a.id] != gathered.register[pair.b.id]
    }
    kept = [two for two, pair in listed.items() if pair.value >= LIMITS.probable]
    automatic = [two for two, pair in listed.items() if pair.decision == "automatic"]
    return {
        "candidates": len(chosen),
        "scored": held_out.rates(held_out.kept(links), gathered.labels),
        "kept": held_out.rates(kept, gathered.labels),
        "merged": held_out.rates(automatic, gathered.labels),
        "types": _count(f"{pair.type} {pair.decision}" for pair in listed.values()),
        "disputed": len(clusters.held),
        "wrong": [sorted(two) for two in kept if gathered.labels.get(two) in ("different", None)],
        "orders_alike": alike,
    }


def _copies(records: Sequence[Comparable]) -> list[Link]:
    found = shared_numbers(records).shared
    return [held_out.same_link(link) for link in found if link.how == "same"]


def by_numbers(folder: Path) -> dict[str, Any]:
    """IntoValue's pairs: each trial of EU CTR as its number alone, each other one with its title."""
    judged, studies = gold.by_number(folder), gold.studies(folder)
    records: dict[str, Comparable] = {}
    for pair in judged:
        records.setdefault(pair.euctr, _bare(pair.euctr, ""))
        records.setdefault(pair.other, _bare(pair.other, studies.get(pair.other, {}).get("title", "")))
    for pair in judged:
        if pair.listed:
            _claim(records, pair.other, pair.euctr)
        if pair.listed == 2:
            _claim(records, pair.euctr, pair.other)
    numbers = shared_numbers(records.values())
    rarities = held_out.rarities_of(records.values())
    found = set()
    for link in numbers.shared:
        result = score(records[link.a.id], records[link.b.id], rarities, shared=link)
        if result.value >= LIMITS.probable:
            found.add(frozenset((link.a.id, link.b.id)))
    same = {frozenset((pair.euctr, pair.other)): pair.same for pair in judged}
    listed = {frozenset((pair.euctr, pair.other)) for pair in judged if pair.listed and pair.same}
    right = sum(same.get(two, False) for two in found)
    return {
        "pairs": len(judged),
        "state_the_number": sum(bool(pair.listed) for pair in judged),
        "found": len(found),
        "precision": round(right / max(1, len(found)), 4),
        "recall": round(len(found & listed) / max(1, len(listed)), 4),
        "recall_of_all_true_pairs": round(right / sum(same.values()), 4),
    }


def secondary_ids(folder: Path) -> dict[str, int]:
    """Numbers of other registers in ClinicalTrials.gov's id fields: how many are read as such."""
    fields = gold.secondary_ids(folder)
    read = [any(number in str(claim.id) for claim in read_field(number, label)) for number, label in fields]
    return {"of": len(fields), "read": sum(read)}


def _bare(number: str, title: str) -> Comparable:
    register, trial = own_number("gold", number)
    return Comparable(Record("gold", number), register, trial, titles=distinct([words(title)]))


def _claim(records: dict[str, Comparable], who: str, number: str) -> None:
    known, found = records[who], parse(number)
    claim = Claim(found or RegistryId("other", number), "listed")
    records[who] = held_out.with_claim(known, claim)


def _differs(gathered: Gathered) -> float:
    """The largest difference of a weight between a new fit and the model in use."""
    return round(max(abs(gathered.model.weights[name] - MODEL.weights[name]) for name in NAMES), 2)


def written(model: Model, kept: float) -> str:
    """`actors/trials/model_data.py` with these weights."""
    scaled = laid_on_scale(model, kept=kept)
    lines = [f'            "{name}": {scaled.weights[name]:.3f},' for name in NAMES]
    held = sorted(name for name in NAMES if scaled.weights[name] in BOUNDS[name])
    return "\n".join(
        [
            '"""The weights in use, and where they come from. Written by `python -m bench.dedupe --fit`. No I/O."""',
            "",
            "from types import MappingProxyType",
            "",
            "from actors.trials.calibration import Model",
            "",
            "SOURCE = (",
            '    "124 pairs of COVID-19 trials of 17 registers in ICTRP\'s export of July 2020, judged by people, "',
            '    "among their candidates; pairs of ClinicalTrials.gov\'s numbers as two trials each, at a weight of "',
            f'    "{held_out.SISTER_WEIGHT}; ridge {held_out.PENALTY}; held at a bound: {", ".join(held) or "none"}"',
            ")",
            "",
            "MODEL = Model(",
            "    weights=MappingProxyType(",
            "        {",
            *lines,
            "        }",
            "    ),",
            f"    intercept={scaled.intercept:.3f},",
            f"    scale={scaled.scale:.3f},",
            f"    shift={scaled.shift:.3f},",
            "    source=SOURCE,",
            ")",
        ]
    )


def _speed(records: int) -> Mapping[str, Any]:
    if not records:
        return {}
    command = [sys.executable, "-m", "bench.dedupe_speed", "--records", str(records)]
    code, said, _ = asyncio.run(output(command, environ=os.environ, within_s=WITHIN_S))
    return {"speed": json.loads(said.strip().splitlines()[-1])} if code == 0 else {"speed": {"failed": code}}


def _count(given: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(given).items()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
