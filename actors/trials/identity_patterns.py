"""How each register writes its numbers, as data. No I/O.

A pattern is matched against plain upper-case text (`identity.plain`), so it needs neither case nor full-width forms.
Every repetition is bounded: the time to search a text grows with its length alone. Sources: ctregistries and ctrdata
(both R), and what some 30,000 real numbers show where a line says so.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

Groups = Sequence[str]


@dataclass(frozen=True, slots=True)
class Scheme:
    """One register's numbers. `spelling` takes the first groups of the pattern; `part` is the one after them.

    `within`: distinctive enough to be found within a longer text. `hint`: without it a text holds none; a look for it
    is far cheaper than one for the number. `lower`: the letters of a number are small.
    `labels`: how people name the register beside a number without its letters; then `bare` is put before it.
    """

    name: str
    whole: re.Pattern[str]
    within: re.Pattern[str] | None
    hint: re.Pattern[str]
    spelling: str
    part: bool = False
    lower: bool = False
    sound: Callable[[Groups], bool] | None = None
    bare: str | None = None
    labels: re.Pattern[str] | None = None


def _scheme(
    name: str,
    pattern: str,
    spelling: str,
    *,
    hint: str | None = None,
    within: bool = True,
    part: bool = False,
    lower: bool = False,
    sound: Callable[[Groups], bool] | None = None,
    bare: str | None = None,
    labels: str | None = None,
) -> Scheme:
    # Not after a letter or digit, so that no EudraCT number is seen within IRCT2015-… or 12015-…; not before one.
    inside = re.compile(rf"(?<![0-9A-Z]){pattern}(?![0-9A-Z]|-[0-9])") if within else None
    named = re.compile(labels) if labels else None
    seen = re.compile(hint or spelling.partition("{")[0].upper().rstrip("-/ "))
    return Scheme(name, re.compile(pattern), inside, seen, spelling, part, lower, sound, bare, named)


# ── is a well-formed number also one that the register could have given? ──


def _actrn(groups: Groups) -> bool:
    """The last three digits: each makes the digit sum of its block end in 0, the third is the sum of the two.

    Found in the numbers themselves: it holds for all of 48 real ones from 2005 to 2026.
    """
    year, number, given = groups
    first, second = -sum(map(int, year)) % 10, -sum(map(int, number)) % 10
    return given == f"{first}{second}{(first + second) % 10}"


def _eudract(groups: Groups) -> bool:
    """Given from 2004 until the register closed; none of 15,497 real numbers has check digits below 10."""
    year, number, check = groups[:3]
    return 2004 <= int(year) <= 2024 and int(number) > 0 and int(check) >= 10


def _euct(groups: Groups) -> bool:
    return int(groups[0]) >= 2021 and int(groups[1]) > 500_000


def _nct(groups: Groups) -> bool:
    """Eight digits, and by 2026 the first is 0: NCT12300000 is NCT01230000 with a zero moved."""
    return groups[0].startswith("0") and int(groups[0]) > 0


def _some(groups: Groups) -> bool:
    return int(groups[-1]) > 0


def _month(groups: Groups) -> bool:
    return 1 <= int(groups[0][4:6]) <= 12


def _day(groups: Groups) -> bool:
    year, month, day = int(groups[0][:4]), int(groups[0][4:6]), int(groups[0][6:8])
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _lower_consonants(groups: Groups) -> bool:
    """ReBec draws from digits without 0 and 1 and letters without vowels and l, after a first digit 2 to 9."""
    return groups[0][0] in "123456789" and not set(groups[0]) & set("AEIOUL")


_SEP = r"[^0-9A-Z]{1,3}"
_OPT = r"[^0-9A-Z]{0,3}"
_EU = r"(?:(?:EUDRACT|EUCTR|EU[- ]?CTR?|CTIS|CTR)" + _OPT + r"(?:(?:NUMBER|NO|NR)" + _OPT + r")?)?"
_JP = r"(?:JPRN-?)?"

SCHEMES = (
    _scheme(
        "nct",
        r"NCT" + _OPT + r"([0-9]{4} ?[0-9]{4})",
        "NCT{}",
        sound=_nct,
        bare="NCT",
        labels=r"CLINICAL ?TRIALS\.?GOV|\bNCT\b",
    ),
    _scheme(
        "eudract",
        _EU + rf"(20[0-9]{{2}}){_SEP}(0[0-9]{{5}}){_SEP}([0-9]{{2}})(?:-([A-Z]{{2}}|3RD|OUTSIDE-EU/EEA))?",
        "{}-{}-{}",
        hint=rf"20[0-9]{{2}}{_SEP}0",
        part=True,
        sound=_eudract,
    ),
    _scheme(
        "euct",
        _EU + rf"(20[0-9]{{2}}){_SEP}(5[0-9]{{5}}){_SEP}([0-9]{{2}})(?:-([0-9]{{2}}))?",
        "{}-{}-{}",
        hint=rf"20[0-9]{{2}}{_SEP}5",
        part=True,
        sound=_euct,
    ),
    _scheme(
        "isrctn",
        r"ISRCTN" + _OPT + r"([0-9]{4} ?[0-9]{4})",
        "ISRCTN{}",
        sound=_some,
        bare="ISRCTN",
        labels=r"ISRCTN",
    ),
    _scheme("utn", rf"(?:UTN{_OPT})?U[^0-9A-Z]?1111{_SEP}([0-9]{{4}}){_SEP}([0-9]{{4}})", "U1111-{}-{}", hint="1111"),
    _scheme("drks", r"DRKS[^0-9A-Z]?([0-9]{8})", "DRKS{}", sound=_some, bare="DRKS", labels=r"\bDRKS\b"),
    _scheme("actrn", r"ACTRN[^0-9A-Z]?(126[0-9]{2})([0-9]{6})([0-9]{3})P?", "ACTRN{}{}{}", sound=_actrn),
    _scheme("chictr", r"CHICTR[- ]?([0-9]{8,10})", "ChiCTR{}"),
    _scheme("chictr", r"CHICTR[- ]?([A-Z]{2,6})[- ]?([0-9]{8})", "ChiCTR-{}-{}"),
    _scheme("itmctr", r"ITMCTR[- ]?([0-9]{10})", "ITMCTR{}"),
    _scheme("ctri", r"CTRI[-/ ](20[0-9]{2})[-/ ]([0-9]{2,3})[-/ ]([0-9]{6})", "CTRI/{}/{}/{}", sound=_some),
    _scheme("slctr", r"SLCTR[-/ ](20[0-9]{2})[-/ ]([0-9]{3})", "SLCTR/{}/{}"),
    _scheme("irct", r"IRCT[^0-9A-Z]?((?:20|1[34])[0-9]{8,13}N[0-9]{1,3})", "IRCT{}"),
    _scheme("pactr", r"PACTR[^0-9A-Z]?(20[0-9]{13,14})", "PACTR{}", sound=_month),
    _scheme("jrct", _JP + r"JRCT[- ]?([0-9A-Z]?[0-9]{9})", "jRCT{}", lower=True, bare="JRCT", labels=r"\bJRCT\b"),
    _scheme("umin", _JP + r"UMIN(?:-CTR)?[- ]?(0000[0-9]{5})", "UMIN{}", bare="UMIN", labels=r"\bUMIN"),
    _scheme("japic", _JP + r"JAPICCTI[- ]?([0-9]{6})", "JapicCTI-{}", bare="JAPICCTI-", labels=r"JAPIC"),
    _scheme("jma", _JP + r"JMA-?IIA([0-9]{5})", "JMA-IIA{}", hint="JMA"),
    _scheme("cris", r"KCT[- ]?(00[0-9]{5})", "KCT{}", sound=_some),
    _scheme("rpcec", r"RPCEC[- ]?(0{4,5}[0-9]{3,4})", "RPCEC{}", sound=_some),
    _scheme("tctr", r"TCTR[- ]?(20[0-9]{9})", "TCTR{}", sound=_day),
    _scheme("lbctr", r"LBCTR[- ]?(20[0-9]{8})", "LBCTR{}", sound=_month),
    _scheme("phrr", r"PHRR[- ]?([0-9]{6})-([0-9]{6})", "PHRR{}-{}"),
    _scheme("hkuctr", r"HKUCTR[- ]?([0-9]{1,5})", "HKUCTR-{}"),
    _scheme("rebec", r"RBR-([0-9A-Z]{6,10})", "RBR-{}", lower=True, sound=_lower_consonants),
    _scheme("repec", r"PER-([0-9]{3}-[0-9]{2})", "PER-{}", within=False),
    _scheme("omon", r"NL-?OMON([0-9]{4,6})", "NL-OMON{}", hint="OMON"),
    _scheme("ntr", r"((?:NTR|NL)[0-9]{2,5})", "{}", hint="N", within=False),
    _scheme("snctp", r"SNCTP ?([0-9]{9})", "SNCTP{}"),
    # Numbers that an authority gives to a study: not registers, but one number is one study.
    _scheme("ccmo", r"NL([0-9]{4,6}\.[0-9]{3}\.[0-9]{2})", "NL{}", hint="NL[0-9]"),
    _scheme("idrcb", r"(?:ID-?RCB" + _OPT + r")?(20[0-9]{2}-A[0-9]{5}-[0-9]{2})", "{}", hint="20[0-9]{2}-A"),
    _scheme("ctrp", r"(NCI-20[0-9]{2}-[0-9]{5})", "{}", hint="NCI-20"),
    _scheme("cde", r"(CTR20[0-9]{6})", "{}", hint="CTR20"),
    _scheme(
        "iras",
        r"IRAS(?: ?(?:ID|NUMBER|NO|PROJECT ID))?" + _OPT + r"([0-9]{5,7})",
        "IRAS {}",
        bare="IRAS ",
        labels=r"\bIRAS\b",
    ),
    _scheme("iras", r"([0-9]{5,7}) ?\(IRAS\)?", "IRAS {}", hint="IRAS", within=False),
)

# What people write into an id field when they have none. Compared without dots, spaces, dashes and brackets.
_MISSING = """
    NA NIL NILL NILKNOWN NONE NONEKNOWN NOTAPPLICABLE NOTAPPLIABLE NOTAPLICABLE NOTAVAILABLE NULL NAN UNKNOWN NOTKNOWN
    PENDING TBD TOBEDETERMINED TOBEASSIGNED NOTASSIGNED NOTYETASSIGNED UNASSIGNED NOTPROVIDED NOTYET NO NOTHING
    APPLIEDFOR NOTREGISTERED XXX XX X N 0 00 000
"""
MISSING = frozenset(_MISSING.split())

# Beside such a word a number is that of another trial: the one extended, followed up, or drawn from.
OTHER_TRIAL = re.compile(
    r"\b(?:EXTENSION|PARENT|ROLL-?OVER|SUB-?STUD(?:Y|IES)|ANCILLARY|FOLLOW-?UP|PREVIOUS|PRECEDING|LEAD-?IN|COMPANION"
    r"|RELATED|FEEDER|CORE STUDY|MAIN STUDY|BASE STUDY|CONTINUATION|SISTER|SEE ALSO|BASED ON)\b"
)

# Words that make a string about something else than the sponsor's code for this one trial.
NO_CODE = re.compile(
    r"\b(?:VERSION|DATED|AMENDMENT|ETHICS|IRB|IEC|REC|GRANT|FUND(?:ING|ED)?|UNIVERSITY|HOSPITAL|COMMITTEE|APPROVAL|AWARD"
    r"|VERSUS|VS|AND|THE|OF|FOR)\b"
)
