"""The search as its page shows it: what was asked for as chips, and filters with how many they leave. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from actors.trials import search
from supervisor.web.wording import number, words

Pairs = Sequence[tuple[str, str]]

NO_FILTERS = frozenset({"q", "order", "cursor", "limit", "within", "expand", "duplicates", "facets", "mode"})
COUNTRIES, REGISTRIES, CLASSES, HEADINGS = 8, 8, 6, 10  # shown with counts

_NAMES: Mapping[str, str] = {
    "country": "in {}", "city": "in {}", "registry": "registry {}", "sponsor": "sponsor {}",
    "sponsor_class": "sponsor: {}", "mesh": "MeSH {}", "age": "age {}", "start_from": "started from {}",
    "start_to": "started to {}",
    "completion_from": "completed from {}", "completion_to": "completed to {}", "updated_from": "updated from {}",
    "updated_to": "updated to {}",
}  # fmt: skip
_SAID: Mapping[tuple[str, str], str] = {
    ("has_results", "true"): "with results", ("has_results", "false"): "without results",
    ("healthy", "true"): "healthy volunteers", ("healthy", "false"): "no healthy volunteers",
    ("with_removed", "true"): "removed ones too", ("sex", "female"): "women may take part",
    ("sex", "male"): "men may take part",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter in words, and the address of the same search without it."""

    text: str
    without: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of a filter that can be chosen, and how many trials it leaves; None where that is not known."""

    value: str
    name: str
    trials: int | None
    chosen: bool


def chips(pairs: Pairs, found: search.Results) -> list[Chip]:
    """What was asked for beside words, in the order of the address."""
    kept = [pair for pair in pairs if pair[0] not in ("cursor",)]
    names = {one.value: one.name for one in found.facets.values.get("mesh", ()) if one.name}
    return [
        Chip(_said(name, value, found, names), without(kept, name, value))
        for name, value in kept
        if name not in NO_FILTERS
    ]


def without(pairs: Pairs, name: str, value: str) -> str:
    """The query of the same search without one of its parts; without a place there is no distance from it."""
    gone = {"near": ("within",)}.get(name, ())
    left = [pair for pair in pairs if pair != (name, value) and pair[0] not in (*gone, "cursor")]
    return urlencode([pair for pair in left if not (name == "near" and pair == ("order", "distance"))])


def with_(pairs: Pairs, *more: tuple[str, str]) -> str:
    """The query of the same search with these instead of what they replace, from its first page."""
    names = {name for name, _ in more} - {"mesh"}
    return urlencode([*(pair for pair in pairs if pair[0] not in (*names, "cursor")), *more])


def choices(
    found: search.Results,
    facet: str,
    chosen: Sequence[str],
    names: Mapping[str, str] | Sequence[str] = (),
    most: int = 99,
) -> list[Choice]:
    """Values of a filter with counts: those that it always has, else those that most trials have, and the chosen."""
    counted = {one.value: one for one in found.facets.values.get(facet, ())}
    known = dict(names) if isinstance(names, Mapping) else {name: words(name) for name in names}
    spoken = words if facet == "class" else str
    values = list(known) or [*list(counted)[:most]]
    folded = {value.casefold() for value in values}
    values += [value for value in chosen if value and value.casefold() not in folded]
    picked = {value.casefold() for value in chosen}
    return [
        Choice(
            value, known.get(value) or (counted[value].name if value in counted else "") or spoken(value),
            counted[value].trials if value in counted else (0 if counted else None), value.casefold() in picked,
        )
        for value in values
    ]  # fmt: skip


def count(found: search.Results) -> str:
    """How many were found, in words."""
    many = found.count
    more = "About " if many.about else "More than " if many.more else ""
    return f"{more}{number(many.trials)} trial{'' if many.trials == 1 else 's'}"


def shown(trials: int | None, *, about: bool) -> str:
    """A count beside a choice."""
    return "" if trials is None else f"{'~' if about and trials else ''}{number(trials)}"


def _said(name: str, value: str, found: search.Results, names: Mapping[str, str]) -> str:
    if name == "near" and found.near:
        return f"within {found.near.circle.km:g} km of {found.near.name}"
    if (name, value) in _SAID:
        return _SAID[name, value]
    if name == "mesh":
        value = f"{names[value]} ({value})" if value in names else value
    return _NAMES[name].format(value) if name in _NAMES else words(value)
