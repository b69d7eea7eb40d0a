"""The names of ICTRP's fields, which differ from export to export. No I/O.

A name is compared by its letters and digits alone: `Date_enrollement` and `DateEnrollement` are one.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

# Names of one export under those of another, which are the ones used here.
_ALIASES = {
    "dateenrollment": "dateenrollement",
    "agemin": "inclusionagemin",
    "agemax": "inclusionagemax",
    "gender": "inclusiongender",
    "conditions": "condition",
    "interventions": "intervention",
    "primaryoutcomes": "primaryoutcome",
    "secondaryoutcomes": "secondaryoutcome",
    "secondarysponsors": "secondarysponsor",
    "secondaryid": "secondaryids",
    "sourceregistry": "sourceregister",
    "url": "webaddress",
    "weburl": "webaddress",
    "lastupdated": "lastrefreshedon",
    "nocolumnname": "lastrefreshedon",
    "unknown": "lastrefreshedon",  # what a reader of the full export without a header has called it
    "resultsactualenrollment": "resultsactualenrolment",
}
# The full export has no header. Its columns, as its list of data fields names them, and the day of the last update,
# which that list leaves out, in second place.
_COLUMNS = """
TrialID last_updated SecondaryIDs public_title Scientific_title url Public_Contact_Firstname Public_Contact_Lastname
Public_Contact_Address Public_Contact_Email Public_Contact_Tel Public_Contact_Affiliation Scientific_Contact_Firstname
Scientific_Contact_Lastname Scientific_Contact_Address Scientific_Contact_Email Scientific_Contact_Tel
Scientific_Contact_Affiliation study_type study_design phase Date_registration Date_enrollement Target_size
Recruitment_status Primary_sponsor Secondary_sponsors Source_Support Countries Conditions Interventions Agemin Agemax
Gender Inclusion_Criteria Exclusion_Criteria Primary_Outcome Secondary_Outcomes Bridging_flag Bridged_type Childs
type_enrolment Retrospective_flag results_actual_enrollment results_url_link results_summary results_date_posted
results_date_first_publication results_baseline_char results_participant_flow results_adverse_events
results_outcome_measures results_url_protocol results_IPD_plan results_IPD_description results_date_completed
results_yes_no Ethics_Status Ethics_Approval_Date Ethics_Contact_Name Ethics_Contact_Address Ethics_Contact_Phone
Ethics_Contact_Email
""".split()  # noqa: SIM905 -- 63 names, as their source lists them
_SIGN = re.compile(r"[^a-z0-9]+")
_TRIAL_ID = re.compile(r"\"?[A-Z][A-Za-z]{1,9}[-/A-Za-z]*[0-9][-/A-Za-z0-9]{3,40}\"?")


@lru_cache(maxsize=1024)
def name_of(written: str) -> str:
    plain = _SIGN.sub("", written.lower())
    return _ALIASES.get(plain, plain)


def names_of(header: Iterable[str]) -> tuple[str, ...]:
    return tuple(name_of(one) for one in header)


def headless(row: Sequence[str]) -> tuple[str, ...] | None:
    """The columns of an export without a header, by its first row; None where that is no trial."""
    if not row or _TRIAL_ID.fullmatch(row[0].strip()) is None:
        return None
    if len(row) == len(_COLUMNS):
        return names_of(_COLUMNS)
    if len(row) == len(_COLUMNS) - 1:
        return names_of([_COLUMNS[0], *_COLUMNS[2:]])
    return None


def named(names: Sequence[str], row: Sequence[str]) -> Mapping[str, str]:
    """A row by the names of its columns; of two that have one name, the first that says something."""
    values: dict[str, str] = {}
    for name, value in zip(names, row, strict=False):
        if not values.get(name, "").strip():
            values[name] = value
    return values
