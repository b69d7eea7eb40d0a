"""ClinicalTrials.gov's own MeSH terms as the measure of ours: precision, recall and F1, micro-averaged. No I/O.

Its terms are automatic too, so all of them is neither possible nor wished: of the trials whose condition is
"HIV Infections" every third was not given that term, and many were given neighbours that no word says.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from actors.mesh.evidence import Evidence, Lesson, Tally, Told
from actors.mesh.mapping import LEAST, LEAST_TAUGHT, Answer, Mapper, contexts
from actors.mesh.record import repaired
from bench.measure import Figures, rounded

Field = Literal["condition", "intervention"]
Find = Callable[[str], Iterable[Answer]]
FEWEST_OF_A_HABIT = 5  # trials
# Habits that no one should take on, read through by hand: wrong diseases, drugs of other arms, and what says nothing.
SAYS_NOTHING = frozenset(("D004194",))  # Disease
MISTAKES = frozenset(
    (
        ("D006526", "D006506"),  # Hepatitis C is not Hepatitis A
        ("D006525", "D006506"),
        ("D019698", "D006506"),
        ("D009771", "D003193"),  # Obsessive-Compulsive Disorder is no Compulsive Personality Disorder
        ("D009196", "D010954"),  # Myeloproliferative Disorders and Plasmacytoma stand side by side in lists
        ("text:chronic disorder myeloproliferative", "D010954"),
        ("D016597", "D002118"),  # Trimetrexate is given with leucovorin calcium
        ("D016597", "D058766"),
        ("D020723", "D002118"),
        ("D020723", "D058766"),
        ("text:glucuronate trimetrexate", "D002118"),
        ("text:glucuronate trimetrexate", "D058766"),
    )
)
PARTS = 5  # of the trials, for cross-validation


@dataclass(frozen=True, slots=True)
class Record:
    """A trial with the terms that its registry gave it.

    Records of the old format name their supplementary records without ids; then `all_known` is false, nothing is
    learned of them, and ours are not counted.
    """

    id: str
    texts: Mapping[Field, tuple[str, ...]]
    terms: Mapping[Field, frozenset[str]]
    all_known: bool


@dataclass(frozen=True, slots=True)
class Score:
    right: int = 0
    wrong: int = 0
    missing: int = 0

    def __add__(self, other: "Score") -> "Score":
        return Score(self.right + other.right, self.wrong + other.wrong, self.missing + other.missing)

    @property
    def precision(self) -> float:
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        return self.right / max(1, self.right + self.missing)

    @property
    def f1(self) -> float:
        return 2 * self.right / max(1, 2 * self.right + self.wrong + self.missing)

    def figures(self) -> Figures:
        return {name: rounded(getattr(self, name)) for name in ("precision", "recall", "f1")}


def record(line: str, known: Collection[str]) -> Record:
    raw: dict[str, Any] = json.loads(line)
    condition, intervention = (
        frozenset(repaired(ui, known) or ui for ui in raw[field]) for field in ("condition_mesh", "intervention_mesh")
    )
    names = tuple(one["name"] for one in raw["interventions"])
    return Record(
        raw["nctId"],
        {"condition": tuple(raw["conditions"]), "intervention": names},
        {"condition": condition, "intervention": intervention},
        all_known=raw["source"] == "v2",
    )


def part(one: Record) -> int:
    """Which part of the set a trial is in, by its number alone."""
    return hashlib.sha256(one.id.encode()).digest()[0] % PARTS


def score(find: Find, trials: Iterable[Record], field: Field, *, headings_only: bool = False) -> Score:
    """Over the trials that were given any term."""
    total = Score()
    for trial in trials:
        bare = headings_only or not trial.all_known
        given = _headings(trial.terms[field]) if bare else trial.terms[field]
        if given:
            found = frozenset(answer.ui for text in trial.texts[field] for answer in find(text))
            ours = _headings(found) if bare else found
            total += Score(len(ours & given), len(ours - given), len(given - ours))
    return total


def by_way(find: Find, trials: Iterable[Record], field: Field) -> Figures:
    """The share of answers that are right, and their number, for each way in which they were found."""
    right, all_ = Counter[str](), Counter[str]()
    for trial in trials:
        for answer in (answer for text in trial.texts[field] for answer in find(text)):
            if trial.terms[field] and (trial.all_known or answer.ui.startswith("D")):
                all_[answer.how] += 1
                right[answer.how] += answer.ui in trial.terms[field]
    return {how: [rounded(right[how] / count), count] for how, count in all_.most_common()}


def taught(mapper: Mapper, trials: Iterable[Record], field: Field) -> Tally:
    tally = Tally()
    for trial in trials:
        if given := trial.terms[field]:
            lessons = [mapper.lesson(text) for text in trial.texts[field]]
            if not trial.all_known:
                lessons = [Lesson(one.contexts, _headings(one.said)) for one in lessons]
            tally.add(lessons, given)
    return tally


def habits(mapper: Mapper, trials: Sequence[Record], field: Field) -> list[Told]:
    """Of what the trials teach, what turns a decision: adds a term that no word says, or takes one back.

    Fewer trials than these are often the same few, whose conditions stand side by side.
    """
    said: dict[tuple[str, str], Answer] = {}
    for text in {text for trial in trials for text in trial.texts[field]}:
        answers = mapper.said(text)
        for context in contexts(text, answers):
            for answer in answers:
                pair = context, answer.ui
                said[pair] = max(answer, said.get(pair, answer), key=lambda one: one.score)
    told = taught(mapper, trials, field).told(fewest=FEWEST_OF_A_HABIT)
    known = (one for one in told if one.ui in mapper.vocabulary and (one.context, one.ui) not in MISTAKES)
    return [one for one in known if _turns(one, said.get((one.context, one.ui)))]


def _turns(one: Told, said: Answer | None) -> bool:
    alone = Evidence([one])
    if said is None:
        return one.ui not in SAYS_NOTHING and one.ui in alone.others([one.context], least=LEAST_TAUGHT)
    return said.how == "within" and said.of == one.context and alone.rate(one.context, one.ui, said.score) < LEAST


def cross_validated(
    mapper: Mapper, trials: Sequence[Record], field: Field, *, only_habits: bool = False, headings_only: bool = False
) -> Score:
    """With evidence: each part of the trials is measured with what the others teach."""
    total = Score()
    for held in range(PARTS):
        others = [trial for trial in trials if part(trial) != held]
        told = habits(mapper, others, field) if only_habits else taught(mapper, others, field).told()
        find = Mapper(mapper.vocabulary, mapper.scope, evidence=Evidence(told)).answers
        total += score(find, (trial for trial in trials if part(trial) == held), field, headings_only=headings_only)
    return total


def _headings(uis: frozenset[str]) -> frozenset[str]:
    return frozenset(ui for ui in uis if ui.startswith("D"))
