"""The shape of a ClinicalTrials.gov study (API v2), as far as it is read. No I/O.

msgspec checks the shape while it decodes and skips what is not named here (documents, single adverse events) without
building it. Everything but the number is optional; a field of another type than documented fails the study, with its
path.
"""

import re
from typing import Annotated

import msgspec

from actors.trials.normalise import NotReadable
from actors.trials.reading.ctgov.results import ResultsSection
from actors.trials.record import INT4_MAX

# An escaped NUL, but not an escaped backslash before the letters u0000.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
# The escape of one half of a surrogate pair without the other half beside it.
_HALF = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F]"
)


class _Shape(msgspec.Struct, rename="camel", gc=False):
    pass


class DateStruct(_Shape):
    date: str | None = None
    type: str | None = None


class IdInfo(_Shape):
    id: str | None = None
    type: str | None = None
    domain: str | None = None
    link: str | None = None


class Identification(_Shape):
    nct_id: str
    nct_id_aliases: tuple[str, ...] = ()
    org_study_id_info: IdInfo | None = None
    secondary_id_infos: tuple[IdInfo, ...] = ()
    brief_title: str | None = None
    official_title: str | None = None
    acronym: str | None = None


class ExpandedAccessInfo(_Shape):
    has_expanded_access: bool | None = None
    nct_id: str | None = None
    status_for_nct_id: str | None = None


class StatusModule(_Shape):
    overall_status: str | None = None
    last_known_status: str | None = None
    why_stopped: str | None = None
    start_date_struct: DateStruct | None = None
    primary_completion_date_struct: DateStruct | None = None
    completion_date_struct: DateStruct | None = None
    study_first_submit_date: str | None = None
    study_first_post_date_struct: DateStruct | None = None
    last_update_post_date_struct: DateStruct | None = None
    status_verified_date: str | None = None
    results_first_post_date_struct: DateStruct | None = None
    expanded_access_info: ExpandedAccessInfo | None = None


class Organisation(_Shape):
    name: str | None = None
    class_: str | None = msgspec.field(name="class", default=None)


class Sponsors(_Shape):
    lead_sponsor: Organisation | None = None
    collaborators: tuple[Organisation, ...] = ()


class Description(_Shape):
    brief_summary: str | None = None
    detailed_description: str | None = None


class Conditions(_Shape):
    conditions: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()


class Masking(_Shape):
    masking: str | None = None
    who_masked: tuple[str, ...] = ()


class DesignInfo(_Shape):
    allocation: str | None = None
    intervention_model: str | None = None
    observational_model: str | None = None
    primary_purpose: str | None = None
    masking_info: Masking | None = None


class Enrollment(_Shape):
    count: Annotated[int, msgspec.Meta(ge=0, le=INT4_MAX)] | None = None
    type: str | None = None


class DesignModule(_Shape):
    study_type: str | None = None
    phases: tuple[str, ...] = ()
    design_info: DesignInfo | None = None
    enrollment_info: Enrollment | None = None


class ArmGroup(_Shape):
    label: str | None = None
    type: str | None = None
    description: str | None = None
    intervention_names: tuple[str, ...] = ()


class StudyIntervention(_Shape):
    name: str | None = None
    type: str | None = None
    description: str | None = None
    other_names: tuple[str, ...] = ()


class ArmsInterventions(_Shape):
    arm_groups: tuple[ArmGroup, ...] = ()
    interventions: tuple[StudyIntervention, ...] = ()


class StudyOutcome(_Shape):
    measure: str | None = None
    description: str | None = None
    time_frame: str | None = None


class Outcomes(_Shape):
    primary_outcomes: tuple[StudyOutcome, ...] = ()
    secondary_outcomes: tuple[StudyOutcome, ...] = ()
    other_outcomes: tuple[StudyOutcome, ...] = ()


