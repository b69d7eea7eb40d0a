"""What a trial says of itself, in the sponsor's words: titles, summaries, criteria, outcomes. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from demo.dice import Dice
from demo.outline import Kind
from demo.phrases import PHRASES
from demo.world import Truth

FIELDS = {
    "heart": "cardiology",
    "cancer": "oncology",
    "blood": "haematology",
    "lung": "respiratory medicine",
    "infection": "infectious diseases",
    "brain": "neurology",
    "mind": "psychiatry",
    "metabolism": "endocrinology",
    "gut": "gastroenterology",
    "kidney": "nephrology and urology",
    "bone": "rheumatology and orthopaedics",
    "skin": "dermatology",
    "eye": "ophthalmology",
    "women": "obstetrics and gynaecology",
    "surgery": "anaesthesiology and surgery",
}
_TRIALS = (
    "{first} for {where} in {whom}",
    "{first} Versus {second} in {where}",
    "A Study of {code} ({first}) in Participants With {where}",
    "Effect of {first} on Outcomes of {where}",
    "{first} and {second} in Treating {whom} With {where}",
    "Efficacy and Safety of {first} in {where}",
)
_COHORTS = (
    "{where} Registry: Outcomes in Routine Care",
    "Predictors of Outcome in {whom} With {where}",
    "Prospective Cohort of {where} Treated With {first}",
)
_ACCESS = ("Expanded Access to {first} for {whom} With {where}",)
_DESIGNS = ("Randomized", "Multicenter", "Open-label", "Double-blind, Controlled", "Prospective")
_SCIENTIFIC = (
    "{design} Trial to Evaluate the Efficacy and Safety of {first} Compared With {second} in {whom} With {where}",
    "{design} Study of {first} in {where}: Protocol {code}",
    "{public}: {design} Trial With Follow-up of All Participants",
)
_COHORT_SCIENTIFIC = (
    "Observational Study of {whom} With {where} Who Receive {first} or {second}",
    "{public}: Protocol {code}",
    "Long-term Outcomes of {where} in Routine Care: a Cohort Study at {sites}",
)
_LANGUAGES = ("fr", "de", "es", "el", "zh", "ja", "pt", "it")


@dataclass(frozen=True, slots=True)
class Outcome:
    measure: str
    description: str | None
    frame: str


def details(dice: Dice, truth: Truth) -> dict[str, str]:
    """What the sentences of one trial have in common, so that they agree with each other."""
    roll = dice.roll
    return {
        "condition": truth.named[0],
        "treatment": truth.treatments[0].name,
        "against": (truth.against or "usual care").lower(),
        "group": truth.group,
        "weeks": str(4 + int(roll() * 12) * 4),
        "count": str(max(truth.outline.planned, 1)),
        "code": truth.code,
        "field": FIELDS[truth.conditions[0].area],
        "visits": str(2 + int(roll() * 9)),
        "pilot": str(12 + int(roll() * 60)),
        "masking": ("double-blind", "single-blind", "open-label")[int(roll() * 3)],
        "sites": "one site" if len(truth.sites) == 1 else f"{len(truth.sites)} sites",
        "interval": str(4 + int(roll() * 9)),
        "months": str((3, 6, 12, 18, 24)[int(roll() * 5)]),
        "bmi": str((30, 35, 40)[int(roll() * 3)]),
        "stable": str((4, 6, 8, 12)[int(roll() * 4)]),
        "ecog": str(1 + int(roll() * 2)),
        "score": str(8 + int(roll() * 20)),
    }


def titles(dice: Dice, truth: Truth) -> tuple[str, str]:
    """(public, scientific); one in thirty scientific titles stays in the sponsor's language."""
    first, where = truth.treatments[0].name, truth.named[0]
    second = truth.treatments[1].name if len(truth.treatments) > 1 else (truth.against or "Usual Care")
    fill = {"first": first, "second": second, "where": where, "whom": truth.group.title(), "code": truth.code}
    short: tuple[str, ...]
    long: tuple[str, ...]
    match truth.outline.kind:
        case Kind.INTERVENTIONAL:
            short, long = _TRIALS, _SCIENTIFIC
        case Kind.OBSERVATIONAL:
            short, long = _COHORTS, _COHORT_SCIENTIFIC
        case Kind.EXPANDED_ACCESS:
            short, long = _ACCESS, _COHORT_SCIENTIFIC[1:2]
    public = dice.pick(short).format_map(fill)
    fill |= {"design": dice.pick(_DESIGNS), "public": public, "sites": truth.sites[0].city.name}
    scientific = dice.pick(long).format_map(fill)
    if dice.chance(0.033):
        template = PHRASES[f"title_{dice.pick(_LANGUAGES)}"][0]
        scientific = template.format(treatment=first, condition=where)
    if truth.outline.retitled:
        public, scientific = f"{public} (Extended Follow-up)", f"{scientific}, With Extended Follow-up"
    return public, scientific


def summary(dice: Dice, fill: Mapping[str, str]) -> str:
    chosen = dice.several(PHRASES["summary"], dice.between(2, 9))
    return " ".join(chosen).format_map(fill)


def description(dice: Dice, fill: Mapping[str, str]) -> str:
    """Two to four paragraphs; some run to many pages."""
    paragraphs = [" ".join(dice.several(PHRASES["background"], dice.between(1, 12)))]
    for _ in range(min(40, int(dice.spread(1.6, 1.3)))):
        paragraphs.append(" ".join(dice.several(PHRASES["methods"], dice.between(3, 9))))
    return "\n\n".join(paragraphs).format_map(fill)


def eligibility(dice: Dice, fill: Mapping[str, str]) -> str:
    included = dice.several(PHRASES["inclusion"], 3 + int(dice.spread(5, 0.6)))
    excluded = dice.several(PHRASES["exclusion"], 2 + int(dice.spread(8, 0.7)))
    nested = "".join(f"\n  * {line}" for line in dice.several(PHRASES["measure"], dice.pick((0, 0, 0, 2, 4))))
    text = (
        "Inclusion Criteria:\n\n* "
        + "\n* ".join(included)
        + (f"\n* At least one of the following:\n{nested}" if nested else "")
        + "\n\nExclusion Criteria:\n\n* "
        + "\n* ".join(excluded)
    )
    if dice.chance(0.2):  # the criteria of the parts of a larger programme
        text += "\n\nAdditional Criteria, Part B:\n\n1. " + "\n2. ".join(excluded[::2] + included)
    return text.format_map(fill)


def outcomes(dice: Dice, fill: Mapping[str, str]) -> list[Outcome]:
    """Primary ones first; ten on average, sometimes dozens."""
    roll, measuring, frames = dice.roll, PHRASES["measuring"], PHRASES["frame"]
    return [
        Outcome(
            measure.format_map(fill),
            measuring[int(roll() * len(measuring))] if roll() < 0.75 else None,
            frames[int(roll() * len(frames))].format_map(fill),
        )
        for measure in dice.several(PHRASES["measure"], min(32, 2 + int(dice.spread(7, 0.95))))
    ]
