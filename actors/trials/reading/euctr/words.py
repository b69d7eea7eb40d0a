"""The words of the EU Clinical Trials Register that have one of ours. No I/O."""

from actors.trials.record import Phase, Status

# What a country's record says of the trial there. The register does not tell whether patients are recruited: of a trial
# that is "Ongoing" nothing more is known.
STATUSES: dict[str, Status] = {
    "ongoing": "unknown",
    "restarted": "unknown",
    "trial now transitioned": "unknown",
    "gb - no longer in eu/eea": "unknown",
    "temporarily halted": "suspended",
    "suspended by ca": "suspended",
    "completed": "completed",
    "prematurely ended": "terminated",
    "prohibited by ca": "terminated",
    "not authorised": "withdrawn",
}
# Which of them speaks for the trial as a whole: the first of these that a country says. A trial goes on as long as it
# does anywhere; what was refused somewhere counts only where nothing else is said.
LOUDEST_FIRST = (
    "ongoing", "restarted", "trial now transitioned", "temporarily halted", "suspended by ca", "completed",
    "prematurely ended", "prohibited by ca", "not authorised", "gb - no longer in eu/eea",
)  # fmt: skip
# Code, how its words begin, and the phase.
PHASES: tuple[tuple[str, str, Phase], ...] = (
    ("E.7.1", "Human pharmacology", "phase_1"),
    ("E.7.2", "Therapeutic exploratory", "phase_2"),
    ("E.7.3", "Therapeutic confirmatory", "phase_3"),
    ("E.7.4", "Therapeutic use", "phase_4"),
)
# Code, the group as the register names it, its youngest and its oldest in the words of an age; None is no bound.
AGE_GROUPS: tuple[tuple[str, str, str | None, str | None], ...] = (
    ("F.1.1.1", "In Utero", None, "0 days"),
    ("F.1.1.2", "Preterm newborn infants", "0 days", "27 days"),
    ("F.1.1.3", "Newborns (0-27 days)", "0 days", "27 days"),
    ("F.1.1.4", "Infants and toddlers (28 days-23 months)", "28 days", "23 months"),
    ("F.1.1.5", "Children (2-11 years)", "2 years", "11 years"),
    ("F.1.1.6", "Adolescents (12-17 years)", "12 years", "17 years"),
    ("F.1.1", "Under 18", None, "17 years"),
    ("F.1.2", "Adults (18-64 years)", "18 years", "64 years"),
    ("F.1.3", "Elderly (>=65 years)", "65 years", None),
)
SCOPES = (
    ("E.6.1", "Diagnosis"), ("E.6.2", "Prophylaxis"), ("E.6.3", "Therapy"), ("E.6.4", "Safety"), ("E.6.5", "Efficacy"),
    ("E.6.6", "Pharmacokinetic"), ("E.6.7", "Pharmacodynamic"), ("E.6.8", "Bioequivalence"), ("E.6.9", "Dose response"),
    ("E.6.10", "Pharmacogenetic"), ("E.6.11", "Pharmacogenomic"), ("E.6.12", "Pharmacoeconomic"),
)  # fmt: skip
MODELS = (("E.8.1.5", "Parallel group"), ("E.8.1.6", "Cross over"))
MASKINGS = (("E.8.1.2", "Open"), ("E.8.1.3", "Single blind"), ("E.8.1.4", "Double blind"))
COUNTRIES = {"UK": "United Kingdom"}
