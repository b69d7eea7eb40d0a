"""Dates as ICTRP's exports write them, each source register its own way, and what spreadsheets made of them. No I/O.

Most registers write the day first, some the year; ClinicalTrials.gov's start of enrolment has a month in words. An
export that went through a spreadsheet may have the month where the day belongs: 5 March has become 3 May, and there may
be a time behind it (`2020-05-03 00:00:00`). Whether it was so, the date of registration tells, which the web export
gives in a second notation, YYYYMMDD; where it tells nothing (its day is above 12, say), the records beside it do. A
date with a time behind it for which nothing at all tells is kept as its year, which is sure.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from actors.trials.record import Precision, When

# Registers whose dates begin with the year; those of the others begin with the day.
# Source: registry_prefixes_date_formats.csv of COVID-trial-characteristics, and real exports.
YEAR_FIRST = ("ChiCTR", "CHICTR", "chictr", "IRCT", "KCT", "SLCTR")
NONE_BEFORE = date(1901, 1, 1)  # 1 January 1900 stands for no date

Order = Literal["as written", "swapped", "unknown"]
Usual = Mapping[bool, Order]  # of the registers that put the year first, and of the others

_BESIDE = ("dateenrollement", "lastrefreshedon")
_SPREADSHEET = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})[ T][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?")
_ISO = re.compile(r"([0-9]{4})(?:[-/]([0-9]{1,2})(?:[-/]([0-9]{1,2}))?)?")
_COMPACT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_DAY_FIRST = re.compile(r"([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})(?: [0-9:]+(?: ?[AP]M)?)?")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TIME = r"(?: [0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?: ?[AaPp][Mm])?)?"
_DAY_MONTH = re.compile(rf"([0-9]{{1,2}}) ([A-Za-z]{{3,9}})\.?,? ([0-9]{{4}}){_TIME}")  # 5 March 2020
_MONTH_DAY = re.compile(rf"([A-Za-z]{{3,9}})\.? (?:([0-9]{{1,2}}),? )?([0-9]{{4}}){_TIME}")  # March 5, 2020; March 2020


@dataclass(frozen=True, slots=True)
class Dates:
    """Reads the dates of one record."""

    year_first: bool
    order: Order

    def read(self, text: str | None, actual: bool | None = None) -> When | None:
        """None where no date is stated or understood."""
        plain = " ".join((text or "").split())
        if match := _SPREADSHEET.fullmatch(plain):
            year, month, day = map(int, match.groups())
            return self._from_spreadsheet(year, month, day, actual)
        if match := _COMPACT.fullmatch(plain):
            return _when(int(match[1]), int(match[2]), int(match[3]), "day", actual)
        if match := _ISO.fullmatch(plain):
            precision: Precision = "day" if match[3] else "month" if match[2] else "year"
            month, day = int(match[2] or 1), int(match[3] or 1)
            month, day = (day, month) if precision == "day" and self.order == "swapped" and day <= 12 else (month, day)
            return _when(int(match[1]), month, day, precision, actual)
        if match := _DAY_FIRST.fullmatch(plain):
            return self._from_numbers(int(match[1]), int(match[2]), int(match[3]), actual)
        return _from_words(plain, actual)

    def _from_spreadsheet(self, year: int, month: int, day: int, actual: bool | None) -> When | None:
        if day > 12 or day == month:  # it had no choice, or none that matters
            return _when(year, month, day, "day", actual)
        match "as written" if self.year_first and self.order == "unknown" else self.order:
            case "as written":
                return _when(year, month, day, "day", actual)
            case "swapped":
                return _when(year, day, month, "day", actual)
            case "unknown":
                return _when(year, 1, 1, "year", actual)

    def _from_numbers(self, day: int, month: int, year: int, actual: bool | None) -> When | None:
        """The day first, unless only the other way it is a date, or the days of this record are known to be swapped."""
        if month > 12 >= day or (self.order == "swapped" and day <= 12):
            day, month = month, day
        return _when(year, month, day, "day", actual)


def dates_of(trial_id: str, values: Mapping[str, str], usual: Usual | None = None) -> Dates:
    """How the dates of a record are to be read; `usual`: how those of the records beside it are."""
    year_first, own = is_year_first(trial_id), order_of(values)
    return Dates(year_first, own if own != "unknown" or usual is None else usual[year_first])


def is_year_first(trial_id: str) -> bool:
    return trial_id.startswith(YEAR_FIRST)


def usual_orders(records: Iterable[tuple[str, Mapping[str, str]]]) -> Usual:
    """What the records of an export say, if they agree: those with the day first, and those with the year first."""
    said: dict[bool, set[Order]] = {False: set(), True: set()}
    for trial_id, values in records:
        said[is_year_first(trial_id)].add(order_of(values))
    return {first: _agreed(orders - {"unknown"}) for first, orders in said.items()}


def _agreed(orders: set[Order]) -> Order:
    return next(iter(orders)) if len(orders) == 1 else "unknown"


def order_of(values: Mapping[str, str]) -> Order:
    """What became of the days of a record, by its date of registration in both notations."""
    written, sure = (" ".join(values.get(name, "").split()) for name in ("dateregistration", "dateregistration3"))
    sheet, numbers, known = _SPREADSHEET.fullmatch(written), _DAY_FIRST.fullmatch(written), _COMPACT.fullmatch(sure)
    iso = _ISO.fullmatch(written)
    if sheet:
        month, day = int(sheet[2]), int(sheet[3])
        if day > 12:
            return "as written"  # it took the day to be first
    elif numbers:
        month, day = int(numbers[2]), int(numbers[1])
        has_sheet = any(_SPREADSHEET.fullmatch(values.get(name, "").strip()) for name in _BESIDE)
        if day > 12 and has_sheet:
            return "swapped"  # left as text where others became dates: it can be none with the month first
    elif iso and iso[3]:
        month, day = int(iso[2]), int(iso[3])
    else:
        return "unknown"
    if known is None or day == month:
        return "unknown"
    if (month, day) == (int(known[2]), int(known[3])):
        return "as written" if day <= 12 else "unknown"
    return "swapped" if (day, month) == (int(known[2]), int(known[3])) else "unknown"


def _when(year: int, month: int, day: int, precision: Precision, actual: bool | None) -> When | None:
    try:
        found = date(year, month, day)
    except ValueError:
        return None
    return When(found, precision, actual) if found >= NONE_BEFORE else None


def _from_words(text: str, actual: bool | None) -> When | None:
    if match := _DAY_MONTH.fullmatch(text):
        day, name, year = match.groups()
    elif match := _MONTH_DAY.fullmatch(text):
        name, day, year = match.groups()
    else:
        return None
    month = _MONTHS.index(name[:3].lower()) + 1 if name[:3].lower() in _MONTHS else 0
    return _when(int(year), month, int(day or 1), "day" if day else "month", actual)
