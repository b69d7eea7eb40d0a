"""One ClinicalTrials.gov study (API v2) read into a Trial. No I/O."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

from actors.trials.normalise import NotReadable, age_days, numbers_inside, scheme_of, when
from actors.trials.reading.ctgov.results import read_results
from actors.trials.reading.ctgov.shape import (
    Browse,
    DateStruct,
    Derived,
    DesignInfo,
    DesignModule,
    EligibilityModule,
    Enrollment,
    ExpandedAccessInfo,
    Identification,
    IdInfo,
    Location,
    Masking,
    Organisation,
    Outcomes,
    Person,
    Protocol,
    StatusModule,
    study,
)
from actors.trials.reading.ctgov.words import ACTUAL, PHASES, SEXES, STATUSES, STUDY_TYPES
from actors.trials.record import (
    Arm,
    Contact,
    Design,
    Eligibility,
    ExpandedAccess,
    Fields,
    Identifier,
    Intervention,
    MeshTerm,
    Outcome,
    Party,
    Reference,
    Sharing,
    Site,
    Trial,
    When,
)

_NCT = re.compile(r"NCT[0-9]{8}")


def read_study(raw: bytes) -> Trial:
    """The trial that one study's JSON holds. Raises NotReadable with the reason."""
    source = study(raw)
    protocol = source.protocol_section
    number = protocol.identification_module.nct_id
    if _NCT.fullmatch(number) is None:
        raise NotReadable(f"nctId {number[:40]!r} is not NCT and eight digits")
    return Trial(
        registry="ctgov",
        registry_id=number,
        url=f"https://clinicaltrials.gov/study/{number}",
        has_results=source.has_results,
        mesh=tuple(_mesh(source.derived_section or Derived())),
        results=read_results(source.results_section) if source.results_section else None,
        **_names(protocol),
        **_status(protocol.status_module),
        **_dates(protocol.status_module),
        **_design(protocol.design_module),
        **_treatments(protocol),
        **_people(protocol),
        **_papers(protocol),
    )


def _names(protocol: Protocol) -> Fields:
    ident, about, words = protocol.identification_module, protocol.description_module, protocol.conditions_module
    return {
        "title": ident.brief_title,
        "official_title": ident.official_title,
        "acronym": ident.acronym,
        "ids": _ids(ident),
        "summary": about.brief_summary,
        "description": about.detailed_description,
        "conditions": words.conditions,
        "keywords": words.keywords,
    }


def _status(module: StatusModule) -> Fields:
    last, access = module.last_known_status, module.expanded_access_info or ExpandedAccessInfo()
    return {
        "status": STATUSES.get(module.overall_status or "", "unknown"),
        "status_raw": module.overall_status,
        "last_known_status": STATUSES.get(last, "unknown") if last else None,
        "last_known_status_raw": last,
        "why_stopped": module.why_stopped,
        "expanded_access": ExpandedAccess(access.has_expanded_access, access.nct_id, access.status_for_nct_id),
    }


def _dates(module: StatusModule) -> Fields:
    return {
        "start": _when(module.start_date_struct, "startDateStruct"),
        "primary_completion": _when(module.primary_completion_date_struct, "primaryCompletionDateStruct"),
        "completion": _when(module.completion_date_struct, "completionDateStruct"),
        "first_submitted": _day(module.study_first_submit_date, "studyFirstSubmitDate"),
        "first_posted": _when(module.study_first_post_date_struct, "studyFirstPostDateStruct"),
        "last_updated": _when(module.last_update_post_date_struct, "lastUpdatePostDateStruct"),
        "verified": _day(module.status_verified_date, "statusVerifiedDate"),
        "results_posted": _when(module.results_first_post_date_struct, "resultsFirstPostDateStruct"),
    }


def _when(given: DateStruct | None, name: str) -> When | None:
    return _day(given.date, f"{name}.date", ACTUAL.get(given.type or "")) if given else None


def _day(text: str | None, name: str, actual: bool | None = None) -> When | None:
    if text is None:
        return None
    try:
        return when(text, actual)
    except NotReadable as error:
        raise NotReadable(f"{error} - at `$.protocolSection.statusModule.{name}`") from error


def _design(module: DesignModule) -> Fields:
    info, enrolled = module.design_info or DesignInfo(), module.enrollment_info or Enrollment()
    masking = info.masking_info or Masking()
    model = info.intervention_model or info.observational_model
    return {
        "study_type": STUDY_TYPES.get(module.study_type or "", "unknown"),
        "study_type_raw": module.study_type,
        "phases": tuple([PHASES[phase] for phase in module.phases if phase in PHASES]),
        "phases_raw": module.phases,
        "design": Design(info.allocation, model, info.primary_purpose, masking.masking, masking.who_masked),
        "enrolment": enrolled.count,
        "enrolment_actual": ACTUAL.get(enrolled.type or ""),
    }


