"""One record of WHO's ICTRP, by the names of its fields (`names`), read into a Trial. No I/O.

ICTRP keeps copies of what some twenty registers hold, in one set of fields. The number is the one that the source
register gave; under that register's own scheme it is also the first of the ids, so that the record can be found to be
the same as the register's own. What ICTRP has bridged to it, a parent or a child, stands among the others.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias

from actors.trials.normalise import NotReadable, numbers_inside, scheme_of
from actors.trials.reading.ictrp.dates import Dates, Usual, dates_of
from actors.trials.reading.ictrp.lists import conditions_of, countries_of, interventions_of, outcomes_of, summary_of
from actors.trials.reading.ictrp.text import NO_NUMBER, line, listed, said
from actors.trials.reading.ictrp.words import (
    oldest_days,
    phases_of,
    sex_of,
    status_of,
    study_type_of,
    target_of,
    youngest_days,
)
from actors.trials.record import Contact, Design, Eligibility, Fields, Identifier, Party, Sharing, Site, Trial

PORTAL = "https://trialsearch.who.int/Trial2.aspx?TrialID="
LONGEST_NUMBER = 60

Values: TypeAlias = Mapping[str, str]

_ACTUAL = {"actual": True, "anticipated": False}
_NO_RESULTS = "no results available"


def read_record(values: Values, usual: Usual | None = None) -> Trial:
    """`usual`: how the days of the records beside it are to be read. Raises NotReadable where it has no number."""
    number = line(values.get("trialid"))
    if number is None:
        raise NotReadable("it has no TrialID")
    if len(number) > LONGEST_NUMBER or not any(letter.isdigit() for letter in number):
        raise NotReadable(f"TrialID {number[:80]!r} is no registry number")
    dates = dates_of(number, values, usual)
    return Trial(
        registry="ictrp",
        registry_id=number,
        url=_address(values.get("webaddress")) or f"{PORTAL}{number}",
        **_names(number, values),
        **_dates(values, dates),
        **_design(values),
        **_people(values),
        **_what(number, values),
        **_results(values, dates),
    )


def _address(text: str | None) -> str | None:
    plain = line(text)
    return plain if plain and plain.lower().startswith(("http://", "https://")) else None


def _names(number: str, values: Values) -> Fields:
    return {
        "title": line(values.get("publictitle")) or line(values.get("scientifictitle")),
        "official_title": line(values.get("scientifictitle")),
        "acronym": line(values.get("acronym")),
        "ids": tuple(dict.fromkeys(_ids(number, values))),
        "status": status_of(values.get("recruitmentstatus")),
        "status_raw": line(values.get("recruitmentstatus")),
        "study_type": study_type_of(values.get("studytype")),
        "study_type_raw": line(values.get("studytype")),
    }


def _ids(number: str, values: Values) -> Iterator[Identifier]:
    register = line(values.get("sourceregister"))
    yield Identifier(*(known_number(number) or ("other", number)), "main", register)
    for text in listed(values.get("secondaryids"), ";"):
        yield from _typed(text, None)
    bridged = line(values.get("bridgedtype"))
    for text in listed(values.get("bridgingflag"), ";"):
        if known_number(text):
            yield from _typed(text, f"bridged, this is the {bridged}" if bridged else "bridged")
    for text in listed(values.get("childs"), ";"):
        yield from _typed(text, "bridged, a child of this")


def known_number(text: str) -> tuple[str, str] | None:
    """Its scheme and spelling. ICTRP puts EUCTR before a number of EudraCT, and a country behind it."""
    return scheme_of(re.sub(r"\A(?:EUCTR|CTIS)(?=[0-9])", "", text.strip()))


def _typed(text: str, label: str | None) -> Iterator[Identifier]:
    if text.lower() in NO_NUMBER:
        return
    if known := known_number(text):
        yield Identifier(*known, "secondary", label)
        return
    yield Identifier("other", text, "secondary", label)
    for number in numbers_inside(text):
        yield Identifier(*number, "text", label)


def _dates(values: Values, dates: Dates) -> Fields:
    actual = _ACTUAL.get((line(values.get("typeenrolment")) or "").lower())
    registered = dates.read(values.get("dateregistration3")) or dates.read(values.get("dateregistration"))
    return {
        "start": dates.read(values.get("dateenrollement"), actual),
        "completion": dates.read(values.get("resultsdatecompleted")),
        "first_posted": registered,
        "last_updated": dates.read(values.get("lastrefreshedon")),
    }


def _design(values: Values) -> Fields:
    phase = line(values.get("phase"))
    reached, wanted = target_of(values.get("resultsactualenrolment")), target_of(values.get("targetsize"))
    text = said(values.get("studydesign"))
    return {
        "phases": phases_of(values.get("phase")),
        "phases_raw": (phase,) if phase else (),
        "design": _designed(text) if text else Design(),
        "enrolment": wanted if reached is None else reached,
        "enrolment_actual": None if reached is wanted is None else reached is not None,
    }


def _designed(text: str) -> Design:
    """Its parts, as far as they are named; a text that names none is the model as a whole."""
    plain = " ".join(text.split())
    flags = {name.lower(): is_so.lower() == "yes" for name, is_so in _FLAGS.findall(plain)}
    if flags:
        return _flagged(flags)
    parts = {name: found[1].strip(" .;,") or None for name, pattern in _PARTS if (found := pattern.search(plain))}
    if not any(parts.values()):
        return Design(model=plain)
    return Design(parts.get("allocation"), parts.get("model"), parts.get("purpose"), parts.get("masking"))


def _flagged(flags: Mapping[str, bool]) -> Design:
    """As the EU and the Dutch register tell it: `Randomised: yes`, `Double blind: no`, …"""
    allocation = flags.get("randomised", flags.get("randomized"))
    return Design(
        allocation=None if allocation is None else "Randomised" if allocation else "Not randomised",
        model=", ".join(one for one in ("Parallel group", "Cross over") if flags.get(one.lower())) or None,
        masking=", ".join(one for one in ("Open", "Single blind", "Double blind") if flags.get(one.lower())) or None,
    )


_FLAGS = re.compile(
    r"\b(Randomi[sz]ed|Open|Single blind|Double blind|Parallel group|Cross over)\s*:\s*(yes|no)\b", re.IGNORECASE
)
_STOP = r"(?=[;,]|\.(?:\s|$)|$)"
_PARTS = tuple(
    (name, re.compile(rf"(?:^|[;,.\s])(?:{labels})\s*:\s*([^;:.,]{{1,120}}?)\s*{_STOP}", re.IGNORECASE))
    for name, labels in (
        ("allocation", "allocation|randomi[sz]ation|randomi[sz]ed"),
        ("model", "intervention model|observational model|observational study model|assignment"),
        ("purpose", "primary purpose|purpose|study design purpose"),
        ("masking", "masking|blinding/masking|blinding"),
    )
)


def _people(values: Values) -> Fields:
    others = [Party(name) for name in listed(values.get("secondarysponsor"), ";")]
    others += [Party(name, "support") for name in listed(values.get("sourcesupport"), ";")]
    sponsor = line(values.get("primarysponsor"))
    collaborators = {party.name.lower(): party for party in reversed(others)}
    collaborators.pop((sponsor or "").lower(), None)
    contacts = (*_contacts(values, ""), *_contacts(values, "public"), *_contacts(values, "scientific"))
    return {
        "sponsor": sponsor,
        "collaborators": tuple(reversed(collaborators.values())),
        "contacts": tuple(dict.fromkeys(contacts)),
    }


def _contacts(values: Values, role: Literal["", "public", "scientific"]) -> Iterator[Contact]:
    """One for each of the names; what stands in step with them belongs to each, what does not to the first."""
    columns = [
        [line(part) for part in (values.get(f"{role}contact{name}") or "").split(";")]
        for name in ("firstname", "lastname", "affiliation", "tel", "email")
    ]
    many = max(len(columns[0]), len(columns[1]))
    rows = [
        column if len(column) == many else [next(filter(None, column), None)] + [None] * (many - 1)
        for column in columns
    ]
    for first, last, affiliation, phone, email in zip(*rows, strict=True):
        name = " ".join(part for part in (first, last) if part) or None
        if any((name, affiliation, phone, email)):
            yield Contact(name, role or None, affiliation, phone, email)


def _what(number: str, values: Values) -> Fields:
    conditions, keywords = conditions_of(number, values.get("condition"))
    countries, regions = countries_of(number, values.get("countries"))
    return {
        "conditions": conditions,
        "keywords": keywords,
        "interventions": interventions_of(number, values.get("intervention")),
        "outcomes": outcomes_of(number, values.get("primaryoutcome"), values.get("secondaryoutcome")),
        "summary": summary_of(number, values.get("primaryoutcome")),
        "countries": countries,
        "sites": (*(Site(country=one) for one in countries), *(Site(region=one) for one in regions)),
        "eligibility": _eligibility(values),
    }


def _eligibility(values: Values) -> Eligibility:
    parts = []
    for name in ("Inclusion criteria", "Exclusion criteria"):
        text = said(values.get(name.replace(" ", "").lower())) or ""
        text = re.sub(rf"\A{name}\s*:\s*", "", text, flags=re.IGNORECASE).strip()
        if said(text):
            parts.append(f"{name}:\n{text}")
    youngest, oldest = values.get("inclusionagemin"), values.get("inclusionagemax")
    return Eligibility(
        criteria="\n\n".join(parts) or None,
        sex=sex_of(values.get("inclusiongender")),
        sex_raw=line(values.get("inclusiongender")),
        min_age_days=youngest_days(youngest),
        max_age_days=oldest_days(oldest),
        min_age_raw=line(youngest),
        max_age_raw=line(oldest),
    )


def _results(values: Values, dates: Dates) -> Fields:
    """ICTRP takes results to be there where any of the fields about them says something; so do we."""
    posted = dates.read(values.get("resultsdateposted"))
    told = (line(values.get("resultsyesno")) or "").lower()
    texts = [line(values.get(name)) for name in ("resultsurllink", "resultssummary", "resultsoutcomemeasures")]
    some = posted is not None or any(text and not text.lower().startswith(_NO_RESULTS) for text in texts)
    return {
        "has_results": True if told == "yes" or some else False if told == "no" else None,
        "results_posted": posted,
        "sharing": Sharing(line(values.get("resultsipdplan")), said(values.get("resultsipddescription"))),
    }
