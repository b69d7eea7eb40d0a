"""The words of ICTRP that have one of ours: some are its own, most its source registers'. No I/O."""

import re

from actors.trials.normalise import DAYS_PER
from actors.trials.reading.ictrp.text import line
from actors.trials.record import Phase, Sex, Status, StudyType

# ICTRP itself knows `Recruiting`, `Not recruiting` and `Authorised`: the latter two may mean that it has not begun, or
# that it is over, so they say nothing.
STATUSES: dict[str, Status] = {
    "recruiting": "recruiting",
    "open to recruitment": "recruiting",
    "open public recruiting": "recruiting",
    "open": "recruiting",
    "pending": "not_yet_recruiting",
    "pending (not yet recruiting)": "not_yet_recruiting",
    "not yet recruiting": "not_yet_recruiting",
    "not yet open to recruitment": "not_yet_recruiting",
    "preinitiation": "not_yet_recruiting",
    "enrolling by invitation": "enrolling_by_invitation",
    "active, not recruiting": "active_not_recruiting",
    "active not recruiting": "active_not_recruiting",
    "no longer recruiting": "active_not_recruiting",
    "closed to recruitment of participants": "active_not_recruiting",
    "closed: follow-up continuing": "active_not_recruiting",
    "suspended": "suspended",
    "temporary halt": "suspended",
    "temporarily halted": "suspended",
    "temporarily suspended": "suspended",
    "terminated": "terminated",
    "stopped early": "terminated",
    "prematurely ended": "terminated",
    "completed": "completed",
    "complete": "completed",
    "complete: follow-up complete": "completed",
    "main results already published": "completed",
    "withdrawn": "withdrawn",
    "available": "available",
    "no longer available": "no_longer_available",
    "temporarily not available": "temporarily_not_available",
    "approved for marketing": "approved_for_marketing",
}
_ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4"}
_PHASES: dict[str, Phase] = {"1": "phase_1", "2": "phase_2", "3": "phase_3", "4": "phase_4"}
_NO_PHASE = frozenset({"n/a", "na", "not applicable"})
_EUCTR_PHASE = re.compile(r"\(Phase (I{1,3}|IV)\)\s*:\s*yes", re.IGNORECASE)
_PART = re.compile(r"(?:phase[\s-]*)?(iv|i{1,3}|[1-4])[ab]?", re.IGNORECASE)
_SHEET = re.compile(r"[0-9]{4}-([0-9]{2})-([0-9]{2})(?: [0-9:.]+)?|([0-9]{1,2})[-/]([0-9]{1,2})[-/][0-9]{4}")

_AGE = re.compile(
    r"(?P<sign>[<>]=?|≥|≤)?\s*(?P<number>[0-9]{1,3})(?:\.0)?\s*-?\s*"
    r"(?P<unit>years?|y|months?|m|weeks?|w|days?|d|hours?|h|minutes?)?"
    r"(?:\(?s?\)?)(?:\s*-?\s*old)?\s*",
    re.IGNORECASE,
)
_AGE_IN_BRACKETS = re.compile(r"([0-9]{1,3})\s*\(\s*(year|month|week|day|hour)s?\s*\)", re.IGNORECASE)
_AGE_OLD = re.compile(r"([<>]=?)?\s*([0-9]{1,3})\s*age ?old", re.IGNORECASE)
_UNITS = {"y": "year", "m": "month", "w": "week", "d": "day", "h": "hour"}
_TARGET = re.compile(r"[^;]*?:\s*([0-9]{1,9})\s*")
_YES = re.compile(r"(female|male)\s*:\s*(yes|no)", re.IGNORECASE)
MOST_ENROLLED = 10**9
LONGEST_CELL = 255  # characters, at which some exports cut a cell


def status_of(text: str | None) -> Status:
    return STATUSES.get((line(text) or "").lower(), "unknown")


