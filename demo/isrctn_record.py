"""A truth as a trial of ISRCTN: the `fullTrial` element of its XML. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from uuid import UUID
from xml.etree.ElementTree import Element, SubElement, tostring

from demo.dice import many_dice, mix
from demo.holdings import Entry, seed_of
from demo.outline import Kind
from demo.rewording import reworded
from demo.telling import Telling, telling_of
from demo.world import Truth, World

_ISRCTN = 51
_MISSING = ("Nil known", "Nil known", "N/A", "Not applicable", "")
_PHASES = {
    ("PHASE1",): "Phase I",
    ("EARLY_PHASE1",): "Phase 0",
    ("PHASE1", "PHASE2"): "Phase I/II",
    ("PHASE2",): "Phase II",
    ("PHASE2", "PHASE3"): "Phase II/III",
    ("PHASE3",): "Phase III",
    ("PHASE4",): "Phase IV",
    ("NA",): "Not Applicable",
}
_TYPES = {
    "DRUG": "Drug",
    "BIOLOGICAL": "Biological/Vaccine",
    "DEVICE": "Device",
    "PROCEDURE": "Procedure/Surgery",
    "BEHAVIORAL": "Behavioural",
    "DIETARY_SUPPLEMENT": "Supplement",
    "GENETIC": "Genetic",
}
_STOPPED = {"TERMINATED": "Stopped", "WITHDRAWN": "Stopped", "SUSPENDED": "Suspended"}


@dataclass(frozen=True, slots=True)
class Listed:
    number: str
    """With the letters."""
    applied: str
    edited: str
    """Both as the register writes an instant."""
    body: partial[bytes]


def instant(day: int, hour: int = 9) -> str:
    return f"{date.fromordinal(day)}T{hour:02d}:12:48.219Z"


def listed(world: World, entry: Entry) -> Sequence[Listed]:
    edited = instant(entry.updated, 15)
    return (Listed(entry.id, instant(entry.registered - 3), edited, partial(full_trial, world, entry)),)


def full_trial(world: World, entry: Entry) -> bytes:
    told = telling_of(world, entry)
    dice = many_dice(seed_of(world, entry.index), entry.index, _ISRCTN)
    of, at = told.of, told.of.outline
    full = Element("fullTrial")
    trial = _child(full, "trial", lastUpdated=instant(entry.updated, 15), version=str(1 + at.revision + at.index % 9))
    assigned = instant(entry.registered)
    _child(trial, "isrctn", entry.id.removeprefix("ISRCTN"), dateAssigned=assigned)
    public = reworded(told.public, dice, sentence=True)
    scientific = reworded(told.scientific, dice, acronym=of.acronym, sentence=dice.chance(0.5))
    _description(trial, told, public, scientific)
    _references(trial, of, entry, missing=dice.pick(_MISSING))
    _design(trial, of)
    _participants(trial, told)
    _conditions(trial, of)
    _interventions(trial, told)
    results = _child(trial, "results")
    _child(results, "publicationPlan", "Planned publication in a peer-reviewed journal")
    _child(results, "ipdSharingStatement")
    _child(results, "publicationStage", "Results" if at.results_posted else "Protocol")
    _child(results, "basicReport")
    _outputs(trial, of)
    parties = _child(trial, "parties")
    sponsor, contact = _uuid(at.index, 1), _uuid(at.index, 2)
    _child(parties, "contactId", contact)
    _child(parties, "sponsorId", sponsor)
    _child(_child(trial, "miscellaneous"), "ipdSharingPlan", "No")
    _child(trial, "attachedFiles")
    _contact(full, of, contact)
    _sponsor(full, of, sponsor)
    return tostring(full, encoding="unicode").encode()


def _child(parent: Element, name: str, text: str | None = None, **attributes: str) -> Element:
    made = SubElement(parent, name, attributes)
    made.text = text or None
    return made


def _uuid(index: int, place: int) -> str:
    return str(UUID(int=mix(5, index, place) << 64 | mix(6, index, place)))


def _description(trial: Element, told: Telling, public: str, scientific: str) -> None:
    made = _child(trial, "trialDescription", thirdPartyFilesAcknowledgement="false")
    _child(made, "acknowledgment", "true")
    _child(made, "title", public)
    _child(made, "scientificTitle", scientific)
    _child(made, "acronym", told.of.acronym)
    _child(made, "studyHypothesis", told.summary.partition(". ")[0])
    _child(made, "plainEnglishSummary", f"Background and study aims {told.summary}")
    _child(made, "primaryOutcomes")
    _child(made, "primaryOutcome", "; ".join(f"{one.measure} at {one.frame}" for one in told.primary))
    _child(made, "secondaryOutcomes")
    _child(
        made,
        "secondaryOutcome",
        "\n".join(f"{at}. {one.measure}, {one.frame}" for at, one in enumerate(told.secondary, start=1)),
    )
    _child(made, "trialWebsite")
    _child(made, "ethicsApprovalRequired", "Old ethics approval format")
    _child(made, "ethicsApproval", "Research Ethics Committee of the lead site")


def _references(trial: Element, of: Truth, entry: Entry, *, missing: str) -> None:
    stated = {_kind(number): number for number in entry.states}
    made = _child(trial, "externalRefs")
    _child(made, "doi", f"10.1186/{entry.id}")
    _child(made, "eudraCTNumber", stated.get("eudract", missing))
    _child(made, "irasNumber")
    _child(made, "clinicalTrialsGovNumber", stated.get("nct", missing))
    _child(made, "protocolSerialNumber", of.code)
    secondary = _child(made, "secondaryNumbers")
    kinds = {"ctis": "ctis", "nct": "nct", "eudract": "eudract", "other": "Other"}
    for at, kind in enumerate(kinds):
        if kind in stated or kind == "ctis":
            text = stated.get(kind, missing)
            _child(secondary, "secondaryNumber", text, id=_uuid(of.outline.index, 10 + at), numberType=kinds[kind])
    _child(
        secondary,
        "secondaryNumber",
        of.code,
        id=_uuid(of.outline.index, 20),
        numberType="Protocol serial number",
    )


def _kind(number: str) -> str:
    if number.startswith("NCT"):
        return "nct"
    if number[:2] == "20" and number[5:6] in ("0", "5"):
        return "eudract" if number[5] == "0" else "ctis"
    return "other"


def _design(trial: Element, of: Truth) -> None:
    at = of.outline
    made = _child(trial, "trialDesign")
    tried = at.kind is Kind.INTERVENTIONAL
    _child(made, "studyDesign", "Randomised controlled trial" if of.against else "Single-arm study")
    _child(made, "primaryStudyDesign", "Interventional" if tried else "Observational")
    _child(made, "secondaryStudyDesign", "Randomised controlled trial" if tried and of.against else "Cohort study")
    _child(made, "trialSettings")
    _child(_child(made, "trialTypes"), "trialType", "Treatment")
    if at.status in _STOPPED:
        _child(made, "overallStatusOverride", _STOPPED[at.status])
        _child(made, "reasonAbandoned", "Participant recruitment issue")
    _child(made, "overallEndDate", f"{date.fromordinal(at.done)}T00:00:00.000Z")


def _participants(trial: Element, told: Telling) -> None:
    of, at = told.of, told.of.outline
    made = _child(trial, "participants")
    countries = _child(made, "recruitmentCountries")
    for name in dict.fromkeys(site.country.name for site in of.sites):
        _child(countries, "country", name)
    centres = _child(made, "trialCentres")
    for place, site in enumerate(of.sites[:20]):
        centre = _child(centres, "trialCentre", id=_uuid(at.index, 100 + place))
        _child(centre, "name", site.facility)
        _child(centre, "address", "1 Example Street")
        _child(centre, "city", site.city.name)
        _child(centre, "state", site.city.state)
        _child(centre, "country", site.country.name)
        _child(centre, "zip", site.city.zip)
    _child(_child(made, "participantTypes"), "participantType", "Patient")
    _child(made, "inclusion", _criteria(told.included))
    least, most = of.ages
    _child(made, "ageRange", {"children": "Child", "older adults": "Senior", "adults": "Adult"}.get(of.group, "Mixed"))
    for name, age in (("lowerAgeLimit", least), ("upperAgeLimit", most)):
        if age is not None:
            _child(made, name, f"{age} Years", unit="years", value=f"{age}.0")
    _child(made, "gender", of.sex.title())
    _child(made, "targetEnrolment", str(at.planned))
    _child(made, "totalFinalEnrolment", str(at.enrolment) if at.status == "COMPLETED" else "")
    _child(made, "totalTarget")
    _child(made, "exclusion", _criteria(told.excluded))
    _child(made, "patientInfoSheet")
    _child(made, "recruitmentStart", f"{date.fromordinal(at.started)}T00:00:00.000Z")
    _child(made, "recruitmentEnd", f"{date.fromordinal(max(at.started, at.primary_done - 20))}T00:00:00.000Z")
    _child(made, "recruitmentStartStatusOverride")
    _child(made, "recruitmentStatusOverride", _STOPPED.get(at.status))


def _criteria(lines: Sequence[str]) -> str:
    return "\n".join(f"{at}. {line}" for at, line in enumerate(lines, start=1)).replace("\\", "")


def _conditions(trial: Element, of: Truth) -> None:
    made = _child(_child(trial, "conditions"), "condition")
    _child(made, "description", ", ".join(of.named))
    _child(made, "diseaseClass1", of.conditions[0].area.title())
    _child(made, "diseaseClass2", of.conditions[0].term)


def _interventions(trial: Element, told: Telling) -> None:
    of = told.of
    made = _child(_child(trial, "interventions"), "intervention")
    _child(made, "description", "\n".join(f"{label}: {text}" for label, text in told.arms))
    _child(made, "interventionType", _TYPES.get(of.treatments[0].type, "Other"))
    _child(made, "pharmaceuticalStudyTypes")
    _child(made, "phase", _PHASES.get(of.phases, ""))
    _child(made, "drugNames", ", ".join(one.name for one in of.treatments if one.type in ("DRUG", "BIOLOGICAL")))


def _outputs(trial: Element, of: Truth) -> None:
    made = _child(trial, "outputs")
    if of.outline.results_posted is not None:
        posted = f"{date.fromordinal(of.outline.results_posted)}T00:00:00.000Z"
        _child(
            made,
            "output",
            id=_uuid(of.outline.index, 30),
            outputType="resultsarticle",
            artefactType="ExternalLink",
            dateCreated=posted,
            dateUploaded=posted,
            peerReviewed="true",
            patientFacing="false",
        )


def _details(parent: Element, of: Truth) -> None:
    made = _child(parent, "contactDetails")
    site = of.sites[0]
    _child(made, "address", "1 Example Street")
    _child(made, "city", site.city.name)
    _child(made, "state", site.city.state)
    _child(made, "country", site.country.name)
    _child(made, "zip", site.city.zip)
    _child(made, "telephone", "+44 (0)1632 960001")
    _child(made, "email", f"trial{of.outline.index}@example.org")


def _contact(full: Element, of: Truth, key: str) -> None:
    made = _child(full, "contact", id=key)
    given, _, family = of.leader.partition(" ")
    _child(made, "title", "Dr")
    _child(made, "forename", given)
    _child(made, "surname", family)
    _child(made, "orcid")
    _child(_child(made, "contactTypes"), "contactType", "Scientific")
    _details(made, of)


def _sponsor(full: Element, of: Truth, key: str) -> None:
    made = _child(full, "sponsor", id=key)
    _child(made, "organisation", of.sponsor.name)
    _child(made, "website")
    _child(made, "sponsorType", "Industry" if of.sponsor.type == "INDUSTRY" else "Hospital/treatment centre")
    _details(made, of)
    _child(made, "privacy", "Public")
    _child(made, "commercialStatus", "Commercial" if of.sponsor.type == "INDUSTRY" else "Non-commercial")
