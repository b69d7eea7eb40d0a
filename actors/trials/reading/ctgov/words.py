"""The words of ClinicalTrials.gov (API v2) that have one of ours. No I/O."""

from actors.trials.record import Phase, Sex, Status, StudyType

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
