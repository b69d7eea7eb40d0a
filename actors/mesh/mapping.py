"""What a text of a trial is about, in terms of MeSH: each answer with its score, how it was found, and where. No I/O.

A score is how likely ClinicalTrials.gov's own indexing gives a term to a trial with such a text, as measured on two
thirds of 4,336 of its records. What is looser is asked only where nothing stricter was found.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from actors.mesh import normal
from actors.mesh.approximate import Speller
from actors.mesh.evidence import Evidence, Lesson
from actors.mesh.normal import Token
from actors.mesh.scope import COMBINATIONS, CONDITIONS, PROCESSES, Scope, may_be, may_be_general, may_be_part
from actors.mesh.spans import Spans, chosen, known_spans, within
from actors.mesh.vocabulary import Found, Vocabulary

How = Literal[
    "curated", "exact", "entry", "said", "normalised", "kindred", "span", "within", "approximate", "registry", "heading"
]

SURE: dict[How, float] = {
    "curated": 1.0,
    "exact": 0.92,
    "entry": 0.92,
    "normalised": 0.88,
    "span": 0.85,
    "within": 0.75,
    "said": 0.7,
    "kindred": 0.6,
    "approximate": 0.75,  # of what it would be if it were written right
}
NONE: Mapping[str, Sequence[str]] = MappingProxyType({})
LEAST = 0.5  # an answer that is more likely wrong than right is none
LEAST_TAUGHT = 0.6  # and what no word of the text says must be surer


@dataclass(frozen=True, slots=True)
class Answer:
    """`start` and `end`: the part of the text that was understood, in characters. `of`: the term it was found with."""

    ui: str
    name: str
    score: float
    how: How
    start: int
    end: int
    of: str


class Mapper:
    """Maps texts of one field.

    `curated`: what a person has decided for texts, by their key (normal.key); no term, where none is meant.
    `speller`: puts slips of the pen right; without it, one is made of the vocabulary when it is first needed.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        scope: Scope = CONDITIONS,
        *,
        evidence: Evidence | None = None,
        curated: Mapping[str, Sequence[str]] = NONE,
        least: float = LEAST,
        speller: Speller | None = None,
    ) -> None:
        self.vocabulary = vocabulary
        self.scope = scope
        self._evidence = evidence
        self._curated = curated
        self._least = least
        self._speller = speller

    def answers(self, text: str) -> tuple[Answer, ...]:
        """The terms that a text is about, the surest first."""
        if self.is_decided(text):
            decided = (ui for ui in self._curated[normal.key(text)] if ui in self.vocabulary)
            return tuple(self._whole(ui, "curated", SURE["curated"], text) for ui in decided)
        said = self.said(text)
        found = self._taught(text, said, self._evidence) if self._evidence else said
        kept = (answer for answer in found if answer.score >= self._least)
        return tuple(sorted(kept, key=lambda answer: (-answer.score, answer.start, answer.ui)))

    def is_decided(self, text: str) -> bool:
        """Whether a person has said what the text is about, or that it is about nothing that is coded."""
        return bool(self._curated) and normal.key(text) in self._curated

    def said(self, text: str) -> tuple[Answer, ...]:
        """The terms that the words of a text say, each once, without any evidence."""
        tokens = normal.tokens(text)
        return self._said(text, tokens) or self._said_nearly(text, tokens)

    def lesson(self, text: str) -> Lesson:
        """What a text of a trial with known terms can teach."""
        said = self.said(text)
        return Lesson(contexts(text, said), frozenset(answer.ui for answer in said))

    def is_plain(self, text: str) -> bool:
        """Whether the words of a text say anything as they stand, or are what a person has decided on."""
        return self.is_decided(text) or bool(self._said(text, normal.tokens(text)))

    def _said(self, text: str, tokens: Sequence[Token]) -> tuple[Answer, ...]:
        spans = known_spans(text, tokens, self.vocabulary, self.scope)
        best: dict[str, Answer] = {}
        for outer in chosen(spans, len(tokens)):
            found = spans[outer]
            if self._counts(outer, found, tokens):
                how: How = found.how if outer == (0, len(tokens)) else "span"
                sure = min(SURE[how], SURE[found.how])
                _keep(best, self._answer(found.ui, how, sure, outer, tokens, found.ui))
                for inner in self._general(outer, spans):
                    _keep(best, self._answer(spans[inner].ui, "within", SURE["within"], inner, tokens, found.ui))
        return tuple(best.values())

    def _counts(self, span: tuple[int, int], found: Found, tokens: Sequence[Token]) -> bool:
        tree = self.vocabulary.tree
        if span == (0, len(tokens)):
            return may_be(found.ui, self.scope, tree)
        is_salt = span[0] > 0 and span[1] - span[0] == 1 and tokens[span[0]].word in self.scope.salts
        return not is_salt and may_be_part(found.ui, self.scope, tree)

    def _general(self, outer: tuple[int, int], spans: Spans) -> Iterable[tuple[int, int]]:
        """The general terms in the words of a narrower one.

        A heading right above, or any above that the words begin with ("Anemia, Sickle Cell") or that a text names which
        is itself written as MeSH writes it; a process so written, as Ischemia in "Myocardial Ischemia"; and what a
        combination of drugs is named after.
        """
        tree, narrower, how = self.vocabulary.tree, spans[outer].ui, spans[outer].how
        for inner in within(outer, spans):
            ui, named = spans[inner].ui, spans[inner].how
            if ui == narrower or not may_be_general(ui, self.scope, tree):
                continue
            steps = tree.steps(narrower, ui)
            if steps is not None:
                fits = how == "exact" or inner[0] == outer[0] or (steps == 1 and named != "said")
            else:
                fits = tree.is_within(narrower, COMBINATIONS) or (named == "exact" and tree.is_within(ui, PROCESSES))
            if fits:
                yield inner

    def _answer(
        self, ui: str, how: How, score: float, span: tuple[int, int], tokens: Sequence[Token], of: str
    ) -> Answer:
        start, end = tokens[span[0]].start, tokens[span[1] - 1].end
        return Answer(ui, self.vocabulary.name(ui), score, how, start, end, of)

    def _whole(self, ui: str, how: How, score: float, text: str) -> Answer:
        return Answer(ui, self.vocabulary.name(ui), score, how, 0, len(text), ui)

    def _said_nearly(self, text: str, tokens: Sequence[Token]) -> tuple[Answer, ...]:
        """What the text says once slips of the pen are put right; never of drugs, whose names differ by a letter."""
        if not self.scope.loose:
            return ()
        if self._speller is None:
            self._speller = Speller(self.vocabulary.words(self.scope.letters), self.vocabulary.words())
        found: tuple[Answer, ...] = ()
        for words in self._speller.readings([token.word for token in tokens]):
            meant = [replace(token, word=word) for token, word in zip(tokens, words, strict=True)]
            answers = self._said(text, meant)
            if any(answer.how != "span" and answer.of == answer.ui for answer in answers):
                found = answers  # the whole text is a term when it is read so
                break
            found = found or answers
        nearly = SURE["approximate"]
        return tuple(replace(one, how="approximate", score=round(one.score * nearly, 3)) for one in found)

    def _taught(self, text: str, said: Sequence[Answer], evidence: Evidence) -> tuple[Answer, ...]:
        """The answers with the scores that evidence gives them, and those that it alone gives."""
        found = {one.ui: _taught(one, evidence) for one in said}
        for ui, rate in evidence.others(contexts(text, said), least=max(self._least, LEAST_TAUGHT)).items():
            score = round(rate, 3)
            if ui not in found and ui in self.vocabulary:
                found[ui] = self._whole(ui, "registry", score, text)
            elif ui in found and found[ui].score < score:
                found[ui] = replace(found[ui], score=score)
        return tuple(found.values())


