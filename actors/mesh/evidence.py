"""What a registry's own indexing teaches: how often trials with a text or a term were given another term. No I/O.

ClinicalTrials.gov publishes the MeSH terms that NLM gave to each trial. Over many mirrored trials they tell what no
vocabulary does: that a trial on Myelodysplastic Syndromes is indexed with Preleukemia too, and one on Atopic Dermatitis
not with Dermatitis, though the words stand there.

    rate = (times given + trust × our own score) / (trials that tell + trust)

A trial does not tell of a term that another of its texts explains. It must not be asked about itself: evidence is
learned from other trials than those that it is measured on.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

TRUST = 4.0  # trials that our own score weighs
DOUBT = 2.0  # trials that weigh against a term that no word of the text says
FEWEST = 3  # trials; what fewer tell is chance


@dataclass(frozen=True, slots=True)
class Lesson:
    """One text of a trial: what evidence is kept by, and the terms that its words say."""

    contexts: tuple[str, ...]
    said: frozenset[str]


@dataclass(frozen=True, slots=True)
class Told:
    """Of `trials` with a context that tell of a term, so many were `given` it."""

    context: str
    ui: str
    given: int
    trials: int


class Tally:
    """Counts trials, one after another."""

    def __init__(self) -> None:
        self._trials: Counter[str] = Counter()
        self._given: Counter[tuple[str, str]] = Counter()
        self._explained: Counter[tuple[str, str]] = Counter()
        self._pairs: dict[tuple[str, str], None] = {}

    def add(self, lessons: Sequence[Lesson], terms: Iterable[str]) -> None:
        """One trial: what its texts say, and the terms that its registry gave it."""
        given = set(terms)
        for context in {context for lesson in lessons for context in lesson.contexts}:
            own = {ui for lesson in lessons if context in lesson.contexts for ui in lesson.said}
            elsewhere = {ui for lesson in lessons if context not in lesson.contexts for ui in lesson.said}
            self._trials[context] += 1
            for ui in given | own:
                pair = context, ui
                self._pairs[pair] = None
                if ui in elsewhere:
                    self._explained[pair] += 1
                elif ui in given:
                    self._given[pair] += 1

    def told(self, *, fewest: int = FEWEST) -> Iterator[Told]:
        """What so many trials or more tell of: rows to keep."""
        for pair in self._pairs:
            trials = self._trials[pair[0]] - self._explained[pair]
            if trials >= fewest:
                yield Told(*pair, self._given[pair], trials)


class Evidence:
    def __init__(self, told: Iterable[Told]) -> None:
        self._told: dict[str, dict[str, tuple[int, int]]] = {}
        for one in told:
            self._told.setdefault(one.context, {})[one.ui] = one.given, one.trials

    def rate(self, context: str, ui: str, score: float) -> float:
        """How likely a term is that the words say, with this score."""
        given, trials = self._told.get(context, {}).get(ui, (0, 0))
        return (given + TRUST * score) / (trials + TRUST)

    def others(self, contexts: Iterable[str], *, least: float) -> dict[str, float]:
        """The terms that registries give with these contexts at least so often, each with its best rate."""
        best: dict[str, float] = {}
        for context in contexts:
            for ui, (given, trials) in self._told.get(context, {}).items():
                rate = given / (trials + DOUBT)
                if rate >= max(least, best.get(ui, 0.0)):
                    best[ui] = rate
        return best