def study_type_of(text: str | None) -> StudyType:
    plain = (line(text) or "").lower()
    if plain.startswith("observational"):
        return "observational"
    if plain.startswith("intervention"):
        return "interventional"
    return "expanded_access" if plain.startswith("expanded access") else "unknown"


def phases_of(text: str | None) -> tuple[Phase, ...]:
    """Nothing for words that name no phase, among them `0`, which registers also write where there is none.

    Spreadsheets take `2-3` for a day: its day and month are the two phases, whichever of them came first.
    """
    plain = line(text) or ""
    if "(phase " in plain.lower():
        return _ordered({_ROMAN[one.lower()] for one in _EUCTR_PHASE.findall(plain)})
    if plain.lower() in _NO_PHASE:
        return ("not_applicable",)
    if plain.lower().startswith("early phase 1"):
        return ("early_phase_1",)
    if match := _SHEET.fullmatch(plain):
        numbers = {str(int(one)) for one in match.groups() if one}
        return _ordered(numbers) if len(numbers) == 2 and numbers <= _PHASES.keys() else ()
    parts = [_PART.fullmatch(part.strip()) for part in re.split(r"[/,+]|(?<=[0-9IViv])-(?=[0-9IViv])|\band\b", plain)]
    if not all(parts):
        return ()
    return _ordered({_ROMAN.get(part[1].lower(), part[1]) for part in parts if part})


def _ordered(numbers: set[str]) -> tuple[Phase, ...]:
    return tuple(phase for number, phase in _PHASES.items() if number in numbers)


def sex_of(text: str | None) -> Sex | None:
    plain = (line(text) or "").lower()
    if told := dict(_YES.findall(plain)):
        chosen = {one for one, is_in in told.items() if is_in == "yes"}
    else:
        words = set(re.findall(r"[a-z]+", plain))
        if words & {"all", "both"}:
            return "all"
        chosen = ({"female"} if words & {"female", "females"} else set()) | (
            {"male"} if words & {"male", "males"} else set()
        )
    if chosen == {"female", "male"}:
        return "all"
    return "female" if chosen == {"female"} else "male" if chosen == {"male"} else None


def youngest_days(text: str | None) -> int | None:
    """A lower bound in days; None where there is none, or it is not understood."""
    return _age_days(text)


def oldest_days(text: str | None) -> int | None:
    """An upper bound in days; some registers write 0 where there is none."""
    return None if re.match(r"0(?![0-9])", line(text) or "") else _age_days(text)


def _age_days(text: str | None) -> int | None:
    """Ages in all notations; a bare number is years, as the registers that write them mean it."""
    plain = line(text) or ""
    if match := _AGE_IN_BRACKETS.fullmatch(plain) or _AGE_IN_BRACKETS.match(plain):
        return int(int(match[1]) * DAYS_PER[match[2].lower()])
    if match := _AGE_OLD.fullmatch(plain):
        return int(int(match[2]) * DAYS_PER["year"])
    match = _AGE.fullmatch(plain)
    if match is None:
        return None
    unit = (match["unit"] or "year").lower()
    unit = _UNITS.get(unit, unit.removesuffix("s"))
    return int(int(match["number"]) * DAYS_PER[unit])


def target_of(text: str | None) -> int | None:
    """How many are wanted; of groups (`group A:30;group B:30`) the sum, where every group says a number."""
    plain = line(text) or ""
    if plain.isascii() and plain.isdigit():
        number = int(plain)
        return number if number <= MOST_ENROLLED else None
    groups = [group for group in plain.split(";") if group.strip()]
    # A name may itself hold a semicolon, so that a part without a number belongs to the next; the last must have one.
    numbers = [match for group in groups if (match := _TARGET.fullmatch(group))]
    if not numbers or _TARGET.fullmatch(groups[-1]) is None or len(plain) >= LONGEST_CELL:
        return None
    total = sum(int(match[1]) for match in numbers)
    return total if total <= MOST_ENROLLED else None
