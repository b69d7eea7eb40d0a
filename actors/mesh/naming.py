"""What of MeSH a search names: the longest terms that stand in its words. No I/O.

"heart attack in diabetics" names Myocardial Infarction, and a person reads why: by an entry term. What is too general
to help (Therapeutics, Disease, Recurrence) is named only by a search that says nothing else.
"""

from dataclasses import dataclass

from actors.mesh import normal
from actors.mesh.scope import DISEASE, SIGNS, Scope, may_be
from actors.mesh.spans import chosen, known_spans
from actors.mesh.tree import depth, is_under
from actors.mesh.vocabulary import Vocabulary

TOO_GENERAL = (DISEASE, "C23", SIGNS, "D26.255", "D26.660")
TOO_GENERAL_BELOW = (DISEASE,)
# Diseases, drugs, procedures, mental disorders and behaviour: what trials are coded with.
ANYTHING = Scope("condition", letters=frozenset("CDEF"), parts=("C", "D", "E", "F"))


@dataclass(frozen=True, slots=True)
class Named:
    """A record that a text names. `how` as the mapping has it; `start` and `end` are the place in the text."""

    ui: str
    name: str
    how: str
    start: int
    end: int


def named(text: str, vocabulary: Vocabulary) -> tuple[Named, ...]:
    """In the order of the text; what overlaps is read so that the most words are told."""
    tokens = normal.tokens(text)
    spans = known_spans(text, tokens, vocabulary, ANYTHING)
    found: list[Named] = []
    for start, end in chosen(spans, len(tokens)):
        ui, how = spans[start, end].ui, spans[start, end].how
        whole = end - start == len(tokens)
        if may_be(ui, ANYTHING, vocabulary.tree) and (whole or _says(ui, vocabulary)):
            found.append(Named(ui, vocabulary.name(ui), how, tokens[start].start, tokens[end - 1].end))
    return tuple(found)


def _says(ui: str, vocabulary: Vocabulary) -> bool:
    """Whether a record says enough to be meant by a part of a search."""
    numbers = vocabulary.tree.numbers(ui)
    general = any(number in TOO_GENERAL or _below(number) for number in numbers)
    roots = [number for number in numbers if depth(number) == 0 and number[0] in "DEF"]
    return not general and not roots


def _below(number: str) -> bool:
    return any(is_under(number, above) for above in TOO_GENERAL_BELOW)
