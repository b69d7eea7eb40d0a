"""Which known terms stand in a text, and which of them together say best what it is about. No I/O.

Recurrent  non-small  cell  lung  cancer
           └──────── chosen ───────────┘    the longest, so that as many words as can be are told
                            └── within ─┘   a more general term in the same words
"""

from collections.abc import Container, Iterable, Iterator, Sequence

from actors.mesh import normal
from actors.mesh.normal import SMALL, Token
from actors.mesh.scope import Scope
from actors.mesh.vocabulary import Found, Vocabulary

LONGEST = 8  # words; 99.9 % of the terms of 2024 have no more
SHOUTED = 3  # words: in a longer text of capitals, "ALL" is a word like any other
NEGATING = frozenset(("no", "non", "not", "without"))

Spans = dict[tuple[int, int], Found]


def known_spans(text: str, tokens: Sequence[Token], vocabulary: Vocabulary, scope: Scope) -> Spans:
    """The terms in a text, by the first of their words and the one after the last."""
    found: Spans = {}
    words = tuple(token.word for token in tokens)
    for start, end in _ranges(tokens):
        whole = end - start == len(tokens)
        loose = whole or (scope.loose and _is_phrase(start, end, tokens, text))
        if match := vocabulary.find(words[start:end], scope.letters, loose=loose, kin=whole):
            found[start, end] = match
    shouted = text.isupper() and len(tokens) > SHOUTED
    for at, token in enumerate(tokens):
        ui = None if shouted else vocabulary.short_forms.get(text[token.start : token.end])
        if ui and (at, at + 1) not in found and vocabulary.letters(ui) & scope.letters:
            found[at, at + 1] = Found(ui, "said")
    return found


def _is_phrase(start: int, end: int, tokens: Sequence[Token], text: str) -> bool:
    """Whether words may be read in another order: all in one piece, and nothing left of what comes after an "of".

    "Cell Cancer of the Renal" is no phrase before "Pelvis".
    """
    if tokens[start].piece != tokens[end - 1].piece:
        return False
    follows = tokens[end] if end < len(tokens) else None
    ends = follows is None or follows.word in SMALL or not text[tokens[end - 1].end : follows.start].isspace()
    return ends or not any(token.word in SMALL for token in tokens[start:end])


def keys(text: str, tokens: Sequence[Token], *, loose: bool = True) -> tuple[set[str], set[str]]:
    """Every key under which terms in a text are looked up, as spelled and as bags (of kindred words too).

    What to fetch when the vocabulary is not in memory. `loose` as a scope has it.
    """
    as_spelled: set[str] = set()
    as_bags: set[str] = set()
    for start, end in _ranges(tokens):
        words = tuple(token.word for token in tokens[start:end])
        as_spelled.add(normal.spelled(words))
        whole = end - start == len(tokens)
        if whole or (loose and _is_phrase(start, end, tokens, text)):
            stems = normal.stems(words)
            as_bags.add(normal.bag(stems))
            if whole:
                as_bags.add(normal.kin(stems))
    return as_spelled - {""}, as_bags - {""}


def chosen(spans: Iterable[tuple[int, int]], length: int) -> list[tuple[int, int]]:
    """Spans that do not overlap and together weigh most, in order; long ones weigh more than their parts do."""
    ending: dict[int, list[int]] = {}
    for start, end in spans:
        ending.setdefault(end, []).append(start)
    weights = [0]
    starts: list[int | None] = [None]  # of the span that ends here in the best choice up to here
    for end in range(1, length + 1):
        options = [(weights[start] + (end - start) ** 2, start) for start in ending.get(end, ())]
        best = max(options, default=(0, 0))
        weights.append(max(best[0], weights[-1]))
        starts.append(best[1] if best[0] > weights[end - 1] else None)
    found: list[tuple[int, int]] = []
    at = length
    while at > 0:
        start_ = starts[at]
        if start_ is None:
            at -= 1
        else:
            found.append((start_, at))
            at = start_
    return found[::-1]


def within(outer: tuple[int, int], spans: Container[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The other terms in the words of one."""
    inside = ((start, end) for start in range(*outer) for end in range(start + 1, outer[1] + 1))
    return (inner for inner in inside if inner != outer and inner in spans)


def _ranges(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Runs of words that may be a term: no small word at either end, and not what the word before denies."""
    for start, first in enumerate(tokens):
        if start and tokens[start - 1].word in NEGATING:
            continue
        for end in range(start + 1, min(len(tokens), start + LONGEST) + 1):
            if end - start == len(tokens) or not (first.word in SMALL or tokens[end - 1].word in SMALL):
                yield start, end
