"""Whether two records are the same trial, with the reasons; and how the weights are learned."""

import math
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.trials.calibration import Example, Model, fit, laid_on_scale, line_of, probability
from actors.trials.comparable import Comparable
from actors.trials.dedupe import LIMITS, SAYS, Limits, Score, Verdict, contradicts, score, worth_a_look
from actors.trials.features import BOUNDS, NAMES, Features, Weighed, at_best, features, in_full
from actors.trials.identity import Claim, RegistryId
from actors.trials.model_data import MODEL
from actors.trials.shared_numbers import Shared, shared_numbers
from actors.trials.words import words
from tests.trials.comparables import RARITIES, TITLE, made

NCT, OTHER_NCT, ISRCTN, EUCTR = "NCT04307642", "NCT04307643", "ISRCTN83971151", "EUCTR2020-001209-22-AT"
ELSE: dict[str, Any] = {
    "titles": ("Ovarian Cancer Screening by Ultrasound",),
    "sponsor": "Royal Marsden",
    "conditions": words("ovarian cancer"),
    "interventions": words("ultrasound"),
    "enrolment": 90,
    "countries": ("united kingdom",),
}


def scored(a: Comparable, b: Comparable, **given: Any) -> Score:
    return score(a, b, RARITIES, **given)


def joined(a: Comparable, b: Comparable) -> Shared:
    (link,) = shared_numbers([a, b]).shared
    return link


def test_the_same_trial_in_two_registers_is_merged_and_why() -> None:
    """G14: expected type; the reason is told."""
    found = scored(made(NCT), made(ISRCTN))
    assert (found.type, found.decision) == ("exact", "automatic")
    assert found.why[0] == "titles and numbers of participants agree, and nothing speaks against it"
    assert found.parts[0].adds == max(abs(part.adds) for part in found.parts)
    assert {part.name for part in found.parts} >= {"best_title", "same_title", "same_size", "sponsor", "same_country"}
    assert len(found.why) == len(found.parts) + 1


@pytest.mark.parametrize(
    ("other", "type_", "decision"),
    [
        # near: re-worded, another name of the sponsor, nobody knows how many
        (
            {
                "titles": ("Zalutumab versus placebo for adults whose heart is failing",),
                "sponsor": "Medical University of Innsbruck",
                "enrolment": 328,
            },
            ("exact", "fuzzy", "probable"),
            ("automatic", "review"),
        ),
        ({"enrolment": 330}, ("exact",), ("review",)),
        ({"enrolment": None}, ("exact",), ("review",)),
        # traps: alike, but
        ({"phases": (3,)}, ("exact",), ("review",)),
        ({"study_type": "observational"}, ("exact",), ("review",)),
        ({"countries": ("japan",)}, ("exact", "fuzzy", "probable", "possible"), ("review",)),
        (
            {"titles": (TITLE.replace("Zalutumab", "Mavacamten"),), "interventions": ("mavacamten",), "enrolment": 120},
            ("possible", None),
            ("review", "none"),
        ),
        ({"phases": (3,), "enrolment": 120}, ("exact", "fuzzy", "probable", "possible"), ("review",)),
        ({"titles": (f"{TITLE}: Part 2",), "enrolment": 60}, ("probable", "possible"), ("review",)),
        (ELSE, (None,), ("none",)),
    ],
)
def test_true_near_and_trap(other: dict[str, Any], type_: tuple[str | None, ...], decision: tuple[str, ...]) -> None:
    """G14: true, near and trap pairs such as the same title with another phase: the expected type of each."""
    found = scored(made(NCT), made(ISRCTN, **other))
    assert found.type in type_
    assert found.decision in decision


def test_part_one_and_part_two_are_not_merged_unasked() -> None:
    one, two = made(NCT, titles=(f"{TITLE}: Part 1",)), made(ISRCTN, titles=(f"{TITLE}: Part 2",))
    found = scored(one, two)
    assert found.decision == "review"
    assert "each names a number that the other lacks" in found.why[0]


