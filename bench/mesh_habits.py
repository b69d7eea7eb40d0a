"""Learns the habits of ClinicalTrials.gov's indexing (actors/mesh/habits.py) from its own terms; prints them.

python -m bench.mesh_habits [--data ../shared/data]
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import zstandard

from actors.mesh.mapping import Mapper
from actors.mesh.scope import CONDITIONS, SUBSTANCES
from bench.mesh import DATA, DESCRIPTORS, GOLD, lines, vocabulary_of
from bench.mesh_gold import Field, habits, record


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="bench.mesh_habits", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    data: Path = parser.parse_args(arguments).data
    with tempfile.NamedTemporaryFile(prefix="triald-bench-", suffix=".xml") as plain:
        zstandard.ZstdDecompressor().copy_stream((data / DESCRIPTORS).open("rb"), plain)
        plain.flush()
        vocabulary = vocabulary_of(Path(plain.name), data)
    trials = [record(line, vocabulary) for line in lines(data / GOLD)]
    fields: tuple[tuple[Field, Mapper], ...] = (
        ("condition", Mapper(vocabulary, CONDITIONS)),
        ("intervention", Mapper(vocabulary, SUBSTANCES)),
    )
    for field, mapper in fields:
        print(f"# {field}: {sum(bool(trial.terms[field]) for trial in trials)} trials")
        for one in sorted(habits(mapper, trials, field), key=lambda one: (one.context, -one.given, one.ui)):
            about = "" if one.context.startswith("text:") else f"{vocabulary.name(one.context)}: "
            print("|".join([one.context, one.ui, str(one.given), str(one.trials), about + vocabulary.name(one.ui)]))


if __name__ == "__main__":
    main(sys.argv[1:])
