"""The parts of a ClinicalTrials.gov study that say how a trial is done: design, arms, outcomes, eligibility. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from demo import wording
from demo.dice import Dice
from demo.outline import Kind
from demo.phrases import PHRASES
from demo.tables import Treatment
from demo.wording import Outcome
from demo.world import Truth

Json = dict[str, Any]

_MASKED = ("PARTICIPANT", "CARE_PROVIDER", "INVESTIGATOR", "OUTCOMES_ASSESSOR")
_MASKING = ("NONE", "NONE", "SINGLE", "DOUBLE", "TRIPLE", "QUADRUPLE")
_PURPOSES = ("TREATMENT", "TREATMENT", "TREATMENT", "PREVENTION", "SUPPORTIVE_CARE", "DIAGNOSTIC", "BASIC_SCIENCE")
_LABELS = {"DIETARY_SUPPLEMENT": "Dietary Supplement", "DIAGNOSTIC_TEST": "Diagnostic Test"}


def oversight(dice: Dice, of: Truth) -> Json:
    kinds = {treatment.type for treatment in of.treatments}
    return {
        "oversightHasDmc": dice.chance(0.35),
        "isFdaRegulatedDrug": "DRUG" in kinds,
        "isFdaRegulatedDevice": "DEVICE" in kinds,
    }


def design(dice: Dice, of: Truth, *, ended: bool) -> Json:
    at = of.outline
    made: Json = {"studyType": at.kind.value}
    match at.kind:
        case Kind.EXPANDED_ACCESS:
            made["expandedAccessTypes"] = {"individual": True, "intermediate": dice.chance(0.3)}
            return made
        case Kind.OBSERVATIONAL:
            made["patientRegistry"] = dice.chance(0.15)
            made["designInfo"] = {
                "observationalModel": dice.pick(("COHORT", "COHORT", "CASE_CONTROL", "CASE_ONLY", "OTHER")),
                "timePerspective": dice.pick(("PROSPECTIVE", "PROSPECTIVE", "RETROSPECTIVE", "CROSS_SECTIONAL")),
            }
        case Kind.INTERVENTIONAL:
            made["phases"] = list(of.phases)
            made["designInfo"] = _design_info(dice, of)
    made["enrollmentInfo"] = {"count": at.enrolment, "type": "ACTUAL" if ended else "ESTIMATED"}
    return made


def _design_info(dice: Dice, of: Truth) -> Json:
    masking = dice.pick(_MASKING)
    masked: Json = {"masking": masking}
    if masking != "NONE":
        masked["whoMasked"] = list(_MASKED[: ("SINGLE", "DOUBLE", "TRIPLE", "QUADRUPLE").index(masking) + 1])
    return {
        "allocation": "RANDOMIZED" if of.against else "NA",
        "interventionModel": dice.pick(("PARALLEL", "PARALLEL", "CROSSOVER")) if of.against else "SINGLE_GROUP",
        "primaryPurpose": dice.pick(_PURPOSES),
        "maskingInfo": masked,
    }


def arms(dice: Dice, of: Truth, fill: Mapping[str, str]) -> Json:
    """Each treatment has an arm, and the comparator one more."""
    labels = [f"Arm {letter}: {t.name}" for letter, t in zip("ABCDEF", of.treatments, strict=False)]
    groups: list[Json] = []
    interventions: list[Json] = []
    for label, treatment in zip(labels, of.treatments, strict=False):
        own = {**fill, "treatment": treatment.name}
        group: Json = {"label": label}
        if of.outline.kind is Kind.INTERVENTIONAL:
            group["type"] = "EXPERIMENTAL"
        group["description"] = " ".join(
            dice.several(PHRASES["arm"][:2] + PHRASES["arm"][3:], dice.between(1, 3))
        ).format_map(own)
        group["interventionNames"] = [_named(treatment)]
        groups.append(group)
        interventions.append(
            {
                "type": treatment.type,
                "name": treatment.name,
                "description": "; ".join(dice.several(PHRASES["intervention"], dice.between(1, 3))).format_map(own),
                "armGroupLabels": [label],
            }
        )
    if of.against:
        label = f"Control: {of.against}"
        kind, typed = ("PLACEBO_COMPARATOR", "DRUG") if of.against == "Placebo" else ("ACTIVE_COMPARATOR", "OTHER")
        name = f"{_LABELS.get(typed, typed.title())}: {of.against}"
        groups.append(
            {
                "label": label,
                "type": "NO_INTERVENTION" if of.against == "No intervention" else kind,
                "description": PHRASES["arm"][2].format_map(fill),
                "interventionNames": [name],
            }
        )
        interventions.append({"type": typed, "name": of.against, "armGroupLabels": [label]})
    return {"armGroups": groups, "interventions": interventions}


def _named(treatment: Treatment) -> str:
    kind = treatment.type
    return f"{_LABELS.get(kind) or kind.replace('_', ' ').title()}: {treatment.name}"


def outcomes_module(dice: Dice, outcomes: Sequence[Outcome]) -> Json:
    primary = dice.pick((1, 1, 1, 1, 2, 2, 3))
    made: Json = {"primaryOutcomes": [_outcome(outcome) for outcome in outcomes[:primary]]}
    if outcomes[primary:]:
        made["secondaryOutcomes"] = [_outcome(outcome) for outcome in outcomes[primary:]]
    return made


def _outcome(outcome: Outcome) -> Json:
    made = {"measure": outcome.measure}
    if outcome.description:
        made["description"] = outcome.description
    made["timeFrame"] = outcome.frame
    return made


def eligibility(dice: Dice, of: Truth, fill: Mapping[str, str]) -> Json:
    least, most = of.ages
    made: Json = {
        "eligibilityCriteria": wording.eligibility(dice, fill),
        "healthyVolunteers": dice.chance(0.2),
        "sex": of.sex,
    }
    if least is not None:
        made["minimumAge"] = f"{least} Years"
    if most is not None:
        made["maximumAge"] = f"{most} Years"
    made["stdAges"] = _standard_ages(least or 0, 200 if most is None else most)
    if of.outline.kind is Kind.OBSERVATIONAL:
        made["studyPopulation"] = f"{of.group.capitalize()} with {of.named[0]} seen at the sites of the study"
        made["samplingMethod"] = dice.pick(("NON_PROBABILITY_SAMPLE", "PROBABILITY_SAMPLE"))
    return made


def _standard_ages(least: int, most: int) -> list[str]:
    bands = (("CHILD", 0, 17), ("ADULT", 18, 64), ("OLDER_ADULT", 65, 200))
    return [name for name, low, high in bands if low <= most and high >= least]
