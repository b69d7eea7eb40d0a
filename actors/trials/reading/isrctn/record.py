"""One record of ISRCTN (a `fullTrial` of its XML) read into a Trial. No I/O.

The registry states no status: its pages reckon one from the dates, unless an editor set one over it. So it is done
here, as of the newest day that the source has shown so far, which is not later than today.
"""

import re
from collections.abc import Iterator
from datetime import date
from xml.etree.ElementTree import Element  # made by actors.runtime.xml

from actors.runtime.xml import UnreadableXml, tree
from actors.trials.normalise import NotReadable
from actors.trials.reading.isrctn.people import class_of, contacts, countries, parties, sites, sponsor_of
from actors.trials.reading.isrctn.plan import eligibility, interventions, outcomes
from actors.trials.reading.isrctn.text import day, each, part, said, stated, text
from actors.trials.reading.isrctn.words import OVERRIDES, PHASES, RESULTS, STUDY_TYPES
from actors.trials.reading.stated_ids import Place, identifiers
from actors.trials.record import INT4_MAX, Design, Fields, Identifier, Reference, Sharing, Status, Trial, When

LONGEST_RECORD_BYTES = 8 << 20  # a long one has 200 kB

_NUMBER = re.compile(r"(?:ISRCTN)?([0-9]{8})")
_COUNT = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,12}")
_PUBMED = re.compile(r"(?:pubmed\.ncbi\.nlm\.nih\.gov|ncbi\.nlm\.nih\.gov/pubmed)/([0-9]{1,9})")
_LISTED = re.compile(r"[,;\n]")


def record_of(raw: bytes, encoding: str = "utf-8") -> Element:
    """Raises NotReadable."""
    if len(raw) > LONGEST_RECORD_BYTES:
        raise NotReadable(f"has {len(raw):,} bytes; a record has {LONGEST_RECORD_BYTES:,} at most")
    try:
        return tree(raw, encoding=encoding)
    except UnreadableXml as error:
        raise NotReadable(f"is not XML: {error}") from error


def number_of(full: Element) -> str | None:
    """The trial's number, with its letters."""
    found = _NUMBER.fullmatch(text(part(full, "trial"), "isrctn") or "")
    return f"ISRCTN{found[1]}" if found else None


def updated_on(full: Element) -> date | None:
    """The day of the last edit, where it can be read."""
    return _readable(part(full, "trial").get("lastUpdated"))


def assigned_on(full: Element) -> date | None:
    """The day on which its number was given, soon after it was applied for; where it can be read."""
    return _readable(part(full, "trial", "isrctn").get("dateAssigned"))


def _readable(written: str | None) -> date | None:
    try:
        found = day(written, "")
    except NotReadable:
        return None
    return found.day if found else None


def trial_of(full: Element, as_of: date | None = None) -> Trial:
    """The trial that a `fullTrial` holds. `as_of`: the day by which its status is told. Raises NotReadable."""
    trial, number = part(full, "trial"), number_of(full)
    if number is None:
        raise NotReadable(f"isrctn {(text(trial, 'isrctn') or '')[:40]!r} is not eight digits")
    participants, sponsor = part(trial, "participants"), sponsor_of(full, trial)
    return Trial(
        registry="isrctn",
        registry_id=number,
        url=f"https://www.isrctn.com/{number}",
        ids=tuple(_each_number(_ids(trial, number))),
        sponsor=said(sponsor, "organisation"),
        sponsor_class=class_of(sponsor),
        collaborators=parties(full, sponsor),
        contacts=contacts(full),
        countries=countries(participants),
        sites=sites(participants),
        eligibility=eligibility(participants),
        interventions=interventions(trial),
        **_texts(trial),
        **_status(trial, as_of),
        **_design(trial),
        **_dates(trial),
        **_enrolment(participants),
        **_results(trial),
    )


def _texts(trial: Element) -> Fields:
    told, conditions = part(trial, "trialDescription"), part(trial, "conditions")
    classes = [*each(conditions, "diseaseClass1"), *each(conditions, "diseaseClass2")]
    return {
        "title": said(told, "title") or said(told, "scientificTitle"),
        "official_title": said(told, "scientificTitle"),
        "acronym": said(told, "acronym"),
        "summary": said(told, "plainEnglishSummary"),
        "description": said(told, "studyHypothesis"),
        "outcomes": outcomes(told),
        "conditions": tuple(dict.fromkeys(each(conditions, "description"))),
        "keywords": tuple(dict.fromkeys(classes)),
    }


def _status(trial: Element, as_of: date | None) -> Fields:
    design, participants = part(trial, "trialDesign"), part(trial, "participants")
    raw = said(design, "overallStatusOverride") or said(participants, "recruitmentStatusOverride")
    status = OVERRIDES.get(raw.lower(), "unknown") if raw else _by_dates(trial, as_of)
    return {"status": status, "status_raw": raw, "why_stopped": said(design, "reasonAbandoned")}


def _by_dates(trial: Element, as_of: date | None) -> Status:
    participants = part(trial, "participants")
    start = day(text(participants, "recruitmentStart"), "recruitmentStart")
    end = day(text(participants, "recruitmentEnd"), "recruitmentEnd")
    over = day(text(trial, "trialDesign", "overallEndDate"), "overallEndDate")
    if as_of is None:
        return "unknown"
    if over and over.day < as_of:
        return "completed"
    if end and end.day < as_of:
        return "active_not_recruiting"
    if start is None:
        return "unknown"
    return "recruiting" if start.day <= as_of else "not_yet_recruiting"


