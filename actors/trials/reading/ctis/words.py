"""The codes and words of CTIS that have one of ours. No I/O.

Public status codes: the list of the public portal (read 2026-07); those of phases, ages, scopes and roles: records and
the overviews of the same trials.
"""

from actors.trials.record import Phase, Status

STATUSES: dict[str, Status] = {
    "1": "not_yet_recruiting",  # under evaluation
    "2": "not_yet_recruiting",  # authorised, recruitment pending
    "3": "recruiting",  # authorised, recruiting
    "4": "recruiting",  # ongoing, recruiting
    "5": "active_not_recruiting",  # ongoing, recruitment ended
    "6": "suspended",  # temporarily halted
    "7": "suspended",
    "8": "completed",  # ended; where all member states report an early termination: terminated
    "9": "withdrawn",  # expired: authorised, and nobody included within two years
    "10": "terminated",  # revoked
    "11": "withdrawn",  # not authorised
    "12": "withdrawn",  # cancelled
}
ENDED = "8"
# As overviews called the same until the relaunch of June 2024, and as texts call it today.
LABELS: dict[str, Status] = {
    "under evaluation": STATUSES["1"],
    "authorised, not started": STATUSES["2"],
    "authorised, recruitment pending": STATUSES["2"],
    "authorised, recruiting": STATUSES["3"],
    "ongoing, recruiting": STATUSES["4"],
    "ongoing, recruitment ended": STATUSES["5"],
    "temporarily halted": STATUSES["6"],
    "halted": STATUSES["6"],
    "suspended": STATUSES["7"],
    "ended": STATUSES["8"],
    "expired": STATUSES["9"],
    "revoked": STATUSES["10"],
    "not authorised": STATUSES["11"],
    "cancelled": STATUSES["12"],
    "withdrawn": STATUSES["12"],
    "lapsed": STATUSES["9"],
}
PHASES: dict[str, tuple[Phase, ...]] = {
    "1": ("phase_1",),  # first administration to humans
    "2": ("phase_1",),  # bioequivalence study
    "3": ("phase_1",),
    "4": ("phase_2",),
    "5": ("phase_3",),
    "6": ("phase_4",),
    "7": ("phase_1", "phase_2"),  # first administration to humans
    "8": ("phase_1", "phase_2"),  # bioequivalence study
    "9": ("phase_1", "phase_2"),
    "10": ("phase_2", "phase_3"),
    "11": ("phase_3", "phase_4"),
}
# Code: (label, youngest, oldest), in years.
AGES: dict[str, tuple[str, int | None, int | None]] = {
    "1": ("In utero", None, 0),
    "2": ("0-17 years", 0, 17),
    "3": ("18-64 years", 18, 64),
    "4": ("65+ years", 65, None),
}
SCOPES = {
    "1": "Diagnosis",
    "2": "Prophylaxis",
    "3": "Therapy",
    "4": "Safety",
    "5": "Efficacy",
    "6": "Pharmacokinetic",
    "7": "Pharmacodynamic",
    "8": "Bioequivalence",
    "9": "Dose response",
}
ROLES = {"1": "Test", "2": "Comparator", "3": "Placebo", "4": "Auxiliary"}
# Fields of numbers that bear a register's name, as that is written.
REGISTERS = {
    "nctNumber": "ClinicalTrials.gov",
    "isrctnNumber": "ISRCTN",
    "whoUniversalTrialNumber": "UTN",
    "additionalRegistries": None,
}
HEALTHY = "healthy volunteers"
# The languages of the Union and the Area, by the names that translations bear; ISO 639-1.
LANGUAGES = {
    "bulgarian": "bg", "croatian": "hr", "czech": "cs", "danish": "da", "dutch": "nl", "english": "en",
    "estonian": "et", "finnish": "fi", "french": "fr", "german": "de", "greek": "el", "hungarian": "hu",
    "icelandic": "is", "irish": "ga", "italian": "it", "latvian": "lv", "lithuanian": "lt", "maltese": "mt",
    "norwegian": "no", "polish": "pl", "portuguese": "pt", "romanian": "ro", "slovak": "sk", "slovenian": "sl",
    "spanish": "es", "swedish": "sv",
}  # fmt: skip
UNNAMED = "und"  # a language that the source gives a bare number for, of which no table is published
NOTHING = frozenset({"-", "n/a", "na", "not applicable", "none", "not available"})
