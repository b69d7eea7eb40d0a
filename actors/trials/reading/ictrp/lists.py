"""What ICTRP joins into one field: conditions, countries, interventions, outcomes. No I/O.

Each source register joins in its own way; what is known of that is used, and otherwise the semicolons and line breaks
that ICTRP puts between items.
"""

import re
from collections.abc import Iterator
from typing import Literal

from actors.trials.reading.ictrp.text import labelled, line, listed, said
from actors.trials.record import Intervention, Outcome

LONGEST_NAME = 200  # characters of an intervention's name; a longer text is its description
MOST_ITEMS = 500

_CODE = re.compile(r"[A-Z][0-9]{2}(?:[.-]?[0-9A-Z]{1,4})?(?:-[A-Z][0-9]{2,3})?", re.ASCII)  # of ICD-10
_TERM = re.compile(r"\bTerm\s*:?\s*([^\n;]+?)(?=\s*(?:Class:|System Organ Class|\bMedDRA version|\n|;|$))")
_AREA = re.compile(r"Therapeutic area\s*:\s*([^\n;]+)")
_KINDS = (
    "Drug", "Biological", "Device", "Behavioral", "Procedure", "Radiation", "Dietary Supplement", "Genetic",
    "Diagnostic Test", "Combination Product", "Other",
)  # fmt: skip
_KIND = re.compile(rf"({'|'.join(_KINDS)})\s*:\s*")
_GROUP = re.compile(r"(?:^|(?<=\s))(?:Intervention|Comparator Agent)\s?[0-9]{1,2}\s*:\s*")
_PRODUCT = ("Trade Name", "Product Name", "Product Code")
_PARTS = (*_PRODUCT, "Pharmaceutical Form", "INN or Proposed INN", "CAS Number", "Current Sponsor code",
          "Other descriptive name", "Concentration unit", "Concentration type", "Concentration number",
          "Pharmaceutical form of the placebo", "Route of administration of the placebo")  # fmt: skip
_FRAME = re.compile(r"\A(?:Time\s?frame|Time\s?points?)?\s*:?\s*", re.IGNORECASE)
_POINT = re.compile(r"\.?\s*Time\s?points?\s*:\s*", re.IGNORECASE)
_OBJECTIVES = (
    "Main Objective", "Secondary Objective", "Primary end point(s)", "Secondary end point(s)",
    "Timepoint(s) of evaluation of this end point",
)  # fmt: skip
_REGIONS = frozenset(
    {"asia(except japan)", "north america", "south america", "australia", "europe", "africa", "oceania", "asia"}
)


