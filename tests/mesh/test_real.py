"""Real MeSH: whole years, real full records, and the terms that ClinicalTrials.gov gave itself."""

from collections.abc import Iterable
from functools import cache

import pytest

from actors.mesh import habits, tree, xml
from actors.mesh.changes import changes
from actors.mesh.mapping import Mapper
from actors.mesh.normal import words
from actors.mesh.record import Descriptor, Supplementary, repaired, terms
from actors.mesh.tree import without_parent
from actors.mesh.vocabulary import HOWS
from actors.mesh.xml import Malformed, Opening
from bench.mesh_gold import Record, record, score
from tests.mesh import real
from tests.mesh.real import needs

YEAR = "mesh/desc2024_reconstructed.xml.zst"
GOLD = "mesh_gold/ctgov_mesh_gold.ndjson.zst"
ALL = frozenset(tree.CATEGORIES)


@needs(YEAR)
def test_a_whole_year_is_read_with_exact_counts() -> None:
    """G16: all descriptors of 2024."""
    _, counted = real.year()
    assert counted == {
        "descriptors": 30_764, "concepts": 61_048, "terms": 132_802, "strings": 263_936, "permuted": 131_134,
        "tree_numbers": 64_457, "actions": 5_054, "without_tree": 2, "malformed": 0,
    }  # fmt: skip


@needs(YEAR)
def test_every_place_has_its_parent_and_only_female_and_male_have_none() -> None:
    """G16: the 115 top-level places are there, so «all cancers» finds cancers."""
    held = real.vocabulary()
    numbers = {ui: held.tree.numbers(ui) for ui in held}
    assert without_parent(number for each in numbers.values() for number in each) == set()
    assert len(held.tree.top()) == 115
    assert {held.name(ui) for ui, each in numbers.items() if not each} == {"Female", "Male"}
    assert {number[0] for each in numbers.values() for number in each} == tree.CATEGORIES.keys()
    assert {"D001943", "D015470"} <= held.tree.descendants("D009369")
    assert held.tree.parents("D009203") == {"D017202", "D007238"}


@needs(YEAR, "mesh/mesh2022_terms.tsv.zst")
def test_a_year_is_told_from_the_year_before_it() -> None:
    """G16: from 2022 to 2024, 573 came, 3 went and 52 were renamed."""
    before = {row[0]: row[1] for row in (line.split("\t") for line in real.lines("mesh/mesh2022_terms.tsv.zst")[1:])}
    held = real.vocabulary()

    def named(text: str) -> str | None:
        found = held.find(words(text), ALL)
        return found.ui if found else None

    found = changes(before, {ui: held.name(ui) for ui in held}, named)
    assert (len(found.added), len(found.removed), len(found.renamed)) == (573, 3, 52)
    assert [(gone.name, gone.now) for gone in found.removed if gone.now] != []


@needs(YEAR, "mesh/mesh2024_terms.tsv.zst")
def test_every_term_as_it_is_spelled_is_found_again_or_told_to_be_ambiguous() -> None:
    """A term belongs to one descriptor: of 263,936 strings all but some dozen are found, and none of another."""
    held = real.vocabulary()
    other, ambiguous = 0, set()
    for line in real.lines("mesh/mesh2024_terms.tsv.zst")[1:]:
        row = line.split("\t")
        letters = held.letters(row[0])
        if letters:
            found = held.find(words(row[4]), letters, loose=False)
            if found is None:
                ambiguous.add(row[4])
            elif found.ui != row[0]:
                other += found.how not in HOWS[:2]
    assert other == 0
    assert len(ambiguous) < 60


@needs("mesh/mesh2024_terms.tsv.zst", YEAR, GOLD)
def test_no_given_id_is_repaired_into_another() -> None:
    """Ids of nine digits exist: no zero is taken from one that is known."""
    held = real.vocabulary()
    assert all(repaired(ui, held) == ui for ui in held)
    long = [ui for ui in held if len(ui) == 7 and f"D000{ui[1:]}" in held]
    assert all(repaired(f"D000{ui[1:]}", held) == f"D000{ui[1:]}" for ui in long)


@needs("mesh/samples/desc-samples.xml", "mesh/samples/supp-samples.xml", "mesh/samples/xml2006sample.xml")
@pytest.mark.parametrize(
    ("name", "kind", "year", "records"),
    [("desc-samples.xml", "descriptors", None, 43), ("supp-samples.xml", "supplementary", None, 19),
     ("xml2006sample.xml", "descriptors", 2006, 1)],
)  # fmt: skip
def test_real_full_records_are_read(name: str, kind: str, year: int | None, records: int) -> None:
    with (real.DATA / "mesh" / "samples" / name).open("rb") as source:
        opening, *each = xml.read(source)
    assert opening == Opening(kind, year)  # type: ignore[arg-type]
    assert len(each) == records
    assert not any(isinstance(one, Malformed) for one in each)
    for one in each:
        assert isinstance(one, Descriptor | Supplementary)
        assert one.created is not None
        assert one.name in {term.text for term in terms(one)}