def test_a_title_copied_for_another_drug_is_not_merged_unasked_though_all_else_agrees() -> None:
    long = f"{TITLE} and Reduced Ejection Fraction Despite Optimal Medical Therapy: the Tyrolean Walking Programme"
    copied = long.replace("Zalutumab", "Mavacamten")
    found = scored(made(NCT, titles=(long,)), made(ISRCTN, titles=(copied,), interventions=words("mavacamten")))
    assert found.value >= LIMITS.automatic
    assert found.decision == "review"
    assert "but for a rare one in each" in found.why[0]


def test_a_round_number_of_participants_says_less_than_an_odd_one() -> None:
    odd = scored(made(NCT), made(ISRCTN)).value
    round_ = scored(made(NCT, enrolment=100), made(ISRCTN, enrolment=100)).value
    assert round_ < odd


def test_what_a_record_does_not_state_speaks_neither_for_nor_against() -> None:
    bare: dict[str, Any] = {
        "sponsors": (),
        "registered": None,
        "start": None,
        "countries": (),
        "enrolment": None,
        "phases": (),
    }
    found = features(made(NCT), made(ISRCTN, study_type="unknown", conditions=(), interventions=(), **bare), RARITIES)
    assert (found.best_title, found.all_titles) == pytest.approx((1.0, 1.0))
    stated = {
        name: getattr(found, name)
        for name in NAMES
        if name not in ("best_title", "same_title", "all_titles", "rare_words")
    }
    assert set(stated.values()) == {0.0}


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("enrolment", 328, {"same_size": 1.0, "other_size": 0.0}),
        ("enrolment", 329, {"same_size": 0.0, "other_size": pytest.approx(0.001, abs=1e-3)}),
        ("enrolment", 328 * 20, {"same_size": 0.0, "other_size": pytest.approx(1.0, abs=0.01)}),
        ("countries", ("austria", "italy"), {"same_country": 0.5, "other_country": 0.0}),
        ("countries", ("italy",), {"same_country": 0.0, "other_country": 1.0}),
        ("phases", (2, 3), {"other_phase": 0.0}),
        ("phases", (3,), {"other_phase": 1.0}),
        ("study_type", "observational", {"other_type": 1.0}),
        ("start", date(2020, 4, 1), {"apart": 0.0}),
        ("start", date(2030, 3, 30), {"apart": pytest.approx(1.0, abs=0.01)}),
        ("start", None, {"apart": 0.0}),  # then the days of registration are compared
        ("sponsors", (words("Royal Marsden"),), {"sponsor": -0.3}),
        ("sponsors", (words("Royal Marsden"), words("University Hospital Innsbruck")), {"sponsor": pytest.approx(0.7)}),
        ("conditions", words("ovarian cancer"), {"condition": 0.0}),
    ],
)
def test_each_field_says_what_it_says(name: str, value: object, expected: dict[str, float]) -> None:
    change: dict[str, Any] = {name: value}
    found = features(made(NCT), replace(made(ISRCTN), **change), RARITIES)
    assert {one: getattr(found, one) for one in expected} == expected


def test_a_copied_title_with_another_drug_is_told_from_one_written_anew() -> None:
    copied = features(made(NCT), made(ISRCTN, titles=(TITLE.replace("Zalutumab", "Mavacamten"),)), RARITIES)
    anew = features(made(NCT), made(ISRCTN, titles=("Does zalutumab help when the heart fails?",)), RARITIES)
    assert copied.other_words > 0.5 > anew.other_words


def test_the_likest_two_of_all_titles_count() -> None:
    """A public title in another language hides nothing where the scientific one is the same."""
    german = made(ISRCTN, titles=("Wirksamkeit von Zalutumab bei Herzinsuffizienz", TITLE))
    assert features(made(NCT), german, RARITIES).best_title == pytest.approx(1.0)


