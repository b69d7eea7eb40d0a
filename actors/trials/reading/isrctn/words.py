"""The words of ISRCTN that have one of ours. No I/O."""

from actors.trials.record import Phase, Sex, Status, StudyType

# What editors set over what the dates say.
OVERRIDES: dict[str, Status] = {
    "stopped": "terminated",
    "terminated": "terminated",
    "suspended": "suspended",
    "withdrawn": "withdrawn",
    "completed": "completed",
    "no longer recruiting": "active_not_recruiting",
    "recruiting": "recruiting",
    "not yet recruiting": "not_yet_recruiting",
    "enrolling by invitation": "enrolling_by_invitation",
}
STUDY_TYPES: dict[str, StudyType] = {"interventional": "interventional", "observational": "observational"}
PHASES: dict[str, tuple[Phase, ...]] = {
    "phase 0": ("early_phase_1",),
    "phase i": ("phase_1",),
    "phase i/ii": ("phase_1", "phase_2"),
    "phase ii": ("phase_2",),
    "phase ii/iii": ("phase_2", "phase_3"),
    "phase iii": ("phase_3",),
    "phase iii/iv": ("phase_3", "phase_4"),
    "phase iv": ("phase_4",),
    "not applicable": ("not_applicable",),
}
SEXES: dict[str, Sex] = {"all": "all", "both": "all", "female": "female", "male": "male"}
# In the words of ClinicalTrials.gov, so that one filter serves all registries; any other type is OTHER.
SPONSORS = {"industry": "INDUSTRY", "government": "OTHER_GOV"}
UNTYPED = frozenset({"not defined", "not specified", "not known"})
RESULTS = frozenset({
    "resultsarticle", "basicresults", "abstract", "interimresults", "plainenglishresults", "posterresults", "preprint",
    "thesis", "funderreport", "bookresults",
})  # fmt: skip
HEALTHY = "healthy volunteer"
NOTHING = frozenset({
    "-", "n/a", "na", "nil", "nil known", "none", "not applicable", "not available", "not known", "not specified",
    "not provided at time of registration", "not provided at registration",
})  # fmt: skip
