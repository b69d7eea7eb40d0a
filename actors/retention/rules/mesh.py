"""MeSH as it was imported last, what trials are coded with, and what curators decided."""

from actors.retention import Held, Kept

KEPT = Kept(
    "mesh",
    held={
        "mesh_imports": Held.FOREVER,
        "mesh_curated": Held.FOREVER,
        "mesh_decisions": Held.FOREVER,
        "mesh_records": Held.MADE,  # by the next import
        "mesh_concepts": Held.MADE,
        "mesh_terms": Held.MADE,
        "mesh_places": Held.MADE,
        "mesh_actions": Held.MADE,
        "mesh_headings": Held.MADE,
        "mesh_words": Held.MADE,
        "mesh_staged_records": Held.WORK,
        "mesh_staged_concepts": Held.WORK,
        "mesh_staged_terms": Held.WORK,
        "mesh_staged_places": Held.WORK,
        "mesh_staged_actions": Held.WORK,
        "mesh_staged_headings": Held.WORK,
        "mesh_staged_words": Held.WORK,
        "mesh_counts": Held.MADE,
        "mesh_unmatched": Held.MADE,
        "mesh_coded": Held.OWNER,
        "trial_mesh": Held.OWNER,
        "trial_mesh_texts": Held.OWNER,
    },
)
