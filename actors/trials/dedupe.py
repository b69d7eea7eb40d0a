"""Are two records the same trial? A score with what speaks for it and against it, and what is to be done. No I/O.

Text and numbers are weighed apart. Text: `features` times the weights of a `Model`. A registry number that joins the
two (`shared_numbers`) counts by how it is claimed; text can support it, and can contradict it. What a reviewer decided
wins over both. Nothing here knows of other pairs: which of several matches is the right one is settled in `clusters`.

`value` orders pairs and is no share of anything but this: of held-out pairs from 0.85 on, 97 of 100 were right
(`python -m bench.dedupe`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from actors.trials.calibration import Model, probability
from actors.trials.comparable import Comparable
from actors.trials.features import Features, Rarities, Weighed, at_best, features, in_full
from actors.trials.model_data import MODEL
from actors.trials.shared_numbers import How, Shared

Type = Literal["exact", "fuzzy", "probable", "possible"]
Decision = Literal["automatic", "review", "none", "confirmed", "split"]
Verdict = Literal["same", "different"]


@dataclass(frozen=True, slots=True)
class Limits:
    """From which value on a pair is of which type. Below `possible` it is not kept."""

    possible: float = 0.50
    probable: float = 0.85
    fuzzy: float = 0.90
    exact: float = 0.95
    automatic: float = 0.95


LIMITS = Limits()

# Log-odds of a pair that a number joins, before its texts are looked at. 62 of the 63 pairs of IntoValue's hand-checked
# set of which a record states the other's number are one trial; the rest is set by hand, in between.
BY_NUMBER: Mapping[How, float] = MappingProxyType({"same": 20.0, "mutual": 6.0, "claimed": 4.1, "third": 3.5})
WITHIN_WORDS, IN_TEXT = 2.0, 1.0  # a claim of less strength: inside other words of an id field; in a title or text
LISTED = 0.9  # the strength of a claim whose number stands alone in a field for it
MOST_SUPPORT, LEAST_SUPPORT = 4.0, -1.0  # what text adds to a number: titles of two languages share little
CONTRADICTED = -3.0
SAME_CODE = {True: 1.0, False: 0.3}  # a sponsor's code in both: whether the sponsors' names agree; set by hand

LEAST_ALIKE = 0.15  # all titles; the least of a pair that is kept among the judged ones is 0.2

NOTHING = -20.0  # a record without a title has no text
DIGITS = 6  # of a value: more say nothing

# What a text says where it does not look like the other's at all.
UNLIKE = 0.1

SAYS: Mapping[str, str] = MappingProxyType(
    {
        "best_title": "the likest titles share {:.0%} of what their words say",
        "same_title": "two titles are the same",
        "all_titles": "all titles together share {:.0%}",
        "rare_words": "the words that both have are rare ({:.0%} of enough)",
        "other_words": "titles of the same words but for a rare one in each ({:.0%})",
        "other_number": "each names a number that the other lacks",
        "sponsor": "the sponsors' names, against names taken at random: {:+.0%}",
        "same_size": "the same number of participants",
        "other_size": "another number of participants ({:.0%} of twentyfold)",
        "same_country": "{:.0%} of the countries are common",
        "other_country": "no country is common",
        "apart": "they began at different times ({:.0%} of ten years, as the logarithm)",
        "other_phase": "another phase",
        "other_type": "another type of study",
        "other_design": "and another number of participants: as sister trials have",
        "condition": "the conditions share {:.0%}",
        "intervention": "the interventions share {:.0%}",
    }
)
# From what on a feature forbids to merge unasked. Of 34 pairs of sister trials as alike as duplicates, and of as many
# participants, a rare word exchanged in the title tells 28; it sends 9 of 71 duplicates to review.
AGAINST_MERGING: Mapping[str, float] = MappingProxyType(
    {"other_number": 0.0, "other_country": 0.0, "other_phase": 0.0, "other_type": 0.0, "other_words": 0.25}
)


@dataclass(frozen=True, slots=True)
class Part:
    """What one field says: `value` as in `Features`, and what it adds to the log-odds."""

    name: str
    value: float
    adds: float
    says: str


@dataclass(frozen=True, slots=True)
class Score:
    """`type` is None for a pair that is not kept. `why`: the decision first, then the parts, the heaviest first."""

    value: float
    type: Type | None
    decision: Decision
    parts: tuple[Part, ...]
    why: tuple[str, ...]


def score(
    a: Comparable,
    b: Comparable,
    rarities: Rarities,
    *,
    shared: Shared | None = None,
    decided: Verdict | None = None,
    found: Features | None = None,
    model: Model = MODEL,
    limits: Limits = LIMITS,
) -> Score:
    """The same for (a, b) and (b, a). `decided`: what a reviewer said of this pair; `found`: its features, if known."""
    found = found or features(a, b, rarities)
    parts = [*_text(a, b, found, model), *_code(a, b, found)]
    text = model.base + sum(part.adds for part in parts)
    if shared:
        parts = [*_number(a, b, shared, found, text), *parts]
        total = sum(part.adds for part in parts if part.name in ("number", "text", "contradiction"))
    else:
        total = text if a.titles and b.titles else NOTHING
    value = round(probability(total), DIGITS)
    type_ = _type(value, limits)
    decision, because = _decide(a, b, found, value, shared=shared, decided=decided, limits=limits)
    if decision == "review" and type_ in ("exact", "fuzzy", "probable") and _same_register(a, b, shared):
        type_ = "possible"
    if decided:
        type_ = type_ or "possible"
    heaviest = sorted((part for part in parts if part.adds), key=lambda part: (-abs(part.adds), part.name))
    return Score(value, type_, decision, tuple(heaviest), (because, *(f"{p.says} ({p.adds:+.1f})" for p in heaviest)))


def worth_a_look(a: Comparable, b: Comparable, rarities: Rarities, *, model: Model = MODEL) -> bool:
    """Whether text alone keeps a pair: a first question before `score`, for millions of pairs."""
    return looked_at(Weighed(a, rarities), Weighed(b, rarities), rarities, model=model) is not None


def looked_at(mine: Weighed, yours: Weighed, rarities: Rarities, *, model: Model = MODEL) -> Features | None:
    """The same, of records whose words are weighed: the features of a pair that is kept."""
    found = at_best(mine, yours, rarities)
    if not set(mine.one.codes).isdisjoint(yours.one.codes):
        return in_full(found, mine, yours, rarities)
    if found.all_titles < LEAST_ALIKE or model.log_odds(found) < 0.0:
        return None
    found = in_full(found, mine, yours, rarities)
    return found if model.log_odds(found) >= 0.0 else None


def _text(a: Comparable, b: Comparable, found: Features, model: Model) -> list[Part]:
    if not (a.titles and b.titles):
        return []
    added = model.parts(found)
    return [
        Part(name, value, adds, SAYS[name].format(value))
        for name, adds in added.items()
        if (value := getattr(found, name))
    ]


def _code(a: Comparable, b: Comparable, found: Features) -> list[Part]:
    both = sorted(set(a.codes) & set(b.codes))
    if not both:
        return []
    return [Part("code", 1.0, SAME_CODE[found.sponsor > 0], f"both name the sponsor's code {both[0]}")]


def _number(a: Comparable, b: Comparable, shared: Shared, found: Features, text: float) -> list[Part]:
    base = BY_NUMBER[shared.how]
    if shared.how != "same" and shared.strength < LISTED:
        base = WITHIN_WORDS if shared.strength >= LISTED / 2 else IN_TEXT
    parts = [Part("number", shared.strength, base, _says_number(shared))]
    if shared.how == "same" or not (a.titles and b.titles):
        return parts
    if contradicts(a, b, found):
        return [*parts, Part("contradiction", 1.0, CONTRADICTED, "nothing else that they say is alike")]
    support = max(LEAST_SUPPORT, min(MOST_SUPPORT, text))
    return [*parts, Part("text", text, support, "their texts")]


def contradicts(a: Comparable, b: Comparable, found: Features) -> bool:
    """Whether two records have so little in common that a number between them is likely a slip of the pen."""
    if a.enrolment is None or b.enrolment is None or found.same_size:
        return False
    known = sum(
        bool(mine and yours) for mine, yours in ((a.conditions, b.conditions), (a.interventions, b.interventions))
    )
    unlike = (found.best_title, found.condition, found.intervention)
    return known > 0 and max(unlike) < UNLIKE and found.sponsor <= 0


def _says_number(shared: Shared) -> str:
    return {
        "same": f"both are records of {shared.number}",
        "mutual": f"each names the other's number ({shared.number})",
        "claimed": f"one names the other's number {shared.number}",
        "third": f"both name {shared.number}",
    }[shared.how]


def _type(value: float, limits: Limits) -> Type | None:
    if value >= limits.exact:
        return "exact"
    if value >= limits.fuzzy:
        return "fuzzy"
    if value >= limits.probable:
        return "probable"
    return "possible" if value >= limits.possible else None


def _decide(
    a: Comparable,
    b: Comparable,
    found: Features,
    value: float,
    *,
    shared: Shared | None,
    decided: Verdict | None,
    limits: Limits,
) -> tuple[Decision, str]:
    if decided:
        said: tuple[Decision, str] = ("confirmed", "a reviewer said that they are one trial")
        return said if decided == "same" else ("split", "a reviewer said that they are two trials")
    if shared and shared.how == "same":
        return "automatic", _says_number(shared)
    if value < limits.possible:
        return "none", "too little is alike"
    if _same_register(a, b, shared):
        return "review", "two numbers of one register: most such pairs are sister trials"
    if value < limits.automatic:
        return "review", "alike, but not enough to merge unasked"
    if shared and shared.strength >= LISTED:
        return "automatic", _says_number(shared)
    if against := [name for name, most in AGAINST_MERGING.items() if getattr(found, name) > most]:
        return "review", f"alike, but {SAYS[against[0]].format(getattr(found, against[0]))}"
    if not found.same_size:
        return "review", "alike, but the numbers of participants do not agree: sister trials are as alike"
    return "automatic", "titles and numbers of participants agree, and nothing speaks against it"


def _same_register(a: Comparable, b: Comparable, shared: Shared | None) -> bool:
    return a.register == b.register and a.trial != b.trial and not (shared and shared.how == "same")
