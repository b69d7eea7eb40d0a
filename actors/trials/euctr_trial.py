"""One trial of the EU Clinical Trials Register, from the records of its countries. No I/O.

A sponsor applies country by country, so that a trial has a record for each, alike but for dates, status and language.
They become one trial:

    texts, numbers  of the record that was entered last, where it says something; else of the one before it. It was made
                    from the latest protocol. Records of countries in the EEA come before those from outside
    status          the one that is loudest over all countries (`euctr_words`); each country's own stands at its site
    start           the earliest day on which a country's authority and ethics committee had both said yes: this is what
                    the register shows as the start
    completion      the latest global end that a record states
    titles, ids, countries, interventions, contacts     of all of them together, each once
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, TypeAlias

from actors.trials.euctr_products import interventions_of
from actors.trials.euctr_text import NUMBER, Record, is_said
from actors.trials.euctr_told import OUTSIDE, Told, blocks, day_of, entered, inside, latest_first, number_of
from actors.trials.euctr_words import (
    AGE_GROUPS,
    COUNTRIES,
    LOUDEST_FIRST,
    MASKINGS,
    MODELS,
    PHASES,
    SCOPES,
    STATUSES,
)
from actors.trials.normalise import NotReadable, age_days, numbers_inside, scheme_of
from actors.trials.record import (
    Contact,
    Design,
    Eligibility,
    Identifier,
    Outcome,
    Party,
    Sex,
    Site,
    Trial,
    When,
)

SEARCH = "https://www.clinicaltrialsregister.eu/ctr-search/search?query=eudract_number:"

Fields: TypeAlias = dict[str, Any]  # of a Trial, by their names


def read_trial(records: Sequence[Record], *, has_results: bool | None = None) -> Trial:
    """The trial whose records these are, all of one number. Raises NotReadable with the reason.

    `has_results`: what the register's list of trials says; the records do not tell.
    """
    number = records[0].number
    if NUMBER.fullmatch(number) is None:
        raise NotReadable(f"EudraCT Number {number[:40]!r} is not written as 2015-000001-10")
    for record in records:
        stated = record.first("A.2")
        if stated is not None and stated != number:
            raise NotReadable(f"A.2 says {stated[:40]!r} in a record of {number}")
        if not record.fields:
            raise NotReadable(f"the record of {record.country_code or 'no country'} has nothing below its summary")
    told = Told(latest_first(records))
    return Trial(
        registry="euctr",
        registry_id=number,
        url=f"{SEARCH}{number}",
        has_results=has_results,
        study_type="interventional",  # the register holds no others
        study_type_raw=records[0].summary.get("Clinical Trial Type") or None,
        **_names(number, told),
        **_status(told.records),
        **_dates(told.records),
        **_design(told),
        **_people(told),
        **_treatments(told),
        **_places(told.records),
    )


def _names(number: str, told: Told) -> Fields:
    official, plain = told.first("A.3"), told.first("A.3.1")
    return {
        "title": plain or official,
        "official_title": official,
        "acronym": told.first("A.3.2"),
        "titles": tuple(dict.fromkeys(_titles(told.records))),
        "ids": tuple(dict.fromkeys(_ids(number, told))),
        "summary": told.first("E.2.1"),
        "description": f"Secondary objectives: {second}" if (second := told.first("E.2.2")) else None,
        "conditions": tuple(dict.fromkeys([value for value in [told.first("E.1.1")] if value])),
        "keywords": tuple(dict.fromkeys([*told.each("E.1.1.1"), *told.each("E.1.2", "Term"), *told.each("E.1.1.2")])),
    }


def _titles(records: Iterable[Record]) -> Iterator[tuple[str, str]]:
    for record in records:
        for one in record.fields:
            if one.code in ("A.3", "A.3.1") and one.language and is_said(one.value):
                yield one.language, one.value


def _ids(number: str, told: Told) -> Iterator[Identifier]:
    yield Identifier("eudract", number, "main")
    places: tuple[tuple[str, Literal["organisation", "secondary"], str | None], ...] = (
        ("A.4.1", "organisation", None), ("A.5.1", "secondary", "ISRCTN"), ("A.5.2", "secondary", "US NCT"),
        ("A.5.3", "secondary", "WHO UTRN"), ("A.5.4", "secondary", None),
    )  # fmt: skip
    for code, place, label in places:
        for value in told.each(code):
            text = " ".join(value.split())
            known = scheme_of(text)
            if known is not None and known != ("eudract", number):
                yield Identifier(*known, place, label)
                continue
            yield Identifier("other", text, place, label)
            for number_inside in numbers_inside(text) if known is None else ():
                yield Identifier(*number_inside, "text", label)


def _status(records: Sequence[Record]) -> Fields:
    said = {word.lower(): word for record in records if (word := _status_of(record)) is not None}
    loudest = next((word for word in LOUDEST_FIRST if word in said), next(iter(said), None))
    return {"status": STATUSES.get(loudest or "", "unknown"), "status_raw": said[loudest] if loudest else None}


def _status_of(record: Record) -> str | None:
    word = record.first("P.", "End of Trial Status") or record.summary.get("Trial Status")
    return word.split("\n")[0].strip() if word and is_said(word) else None


def _dates(records: Sequence[Record]) -> Fields:
    starts = [day for record in records if (day := _authorised(record)) is not None]
    ends = [day for record in records for text in record.all("P.", "Date of the global end") if (day := day_of(text))]
    entries = [day for record in records if (day := day_of(entered(record))) is not None]
    return {
        "start": min(starts, key=lambda one: one.day, default=None),
        "completion": max(ends, key=lambda one: one.day, default=None),
        "first_submitted": min(entries, key=lambda one: one.day, default=None),
    }


def _authorised(record: Record) -> When | None:
    """When the second of authority and ethics committee said yes, where both did."""
    if record.country_code == OUTSIDE:
        return day_of(entered(record))
    favourable = (record.first("N.", "Ethics Committee Opinion of") or "").lower().startswith("favourable")
    if not favourable or (record.first("N.", "Competent Authority Decision") or "").lower() != "authorised":
        return None
    days = [day_of(record.first("N.", f"Date of {who}")) for who in ("Competent Authority", "Ethics Committee")]
    return max((day for day in days if day), key=lambda one: one.day) if all(days) else None


def _design(told: Told) -> Fields:
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


def _people(told: Told) -> Fields:
    sponsors = list(dict.fromkeys(party for record in told.records[:1] for party in _sponsors(record)))
    others = [party for record in told.records for party in (*_sponsors(record), *_supporters(record))]
    lead = sponsors[0] if sponsors else None
    collaborators = {party.name.lower(): party for party in reversed(others)}
    collaborators.pop(lead.name.lower() if lead else "", None)
    contacts = [contact for record in told.records for contact in _contacts(record)]
    return {
        "sponsor": lead.name if lead else None,
        "sponsor_class": lead.kind if lead else None,
        "collaborators": tuple(reversed(collaborators.values())),
        "contacts": tuple(dict.fromkeys(contacts)),
    }


def _sponsors(record: Record) -> Iterator[Party]:
    for block in blocks(record, "B.1.1", "B."):
        yield Party(block[0].value, inside(block, "B.3.1"))


def _supporters(record: Record) -> Iterator[Party]:
    return (Party(name, "support") for name in record.all("B.4.1"))


def _contacts(record: Record) -> Iterator[Contact]:
    for block in blocks(record, "B.5.1", "B."):
        yield Contact(inside(block, "B.5.2"), "contact", block[0].value, inside(block, "B.5.4"), inside(block, "B.5.6"))


def _treatments(told: Told) -> Fields:
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


def _places(records: Sequence[Record]) -> Fields:
    """Where it is run: a site for each country, with what is said of the trial there."""
    sites: dict[str, Site] = {}
    for record in sorted(records, key=lambda record: entered(record) or ""):
        if (country := _country(record)) is not None:
            sites[country] = Site(country=country, status_raw=_status_of(record))
    for record in records:
        for country in _abroad(record):
            sites.setdefault(country, Site(country=country))
    return {"countries": tuple(sites), "sites": tuple(sites.values())}


def _country(record: Record) -> str | None:
    """Its own name for a country: `Germany` of "Germany - BfArM"."""
    stated = record.first("A.1") or record.summary.get("National Competent Authority") or ""
    name = stated.partition(" - ")[0].strip()
    if record.country_code == OUTSIDE or not is_said(name) or name.lower().startswith("outside"):
        return None
    return COUNTRIES.get(name, name)


def _abroad(record: Record) -> Iterator[str]:
    """Countries where sites are planned as well, a line each."""
    for value in record.all("E.8.6.3"):
        for line in value.split("\n"):
            if is_said(line) and len(line) <= 60:
                yield COUNTRIES.get(line.strip(), line.strip())
