"""One trial of the EU Clinical Trials Register, from the records of its countries. No I/O.

A sponsor applies country by country, so that a trial has a record for each, alike but for dates, status and language.
They become one trial:

    texts, numbers  of the record that was entered last, where it says something; else of the one before it. It was made
                    from the latest protocol. Records of countries in the EEA come before those from outside
    status          the one that is loudest over all countries (`words`); each country's own stands at its site
    start           the earliest day on which a country's authority and ethics committee had both said yes: this is what
                    the register shows as the start
    completion      the latest global end that a record states
    titles, ids, countries, interventions, contacts     of all of them together, each once
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from actors.trials.normalise import NotReadable, numbers_inside, scheme_of
from actors.trials.reading.euctr.people import people
from actors.trials.reading.euctr.plan import design, treatments
from actors.trials.reading.euctr.text import NUMBER, Record, is_said
from actors.trials.reading.euctr.told import OUTSIDE, Told, day_of, entered, latest_first
from actors.trials.reading.euctr.words import COUNTRIES, LOUDEST_FIRST, STATUSES
from actors.trials.record import Fields, Identifier, Site, Trial, When

SEARCH = "https://www.clinicaltrialsregister.eu/ctr-search/search?query=eudract_number:"


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
        **design(told),
        **people(told),
        **treatments(told),
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
