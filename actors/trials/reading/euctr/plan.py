"""What a trial of the EU register plans: its design, treatments and outcomes, and who may take part. No I/O."""

from collections.abc import Iterator, Sequence
from typing import Literal

from actors.trials.normalise import age_days
from actors.trials.reading.euctr.products import interventions_of
from actors.trials.reading.euctr.text import Record
from actors.trials.reading.euctr.told import Told, number_of
from actors.trials.reading.euctr.words import AGE_GROUPS, MASKINGS, MODELS, PHASES, SCOPES
from actors.trials.record import Design, Eligibility, Fields, Outcome, Sex


def design(told: Told) -> Fields:
    phased = told.says(*(code for code, _, _ in PHASES))
    phases = [(label, phase) for code, label, phase in PHASES if phased and phased.is_yes(code, label)]
    enrolled = _enrolled(told)
    return {
        "phases": tuple(phase for _, phase in phases),
        "phases_raw": tuple(label for label, _ in phases),
        "design": Design(
            allocation=_yes_or_no(told, "E.8.1.1", "Randomised", "Not randomised"),
            model=_chosen(told, MODELS),
            purpose=_chosen(told, SCOPES),
            masking=_chosen(told, MASKINGS),
        ),
        "enrolment": enrolled,
        "enrolment_actual": False if enrolled is not None else None,  # the form asks for what is planned
    }


def _yes_or_no(told: Told, code: str, yes: str, no: str) -> str | None:
    record = next((record for record in told.records if record.first(code) is not None), None)
    if record is None:
        return None
    return yes if record.is_yes(code) else no if record.is_no(code) else None


def _chosen(told: Told, choices: Sequence[tuple[str, str]]) -> str | None:
    """What the first record that chooses anything chooses."""
    record = told.says(*(code for code, _ in choices))
    return ", ".join(label for code, label in choices if record.is_yes(code, label)) or None if record else None


def _enrolled(told: Told) -> int | None:
    """Planned for the whole trial; a part of it counts only where the part is the whole."""
    for record in told.records:
        if (whole := number_of(record.first("F.4.2.2"))) is not None:
            return whole
        if record.is_no("E.8.6.1") and record.is_no("E.8.6.2"):
            if record.is_no("E.8.5") and (here := number_of(record.first("F.4.1"))) is not None:
                return here
            if (eea := number_of(record.first("F.4.2.1"))) is not None:
                return eea
    return None


def treatments(told: Told) -> Fields:
    return {
        "interventions": interventions_of(told.records),
        "outcomes": tuple(_outcomes(told)),
        "eligibility": _eligibility(told),
    }


def _outcomes(told: Told) -> Iterator[Outcome]:
    kinds: tuple[tuple[Literal["primary", "secondary"], str], ...] = (("primary", "E.5.1"), ("secondary", "E.5.2"))
    for kind, code in kinds:
        if (measure := told.first(code)) is not None:
            yield Outcome(kind, measure, None, told.first(f"{code}.1"))


def _eligibility(told: Told) -> Eligibility:
    parts = [("Inclusion criteria", told.first("E.3")), ("Exclusion criteria", told.first("E.4"))]
    sex, sex_raw = _sex(told)
    aged = told.says(*(code for code, *_ in AGE_GROUPS))
    groups = _groups(aged) if aged else []
    youngest, oldest = (groups[0][1], groups[-1][2]) if groups else (None, None)
    return Eligibility(
        criteria="\n\n".join(f"{name}:\n{text}" for name, text in parts if text) or None,
        sex=sex,
        sex_raw=sex_raw,
        min_age_days=age_days(youngest),
        max_age_days=age_days(oldest),
        min_age_raw=youngest,
        max_age_raw=oldest,
        healthy_volunteers=_healthy(told),
        age_groups=tuple(name for name, _, _ in groups),
    )


def _groups(record: Record) -> list[tuple[str, str | None, str | None]]:
    """The age groups, the youngest first; `Under 18` where no part of it is named."""
    chosen = [(code, name, low, high) for code, name, low, high in AGE_GROUPS if record.is_yes(code)]
    parts = any(code.startswith("F.1.1.") for code, *_ in chosen)
    return [(name, low, high) for code, name, low, high in chosen if not (code == "F.1.1" and parts)]


def _sex(told: Told) -> tuple[Sex | None, str | None]:
    record = told.says("F.2.1", "F.2.2")
    if record is None:
        return None, None
    female, male = record.is_yes("F.2.1"), record.is_yes("F.2.2")
    raw = f"Female: {'Yes' if female else 'No'}, Male: {'Yes' if male else 'No'}"
    return "all" if female and male else "female" if female else "male", raw


def _healthy(told: Told) -> bool | None:
    record = next((record for record in told.records if record.first("F.3.1") is not None), None)
    return None if record is None else True if record.is_yes("F.3.1") else False if record.is_no("F.3.1") else None
