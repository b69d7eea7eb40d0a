"""What searches stand on."""

from actors.retention import Held, Kept

KEPT = Kept(
    "search",
    held={
        "search_words": Held.MADE,
        "search_names": Held.MADE,
        "search_places": Held.MADE,
        "search_seen": Held.MADE,
        "semantic_state": Held.MADE,
        "trial_vectors": Held.OWNER,
    },
)
