"""The registers of the world: how each numbers trials, where its trials are led from, how ICTRP shows it. No I/O.

Numbers have the form, and where they have one the check digits, of the real register's. A trial that ClinicalTrials.gov
has stands in every register under its index; one that it does not have, under an index from `ELSEWHERE` up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from demo import identifiers

ELSEWHERE = 1_000_001
"""The first index of trials that ClinicalTrials.gov does not have."""
_REBEC = "23456789bcdfghjkmnpqrstvwxyz"


@dataclass(frozen=True, slots=True)
class Register:
    name: str
    """In the truth and in file names."""
    shown: str
    """`Source_Register` in ICTRP's export."""
    prefix: str
    """What ICTRP puts before a number."""
    countries: tuple[str, ...]
    days: str
    """How ICTRP's export writes this register's dates."""
    number: Callable[[int, date], str]
    address: str
    """Where ICTRP says that the record stands; {} is its number."""


def short(index: int, digits: int) -> int:
    """A number of so many digits for an index: trials that are only elsewhere count down from the highest."""
    most: int = 10**digits
    return index % most if index < ELSEWHERE else most - 1 - (index - ELSEWHERE) % most


def _actrn(index: int, on: date) -> str:
    """The last three digits: each makes the digit sum of its block end in 0; the third is the sum of the two."""
    year, number = f"126{on.year % 100:02d}", f"{short(index, 6):06d}"
    first, second = -sum(map(int, year)) % 10, -sum(map(int, number)) % 10
    return f"ACTRN{year}{number}{first}{second}{(first + second) % 10}"


def _rebec(index: int, on: date) -> str:
    letters, rest = "", index
    for _step in range(5):
        rest, at = divmod(rest, len(_REBEC))
        letters += _REBEC[at]
    return f"RBR-{2 + rest % 8}{letters}"


def _japan(index: int, on: date) -> str:
    if on.year < 2019 and short(index, 6) < 100_000:
        return f"UMIN0000{short(index, 5):05d}"
    return f"jRCTs{short(index, 9):09d}"


_DAY_FIRST, _YEAR_FIRST, _DASHED = "%d/%m/%Y", "%Y-%m-%d", "%d-%m-%Y"

CTGOV = Register(
    "ctgov",
    "ClinicalTrials.gov",
    "",
    (),
    _DAY_FIRST,
    lambda index, _: identifiers.nct(index),
    "https://clinicaltrials.gov/show/{}",
)
EUCTR = Register(
    "euctr",
    "EU Clinical Trials Register",
    "EUCTR",
    (),
    _DAY_FIRST,
    lambda index, on: identifiers.eudract(index, on.year),
    "https://www.clinicaltrialsregister.eu/ctr-search/search?query=eudract_number:{}",
)
CTIS = Register(
    "ctis",
    "CTIS",
    "CTIS",
    (),
    _DAY_FIRST,
    lambda index, on: identifiers.eu_ct(index, on.year),
    "https://euclinicaltrials.eu/search-for-clinical-trials/?lang=en&EUCT={}",
)
ISRCTN = Register(
    "isrctn",
    "ISRCTN",
    "",
    (),
    _DAY_FIRST,
    lambda index, _: identifiers.isrctn(index),
    "http://isrctn.com/{}",
)
MIRRORED = {one.name: one for one in (CTGOV, EUCTR, CTIS, ISRCTN)}

NATIONAL = (
    Register(
        "chictr",
        "ChiCTR",
        "",
        ("China",),
        _YEAR_FIRST,
        lambda index, on: f"ChiCTR{on.year % 100:02d}{index:08d}",
        "https://www.chictr.org.cn/showproj.aspx?proj={}",
    ),
    Register(
        "drks",
        "German Clinical Trials Register",
        "",
        ("Germany",),
        _DAY_FIRST,
        lambda index, _: f"DRKS{index:08d}",
        "http://www.drks.de/{}",
    ),
    Register(
        "ctri",
        "CTRI",
        "",
        ("India",),
        _DASHED,
        lambda index, on: f"CTRI/{on.year}/{on.month:02d}/{short(index, 6):06d}",
        "http://www.ctri.nic.in/Clinicaltrials/pmaindet2.php?trialid={}",
    ),
    Register("actrn", "ANZCTR", "", ("Australia",), _DAY_FIRST, _actrn, "https://anzctr.org.au/{}.aspx"),
    Register("jprn", "JPRN", "JPRN-", ("Japan",), _DAY_FIRST, _japan, "https://jrct.niph.go.jp/latest-detail/{}"),
    Register(
        "irct",
        "IRCT",
        "",
        ("Iran",),
        _YEAR_FIRST,
        lambda index, on: f"IRCT{on:%Y%m%d}{short(index, 6):06d}N1",
        "http://en.irct.ir/trial/{}",
    ),
    Register(
        "ntr",
        "Netherlands Trial Register",
        "",
        ("Netherlands",),
        _DAY_FIRST,
        lambda index, _: f"NL{short(index, 5):05d}",
        "https://trialsearch.who.int/Trial2.aspx?TrialID={}",
    ),
    Register(
        "cris",
        "CRIS",
        "",
        ("South Korea",),
        _YEAR_FIRST,
        lambda index, _: f"KCT00{short(index, 5):05d}",
        "http://cris.nih.go.kr/cris/en/search/search_result_st01.jsp?seq={}",
    ),
    Register("rebec", "REBEC", "", ("Brazil",), _DAY_FIRST, _rebec, "http://www.ensaiosclinicos.gov.br/rg/{}/"),
    Register(
        "tctr",
        "TCTR",
        "",
        ("Thailand",),
        _DAY_FIRST,
        lambda index, on: f"TCTR{on:%Y%m%d}{short(index, 3):03d}",
        "http://www.clinicaltrials.in.th/index.php?tid={}",
    ),
    Register(
        "pactr",
        "PACTR",
        "",
        ("Egypt", "South Africa", "Uganda", "Kenya"),
        _DAY_FIRST,
        lambda index, on: f"PACTR{on:%Y%m}{index:09d}",
        "https://pactr.samrc.ac.za/TrialDisplay.aspx?TrialID={}",
    ),
)
REGISTERS = MIRRORED | {one.name: one for one in NATIONAL}
BY_COUNTRY = {country: one for one in NATIONAL for country in one.countries}