@pytest.mark.parametrize("value", [0.4999, 0.5, 0.8499, 0.85, 0.8999, 0.9, 0.9499, 0.95, 1.0])
def test_each_threshold_just_below_and_on_it(value: float) -> None:
    """G14: kept from 0.85 on; exact 0.95, fuzzy 0.90, probable 0.85."""
    limits = Limits()
    model = replace(MODEL, scale=0.0, shift=20.0 if value == 1.0 else _log_odds(value))
    found = scored(made(NCT), made(ISRCTN), model=model, limits=limits)
    expected = next(
        (
            name
            for name, least in (("exact", 0.95), ("fuzzy", 0.90), ("probable", 0.85), ("possible", 0.50))
            if value >= least
        ),
        None,
    )
    assert found.type == expected
    assert (found.decision == "none") is (value < 0.5)
    assert (found.decision == "automatic") is (value >= 0.95)


def _log_odds(value: float) -> float:
    return math.log(value / (1 - value))


def test_two_numbers_of_one_register_are_never_merged_by_text() -> None:
    found = scored(made(NCT), made(OTHER_NCT))
    assert (found.type, found.decision) == ("possible", "review")
    assert found.value >= LIMITS.exact
    assert "two numbers of one register" in found.why[0]


# ── numbers ──


def test_a_number_in_an_id_field_joins_whatever_the_language() -> None:
    """G14: an id match is exact; N03: the typed id graph."""
    one = made(NCT, says=("2020-001209-22",))
    other = made(
        EUCTR, titles=("Wirksamkeit und Sicherheit bei Herzschw\u00e4che",), sponsor="Univ.-Klinik", enrolment=None
    )
    found = scored(one, other, shared=joined(one, other))
    assert (found.type, found.decision) == ("exact", "automatic")
    assert found.why[0] == "one names the other's number 2020-001209-22"


def test_two_records_that_name_each_other_are_surer_than_one_that_names_the_other() -> None:
    one, other = made(NCT, says=("2020-001209-22",)), made(EUCTR, says=(NCT,))
    link = joined(one, other)
    assert link.how == "mutual"
    alone = scored(one, made(EUCTR), shared=joined(one, made(EUCTR)))
    assert scored(one, other, shared=link).value >= alone.value


def test_a_number_whose_trial_has_nothing_else_in_common_goes_to_review() -> None:
    """A digit was mistyped: one trial is of ovarian cancer, the other of the heart."""
    one, other = made(NCT, says=("2020-001209-22",)), made(EUCTR, **ELSE)
    found = scored(one, other, shared=joined(one, other))
    assert contradicts(one, other, features(one, other, RARITIES))
    assert (found.type, found.decision) == ("possible", "review")


def test_a_number_in_a_text_needs_a_text_that_agrees() -> None:
    """N03: a text mention weighs less."""
    said = (Claim(RegistryId("isrctn", ISRCTN), "mentioned"),)
    alike, unlike = made(NCT, mentions=said), made(NCT, mentions=said, **ELSE)
    other = made(ISRCTN)
    assert scored(alike, other, shared=joined(alike, other)).type == "exact"
    found = scored(unlike, other, shared=joined(unlike, other))
    assert found.type in ("possible", None)
    assert found.decision in ("review", "none")


def test_a_number_inside_other_words_of_an_id_field_is_for_review() -> None:
    one, other = made(NCT, says=("GO28341 (EudraCT 2020-001209-22)",), titles=()), made(EUCTR, titles=())
    found = scored(one, other, shared=joined(one, other))
    assert (found.type, found.decision) == ("probable", "review")


def test_country_records_of_one_number_are_one_trial_whatever_they_say() -> None:
    one, other = made("EUCTR2020-001209-22-DE"), made("EUCTR2020-001209-22-FR", **ELSE)
    found = scored(one, other, shared=joined(one, other))
    assert (found.value, found.type, found.decision) == (1.0, "exact", "automatic")