def headings(answers: Iterable[Answer], vocabulary: Vocabulary) -> Iterator[Answer]:
    """The headings that stand for the supplementary records among the answers: by them the tree finds a trial."""
    for answer in answers:
        for ui in vocabulary.headings.get(answer.ui, ()):
            yield replace(answer, ui=ui, name=vocabulary.name(ui), how="heading", of=answer.ui)


def contexts(text: str, said: Sequence[Answer]) -> tuple[str, ...]:
    """What evidence is kept by: the terms that were chosen, and the text where they do not tell all of it."""
    terms = dict.fromkeys(answer.of for answer in said if answer.of == answer.ui)
    whole = len(terms) == 1 and any(answer.how not in ("span", "within", "approximate") for answer in said)
    key = normal.key(text)
    return tuple(terms) if whole or not key else (*terms, f"text:{key}")


def _taught(answer: Answer, evidence: Evidence) -> Answer:
    """The answer with the score that evidence gives it: only a general term within another can be taken back."""
    if answer.how != "within":
        return answer
    return replace(answer, score=round(evidence.rate(answer.of, answer.ui, answer.score), 3))


def _keep(best: dict[str, Answer], answer: Answer) -> None:
    if answer.ui not in best or answer.score > best[answer.ui].score:
        best[answer.ui] = answer
