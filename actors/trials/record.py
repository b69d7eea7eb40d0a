"""One trial as every registry's record is read into it. No I/O.

Text is kept as the registry wrote it; a missing datum is None or an empty tuple, never a guess.
Closed vocabularies hold our word; the registry's own word is kept beside it (`…_raw`).
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, TypeAlias

from actors.trials.results import Results

Status = Literal[
    "not_yet_recruiting", "recruiting", "enrolling_by_invitation", "active_not_recruiting", "suspended",
    "terminated", "completed", "withdrawn", "available", "no_longer_available", "temporarily_not_available",
    "approved_for_marketing", "withheld", "unknown",
]  # fmt: skip
Phase = Literal["early_phase_1", "phase_1", "phase_2", "phase_3", "phase_4", "not_applicable"]
StudyType = Literal["interventional", "observational", "expanded_access", "unknown"]
Sex = Literal["all", "female", "male"]
Precision = Literal["day", "month", "year"]
Fields: TypeAlias = dict[str, Any]  # of a Trial, by their names
INT4_MAX = 2_147_483_647  # what a database integer holds


@dataclass(frozen=True, slots=True)
class When:
    """A date as precise as the source gave it: `day` is the first day of the month or year it stands for."""

    day: date
    precision: Precision
    actual: bool | None = None  # True: has happened; False: expected; None: the source does not say

    def __str__(self) -> str:
        """The date as precise as it is: 2027, 2027-02 or 2027-02-14."""
        return self.day.isoformat()[: {"year": 4, "month": 7, "day": 10}[self.precision]]


@dataclass(frozen=True, slots=True)
class Identifier:
    """A registry number or other id that the record itself states.

    `scheme` is `nct`, `eudract`, `euct`, `isrctn`, `utn`, … with the value in that register's own spelling,
    or `other` with the value as it stood. `place` says where: `text` is a number found inside a longer id.
    """

    scheme: str
    value: str
    place: Literal["main", "alias", "secondary", "organisation", "text"]
    label: str | None = None  # the source's own type or domain
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody who takes part in a trial: an organisation, with the kind that its registry gives it."""

    name: str
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to ask, or who answers for a trial, as the registry publishes it."""

    name: str | None = None
    role: str | None = None
    affiliation: str | None = None
    phone: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Intervention:
    name: str
    kind: str | None = None
    description: str | None = None
    other_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Arm:
    label: str
    kind: str | None = None
    description: str | None = None
    interventions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    kind: Literal["primary", "secondary", "other"]
    measure: str
    description: str | None = None
    time_frame: str | None = None


@dataclass(frozen=True, slots=True)
class Site:
    facility: str | None = None
    city: str | None = None
    region: str | None = None
    postcode: str | None = None
    country: str | None = None
    status_raw: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    contacts: tuple[Contact, ...] = ()


@dataclass(frozen=True, slots=True)
class MeshTerm:
    """A MeSH term that the source itself assigned; `ui` as given (zero-padded ids are repaired later)."""

    ui: str | None
    term: str
    about: Literal["condition", "intervention"]
    ancestor: bool = False


@dataclass(frozen=True, slots=True)
class Eligibility:
    criteria: str | None = None
    sex: Sex | None = None
    sex_raw: str | None = None
    min_age_days: int | None = None
    max_age_days: int | None = None
    min_age_raw: str | None = None
    max_age_raw: str | None = None
    healthy_volunteers: bool | None = None
    age_groups: tuple[str, ...] = ()
    population: str | None = None  # of an observational study: whom it looks at, and how they are chosen
    sampling: str | None = None


@dataclass(frozen=True, slots=True)
class Design:
    allocation: str | None = None
    model: str | None = None
    purpose: str | None = None
    masking: str | None = None
    masked: tuple[str, ...] = ()  # who does not know: PARTICIPANT, INVESTIGATOR, …


@dataclass(frozen=True, slots=True)
class Reference:
    """A publication that the record names; `kind` says whether it is background, a result, or was found by a number."""

    pmid: str | None = None
    kind: str | None = None
    citation: str | None = None


@dataclass(frozen=True, slots=True)
class Sharing:
    """What is said of sharing the data of individual participants."""

    plan: str | None = None
    description: str | None = None
    documents: tuple[str, ...] = ()
    time_frame: str | None = None
    access: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class ExpandedAccess:
    """Whether patients may get the treatment outside of the trial, and the number of the record for that: another's."""

    available: bool | None = None
    number: str | None = None
    status_raw: str | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    registry: str
    registry_id: str
    url: str
    title: str | None
    status: Status
    status_raw: str | None
    last_known_status: Status | None = None  # before the registry said `unknown`
    last_known_status_raw: str | None = None
    official_title: str | None = None
    acronym: str | None = None
    titles: tuple[tuple[str, str], ...] = ()  # (language, title) of further languages
    ids: tuple[Identifier, ...] = ()
    summary: str | None = None
    description: str | None = None
    why_stopped: str | None = None
    study_type: StudyType = "unknown"
    study_type_raw: str | None = None
    phases: tuple[Phase, ...] = ()
    phases_raw: tuple[str, ...] = ()
    design: Design = field(default_factory=Design)
    start: When | None = None
    primary_completion: When | None = None
    completion: When | None = None
    first_submitted: When | None = None
    first_posted: When | None = None
    last_updated: When | None = None
    verified: When | None = None
    results_posted: When | None = None
    has_results: bool | None = None
    enrolment: int | None = None
    enrolment_actual: bool | None = None
    sponsor: str | None = None
    sponsor_class: str | None = None
    collaborators: tuple[Party, ...] = ()
    conditions: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    interventions: tuple[Intervention, ...] = ()
    arms: tuple[Arm, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    mesh: tuple[MeshTerm, ...] = ()
    eligibility: Eligibility = field(default_factory=Eligibility)
    countries: tuple[str, ...] = ()
    sites: tuple[Site, ...] = ()
    contacts: tuple[Contact, ...] = ()  # for the trial as a whole
    officials: tuple[Contact, ...] = ()
    references: tuple[Reference, ...] = ()
    sharing: Sharing = field(default_factory=Sharing)
    expanded_access: ExpandedAccess = field(default_factory=ExpandedAccess)
    results: Results | None = None
