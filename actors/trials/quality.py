"""How complete a record is: a fifth for each of five things that a reader needs. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PARTS = ("official_title", "summary", "eligibility", "sites", "primary_outcomes")


@dataclass(frozen=True, slots=True)
class Quality:
    """`score` of 0.0 to 1.0 in steps of 0.2; `missing` names the parts that are not stated."""

    score: float
    missing: tuple[str, ...]

    @property
    def reason(self) -> str:
        if not self.missing:
            return "all five parts are stated"
        return "not stated: " + ", ".join(part.replace("_", " ") for part in self.missing)


def quality(record: Mapping[str, Any]) -> Quality:
    """Of a record as history.plain writes it."""
    stated = {
        "official_title": _is_stated(record.get("official_title")),
        "summary": _is_stated(record.get("summary")),
        "eligibility": _is_stated((record.get("eligibility") or {}).get("criteria")),
        "sites": bool(record.get("sites")),
        "primary_outcomes": any(one.get("kind") == "primary" for one in record.get("outcomes") or ()),
    }
    missing = tuple(part for part in PARTS if not stated[part])
    return Quality((len(PARTS) - len(missing)) / len(PARTS), missing)


def _is_stated(text: object) -> bool:
    return isinstance(text, str) and bool(text.strip())
