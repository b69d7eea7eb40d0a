"""The results section of a ClinicalTrials.gov study: flow, baseline, outcomes, adverse events that add up. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from demo.dice import Dice, many_dice
from demo.phrases import PHRASES
from demo.wording import Outcome
from demo.world import Truth

Json = dict[str, Any]
_RESULTS = 6
_VALUES = tuple(f"{value / 100:.2f}" for value in range(-2000, 2000, 7))
_SPREADS = tuple(f"{value / 100:.2f}" for value in range(1, 900, 7))


def results(seed: int, of: Truth, arms: Json, outcomes: Sequence[Outcome]) -> Json:
    dice = many_dice(seed, of.outline.index, _RESULTS)
    groups = [(group["label"], group["description"]) for group in arms["armGroups"]]
    sizes = _shares(of.outline.enrolment, len(groups))
    return {
        "participantFlowModule": _flow(dice, groups, sizes),
        "baselineCharacteristicsModule": _baseline(dice, groups, sizes),
        "outcomeMeasuresModule": {"outcomeMeasures": _measures(dice, outcomes, groups, sizes)},
        "adverseEventsModule": _adverse(dice, groups, sizes),
        "moreInfoModule": {
            "certainAgreement": {"piSponsorEmployee": False, "restrictiveAgreement": dice.chance(0.4)},
            "pointOfContact": {
                "title": "Clinical Trial Disclosure",
                "organization": of.sponsor.name,
                "email": f"results{of.outline.index}@example.org",
            },
        },
    }


def _shares(total: int, parts: int) -> list[int]:
    """The enrolment over the arms, as even as whole people allow."""
    return [total // parts + (part < total % parts) for part in range(parts)]


def _headed(prefix: str, groups: Sequence[tuple[str, str]]) -> list[Json]:
    return [{"id": f"{prefix}{at:03d}", "title": title, "description": text} for at, (title, text) in enumerate(groups)]


def _flow(dice: Dice, groups: Sequence[tuple[str, str]], sizes: Sequence[int]) -> Json:
    ids = [f"FG{at:03d}" for at in range(len(groups))]
    lost = [int(size * dice.roll() * 0.3) for size in sizes]
    reasons = dice.several(PHRASES["drop"], 3)
    drops = [[n // 2 for n in lost], [n // 4 for n in lost]]
    drops.append([n - a - b for n, a, b in zip(lost, *drops, strict=True)])

    def subjects(counts: Sequence[int]) -> list[Json]:
        return [{"groupId": i, "numSubjects": str(n)} for i, n in zip(ids, counts, strict=True)]

    milestones = {
        "STARTED": sizes,
        "COMPLETED": [size - n for size, n in zip(sizes, lost, strict=True)],
        "NOT COMPLETED": lost,
    }
    return {
        "groups": _headed("FG", groups),
        "periods": [
            {
                "title": "Overall Study",
                "milestones": [{"type": name, "achievements": subjects(counts)} for name, counts in milestones.items()],
                "dropWithdraws": [
                    {"type": reason, "reasons": subjects(counts)} for reason, counts in zip(reasons, drops, strict=True)
                ],
            }
        ],
    }


def _denoms(ids: Sequence[str], sizes: Sequence[int]) -> list[Json]:
    counts = [{"groupId": i, "value": str(n)} for i, n in zip(ids, sizes, strict=True)]
    return [{"units": "Participants", "counts": counts}]


def _baseline(dice: Dice, groups: Sequence[tuple[str, str]], sizes: Sequence[int]) -> Json:
    everyone = [*groups, ("Total", "Total of all reporting groups")]
    counts = [*sizes, sum(sizes)]
    ids = [f"BG{at:03d}" for at in range(len(everyone))]
    women = [int(size * (0.3 + dice.roll() * 0.4)) for size in sizes]
    women.append(sum(women))
    by_sex = {"Female": women, "Male": [n - f for n, f in zip(counts, women, strict=True)]}
    age = [
        {"groupId": i, "value": f"{30 + dice.roll() * 40:.1f}", "spread": f"{5 + dice.roll() * 10:.1f}"} for i in ids
    ]
    return {
        "groups": _headed("BG", everyone),
        "denoms": _denoms(ids, counts),
        "measures": [
            {
                "title": "Age, Continuous",
                "paramType": "MEAN",
                "dispersionType": "STANDARD_DEVIATION",
                "unitOfMeasure": "years",
                "classes": [{"categories": [{"measurements": age}]}],
            },
            {
                "title": "Sex: Female, Male",
                "paramType": "COUNT_OF_PARTICIPANTS",
                "unitOfMeasure": "Participants",
                "classes": [
                    {
                        "categories": [
                            {
                                "title": sex,
                                "measurements": [
                                    {"groupId": i, "value": str(n)} for i, n in zip(ids, numbers, strict=True)
                                ],
                            }
                            for sex, numbers in by_sex.items()
                        ]
                    }
                ],
            },
        ],
    }


def _measures(
    dice: Dice, outcomes: Sequence[Outcome], groups: Sequence[tuple[str, str]], sizes: Sequence[int]
) -> list[Json]:
    heads = _headed("OG", groups)
    ids = [head["id"] for head in heads]
    shared = {"groups": heads, "denoms": _denoms(ids, sizes)}
    return [
        _measure(dice, outcome, ids, shared, "SECONDARY" if at else "PRIMARY") for at, outcome in enumerate(outcomes)
    ]


def _measure(dice: Dice, outcome: Outcome, ids: Sequence[str], shared: Json, kind: str) -> Json:
    roll, values, spreads = dice.roll, _VALUES, _SPREADS
    many, wide = len(values), len(spreads)
    classes = [
        {
            "title": f"Week {4 * (visit + 1)}",
            "categories": [
                {
                    "measurements": [
                        {"groupId": i, "value": values[int(roll() * many)], "spread": spreads[int(roll() * wide)]}
                        for i in ids
                    ]
                }
            ],
        }
        for visit in range(dice.pick((1, 2, 4, 8, 24)))
    ]
    made: Json = {"type": kind, "title": outcome.measure}
    if outcome.description:
        made["description"] = outcome.description
    made |= {
        "populationDescription": "All participants who were allocated and had at least one assessment.",
        "reportingStatus": "POSTED",
        "paramType": "MEAN",
        "dispersionType": "Standard Deviation",
        "unitOfMeasure": "units on a scale",
        "timeFrame": outcome.frame,
        **shared,
        "classes": classes,
    }
    if len(ids) > 1:
        low = roll() * -10
        made["analyses"] = [
            {
                "groupIds": ids[:2],
                "nonInferiorityType": "SUPERIORITY",
                "pValue": f"{roll():.4f}",
                "statisticalMethod": "Mixed Models Analysis",
                "paramType": "Mean Difference (Final Values)",
                "paramValue": f"{low + 2:.2f}",
                "ciPctValue": "95",
                "ciNumSides": "TWO_SIDED",
                "ciLowerLimit": f"{low:.2f}",
                "ciUpperLimit": f"{low + 4:.2f}",
            }
        ]
    return made


def _adverse(dice: Dice, groups: Sequence[tuple[str, str]], sizes: Sequence[int]) -> Json:
    ids = [f"EG{at:03d}" for at in range(len(groups))]
    serious = _events(dice, ids, sizes, dice.between(2, 34), 0.06)
    other = _events(dice, ids, sizes, dice.between(10, 40), 0.35)
    heads = _headed("EG", groups)
    for at, (head, size) in enumerate(zip(heads, sizes, strict=True)):
        worst = [max((event["stats"][at]["numAffected"] for event in table), default=0) for table in (serious, other)]
        head |= {
            "deathsNumAffected": min(size, worst[0] // 4),
            "deathsNumAtRisk": size,
            "seriousNumAffected": worst[0],
            "seriousNumAtRisk": size,
            "otherNumAffected": worst[1],
            "otherNumAtRisk": size,
        }
    return {
        "frequencyThreshold": "5",
        "timeFrame": "From the first dose to 30 days after the last",
        "eventGroups": heads,
        "seriousEvents": serious,
        "otherEvents": other,
    }


def _events(dice: Dice, ids: Sequence[str], sizes: Sequence[int], count: int, share: float) -> list[Json]:
    roll = dice.roll
    made = []
    for line in dice.several(PHRASES["adverse"], count):
        term, _, organ = line.partition("|")
        made.append(
            {
                "term": term,
                "organSystem": organ,
                "sourceVocabulary": "MedDRA (25.1)",
                "assessmentType": "SYSTEMATIC_ASSESSMENT",
                "stats": [
                    {"groupId": i, "numAffected": int(size * roll() * share), "numAtRisk": size}
                    for i, size in zip(ids, sizes, strict=True)
                ],
            }
        )
    return made