def _design(trial: Element) -> Fields:
    design = part(trial, "trialDesign")
    kind = said(design, "primaryStudyDesign")
    phases = [found for one in part(trial, "interventions").iter("phase") if (found := text(one))]
    ours = [phase for raw in phases for phase in PHASES.get(raw.lower(), ())]
    return {
        "study_type": STUDY_TYPES.get((kind or "").lower(), "unknown"),
        "study_type_raw": kind,
        "phases": tuple(dict.fromkeys(ours)),
        "phases_raw": tuple(dict.fromkeys(phases)),
        "design": Design(
            model=said(design, "studyDesign") or said(design, "secondaryStudyDesign"),
            purpose=", ".join(dict.fromkeys(each(design, "trialType"))) or None,
        ),
    }


def _dates(trial: Element) -> Fields:
    """The start is that of recruitment, as elsewhere; that of the work before it only where this is all there is."""
    design, participants = part(trial, "trialDesign"), part(trial, "participants")
    assigned = part(trial, "isrctn").get("dateAssigned")
    return {
        "start": day(text(participants, "recruitmentStart"), "recruitmentStart")
        or day(text(design, "overallStartDate"), "overallStartDate"),
        "completion": day(text(design, "overallEndDate"), "overallEndDate"),
        "first_posted": day(assigned, "dateAssigned", actual=True),
        "last_updated": day(trial.get("lastUpdated"), "lastUpdated"),
    }


def _enrolment(participants: Element) -> Fields:
    """What was reached, else what is aimed at."""
    for name, actual in (("totalFinalEnrolment", True), ("targetEnrolment", False), ("totalTarget", False)):
        if found := _COUNT.fullmatch(text(participants, name) or ""):
            count = int(found[0].replace(",", ""))
            if count > INT4_MAX:
                raise NotReadable(f"{name} is {count}: more than any trial has")
            return {"enrolment": count, "enrolment_actual": actual}
    return {}


def _results(trial: Element) -> Fields:
    results, outputs = part(trial, "results"), list(part(trial, "outputs").iter("output"))
    posted = [one for one in outputs if one.get("outputType", "").lower() in RESULTS]
    stage = (text(results, "publicationStage") or "").lower()
    told = any(said(results, name) for name in ("basicReport", "plainEnglishReport"))
    days = [day(one.get("dateUploaded") or one.get("dateCreated"), "dateUploaded", actual=True) for one in posted]
    return {
        "has_results": True
        if posted or told or stage == "results"
        else None
        if trial.find("results") is None
        else False,
        "results_posted": _earliest(days),
        "references": tuple(dict.fromkeys([*_outputs(outputs), *_publications(results)])),
        "sharing": Sharing(
            plan=said(trial, "miscellaneous", "ipdSharingPlan"),
            description=said(results, "ipdSharingStatement"),
            access="; ".join(dict.fromkeys(each(results, "dataPolicy"))) or None,
        ),
    }


def _earliest(days: list[When | None]) -> When | None:
    return min((one for one in days if one), key=lambda one: one.day, default=None)


def _outputs(outputs: list[Element]) -> Iterator[Reference]:
    for one in outputs:
        link = part(one, "externalLink").get("url")
        if stated(link) and link and "://" in link:
            yield _reference(link, one.get("outputType") or None, said(one, "description"))


def _publications(results: Element) -> Iterator[Reference]:
    for line in (said(results, "publicationDetails") or "").splitlines():
        if line.strip():
            yield _reference(line.strip(), None, None)


def _reference(told: str, kind: str | None, description: str | None) -> Reference:
    found = _PUBMED.search(told)
    return Reference(found[1] if found else None, kind, f"{description}: {told}" if description else told)


def _ids(trial: Element, number: str) -> Iterator[Identifier]:
    refs = part(trial, "externalRefs")
    yield Identifier("isrctn", number, "main")
    yield from _typed(said(refs, "eudraCTNumber"), "secondary", "EudraCT")
    yield from _typed(said(refs, "clinicalTrialsGovNumber"), "secondary", "ClinicalTrials.gov")
    yield from _typed(said(refs, "irasNumber"), "secondary", "IRAS")
    for one in _LISTED.split(text(refs, "protocolSerialNumber") or ""):
        yield from _typed(stated(one.strip() or None), "organisation", "Protocol serial number")
    for given in part(refs, "secondaryNumbers").iter("secondaryNumber"):
        for one in _LISTED.split(text(given) or ""):
            yield from _typed(stated(one.strip() or None), "secondary", given.get("numberType") or None)


def _typed(found: str | None, place: Place, label: str | None) -> Iterator[Identifier]:
    return identifiers(found, place, label) if found is not None else iter(())


def _each_number(ids: Iterator[Identifier]) -> Iterator[Identifier]:
    """Each number once: newer records repeat all of them among the secondary ones."""
    met: set[tuple[str, str]] = set()
    for one in ids:
        if (one.scheme, one.value) not in met:
            met.add((one.scheme, one.value))
            yield one
