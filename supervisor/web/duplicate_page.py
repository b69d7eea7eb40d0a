"""Two records side by side, and what speaks for and against their being one trial, as a page shows it. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from actors.trials.duplicates.explaining import Explained
from actors.trials.duplicates.merging import MergedTrial, Says
from actors.trials.duplicates.rows import PairPart
from actors.trials.model_data import MODEL
from supervisor.web import trial_page
from supervisor.web.differences import Pieces, compared, cut
from supervisor.web.wording import field_name

STATES: Mapping[int, str] = MappingProxyType({3: "held", 2: "proposed", 1: "possible", 0: "settled"})
STATE_SAYS: Mapping[str, str] = MappingProxyType(
    {
        "held": "would merge, but others stand against it",
        "proposed": "alike enough to be one trial; nobody has looked yet",
        "possible": "less alike; most of these are two trials",
    }
)
MOST_ITEMS = 40  # of a list that is compared
LONGEST = 1_500  # characters of a text
PLOT_WIDTH, ROW_HEIGHT, MIDDLE, LEFT = 640, 26, 400, 210  # of the picture; names stand left of LEFT
LEAST = 0.05  # of what is less, the figure would be 0.0
BASE = f"{MODEL.base:+.1f}"
FULL = 8.0  # log-odds that fill a half of the picture; what is more is cut, its figure stands beside it
SHORT_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "number": "registry number", "code": "sponsor's code", "text": "texts, as a whole",
        "best_title": "likest titles", "same_title": "same title", "all_titles": "all titles",
        "rare_words": "rare words", "contradiction": "contradiction",
        "other_words": "exchanged words", "other_number": "other numbers in titles", "same_size": "same enrolment",
        "other_size": "other enrolment", "same_country": "common countries", "other_country": "no common country",
        "apart": "apart in time", "other_phase": "other phase", "other_type": "other type",
        "other_design": "other design",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bar:
    """What one field adds, as a bar from the middle: to the right for one trial, to the left for two."""

    name: str
    says: str
    adds: str
    is_for: bool
    x: float
    y: float
    width: float
    figure_x: float
    counts: bool


@dataclass(frozen=True, slots=True)
class Beside:
    """A field of both records; `same` where they state the same, None where one states nothing."""

    name: str
    a: Pieces
    b: Pieces
    same: bool | None


def bars(found: Explained) -> list[Bar]:
    """The parts of a score, the heaviest first; with a number, those of texts only count through their sum."""
    said = (part for part in (*found.evidence, *found.against) if abs(part.adds) >= LEAST)
    parts = sorted(said, key=lambda part: (not _sums(part), -abs(part.adds), part.name))
    by_number = any(part.name == "number" for part in parts)
    return [_bar(part, row, counts=_sums(part) or not by_number) for row, part in enumerate(parts)]


def _sums(part: PairPart) -> bool:
    return part.name in ("number", "text", "contradiction")


def _bar(part: PairPart, row: int, *, counts: bool) -> Bar:
    half = PLOT_WIDTH - MIDDLE - 50
    width = round(min(abs(part.adds), FULL) / FULL * half, 1)
    is_for = part.adds > 0
    x = MIDDLE if is_for else MIDDLE - width
    name = SHORT_NAMES.get(part.name, part.name.replace("_", " "))
    figure_x = x + width + 6 if is_for else x - 6
    y = row * ROW_HEIGHT + 4.0
    return Bar(name, part.says, f"{part.adds:+.1f}", is_for, x, y, max(width, 1.0), figure_x, counts)


def height(rows: Sequence[Bar]) -> int:
    return len(rows) * ROW_HEIGHT + 4


def beside(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[Beside]:
    """The fields that either of two records states, those that tell trials apart first."""
    mine, yours = _fields(a), _fields(b)
    names = [*mine, *(name for name in yours if name not in mine)]
    return [_beside(name, mine.get(name, ""), yours.get(name, "")) for name in names]


def _fields(record: Mapping[str, Any]) -> dict[str, str]:
    named = {
        "Title": record.get("title"),
        "Official title": record.get("official_title"),
        "Acronym": record.get("acronym"),
        "Numbers": _list(f"{one['value']}" for one in record.get("ids") or ()),
        "Conditions": _list(record.get("conditions")),
        "Interventions": _list(one["name"] for one in record.get("interventions") or ()),
        "Countries": _list(record.get("countries")),
    }
    facts = {fact.name: fact.value for fact in trial_page.facts(record)}
    rest = {
        "Primary outcomes": _list(
            one["measure"]
            for one in record.get("outcomes") or ()
            if one.get("kind") == "primary" and one.get("measure")
        ),
        "Summary": record.get("summary"),
    }
    found = {**named, **facts, **rest}
    return {name: str(value)[:LONGEST] for name, value in found.items() if value}


def _list(items: Any) -> str:
    given = list(items or ())
    more = f" and {len(given) - MOST_ITEMS} more" if len(given) > MOST_ITEMS else ""
    return "; ".join(map(str, given[:MOST_ITEMS])) + more


def _beside(name: str, mine: str, yours: str) -> Beside:
    if not (mine and yours):
        return Beside(name, cut(mine) if mine else (), cut(yours) if yours else (), None)
    if _plain(mine) == _plain(yours):
        return Beside(name, cut(mine), cut(yours), True)
    return Beside(name, *compared(mine, yours), False)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


@dataclass(frozen=True, slots=True)
class MergedField:
    """A field of the merged view in one line; `records` are our ids of those who say so."""

    name: str
    value: str
    why: str
    records: tuple[int, ...]
    others: tuple[tuple[str, tuple[int, ...]], ...]
    items: tuple[tuple[str, tuple[int, ...]], ...]


# What says nothing where records are compared: whose it is, and texts that are read on the records' own pages.
LEFT_OUT = frozenset({"registry", "url", "status_raw", "study_type_raw", "phases_raw", "sites", "results", "contacts"})


def merged_fields(view: MergedTrial) -> list[MergedField]:
    """The fields of a merged view, those that records disagree about first."""
    shown = [one for one in view.fields if one.name not in LEFT_OUT]
    shown.sort(key=lambda one: (not one.others, one.name))
    return [
        MergedField(
            field_name(one.name),
            short(one.value),
            one.why,
            one.records,
            _said(one.others),
            _said(one.items[:MOST_ITEMS]),
        )
        for one in shown
    ]


def _said(given: Sequence[Says]) -> tuple[tuple[str, tuple[int, ...]], ...]:
    return tuple((short(one.value), one.records) for one in given)


NAMED_BY = ("name", "value", "measure", "label", "term", "facility")
LONGEST_SHORT = 300
ITEMS_SHORT = 6


def short(value: object) -> str:
    """A value in one line."""
    match value:
        case None:
            return "not stated"
        case bool():
            return "yes" if value else "no"
        case Mapping():
            named = next((value[name] for name in NAMED_BY if name in value), None)
            return short(named) if named is not None else "; ".join(map(short, value.values()))[:LONGEST_SHORT]
        case list() | tuple():
            more = f" and {len(value) - ITEMS_SHORT} more" if len(value) > ITEMS_SHORT else ""
            return "; ".join(map(short, value[:ITEMS_SHORT])) + more
        case _:
            text = str(value)
            return text if len(text) <= LONGEST_SHORT else text[: LONGEST_SHORT - 1] + "…"
