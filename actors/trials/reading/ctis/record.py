"""One record of CTIS (EU Regulation 536/2014) read into a Trial. No I/O.

Since its relaunch of June 2024 CTIS answers `authorizedApplication.{authorizedPartI, authorizedPartsII, …}`; archives
hold the shape of before, where these stand at the top. Nobody promises a shape, so only the number and Part I must be
there.
The status of the trial is `ctPublicStatusCode`; `ctStatus` is that of the application today.
"""

from collections.abc import Iterator
from typing import Any

from actors.trials.normalise import NotReadable, numbers_inside
from actors.trials.reading.ctis.loose_json import Loose
from actors.trials.reading.ctis.number import parted
from actors.trials.reading.ctis.people import contacts, countries, parties, sites, sponsor_of
from actors.trials.reading.ctis.plan import arms, eligibility, interventions, outcomes, purpose
from actors.trials.reading.ctis.words import ENDED, LABELS, LANGUAGES, NOTHING, PHASES, REGISTERS, STATUSES, UNNAMED
from actors.trials.reading.stated_ids import identifiers
from actors.trials.reading.written_days import written_day
from actors.trials.record import INT4_MAX, Design, Fields, Identifier, Reference, Status, Trial, When

PORTAL = "https://euclinicaltrials.eu/ctis-public/view"


def trial_of(record: Loose, updated: str | None = None) -> Trial:
    """The trial that an answer to `retrieve` holds. Raises NotReadable with the reason.

    `updated`: its last update, as the search told; the record itself tells only when it was published.
    """
    number = record.text("ctNumber") or record.text("_id") or ""
    known = parted(number)
    if not isinstance(record.value, dict):
        raise NotReadable("is not a JSON object")
    if known is None:
        raise NotReadable(f"ctNumber {number[:40]!r} is not like 2023-505613-24-00")
    whole, part_1 = _application(record)
    details = part_1.at("trialDetails")
    return Trial(
        registry="ctis",
        registry_id=known[0],
        url=f"{PORTAL}/{number}",
        study_type="interventional",  # the Regulation knows no other
        references=_references(details),
        **_names(record, part_1),
        **_status(record, whole),
        **_phases(record, details),
        **_dates(record, whole, details, updated),
        **_results(record),
        **_people(whole, part_1),
        **_plan(record, whole, part_1),
        ids=tuple(dict.fromkeys(_ids(record, whole, details, number, known[0]))),
    )


def _application(record: Loose) -> tuple[Loose, Loose]:
    for whole in (record.at("authorizedApplication"), record):
        if part_1 := whole.at("authorizedPartI"):
            return whole, part_1
    raise NotReadable("holds no Part I: neither authorizedApplication.authorizedPartI nor authorizedPartI")


def _names(record: Loose, part_1: Loose) -> Fields:
    given = part_1.at("trialDetails", "clinicalTrialIdentifiers")
    full, public, short = (given.text(name) for name in ("fullTitle", "publicTitle", "shortTitle"))
    objective = part_1.at("trialDetails", "trialInformation", "trialObjective")
    further = [one.text("secondaryObjective") for one in objective.each("secondaryObjectives")]
    return {
        "title": public or full or record.text("ctTitle") or record.text("title") or short,
        "official_title": full,
        "acronym": short,
        "titles": tuple(dict.fromkeys([*_translated(given, "fullTitle"), *_translated(given, "publicTitle")])),
        "summary": objective.text("mainObjective"),
        "description": "\n\n".join(text for text in further if text) or None,
    }


def _translated(given: Loose, title: str) -> Iterator[tuple[str, str]]:
    for one in given.each(f"{title}Translations"):
        if text := one.text("attributeTranslation"):
            name = (one.text("languageDescription") or "").strip().lower()
            yield LANGUAGES.get(name, name or UNNAMED), text