@needs("mesh/samples/desc-samples.xml", "mesh/samples/supp-samples.xml")
def test_real_full_records_tell_what_the_reconstructed_ones_leave_out() -> None:
    found: list[Descriptor | Supplementary] = []
    for name in ("desc-samples.xml", "supp-samples.xml"):
        with (real.DATA / "mesh" / "samples" / name).open("rb") as source:
            found += [one for one in xml.read(source) if isinstance(one, Descriptor | Supplementary)]
    by_ui = {one.ui: one for one in found}
    calcimycin, aeron = by_ui["D000001"], by_ui["C025735"]
    assert isinstance(calcimycin, Descriptor)
    assert calcimycin.concepts[0].scope_note is not None
    assert isinstance(aeron, Supplementary)
    assert [(heading.ui, heading.major) for heading in aeron.headings] == [
        ("D001286", True), ("D002164", True), ("D004338", False), ("D012602", True),
    ]  # fmt: skip
    assert {one.kind for one in found if isinstance(one, Supplementary)} >= {1, 2, 3}


@pytest.mark.parametrize("name", ["pa2006sample.xml", "pa_substance2006sample.xml"])
@needs("mesh/samples/pa2006sample.xml")
def test_other_files_of_nlm_are_refused(name: str) -> None:
    with (real.DATA / "mesh" / "samples" / name).open("rb") as source, pytest.raises(xml.UnreadableMesh):
        list(xml.read(source))


@cache
def gold() -> tuple[Record, ...]:
    return tuple(record(line, real.vocabulary()) for line in real.lines(GOLD))


def every_tenth(trials: Iterable[Record]) -> list[Record]:
    return [trial for at, trial in enumerate(trials) if at % 10 == 0]


@needs(YEAR, GOLD)
def test_words_alone_find_most_of_what_the_registry_indexes() -> None:
    """G17: the floor of the mapping; how good it is, the benchmark says."""
    found = score(Mapper(real.vocabulary()).answers, every_tenth(gold()), "condition")
    assert found.precision > 0.85
    assert found.recall > 0.71


@needs(YEAR, GOLD)
def test_habits_raise_precision_and_recall() -> None:
    held = real.vocabulary()
    bare = score(Mapper(held).answers, every_tenth(gold()), "condition")
    taught = score(Mapper(held, evidence=habits.evidence("condition")).answers, every_tenth(gold()), "condition")
    assert taught.precision > bare.precision
    assert taught.recall > bare.recall


@needs(YEAR)
def test_lay_terms_and_short_forms_have_a_heading() -> None:
    """A year that renames one of them shows here."""
    from actors.mesh.lay import SAID, SHORT_FORMS

    held = real.vocabulary()
    names = {held.name(ui) for ui in held}
    assert [name for name, _ in (*SAID, *SHORT_FORMS) if name not in names] == []


@needs(YEAR)
def test_habits_name_terms_that_exist() -> None:
    held = real.vocabulary()
    lines = [line.split("|") for line in (habits.CONDITIONS + habits.INTERVENTIONS).split("\n") if line]
    assert [ui for _, ui, *_ in lines if ui not in held] == []
    assert [row for row in lines if row[4].rpartition(": ")[2] != held.name(row[1])] == []


@needs(YEAR)
@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("heart attack", "Myocardial Infarction"),
        ("high blood pressure", "Hypertension"),
        ("Haemorrhoids", "Hemorrhoids"),
        ("Tumours of the oesophagus", "Esophageal Neoplasms"),
        ("Parkinson’s disease", "Parkinson Disease"),
        ("β-thalassaemia", "beta-Thalassemia"),
        ("Crohns disease", "Crohn Disease"),
        ("COPD", "Pulmonary Disease, Chronic Obstructive"),
        ("kidney failure, chronic", "Kidney Failure, Chronic"),
        ("type II diabetes", "Diabetes Mellitus, Type 2"),
        ("rheumatoid artritis", "Arthritis, Rheumatoid"),  # not arteritis
        ("diabetis", "Diabetes Mellitus"),
    ],
)
def test_lay_terms_and_spellings_find_their_heading(text: str, name: str) -> None:
    """G17: "heart attack" is D009203."""
    [answer, *_] = Mapper(real.vocabulary()).answers(text)
    assert answer.name == name
