"""A person in the database: every column that can name one, how it is told to them, and what becomes of it. No I/O.

Somebody who is erased leaves nothing behind by which they could be found: what was theirs goes with their account, what
others rest on (a decision, an acknowledgement) stays and says `erased-7` in their place, and entries of the audit stay
as they are, for they bear a number whose login is blanked. tests/governance/test_persons.py walks the schema: a column
that could name somebody stands here, or says why it does not.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

SHORTEST_WORD = 3  # characters of what is looked for in the texts of others


class Fate(Enum):
    """What becomes of a column when somebody is erased."""

    GOES = "its row goes with the account"
    RENAMED = "it says erased-7 instead"
    BLANKED = "it is null from then on"
    SEARCHED = "their login, name and address are taken out of what it says"


@dataclass(frozen=True, slots=True)
class Place:
    """A table's columns that can name somebody; `told` names the statement that tells its rows of theirs."""

    table: str
    columns: Mapping[str, Fate]
    told: str | None = None


def _place(told: str | None = None, /, **columns: Fate) -> tuple[str | None, Mapping[str, Fate]]:
    return told, MappingProxyType(columns)


_GOES, _RENAMED, _BLANKED, _SEARCHED = Fate.GOES, Fate.RENAMED, Fate.BLANKED, Fate.SEARCHED

PLACES = tuple(
    Place(table, columns, told)
    for table, (told, columns) in {
        "users": _place("users", login=_GOES, name=_GOES, email=_GOES, password=_GOES, issuer=_GOES, subject=_GOES),
        "access_tokens": _place("tokens", user_id=_GOES, name=_GOES, sha256=_GOES),
        "sessions": _place("sessions", user_id=_GOES, agent=_GOES, sha256=_GOES),
        "refresh_tokens": _place(sha256=_GOES),
        "login_failures": _place("login_failures", login=_GOES),
        "project_members": _place("projects", user_id=_GOES),
        "feature_flag_rules": _place("flag_rules", user_id=_GOES),
        "watches": _place("watches", owner=_GOES, name=_GOES, query=_GOES, asked=_GOES),
        "notices": _place("notices", owner=_GOES),
        "webhooks": _place("webhooks", owner=_GOES, url=_GOES, secret=_GOES, last_error=_GOES, off_why=_GOES),
        "webhook_deliveries": _place("deliveries", last_error=_GOES),
        "delivery_attempts": _place(error=_GOES, excerpt=_GOES),
        "outbox": _place("outbox", owner=_GOES, data=_GOES),
        "events": _place("events", room=_GOES),
        "event_inbox": _place(room=_GOES),
        "access_requests": _place(
            "access_requests",
            requested_by=_GOES,
            decided_by=_BLANKED,
            revoked_by=_BLANKED,
            because=_SEARCHED,
            reason=_SEARCHED,
        ),
        "approvals": _place(
            "approvals",
            requested_by=_BLANKED,
            decided_by=_BLANKED,
            asked=_SEARCHED,
            because=_SEARCHED,
            reason=_SEARCHED,
        ),
        "alerts": _place("alerts", acknowledged_by=_RENAMED),
        "alert_episodes": _place("alert_episodes", acknowledged_by=_RENAMED),
        "alert_silences": _place("silences", made_by=_RENAMED, ended_by=_RENAMED, why=_SEARCHED),
        "service_mode": _place("mode", changed_by=_RENAMED, because=_SEARCHED),
        "feature_flags": _place("flags", changed_by=_RENAMED, says=_SEARCHED),
        "duplicate_decisions": _place("duplicate_decisions", by=_RENAMED, undone_by=_RENAMED, note=_SEARCHED),
        "duplicate_events": _place("duplicate_events", by=_RENAMED),
        "mesh_curated": _place("mesh_curated", by=_RENAMED, note=_SEARCHED),
        "mesh_decisions": _place("mesh_decisions", by=_RENAMED, note=_SEARCHED),
        "projects": _place(None, name=_SEARCHED, description=_SEARCHED),
        "stored_files": _place("files", uploaded_by=_BLANKED, name=_SEARCHED),
        "jobs": _place("jobs", payload=_RENAMED),
        "job_history": _place("job_history", payload=_RENAMED),
        "idempotency_keys": _place(None, answer=_SEARCHED),
        "audit_actors": _place("audit", login=_BLANKED),
    }.items()
)

# In this order, in one transaction; the account goes last, and much goes with it.
ERASED_BY = (
    "hand_over", "erase_access_requests", "erase_approvals", "erase_alerts", "erase_alert_episodes", "erase_silences",
    "erase_mode", "erase_flags", "erase_duplicate_decisions", "erase_duplicate_events", "erase_mesh_curated",
    "erase_mesh_decisions", "erase_projects", "erase_files", "erase_jobs", "erase_job_history", "erase_once",
    "erase_failures", "erase_audit", "erase_events", "erase_inbox", "erase_user",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """Whom it is about."""

    id: int
    tenant_id: int
    login: str
    name: str | None = None
    email: str | None = None

    @property
    def alias(self) -> str:
        """What stands in their place, where something must."""
        return f"erased-{self.id}"

    @property
    def own_words(self) -> str:
        """What names them in a text of their own, as a pattern of PostgreSQL."""
        return _pattern({self.login, self.name, self.email})

    @property
    def telling_words(self) -> str | None:
        """What names them in anybody's text: not a login such as `admin`, which is also a word."""
        words = {one for one in (self.login, self.name, self.email) if one and _is_telling(one)}
        return _pattern(words) if words else None


def _is_telling(word: str) -> bool:
    return len(word) >= SHORTEST_WORD and re.search(r"[^a-z]", word) is not None


def _pattern(words: set[str | None] | set[str]) -> str:
    """Any of them, the longest first, where no letter or digit stands beside it."""
    longest_first = sorted((word for word in words if word), key=lambda word: (-len(word), word))
    return f"(?<![[:alnum:]])(?:{'|'.join(map(_escaped, longest_first))})(?![[:alnum:]])"


def _escaped(word: str) -> str:
    return "".join(letter if letter.isalnum() else f"\\{letter}" for letter in word)