def _status(record: Loose, whole: Loose) -> Fields:
    raw = record.text("ctPublicStatusCode")
    if raw is None:
        stated = record.text("ctStatus")
        of_trial = stated is not None and (stated.isdigit() or whole == record)  # today's words are the application's
        raw = record.text("ctPublicStatus") or (stated if of_trial else None)
    status: Status = "unknown"
    if raw is not None:
        status = STATUSES.get(raw.strip()) or LABELS.get(raw.strip().lower(), "unknown")
    if status == STATUSES[ENDED] and _ended_early(record, whole):
        status = "terminated"
    return {"status": status, "status_raw": raw}


def _ended_early(record: Loose, whole: Loose) -> bool:
    """Whether every member state reports an early termination."""
    states = [one.text("mscName") for one in whole.each("memberStatesConcerned")]
    early = {state for state, kind, _ in _events(record) if "EARLY_TERMINATION" in kind}
    return bool(states) and early.issuperset(states)


def _events(record: Loose) -> Iterator[tuple[str | None, str, str | None]]:
    """Member state, kind (START_OF_TRIAL, …), day of what was notified."""
    for state in record.each("events", "trialEvents"):
        for one in state.each("events"):
            yield state.text("mscName"), (one.text("notificationType") or "").upper(), one.text("date")


def _phases(record: Loose, details: Loose) -> Fields:
    raw = details.text("trialInformation", "trialCategory", "trialPhase") or record.text("trialPhase")
    return {"phases": PHASES.get(raw or "", ()), "phases_raw": (raw,) if raw else ()}


def _dates(record: Loose, whole: Loose, details: Loose, updated: str | None) -> Fields:
    planned = details.at("trialInformation", "trialDuration")
    starts = [_day(record, name, actual=True) for name in ("startDateEU", "eeaStartDate", "trialStartDate")]
    begun = [day for _, kind, text in _events(record) if kind == "START_OF_TRIAL" and (day := _told(text, kind))]
    first = min(begun, key=lambda one: one.day, default=None)
    submitted = [_day(one, "submissionDate") for one in whole.each("applicationInfo") if one.text("type") == "INITIAL"]
    return {
        "start": next(filter(None, starts), first) or _day(planned, "estimatedRecruitmentStartDate", actual=False),
        "completion": _completion(record, planned),
        "first_submitted": next(filter(None, submitted), None) or _day(record, "submissionDate"),
        "last_updated": _read_day(updated, "lastUpdated") or _day(record, "lastUpdated") or _day(record, "publishDate"),
    }


def _completion(record: Loose, planned: Loose) -> When | None:
    """The global end; once a trial has ended, also the last end that a member state reports."""
    if end := _day(record, "endDate", actual=True):
        return end
    if record.text("ctPublicStatusCode") == ENDED:
        ends = [
            day
            for _, kind, text in _events(record)
            if ("END_OF_TRIAL" in kind or "EARLY_TERMINATION" in kind) and (day := _told(text, kind))
        ]
        if last := max(ends, key=lambda one: one.day, default=None):
            return last
        if end := _day(record, "endDateEU", actual=True):
            return end
    return _day(planned, "estimatedGlobalEndDate", actual=False) or _day(planned, "estimatedEndDate", actual=False)


def _told(text: str | None, kind: str) -> When | None:
    """The day of something that has happened."""
    return _read_day(text, kind, actual=True)


def _day(at: Loose, name: str, *, actual: bool | None = None) -> When | None:
    return _read_day(at.text(name), name, actual=actual)


def _read_day(text: str | None, name: str, *, actual: bool | None = None) -> When | None:
    if text is None or text.strip().lower() in NOTHING:
        return None
    try:
        return written_day(text, actual)
    except NotReadable as error:
        raise NotReadable(f"{error} - at {name}") from error


def _results(record: Loose) -> Fields:
    posted = [*record.each("results", "summaryResults"), *record.each("results", "clinicalStudyReports")]
    days = [_day(one, name, actual=True) for one in posted for name in ("submissionDate", "submitDate")]
    has = bool(posted or [*record.each("results", "laypersonResults")])
    told = {"yes": True, "no": False}.get((record.text("resultsFirstReceived") or "").lower())
    return {
        "has_results": True if has else told if told is not None else False if record.at("results") else None,
        "results_posted": min(filter(None, days), key=lambda one: one.day, default=None),
    }


