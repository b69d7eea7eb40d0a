"""Clay Studio's analysis sandbox: its projects; analyses have no place yet. No I/O."""

from actors.replaced import System
from actors.replaced.people import read_person
from actors.replaced.projects import read_project

ANALYSES = "analyses have no place yet"

SYSTEM = System(
    "clay",
    "Clay Studio Analysis Sandbox",
    tables={"users": read_person, "projects": read_project},
    beside={"users": ("id",)},
    no_place={
        "analyses": ANALYSES,
        "analysis_versions": ANALYSES,
        "analysis_jobs": ANALYSES,
        "analysis_schedules": ANALYSES,
        "analysis_dependencies": ANALYSES,
        "datasources": "data sources have no place yet, and their passwords never",
        "project_duckdb": ANALYSES,
        "mcp_application_states": "of another service's days",
    },
)
