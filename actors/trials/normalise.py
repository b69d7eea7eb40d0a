"""What registries write, read into what we keep: partial dates, ages, registry numbers. No I/O."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

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


@dataclass(frozen=True, slots=True)
class Scheme:
    """How one register writes its numbers. `inside`: distinctive enough to be found within a longer text."""

    name: str
    whole: re.Pattern[str]
    inside: re.Pattern[str] | None
    spelling: str  # the number as the register itself writes it, `{}` for each group of the pattern
    lower: bool  # letters in the groups are lower case


def _scheme(name: str, pattern: str, spelling: str, *, inside: bool = True, lower: bool = False) -> Scheme:
    flags = re.IGNORECASE | re.ASCII
    within = re.compile(rf"(?<![0-9A-Z]){pattern}(?![0-9A-Z])", flags) if inside else None
    return Scheme(name, re.compile(pattern, flags), within, spelling, lower)


# Patterns: ctregistries and ctrdata (both R), and the spellings that real records show. People write any dash
# or space between the blocks of a number; a bare run of digits is taken for no register's number.
_LABEL = r"(?:(?:EUDRACT|EU[- ]?CT|CTIS|CTR)\W{0,2}(?:(?:NR|NO|NUMBER)\W{0,3})?)?"
SCHEMES = (
    _scheme("nct", r"NCT\W{0,2}([0-9]{8})", "NCT{}"),
    _scheme(
        "eudract",
        _LABEL + r"(20[0-9]{2})\W{1,3}(0[0-9]{5})\W{1,3}([0-9]{2})(?:-(?:[A-Z]{2}|3RD))?",
        "{}-{}-{}",
    ),
    _scheme(
        "euct",
        _LABEL + r"(20[0-9]{2})\W{1,3}(5[0-9]{5})\W{1,3}([0-9]{2}(?:-[0-9]{2})?)",
        "{}-{}-{}",
    ),
    _scheme("isrctn", r"ISRCTN\W{0,2}([0-9]{8})", "ISRCTN{}"),
    _scheme("utn", r"(?:UTN\W{0,2})?U\W?1111\W{1,3}([0-9]{4})\W{1,3}([0-9]{4})", "U1111-{}-{}"),
    _scheme("drks", r"DRKS\W?([0-9]{8})", "DRKS{}"),
    _scheme("actrn", r"ACTRN\W?(126[0-9]{11})", "ACTRN{}"),
    _scheme("chictr", r"CHICTR-?([0-9]{8,10})", "ChiCTR{}"),
    _scheme("chictr", r"CHICTR-([A-Z]{2,5}-[0-9]{8})", "ChiCTR-{}"),
    _scheme("ctri", r"CTRI/(20[0-9]{2})/([0-9]{2,3})/(0[0-9]{5})", "CTRI/{}/{}/{}"),
    _scheme("slctr", r"SLCTR/(20[0-9]{2})/([0-9]{3})", "SLCTR/{}/{}"),
    _scheme("irct", r"IRCT\W?(20[0-9]{10,12}N[0-9]{1,3})", "IRCT{}"),
    _scheme("pactr", r"PACTR\W?(20[0-9]{13,14})", "PACTR{}"),
    _scheme("jrct", r"(?:JPRN-)?JRCT([0-9A-Z]?[0-9]{9})", "jRCT{}", lower=True),
    _scheme("umin", r"(?:JPRN-)?UMIN-?(0000[0-9]{5})", "UMIN{}"),
    _scheme("japic", r"(?:JPRN-)?JAPICCTI-?([0-9]{6})", "JapicCTI-{}"),
    _scheme("cris", r"KCT(00[0-9]{5})", "KCT{}"),
    _scheme("rpcec", r"RPCEC(00000[0-9]{3})", "RPCEC{}"),
    _scheme("tctr", r"TCTR(20[0-9]{9})", "TCTR{}"),
    _scheme("lbctr", r"LBCTR(20[0-9]{8})", "LBCTR{}"),
    _scheme("rebec", r"RBR-([0-9A-Z]{6,7})", "RBR-{}", inside=False, lower=True),
    _scheme("repec", r"PER-([0-9]{3}-[0-9]{2})", "PER-{}", inside=False),
    _scheme("ntr", r"((?:NTR|NL)[0-9]{2,5})", "{}", inside=False),
)

# Most ids are a sponsor's own: one look tells them from those that are worth trying scheme by scheme.
_ANY = re.compile("|".join(scheme.whole.pattern for scheme in SCHEMES), re.IGNORECASE | re.ASCII)

_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"), "-")


def scheme_of(text: str) -> tuple[str, str] | None:
    """The register whose number `text` is as a whole, and that number in the register's spelling."""
    plain = _plain(text)
    for scheme in SCHEMES if _ANY.match(plain) else ():
        if match := scheme.whole.fullmatch(plain):
            return scheme.name, _spelled(scheme, match)
    return None


def numbers_inside(text: str) -> Iterator[tuple[str, str]]:
    """Registry numbers that stand inside a longer text, as (scheme, number), in the order of SCHEMES."""
    plain = _plain(text)
    for scheme in SCHEMES if _ANY.search(plain) else ():
        for match in scheme.inside.finditer(plain) if scheme.inside else ():
            yield scheme.name, _spelled(scheme, match)


def _plain(text: str) -> str:
    """Full-width letters, odd dashes and spaces as their plain twins."""
    return text.strip() if text.isascii() else unicodedata.normalize("NFKC", text.translate(_DASHES)).strip()


def _spelled(scheme: Scheme, match: re.Match[str]) -> str:
    return scheme.spelling.format(*(group.lower() if scheme.lower else group.upper() for group in match.groups()))
