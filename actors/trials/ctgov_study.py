"""One ClinicalTrials.gov study (API v2) read into a Trial. No I/O."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

from actors.trials.ctgov_shape import (
    Browse,
    DateStruct,
    Derived,
    DesignInfo,
    EligibilityModule,
    Enrollment,
    Identification,
    IdInfo,
    Locations,
    Outcomes,
    Party,
    study,
)
from actors.trials.normalise import NotReadable, age_days, numbers_inside, scheme_of, when
from actors.trials.record import (
    Arm,
    Design,
    Eligibility,
    Identifier,
    Intervention,
    MeshTerm,
    Outcome,
    Phase,
    Sex,
    Site,
    Status,
    StudyType,
    Trial,
    When,
)

STATUSES: dict[str, Status] = {
    "NOT_YET_RECRUITING": "not_yet_recruiting",
    "RECRUITING": "recruiting",
    "ENROLLING_BY_INVITATION": "enrolling_by_invitation",
    "ACTIVE_NOT_RECRUITING": "active_not_recruiting",
    "SUSPENDED": "suspended",
    "TERMINATED": "terminated",
    "COMPLETED": "completed",
    "WITHDRAWN": "withdrawn",
    "AVAILABLE": "available",
    "NO_LONGER_AVAILABLE": "no_longer_available",
    "TEMPORARILY_NOT_AVAILABLE": "temporarily_not_available",
    "APPROVED_FOR_MARKETING": "approved_for_marketing",
    "WITHHELD": "withheld",
    "UNKNOWN": "unknown",
}
PHASES: dict[str, Phase] = {
    "NA": "not_applicable",
    "EARLY_PHASE1": "early_phase_1",
    "PHASE1": "phase_1",
    "PHASE2": "phase_2",
    "PHASE3": "phase_3",
    "PHASE4": "phase_4",
}
STUDY_TYPES: dict[str, StudyType] = {
    "INTERVENTIONAL": "interventional",
    "OBSERVATIONAL": "observational",
    "EXPANDED_ACCESS": "expanded_access",
}
SEXES: dict[str, Sex] = {"ALL": "all", "FEMALE": "female", "MALE": "male"}
ACTUAL = {"ACTUAL": True, "ESTIMATED": False}

_NCT = re.compile(r"NCT[0-9]{8}")


def read_study(raw: bytes) -> Trial:
    """The trial that one study's JSON holds. Raises NotReadable with the reason."""
    source = study(raw)
    protocol = source.protocol_section
    ident = protocol.identification_module
    if _NCT.fullmatch(ident.nct_id) is None:
        raise NotReadable(f"nctId {ident.nct_id[:40]!r} is not NCT and eight digits")
    dates, design, about = protocol.status_module, protocol.design_module, protocol.description_module
    sponsors, words = protocol.sponsor_collaborators_module, protocol.conditions_module
    arms, sites = protocol.arms_interventions_module, _sites(protocol.contacts_locations_module)
    lead, enrolled = sponsors.lead_sponsor or Party(), design.enrollment_info or Enrollment()
    return Trial(
        registry="ctgov",
        registry_id=ident.nct_id,
        url=f"https://clinicaltrials.gov/study/{ident.nct_id}",
        title=ident.brief_title,
        status=STATUSES.get(dates.overall_status or "", "unknown"),
        status_raw=dates.overall_status,
        official_title=ident.official_title,
        acronym=ident.acronym,
        ids=_ids(ident),
        summary=about.brief_summary,
        description=about.detailed_description,
        why_stopped=dates.why_stopped,
        study_type=STUDY_TYPES.get(design.study_type or "", "unknown"),
        study_type_raw=design.study_type,
        phases=tuple(PHASES[phase] for phase in design.phases if phase in PHASES),
        phases_raw=design.phases,
        design=_design(design.design_info),
        start=_when(dates.start_date_struct, "startDateStruct"),
        primary_completion=_when(dates.primary_completion_date_struct, "primaryCompletionDateStruct"),
        completion=_when(dates.completion_date_struct, "completionDateStruct"),
        first_submitted=_day(dates.study_first_submit_date, "studyFirstSubmitDate"),
        first_posted=_when(dates.study_first_post_date_struct, "studyFirstPostDateStruct"),
        last_updated=_when(dates.last_update_post_date_struct, "lastUpdatePostDateStruct"),
        verified=_day(dates.status_verified_date, "statusVerifiedDate"),
        results_posted=_when(dates.results_first_post_date_struct, "resultsFirstPostDateStruct"),
        has_results=source.has_results,
        enrolment=enrolled.count,
        enrolment_actual=ACTUAL.get(enrolled.type or ""),
        sponsor=lead.name,
        sponsor_class=lead.class_,
        collaborators=tuple(party.name for party in sponsors.collaborators if party.name),
        conditions=words.conditions,
        keywords=words.keywords,
        interventions=tuple(
            Intervention(given.name or "", given.type, given.description, given.other_names)
            for given in arms.interventions
        ),
        arms=tuple(Arm(arm.label or "", arm.type, arm.description, arm.intervention_names) for arm in arms.arm_groups),
        outcomes=tuple(_outcomes(protocol.outcomes_module)),
        mesh=tuple(_mesh(source.derived_section or Derived())),
        eligibility=_eligibility(protocol.eligibility_module),
        countries=tuple(dict.fromkeys(site.country for site in sites if site.country)),
        sites=sites,
        references=tuple(dict.fromkeys(paper.pmid for paper in protocol.references_module.references if paper.pmid)),
    )


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
        yield Identifier(*known, place, label)
        return
    yield Identifier("other", text, place, label)
    for number in numbers_inside(text):
        yield Identifier(*number, "text", label)


def _design(info: DesignInfo | None) -> Design:
    if info is None:
        return Design()
    masking = info.masking_info.masking if info.masking_info else None
    return Design(info.allocation, info.intervention_model or info.observational_model, info.primary_purpose, masking)


def _when(given: DateStruct | None, name: str) -> When | None:
    return _day(given.date, f"{name}.date", ACTUAL.get(given.type or "")) if given else None


def _day(text: str | None, name: str, actual: bool | None = None) -> When | None:
    if text is None:
        return None
    try:
        return when(text, actual)
    except NotReadable as error:
        raise NotReadable(f"{error} - at `$.protocolSection.statusModule.{name}`") from error


def _sites(module: Locations) -> tuple[Site, ...]:
    sites = []
    for at in module.locations:
        point = at.geo_point
        lat, lon = (point.lat, point.lon) if point else (None, None)
        sites.append(Site(at.facility, at.city, at.state, at.zip, at.country, at.status, lat, lon))
    return tuple(sites)


def _outcomes(module: Outcomes) -> Iterator[Outcome]:
    for given in module.primary_outcomes:
        yield Outcome("primary", given.measure or "", given.description, given.time_frame)
    for given in module.secondary_outcomes:
        yield Outcome("secondary", given.measure or "", given.description, given.time_frame)
    for given in module.other_outcomes:
        yield Outcome("other", given.measure or "", given.description, given.time_frame)


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


def _eligibility(given: EligibilityModule) -> Eligibility:
    return Eligibility(
        criteria=given.eligibility_criteria,
        sex=SEXES.get(given.sex or ""),
        min_age_days=age_days(given.minimum_age),
        max_age_days=age_days(given.maximum_age),
        min_age_raw=given.minimum_age,
        max_age_raw=given.maximum_age,
        healthy_volunteers=given.healthy_volunteers,
        age_groups=given.std_ages,
    )