def conditions_of(number: str, text: str | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The conditions, and terms and codes of classifications, which are keywords."""
    plain = said(text)
    if plain is None:
        return (), ()
    if number.startswith("EUCTR"):
        terms = [line(one) or "" for one in (*_TERM.findall(plain), *_AREA.findall(plain))]
        free = re.split(r"\s*(?:MedDRA version|;?\s*Therapeutic area)\s*:", plain, maxsplit=1)[0]
        conditions = tuple(dict.fromkeys(one for one in [line(free.strip(" ;\n"))] if one))
        return conditions, tuple(dict.fromkeys(one for one in terms if one))
    items = [re.sub(r"\AHealth Condition [0-9]+\s*:\s*", "", one).lstrip("- ") for one in listed(plain)]
    items = [one for one in items[:MOST_ITEMS] if one]
    codes = tuple(one for one in items if _CODE.fullmatch(one))
    return tuple(dict.fromkeys(one for one in items if one not in codes)), tuple(dict.fromkeys(codes))


def countries_of(number: str, text: str | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Countries, and parts of the world: UMIN names these instead, joined by commas."""
    if "UMIN" not in number:
        return listed(text), ()
    items = listed(text, ";,\n")
    regions = tuple(one for one in items if one.lower() in _REGIONS)
    return tuple(one for one in items if one not in regions), regions


def interventions_of(number: str, text: str | None) -> tuple[Intervention, ...]:
    plain = said(text)
    if plain is None:
        return ()
    if number.startswith("EUCTR"):
        found = list(_products(plain))
    elif number.startswith("NCT"):
        found = list(_kinds(plain))
    elif number.startswith("ChiCTR"):
        found = [_named(re.sub(r"\A[^:;]{1,80}:\s*(?=\S)", "", one), one) for one in listed(plain, ";")]
    else:
        parts = [part for part in _GROUP.split(plain) if part.strip()]
        found = [_named(part, part) for part in parts]
    return tuple(dict.fromkeys(found[:MOST_ITEMS]))


def _named(name: str, whole: str) -> Intervention:
    """A name short enough to be one, and the text where it is not all of it."""
    first = " ".join(name.split()).strip(" ;")
    short = first if len(first) <= LONGEST_NAME else first[:LONGEST_NAME].rsplit(" ", 1)[0] + "…"
    whole = whole.strip(" ;\n")
    return Intervention(short, None, whole if whole != short else None)


def _kinds(text: str) -> Iterator[Intervention]:
    """`Drug: A;Drug: B`, as ClinicalTrials.gov's are joined; a semicolon within a name parts no kind."""
    marks = list(_KIND.finditer(text))
    if not marks:
        yield _named(text, text)
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    for mark, end in zip(marks, ends, strict=False):
        if name := line(text[mark.end() : end].strip(" ;\n")):
            yield Intervention(name, mark[1])


def _products(text: str) -> Iterator[Intervention]:
    """Products of the EU Clinical Trials Register: each begins with its trade name, its name or its code."""
    held: dict[str, str] = {}
    marks = list(re.finditer(rf"({'|'.join(map(re.escape, _PARTS))})\s*:", text))
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    if not marks:
        yield _named(text, text)
    for mark, end in zip(marks, ends, strict=False):
        label = mark[1]
        opens = label in _PRODUCT and any(one not in _PRODUCT or one == label for one in held)
        if opens or label.endswith("of the placebo"):
            yield from _product(held)
            held = {}
        if label.endswith("form of the placebo") or label.startswith("Pharmaceutical form of the placebo"):
            held["Product Name"] = "Placebo"
        if value := line(text[mark.end() : end].strip(" -;\n")):
            held.setdefault(label, value)
    yield from _product(held)


def _product(parts: dict[str, str]) -> Iterator[Intervention]:
    names = [parts.get(name) for name in ("Trade Name", "Product Name", "INN or Proposed INN", "Product Code")]
    names += [parts.get(name) for name in ("Current Sponsor code", "Other descriptive name")]
    known = list(dict.fromkeys(name for name in names if name))
    if known:
        yield Intervention(known[0], None, parts.get("Pharmaceutical Form"), tuple(known[1:]))


def outcomes_of(number: str, primary: str | None, secondary: str | None) -> tuple[Outcome, ...]:
    if number.startswith("EUCTR"):
        return tuple(_end_points(primary, secondary))
    return (*_outcomes("primary", primary), *_outcomes("secondary", secondary))


def summary_of(number: str, primary: str | None) -> str | None:
    """The main objective, which ICTRP puts among the outcomes of the EU Clinical Trials Register."""
    return labelled(primary, _OBJECTIVES).get("Main Objective") if number.startswith("EUCTR") else None


def _end_points(primary: str | None, secondary: str | None) -> Iterator[Outcome]:
    kinds: tuple[tuple[Literal["primary", "secondary"], str | None, str], ...] = (
        ("primary", primary, "Primary end point(s)"), ("secondary", secondary, "Secondary end point(s)"),
    )  # fmt: skip
    for kind, text, label in kinds:
        parts = labelled(text, _OBJECTIVES)
        if measure := parts.get(label):
            yield Outcome(kind, measure, None, parts.get("Timepoint(s) of evaluation of this end point"))
        elif not parts and (plain := said(text)):
            yield Outcome(kind, plain)


def _outcomes(kind: Literal["primary", "secondary"], text: str | None) -> Iterator[Outcome]:
    for item in listed(text, ";")[:MOST_ITEMS]:
        if item.endswith("]") and (at := item.rfind("[")) >= 0:
            measure, frame = item[:at].strip(), _FRAME.sub("", item[at + 1 : -1]).strip()
        elif len(parts := _POINT.split(item, maxsplit=1)) == 2:
            measure, frame = parts[0].strip(), parts[1].strip()
        else:
            measure, frame = item, ""
        if measure:
            yield Outcome(kind, measure, None, frame or None)
