"""TrialSage's CER generator: its people and projects; reports have no place yet. No I/O."""

from actors.replaced import System
from actors.replaced.people import read_person
from actors.replaced.projects import read_project

REPORTS = "reports have no place yet"
PLANS = "quality plans have no place yet"

SYSTEM = System(
    "cer",
    "TrialSage CER Generator",
    tables={"users": read_person, "projects": read_project},
    beside={"users": ("id",)},
    no_place={
        "cer_jobs": REPORTS,
        "templates": REPORTS,
        "cer_approvals": REPORTS,
        "cer_reports": REPORTS,
        "cer_sections": REPORTS,
        "cer_products": REPORTS,
        "cer_data_sources": REPORTS,
        "cer_analysis_results": REPORTS,
        "plans": PLANS,
        "ctq_factors": PLANS,
        "waivers": PLANS,
        "traceability": PLANS,
    },
)
