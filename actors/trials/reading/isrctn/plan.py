"""What a trial of ISRCTN does, and with whom: interventions, outcomes, participants. No I/O."""

import re
from collections.abc import Iterator
from typing import Literal
from xml.etree.ElementTree import Element  # made by actors.runtime.xml

from actors.trials.normalise import age_days
from actors.trials.reading.isrctn.text import each, part, said, text
from actors.trials.reading.isrctn.words import HEALTHY, SEXES
from actors.trials.record import Eligibility, Intervention, Outcome

LONGEST_NAME = 200  # characters; what is longer is a description
_BETWEEN = re.compile(r"\s*(?:;|\n|,(?![0-9])|(?<![0-9]),)\s*")
_NESTED = re.compile(r"\([^()]*\)")
_SENTENCE = re.compile(r"(?<=[.;:])\s+|\n")
_AGE = re.compile(r"([0-9]+)(?:\.0+)?")


def interventions(trial: Element) -> tuple[Intervention, ...]:
    """Drugs by their names; what names no drug by the beginning of its description."""
    return tuple(dict.fromkeys(one for given in part(trial, "interventions") for one in _interventions(given)))


def _interventions(given: Element) -> Iterator[Intervention]:
    kind, description = said(given, "interventionType"), said(given, "description")
    drugs = said(given, "drugNames")
    if drugs is not None:
        for number, name in enumerate(names_in(drugs)):
            yield Intervention(name, kind, None if number else description)
    elif description is not None:
        first = _SENTENCE.split(description, maxsplit=1)[0].strip()
        yield Intervention(first[:LONGEST_NAME].rstrip(" .:;"), kind, description)


def names_in(listed: str) -> tuple[str, ...]:
    """Names from a list; a comma in brackets, or in a number, parts nothing."""
    held: list[str] = []

    def hold(found: re.Match[str]) -> str:
        held.append(found[0])
        return f"\0{len(held) - 1}\0"

    names = [name for name in _BETWEEN.split(_NESTED.sub(hold, listed)) if name]
    whole = [re.sub(r"\0([0-9]+)\0", lambda found: held[int(found[1])], name).strip() for name in names]
    return tuple(dict.fromkeys(name for name in whole if name))


def outcomes(description: Element) -> tuple[Outcome, ...]:
    return (*_outcomes(description, "primary"), *_outcomes(description, "secondary"))


def _outcomes(description: Element, kind: Literal["primary", "secondary"]) -> Iterator[Outcome]:
    """As single measures since 2025; as one text before."""
    measures = list(part(description, f"{kind}Outcomes").iter("outcomeMeasure"))
    for one in measures:
        if measure := said(one, "variable"):
            yield Outcome(kind, measure, said(one, "method"), said(one, "timepoints"))
    if not measures and (whole := said(description, f"{kind}Outcome")):
        yield Outcome(kind, whole)


def eligibility(participants: Element) -> Eligibility:
    kinds = [kind.lower() for kind in each(participants, "participantType")]
    sex = text(participants, "gender")
    group = said(participants, "ageRange")
    return Eligibility(
        criteria=_criteria(participants),
        sex=SEXES.get((sex or "").lower()),
        sex_raw=sex,
        min_age_days=_days(part(participants, "lowerAgeLimit")),
        max_age_days=_days(part(participants, "upperAgeLimit")),
        min_age_raw=said(participants, "lowerAgeLimit"),
        max_age_raw=said(participants, "upperAgeLimit"),
        healthy_volunteers=any(HEALTHY in kind for kind in kinds) if kinds else None,
        age_groups=(group,) if group else (),
    )


def _criteria(participants: Element) -> str | None:
    parts = [(heading, said(participants, f"{heading.lower()}clusion")) for heading in ("In", "Ex")]
    return "\n\n".join(f"{heading}clusion Criteria:\n{told}" for heading, told in parts if told) or None


def _days(limit: Element) -> int | None:
    """From its text; from its attributes where that says nothing."""
    if (days := age_days(text(limit))) is not None:
        return days
    value, unit = _AGE.fullmatch(limit.get("value", "").strip()), limit.get("unit", "").strip()
    return age_days(f"{value[1]} {unit}") if value else None