class EligibilityModule(_Shape):
    eligibility_criteria: str | None = None
    sex: str | None = None
    minimum_age: str | None = None
    maximum_age: str | None = None
    healthy_volunteers: bool | None = None
    std_ages: tuple[str, ...] = ()
    study_population: str | None = None
    sampling_method: str | None = None


class GeoPoint(_Shape):
    lat: Annotated[float, msgspec.Meta(ge=-90, le=90)] | None = None
    lon: Annotated[float, msgspec.Meta(ge=-180, le=180)] | None = None


class Person(_Shape):
    name: str | None = None
    role: str | None = None
    affiliation: str | None = None
    phone: str | None = None
    phone_ext: str | None = None
    email: str | None = None


class Location(_Shape):
    facility: str | None = None
    city: str | None = None
    state: str | None = None
    zip: str | None = None
    country: str | None = None
    status: str | None = None
    geo_point: GeoPoint | None = None
    contacts: tuple[Person, ...] = ()


class ContactsLocations(_Shape):
    central_contacts: tuple[Person, ...] = ()
    overall_officials: tuple[Person, ...] = ()
    locations: tuple[Location, ...] = ()


class Paper(_Shape):
    pmid: str | None = None
    type: str | None = None
    citation: str | None = None


class Papers(_Shape):
    references: tuple[Paper, ...] = ()


class SharingStatement(_Shape):
    ipd_sharing: str | None = None
    description: str | None = None
    info_types: tuple[str, ...] = ()
    time_frame: str | None = None
    access_criteria: str | None = None
    url: str | None = None


class Protocol(_Shape):
    identification_module: Identification
    status_module: StatusModule = msgspec.field(default_factory=StatusModule)
    sponsor_collaborators_module: Sponsors = msgspec.field(default_factory=Sponsors)
    description_module: Description = msgspec.field(default_factory=Description)
    conditions_module: Conditions = msgspec.field(default_factory=Conditions)
    design_module: DesignModule = msgspec.field(default_factory=DesignModule)
    arms_interventions_module: ArmsInterventions = msgspec.field(default_factory=ArmsInterventions)
    outcomes_module: Outcomes = msgspec.field(default_factory=Outcomes)
    eligibility_module: EligibilityModule = msgspec.field(default_factory=EligibilityModule)
    contacts_locations_module: ContactsLocations = msgspec.field(default_factory=ContactsLocations)
    references_module: Papers = msgspec.field(default_factory=Papers)
    ipd_sharing_statement_module: SharingStatement = msgspec.field(default_factory=SharingStatement)


class Term(_Shape):
    id: str | None = None
    term: str | None = None


class Browse(_Shape):
    meshes: tuple[Term, ...] = ()
    ancestors: tuple[Term, ...] = ()


class Derived(_Shape):
    condition_browse_module: Browse | None = None
    intervention_browse_module: Browse | None = None


class Study(_Shape):
    protocol_section: Protocol
    derived_section: Derived | None = None
    results_section: ResultsSection | None = None
    has_results: bool | None = None


_decode = msgspec.json.Decoder(Study).decode


def study(raw: bytes) -> Study:
    """The study that `raw` holds. Raises NotReadable with the reason and, where one field is at fault, the path.

    A NUL or broken text is refused wherever it stands: PostgreSQL could hold neither, and later readers of
    the kept bytes should not have to ask again.
    """
    if not raw.isascii():
        _check_utf8(raw)
    if rb"\u0000" in raw and _NUL.search(raw):
        raise NotReadable("holds the character U+0000, which PostgreSQL text cannot hold")
    try:
        return _decode(raw)
    except msgspec.DecodeError as error:
        if _HALF.search(raw) and not isinstance(error, msgspec.ValidationError):
            raise NotReadable(f"holds a lone surrogate, which is no character: {error}") from error
        raise NotReadable(str(error)) from error
    except RecursionError as error:
        raise NotReadable("is nested too deep") from error


def _check_utf8(raw: bytes) -> None:
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        raise NotReadable(f"is not valid UTF-8: byte {error.start}") from error