def _people(whole: Loose, part_1: Loose) -> Fields:
    sponsor = sponsor_of(whole, part_1)
    name, kind = sponsor.text("organisation", "name"), _class_of(sponsor)
    return {
        "sponsor": name,
        "sponsor_class": kind,
        "collaborators": parties(part_1, lead=name),
        "countries": countries(whole, part_1),
        "sites": sites(whole),
        "contacts": contacts(sponsor),
    }


def _class_of(sponsor: Loose) -> str | None:
    """In the words of ClinicalTrials.gov, so that one filter serves all registries."""
    commercial = sponsor.flag("organisation", "commercial")
    if commercial is None:
        commercial = sponsor.flag("isCommercial")
    return None if commercial is None else "INDUSTRY" if commercial else "OTHER"


def _plan(record: Loose, whole: Loose, part_1: Loose) -> Fields:
    information = part_1.at("trialDetails", "trialInformation")
    condition = information.at("medicalCondition")
    named = [*condition.each("partIMedicalConditions"), *part_1.each("medicalConditions")]
    terms = [one.text("termName") for one in condition.each("meddraConditionTerms")]
    areas = [one.text("name") for one in part_1.each("therapeuticAreas")]
    return {
        "conditions": _each_once(one.text("medicalCondition") for one in named),
        "keywords": _each_once([*terms, *areas]),
        "interventions": interventions(part_1),
        "arms": arms(part_1),
        "outcomes": outcomes(information),
        "eligibility": eligibility(record, information),
        "design": Design(purpose=purpose(information)),
        **_enrolment(whole, part_1),
    }


def _enrolment(whole: Loose, part_1: Loose) -> Fields:
    """Planned, in the member states and in the rest of the world."""
    counts = [part.whole("recruitmentSubjectCount") for part in whole.each("authorizedPartsII")]
    known = [count for count in (*counts, part_1.whole("rowSubjectCount")) if count is not None and count >= 0]
    total = sum(known)
    if total > INT4_MAX:
        raise NotReadable(f"recruitmentSubjectCount and rowSubjectCount make {total}: more than any trial has")
    return {"enrolment": total, "enrolment_actual": False} if known and total else {}


def _references(details: Loose) -> tuple[Reference, ...]:
    codes = [Reference(pmid=code.strip()) for code in details.texts("pubmedCode")]
    return tuple(dict.fromkeys([*codes, *(Reference(citation=text) for text in details.texts("references"))]))


def _ids(record: Loose, whole: Loose, details: Loose, number: str, trial: str) -> Iterator[Identifier]:
    yield Identifier("euct", trial, "main")
    if number != trial:
        yield Identifier("euct", number, "alias", "submission")
    for path in (("eudraCt", "eudraCtCode"), ("eudraCtInfo", "eudraCtCode")):
        yield from _typed(whole.text(*path), "EudraCT")
    given = details.at("clinicalTrialIdentifiers")
    for name, listed in given.members("secondaryIdentifyingNumbers"):
        for one in given.each("secondaryIdentifyingNumbers", name):
            label = one.text("otherRegistryName") or REGISTERS.get(name, name)
            yield from _typed(one.text("number") or listed.text(), label)
    short = given.text("shortTitle")
    if short and any(map(str.isdigit, short)):  # a protocol's code, as often as a short title
        yield Identifier("other", short, "organisation", "shortTitle")
        for found in numbers_inside(short):
            yield Identifier(*found, "text", "shortTitle")


def _typed(text: str | None, label: str | None) -> Iterator[Identifier]:
    if text is not None and text.strip().lower() not in NOTHING:
        yield from identifiers(text, "secondary", label)


def _each_once(texts: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text))
