"""ResearchFlow: its people and projects; guideline cards and drafts have no place yet. No I/O."""

from actors.replaced import System
from actors.replaced.people import read_person
from actors.replaced.projects import read_project

CARDS = "guideline cards have no place yet: scores come with triald, each with its source and worked examples"

SYSTEM = System(
    "researchflow",
    "ResearchFlow",
    tables={"users": read_person, "projects": read_project},
    beside={"users": ("id",)},
    no_place={
        "system_cards": CARDS,
        "guideline_cards": CARDS,
        "rule_specs": CARDS,
        "evidence_statements": CARDS,
        "validation_blueprints": CARDS,
        "governance_config": "the mode is this service's own: triald mode",
        "feature_flags": "flags are this service's own",
        "audit_logs": "an audit is of one service: keep that file beside",
        "approvals": "what waited there ended there",
        "artifacts": "drafts have no place yet",
        "manuscripts": "drafts have no place yet",
        "citations": "literature has no place yet",
        "yjs_documents": "drafts have no place yet",
    },
)
