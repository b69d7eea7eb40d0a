"""Dates as precise as a source gave them ("2027", "2027-02", "2027-02-14"): their first and last day. No I/O."""

from calendar import monthrange
from datetime import date


def first_day(written: str | None) -> date | None:
    """None where nothing is stated, or what is stated is no date."""
    parts = _parts(written)
    return _day(*parts, *(1, 1)[len(parts) - 1 :]) if parts else None


def last_day(written: str | None) -> date | None:
    """Of a month or a year, its last day."""
    match _parts(written):
        case [year]:
            return _day(year, 12, 31)
        case [year, month]:
            first = _day(year, month, 1)
            return first.replace(day=monthrange(year, month)[1]) if first else None
        case [year, month, day]:
            return _day(year, month, day)
        case _:
            return None


def months_after(day: date, months: int) -> date | None:
    """The same day so many months later, or the month's last; None beyond the calendar."""
    count = day.year * 12 + day.month - 1 + months
    year, month = divmod(count, 12)
    first = _day(year, month + 1, 1)
    return first.replace(day=min(day.day, monthrange(year, month + 1)[1])) if first else None


def _parts(written: str | None) -> list[int]:
    parts = written.split("-") if isinstance(written, str) else []
    return [int(part) for part in parts] if 0 < len(parts) <= 3 and all(_is_number(part) for part in parts) else []


def _is_number(part: str) -> bool:
    return part.isascii() and part.isdigit() and len(part) <= 4


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