def test_a_records_number_without_any_title_is_enough() -> None:
    one, other = made(NCT, says=("2020-001209-22",), titles=()), made(EUCTR, titles=())
    assert scored(one, other, shared=joined(one, other)).decision == "automatic"
    assert scored(one, other).value < LIMITS.possible


def test_a_sponsors_code_is_evidence_and_never_enough() -> None:
    """5.4: a number of no register counts as evidence, not as an edge."""
    plain = scored(made(NCT, enrolment=20), made(ISRCTN, enrolment=90))
    coded = scored(made(NCT, enrolment=20, codes=("ZAL0012",)), made(ISRCTN, enrolment=90, codes=("ZAL0012",)))
    assert coded.value > plain.value
    assert scored(made(NCT, codes=("ZAL0012",)), made(ISRCTN, codes=("ZAL0012",), **ELSE)).type is None
    assert worth_a_look(made(NCT, codes=("ZAL0012",)), made(ISRCTN, codes=("ZAL0012",), **ELSE), RARITIES)


# ── decisions ──


@pytest.mark.parametrize(("decided", "decision"), [("same", "confirmed"), ("different", "split")])
@pytest.mark.parametrize("other", [{}, ELSE, {"enrolment": 20}])
def test_what_a_reviewer_decided_always_wins(decided: Verdict, decision: str, other: dict[str, Any]) -> None:
    """N04: confirm and split; the value stays what the machine says."""
    one, two = made(NCT), made(ISRCTN, **other)
    found = scored(one, two, decided=decided)
    assert found.decision == decision
    assert found.type is not None
    assert found.value == scored(one, two).value


SOME = st.lists(st.sampled_from((*words(TITLE), "part", "2", "301", "herz")), max_size=8).map(tuple)
FIELDS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "titles": st.lists(SOME.map(" ".join), max_size=3).map(tuple),
        "enrolment": st.none() | st.integers(1, 5_000),
        "countries": st.lists(st.sampled_from(("austria", "italy", "japan")), unique=True).map(tuple),
        "phases": st.lists(st.integers(1, 4), unique=True).map(tuple),
        "conditions": SOME,
        "study_type": st.sampled_from(("interventional", "observational", "unknown")),
        "start": st.none() | st.dates(date(2000, 1, 1), date(2030, 1, 1)),
    }
)


@given(st.data())
def test_the_order_of_the_two_makes_no_difference(data: st.DataObject) -> None:
    one, other = made(NCT, **data.draw(FIELDS)), made(ISRCTN, **data.draw(FIELDS))
    there, back = scored(one, other), scored(other, one)
    assert there.value == pytest.approx(back.value)
    assert (there.type, there.decision) == (back.type, back.decision)
    assert 0.0 <= there.value <= 1.0
    assert worth_a_look(one, other, RARITIES) == worth_a_look(other, one, RARITIES)


@given(st.data())
def test_what_is_told_at_little_cost_is_never_less_than_in_full(data: st.DataObject) -> None:
    """G14: a pair that is passed over at the first look would not have been kept at the second."""
    one, other = (Weighed(made(number, **data.draw(FIELDS)), RARITIES) for number in (NCT, ISRCTN))
    best = at_best(one, other, RARITIES)
    full = in_full(best, one, other, RARITIES)
    assert full == features(one.one, other.one, RARITIES)
    assert full.other_words >= best.other_words
    for name in ("best_title", "same_title", "sponsor", "condition", "intervention"):
        assert getattr(full, name) <= getattr(best, name)
    assert MODEL.log_odds(best) >= MODEL.log_odds(full)


# ── weights ──


def test_every_feature_has_a_weight_within_its_bounds_and_a_sentence() -> None:
    assert set(MODEL.weights) == set(SAYS) == set(NAMES)
    assert all(low <= MODEL.weights[name] <= high for name, (low, high) in BOUNDS.items())
    assert "judged by people" in MODEL.source


