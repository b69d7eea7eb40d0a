"""How values are written for people, in pages. No I/O."""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType
from typing import Any

from markupsafe import Markup

from actors.trials.marks import Span, plain, to_html

STATUS_WORDS = MappingProxyType({
    "not_yet_recruiting": "Not yet recruiting", "enrolling_by_invitation": "By invitation",
    "active_not_recruiting": "Active, not recruiting", "no_longer_available": "No longer available",
    "ok": "OK", "never": "Not complete yet",
    "temporarily_not_available": "Not available for now", "approved_for_marketing": "Approved for marketing",
})  # fmt: skip

STAGES = MappingProxyType({
    "early_phase_1": "Early phase 1", "phase_1": "Phase 1", "phase_2": "Phase 2", "phase_3": "Phase 3",
    "phase_4": "Phase 4", "not_applicable": "Not applicable",
})  # fmt: skip


def words(value: str | None) -> str:
    """A word of a closed vocabulary: `not_yet_recruiting` is "Not yet recruiting"."""
    if not value:
        return "not stated"
    return STATUS_WORDS.get(value) or STAGES.get(value) or value.replace("_", " ").capitalize()


def number(value: float | None) -> str:
    """12345 is "12,345"."""
    if value is None:
        return "–"
    step = Decimal(1) if float(value).is_integer() or abs(value) >= 100 else Decimal("0.1")
    return f"{Decimal(value).quantize(step, ROUND_HALF_UP):,}"


def size(value: int | None) -> str:
    """1536 is "1.5 kB", of 1024 each."""
    if value is None:
        return "–"
    amount, unit = float(value), "B"
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1024 or unit == "GB":
            break
        amount /= 1024
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"


def room(value: int) -> str:
    """1500000 is "1.5 MB", of 1000 each, as quotas are set."""
    amount, unit = float(value), "B"
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            break
        amount /= 1000
    return f"{amount:,.0f} {unit}" if unit == "B" or amount.is_integer() else f"{amount:,.1f} {unit}"


def duration(seconds: float | None) -> str:
    """3700 is "1 h 1 min"."""
    if seconds is None:
        return "–"
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, hours, days = whole // 60, whole // 3600, whole // 86_400
    if hours == 0:
        return f"{minutes} min {whole % 60} s"
    return f"{hours} h {minutes % 60} min" if days == 0 else f"{days} d {hours % 24} h"


def moment(at: datetime | str | None) -> str:
    """A time in UTC, to the second."""
    if at is None:
        return "–"
    at = datetime.fromisoformat(at) if isinstance(at, str) else at
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def percent(share: float | None) -> str:
    return "–" if share is None else f"{math.floor(share * 100 + 0.5)} %"


def marked(spans: Sequence[Span]) -> Markup:
    """Pieces of a record's text as HTML; `to_html` escapes each."""
    return Markup(to_html(spans))  # noqa: S704 - escaped piece by piece


def age(days: int | None) -> str:
    """An age as trials state it; 6570 days are "18 years"."""
    if days is None:
        return "not stated"
    for unit, length in (("year", 365), ("month", 30), ("week", 7)):
        if days >= length:
            amount = round(days / (365.25 if unit == "year" else 30.44 if unit == "month" else 7))
            return f"{amount} {unit}{'s' if amount != 1 else ''}"
    return f"{days} day{'s' if days != 1 else ''}"


def field_name(path: str) -> str:
    """`eligibility.min_age_days` is "Eligibility · min age days"."""
    return " · ".join(part.replace("_", " ") for part in path.split(".")).capitalize()


def written(value: Any, how: str) -> str:
    """As `how` says; static/wording.js writes the same when a value changes on the page."""
    if value is None or value == "":
        return "–"
    match how:
        case "number":
            return number(value)
        case "duration":
            return duration(value)
        case "ago":
            return f"{duration(value)} ago"
        case "moment":
            return moment(value)
        case "percent":
            return percent(value)
        case "words" | "state":
            return words(value)
        case _:
            return str(value)


FILTERS: Mapping[str, Callable[..., Any]] = MappingProxyType({
    "words": words, "number": number, "size": size, "room": room, "duration": duration, "moment": moment,
    "percent": percent, "marked": marked, "plain": plain, "written": written, "age": age, "field_name": field_name,
})  # fmt: skip
