"""What registries write, read into what we keep: partial dates, ages, registry numbers. No I/O."""

import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache

from actors.trials.identity import RegistryId, found_in, parse
from actors.trials.record import Precision, When

DAYS_PER = {"year": 365.25, "month": 365.25 / 12, "week": 7.0, "day": 1.0, "hour": 1 / 24, "minute": 1 / 1440}

_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_AGE = re.compile(r"\s*([0-9]{1,4})\s*(year|month|week|day|hour|minute)s?\s*", re.IGNORECASE)


class NotReadable(ValueError):
    """A datum is not written as its source documents it; the message says what was expected."""


@lru_cache(maxsize=65_536)  # a mirror holds some ten thousand different dates, each of them many times
def when(text: str, actual: bool | None = None) -> When:
    """The date that `text` states, as precise as it is: YYYY, YYYY-MM or YYYY-MM-DD. Raises NotReadable."""
    match = _DATE.fullmatch(text)
    if match is None:
        raise NotReadable(f"{text[:40]!r} is not a date (YYYY, YYYY-MM or YYYY-MM-DD)")
    year, month, day = match.groups()
    precision: Precision = "day" if day else "month" if month else "year"
    try:
        return When(date(int(year), int(month or 1), int(day or 1)), precision, actual)
    except ValueError as error:
        raise NotReadable(f"{text[:40]!r} is not a date: {error}") from error


def age_days(text: str | None) -> int | None:
    """An age such as "6 Months" in whole days, rounded down; None where none is stated ("N/A") or understood.

    A year is 365.25 days and a month a twelfth of it, so "12 Months" equals "1 Year".
    """
    match = _AGE.fullmatch(text) if text else None
    return int(int(match[1]) * DAYS_PER[match[2].lower()]) if match else None


def scheme_of(text: str) -> tuple[str, str] | None:
    """The register whose number `text` is as a whole, and that number in the register's spelling."""
    number = parse(text)
    return (number.scheme, _spelled(number)) if number else None


def numbers_inside(text: str) -> Iterator[tuple[str, str]]:
    """Registry numbers that stand inside a longer text, as (scheme, number), in the order of the text."""
    for number in found_in(text):
        yield number.scheme, _spelled(number)


def _spelled(number: RegistryId) -> str:
    """A resubmission is another record of its register; the countries of a trial are one."""
    return str(number) if number.scheme == "euct" else number.value
