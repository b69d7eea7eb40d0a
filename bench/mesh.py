"""MeSH read, looked up and mapped. Prints JSON.

    python -m bench.mesh [--data ../shared/data] [--megabytes 300]

Reading: time and peak memory, each in a process of its own, of the 2024 descriptors and of a generated file of real
length. Mapping: against the terms that ClinicalTrials.gov itself gave, by the words alone, and with what the terms of
other trials teach (cross-validated in five parts; `habits` is what of it turns a decision). The data is not part of
this project; what is missing is left out, by name.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import zstandard

from actors.mesh import xml
from actors.mesh.mapping import Mapper
from actors.mesh.record import Descriptor, Supplementary
from actors.mesh.scope import CONDITIONS, SUBSTANCES
from actors.mesh.tree import Tree
from actors.mesh.vocabulary import Known, Vocabulary, known
from bench.measure import Figures, at_least, at_most, missed, rounded
from bench.mesh_gold import Field, Record, by_way, cross_validated, record, score

DATA = Path("..") / "shared" / "data"
DESCRIPTORS = "mesh/desc2024_reconstructed.xml.zst"
GOLD = "mesh_gold/ctgov_mesh_gold.ndjson.zst"
SUPPLEMENTS = ("mesh/mesh_pharm_actions.tsv.zst", 0, 1), ("mesh/gilda_mesh_mappings.tsv.zst", 1, 2)  # id, name columns
MAPPED_S = 3.0


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="bench.mesh", description="MeSH read, looked up and mapped.")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--megabytes", type=int, default=300, help="of the generated file")
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)  # what a process of its own does
    given = parser.parse_args(arguments)
    print(json.dumps(read(given.read) if given.read else measure(given.data, given.megabytes)))


def measure(data: Path, megabytes: int) -> Figures:
    found: Figures = {"bench": "mesh", "left_out": [name for name in (DESCRIPTORS, GOLD) if not (data / name).exists()]}
    with tempfile.TemporaryDirectory(prefix="triald-bench-") as folder:
        generated = Path(folder) / "desc2099.xml"
        generate(generated, megabytes)
        found["generated"] = in_its_own_process(generated)
        targets = {"generated_peak_mb": at_most(found["generated"]["peak_mb"], 200)}
        if (data / DESCRIPTORS).exists():
            plain = Path(folder) / "desc2024.xml"
            with plain.open("wb") as file:
                zstandard.ZstdDecompressor().copy_stream((data / DESCRIPTORS).open("rb"), file)
            found["descriptors"] = in_its_own_process(plain)
            targets["read_s"] = at_most(found["descriptors"]["took_s"], 15)
            targets["read_peak_mb"] = at_most(found["descriptors"]["peak_mb"], 200)
            if (data / GOLD).exists():
                found["mapping"] = mapping(plain, data)
                conditions = found["mapping"]["condition"]["evidence"]
                targets["conditions_precision"] = at_least(conditions["precision"], 0.88)
                targets["conditions_recall"] = at_least(conditions["recall"], 0.74)
                targets["interventions_f1"] = at_least(found["mapping"]["intervention"]["words"]["f1"], 0.83)
    return found | {"targets": targets, "missed": missed(targets)}


def in_its_own_process(file: Path) -> Figures:
    words = [sys.executable, "-m", "bench.mesh", "--read", str(file)]
    figures: Figures = json.loads(subprocess.run(words, capture_output=True, check=True, text=True).stdout)
    return figures


def read(file: Path) -> Figures:
    """Every record of a file, none of them kept."""
    began = time.perf_counter()
    with file.open("rb") as source:
        records = sum(isinstance(one, Descriptor | Supplementary) for one in xml.read(source))
    took_s = time.perf_counter() - began
    return {"megabytes": rounded(file.stat().st_size / 1e6), "records": records,
            "took_s": rounded(took_s), "peak_mb": rounded(peak_mb())}  # fmt: skip


def mapping(descriptors: Path, data: Path) -> Figures:
    began = time.perf_counter()
    before_mb = resident_mb()
    vocabulary = vocabulary_of(descriptors, data)
    built_s, resident = time.perf_counter() - began, resident_mb() - before_mb
    trials = [record(line, vocabulary) for line in lines(data / GOLD)]
    return {"trials": len(trials), "records": len(vocabulary), "built_s": rounded(built_s),
            "resident_mb": rounded(resident),
            "condition": of_field(Mapper(vocabulary, CONDITIONS), trials, "condition"),
            "intervention": of_field(Mapper(vocabulary, SUBSTANCES), trials, "intervention")}  # fmt: skip


def of_field(mapper: Mapper, trials: Sequence[Record], field: Field) -> Figures:
    texts = [text for trial in trials for text in trial.texts[field]]
    return {
        "texts": len(texts),
        "texts_per_s": rounded(speed(mapper, texts)),
        "words": score(mapper.answers, trials, field).figures(),
        "words_headings_only": score(mapper.answers, trials, field, headings_only=True).figures(),
        "evidence": cross_validated(mapper, trials, field).figures(),
        "evidence_headings_only": cross_validated(mapper, trials, field, headings_only=True).figures(),
        "habits": cross_validated(mapper, trials, field, only_habits=True).figures(),
        "by_way": by_way(mapper.answers, trials, field),
    }


def speed(mapper: Mapper, texts: Sequence[str]) -> float:
    """Different texts a second, one after another, for some seconds at most."""
    mapper.answers("Astma")  # what the first slip of the pen makes ready
    began = time.perf_counter()
    count = 0
    for text in dict.fromkeys(texts):
        mapper.answers(text)
        count += 1
        if time.perf_counter() - began > MAPPED_S:
            break
    return count / (time.perf_counter() - began)


def vocabulary_of(descriptors: Path, data: Path) -> Vocabulary:
    places: list[tuple[str, str]] = []

    def terms() -> Iterator[Known]:
        with descriptors.open("rb") as source:
            for one in xml.read(source):
                if isinstance(one, Descriptor):
                    places.extend((one.ui, number) for number in one.tree_numbers)
                    yield from known([one])

    headings = list(terms())
    names = supplements(data)
    return Vocabulary(
        [*headings, *(Known(ui, name, "name") for ui, name in names.items())],
        Tree(places),
        kinds=dict.fromkeys(names, 1),
    )


def supplements(data: Path) -> dict[str, str]:
    """Names of supplementary records, as far as tables of other vocabularies tell them: a tenth of all."""
    found: dict[str, str] = {}
    for name, ui, text in SUPPLEMENTS:
        for line in lines(data / name) if (data / name).exists() else ():
            cells = line.split("\t")
            if cells[ui].startswith("C"):
                found.setdefault(cells[ui], cells[text])
    return found


def lines(file: Path) -> list[str]:
    with file.open("rb") as packed:
        return zstandard.ZstdDecompressor().stream_reader(packed).read().decode().splitlines()


def resident_mb() -> float:
    return memory_mb("VmRSS")


def peak_mb() -> float:
    """Of this program alone: what getrusage tells counts the process that started it, too."""
    return memory_mb("VmHWM")


def memory_mb(name: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def generate(file: Path, megabytes: int) -> None:
    """Descriptors as long as the real ones, some 10 kB each, most of it qualifiers, which are passed over."""
    qualifiers = "".join(
        f"<AllowableQualifier><QualifierReferredTo><QualifierUI>Q{number:06}</QualifierUI><QualifierName>"
        f"<String>qualifier &amp; {number}</String></QualifierName></QualifierReferredTo></AllowableQualifier>\n"
        for number in range(40)
    )
    with file.open("w") as out:
        out.write('<?xml version="1.0"?>\n<DescriptorRecordSet LanguageCode="eng">\n')
        number = 0
        while out.tell() < megabytes * 1_000_000:
            number += 1
            out.write(descriptor(number, qualifiers))
        out.write("</DescriptorRecordSet>\n")


def descriptor(number: int, qualifiers: str) -> str:
    terms = "".join(
        f'<Term ConceptPreferredTermYN="{"N" if term else "Y"}" IsPermutedTermYN="N" LexicalTag="NON">'
        f"<TermUI>T{number}{term}</TermUI><String>Term {term} of {number}</String></Term>\n"
        for term in range(8)
    )
    return (
        f'<DescriptorRecord DescriptorClass="1"><DescriptorUI>D{number:09}</DescriptorUI>'
        f"<DescriptorName><String>Heading {number}</String></DescriptorName>"
        f"<AllowableQualifiersList>{qualifiers}</AllowableQualifiersList>"
        f"<TreeNumberList><TreeNumber>C{number % 90 + 10}.{number % 900 + 100}</TreeNumber></TreeNumberList>"
        f'<ConceptList><Concept PreferredConceptYN="Y"><ConceptUI>M{number}</ConceptUI>'
        f"<ConceptName><String>Heading {number}</String></ConceptName>"
        f"<ScopeNote>{'What this heading covers. ' * 40}</ScopeNote>"
        f"<TermList>{terms}</TermList></Concept></ConceptList></DescriptorRecord>\n"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