def _features(**given: float) -> Features:
    return Features(**(dict.fromkeys(NAMES, 0.0) | given))


EXAMPLES = (
    [Example(_features(best_title=0.9, same_size=1.0), True)] * 20
    + [Example(_features(best_title=0.8, same_size=0.0), True)] * 4
    + [Example(_features(best_title=0.8, same_size=0.0, other_country=1.0), False)] * 8
    + [Example(_features(best_title=0.2, same_size=1.0), False)] * 30
)


def test_weights_are_learned_within_their_bounds() -> None:
    model = fit(EXAMPLES, penalty=0.1, source="made up")
    assert model.weights["best_title"] > 1.0 > 0.0 > model.weights["other_country"]
    assert all(low <= model.weights[name] <= high for name, (low, high) in BOUNDS.items())
    assert probability(model.raw(EXAMPLES[0].features)) > 0.9
    assert probability(model.raw(EXAMPLES[-1].features)) < 0.1


def test_the_order_of_the_examples_and_where_it_starts_make_no_difference() -> None:
    model = fit(EXAMPLES, penalty=0.1, source="made up")
    again = fit(list(reversed(EXAMPLES)), penalty=0.1, source="made up")
    assert again.weights == model.weights
    warm = fit(EXAMPLES, penalty=0.1, source="made up", start=MODEL)
    assert all(warm.weights[name] == pytest.approx(model.weights[name], abs=0.05) for name in NAMES)


def test_half_a_weight_counts_as_half_a_pair() -> None:
    halves = [replace(one, weight=0.5) for one in EXAMPLES for _ in range(2)]
    model, same = fit(EXAMPLES, penalty=0.1, source=""), fit(halves, penalty=0.1, source="")
    assert all(same.weights[name] == pytest.approx(model.weights[name], abs=0.01) for name in NAMES)


def test_sister_trials_of_another_phase_and_size_are_told_from_duplicates() -> None:
    """G14: phase conflict is counter-evidence; with another number of participants it weighs most."""
    twin, other_phase = scored(made(NCT), made(ISRCTN)), scored(made(NCT), made(ISRCTN, phases=(3,)))
    sister = scored(made(NCT), made(ISRCTN, phases=(3,), enrolment=120))
    assert sister.value < other_phase.value < twin.value
    assert sister.decision == "review"
    assert "other_design" in {part.name for part in sister.parts}


@pytest.mark.parametrize(
    ("sums", "same", "precision", "line"),
    [
        ((3.0, 2.0, 1.0, 0.0), (True, True, True, False), 0.99, 0.5),
        ((3.0, 2.0, 1.0, 0.0), (True, True, False, True), 0.75, -0.5),
        ((3.0, 2.0, 2.0), (True, True, False), 0.9, 2.5),  # of equal sums both or none
        ((1.0,), (False,), 0.5, float("inf")),
        ((), (), 0.5, float("inf")),
    ],
)
def test_the_line_above_which_pairs_are_right(
    sums: tuple[float, ...], same: tuple[bool, ...], precision: float, line: float
) -> None:
    assert line_of(sums, same, precision=precision) == line


def test_the_line_of_what_is_kept_has_the_value_085() -> None:
    model = laid_on_scale(Model(MODEL.weights, -8.0, 1.0, 0.0, ""), kept=-0.4)
    given_ = _features(best_title=7.6 / MODEL.weights["best_title"])
    assert probability(model.log_odds(given_)) == pytest.approx(0.85)
    assert model.base + sum(model.parts(given_).values()) == pytest.approx(model.log_odds(given_))


@pytest.mark.parametrize(("odds", "chance"), [(0.0, 0.5), (-1e9, 0.0), (1e9, 1.0)])
def test_odds_of_any_size_have_a_probability(odds: float, chance: float) -> None:
    assert probability(odds) == pytest.approx(chance)