def _treatments(protocol: Protocol) -> Fields:
    given = protocol.arms_interventions_module
    return {
        "interventions": tuple(
            [Intervention(one.name or "", one.type, one.description, one.other_names) for one in given.interventions]
        ),
        "arms": tuple(
            [Arm(arm.label or "", arm.type, arm.description, arm.intervention_names) for arm in given.arm_groups]
        ),
        "outcomes": tuple(_outcomes(protocol.outcomes_module)),
        "eligibility": _eligibility(protocol.eligibility_module),
    }


def _outcomes(module: Outcomes) -> Iterator[Outcome]:
    for given in module.primary_outcomes:
        yield Outcome("primary", given.measure or "", given.description, given.time_frame)
    for given in module.secondary_outcomes:
        yield Outcome("secondary", given.measure or "", given.description, given.time_frame)
    for given in module.other_outcomes:
        yield Outcome("other", given.measure or "", given.description, given.time_frame)


def _eligibility(given: EligibilityModule) -> Eligibility:
    return Eligibility(
        criteria=given.eligibility_criteria,
        sex=SEXES.get(given.sex or ""),
        sex_raw=given.sex,
        min_age_days=age_days(given.minimum_age),
        max_age_days=age_days(given.maximum_age),
        min_age_raw=given.minimum_age,
        max_age_raw=given.maximum_age,
        healthy_volunteers=given.healthy_volunteers,
        age_groups=given.std_ages,
        population=given.study_population,
        sampling=given.sampling_method,
    )


def _people(protocol: Protocol) -> Fields:
    """Who pays, who answers for it, whom to ask, and where."""
    parties, module = protocol.sponsor_collaborators_module, protocol.contacts_locations_module
    lead, sites = parties.lead_sponsor or Organisation(), _sites(module.locations)
    return {
        "sponsor": lead.name,
        "sponsor_class": lead.class_,
        "collaborators": tuple([Party(party.name, party.class_) for party in parties.collaborators if party.name]),
        "countries": tuple(dict.fromkeys([site.country for site in sites if site.country])),
        "sites": sites,
        "contacts": _contacts(module.central_contacts),
        "officials": _contacts(module.overall_officials),
    }


def _sites(locations: tuple[Location, ...]) -> tuple[Site, ...]:
    sites = []
    for at in locations:
        point = at.geo_point
        lat, lon = (point.lat, point.lon) if point else (None, None)
        contacts = _contacts(at.contacts) if at.contacts else ()
        sites.append(Site(at.facility, at.city, at.state, at.zip, at.country, at.status, lat, lon, contacts))
    return tuple(sites)


def _contacts(people: tuple[Person, ...]) -> tuple[Contact, ...]:
    return tuple([Contact(one.name, one.role, one.affiliation, _phone(one), one.email) for one in people])


def _phone(of: Person) -> str | None:
    return f"{of.phone} ext. {of.phone_ext}" if of.phone and of.phone_ext else of.phone


def _papers(protocol: Protocol) -> Fields:
    papers, ipd = protocol.references_module.references, protocol.ipd_sharing_statement_module
    return {
        "references": tuple(dict.fromkeys([Reference(one.pmid, one.type, one.citation) for one in papers])),
        "sharing": Sharing(
            ipd.ipd_sharing, ipd.description, ipd.info_types, ipd.time_frame, ipd.access_criteria, ipd.url
        ),
    }


def _ids(ident: Identification) -> tuple[Identifier, ...]:
    found = [Identifier("nct", ident.nct_id, "main")]
    found += [Identifier("nct", alias, "alias") for alias in ident.nct_id_aliases]
    if (org := ident.org_study_id_info) and org.id:
        found += _typed(org.id, "organisation", org)
    for other in ident.secondary_id_infos:
        if other.id:
            found += _typed(other.id, "secondary", other)
    return tuple(dict.fromkeys(found))


def _typed(text: str, place: Literal["organisation", "secondary"], info: IdInfo) -> Iterator[Identifier]:
    """The id under its register's name, whatever type the record gives: sponsors often choose the wrong one."""
    label = ": ".join(part for part in (info.type, info.domain) if part) or None
    if known := scheme_of(text):
        yield Identifier(*known, place, label, info.link)
        return
    yield Identifier("other", text, place, label, info.link)
    for number in numbers_inside(text):
        yield Identifier(*number, "text", label)


def _mesh(derived: Derived) -> Iterator[MeshTerm]:
    if conditions := derived.condition_browse_module:
        yield from _terms(conditions, "condition")
    if interventions := derived.intervention_browse_module:
        yield from _terms(interventions, "intervention")


def _terms(module: Browse, about: Literal["condition", "intervention"]) -> Iterator[MeshTerm]:
    for given in module.meshes:
        yield _term(given.id, given.term or "", about, ancestor=False)
    for given in module.ancestors:
        yield _term(given.id, given.term or "", about, ancestor=True)


@lru_cache(maxsize=32_768)  # MeSH has as many descriptors; a study has thirteen terms, mostly the same ancestors
def _term(ui: str | None, term: str, about: Literal["condition", "intervention"], *, ancestor: bool) -> MeshTerm:
    return MeshTerm(ui, term, about, ancestor)
