"""Titles and names as words to compare, and how rare each word is. No I/O.

Words, not characters: a title is shortened, re-worded and re-ordered between registers, but its drug, its disease and
its acronym stay. A word that few trials have weighs more (inverse document frequency), so no list of stop words and
no vocabulary of medicine is needed; only grammar is left out, to save the work.
"""

import html
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import repeat
from math import fsum

LONGEST = 4_000  # characters of a text that are looked at: titles are below 1,000

_WORD = re.compile(r"[^\W_]+")
_MARKUP = re.compile(r"<[a-zA-Z/][^<>]{0,80}>|_x000[dD]_")
_LEFT_OUT = "a an and are as at be by for from in into is it its of on or that the this to versus vs with without"
_GRAMMAR = frozenset(_LEFT_OUT.split())
_NUMERALS = {"ii": "2", "iii": "3", "iv": "4"}
_STAYS = ("ss", "us", "is")  # endings that are no plural: "mass", "virus", "sepsis"


def words(text: str | None) -> tuple[str, ...]:
    """The words of a text in their plain form, in order, grammar left out."""
    if not text:
        return ()
    text = text[:LONGEST]
    if "<" in text or "_x000" in text:
        text = _MARKUP.sub(" ", text)
    if "&" in text:
        text = html.unescape(text)
    return tuple(_stem(word) for word in _WORD.findall(_folded(text)) if word not in _GRAMMAR)


def _folded(text: str) -> str:
    """Without case and accents. Taking a sign apart can give one that has a case, and folding one that has parts."""
    if text.isascii():
        return text.lower()
    for _ in range(2):
        text = unicodedata.normalize("NFKD", text).casefold()
    return "".join(one for one in text if not unicodedata.combining(one))


@lru_cache(maxsize=262_144)
def _stem(word: str) -> str:
    """Without plural; British spelling as American; the numerals of phases as digits."""
    if word in _NUMERALS:
        return _NUMERALS[word]
    if len(word) < 4:
        return word
    if word.endswith("s") and not word.endswith(_STAYS):
        word = word[:-1]
    if word.endswith("our") and len(word) > 4:
        word = f"{word[:-3]}or"
    return word.replace("ae", "e").replace("oe", "e").replace("isation", "ization").replace("ised", "ized")


@dataclass(frozen=True, slots=True)
class Rarity:
    """What a word is worth: ln(trials / trials that have it). `unseen` is that of a word that no trial had yet.

    Sums are exact before they are rounded (`fsum`): a set has its words in an order that differs between processes.
    """

    weights: Mapping[str, float]
    unseen: float
    _squares: Mapping[str, float] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_squares", {word: weight * weight for word, weight in self.weights.items()})

    def of(self, word: str) -> float:
        return self.weights.get(word, self.unseen)

    def rarest(self, given: Iterable[str], count: int) -> tuple[str, ...]:
        """The `count` rarest of the words, the rarest first; of two as rare, the first of the alphabet."""
        get, unseen = self.weights.get, self.unseen
        return tuple(word for _, word in sorted([(-get(word, unseen), word) for word in set(given)])[:count])

    def likeness(self, a: frozenset[str], b: frozenset[str]) -> float:
        """From 0 to 1: the cosine between the two as vectors of their words' weights; 0 where either is empty."""
        both = a & b
        return self.between(both, a - both, b - both) if both else 0.0

    def between(self, both: frozenset[str], only_a: frozenset[str], only_b: frozenset[str]) -> float:
        """The same, of what both have and what each has alone."""
        get, unseen = self._squares.get, repeat(self.unseen * self.unseen)
        shared = fsum(map(get, both, unseen))
        if not shared:
            return 0.0
        return shared / math.sqrt((shared + fsum(map(get, only_a, unseen))) * (shared + fsum(map(get, only_b, unseen))))

    def squares(self, given: Iterable[str]) -> float:
        """The sum of the squares of their weights: the length, squared, of the words as a vector."""
        return fsum(map(self._squares.get, given, repeat(self.unseen * self.unseen)))

    def sum(self, given: Iterable[str]) -> float:
        return fsum(map(self.weights.get, given, repeat(self.unseen)))

    def most(self, given: Iterable[str]) -> float:
        """The weight of the rarest; 0 of none."""
        return max(map(self.weights.get, given, repeat(self.unseen)), default=0.0)


def rarity(trials_with: Mapping[str, int], trials: int) -> Rarity:
    """The weights of words, from how many of the trials have each."""
    most = math.log(max(trials, 2))
    weights = {word: math.log(trials / count) for word, count in trials_with.items() if 0 < count < trials}
    weights |= {word: 0.0 for word, count in trials_with.items() if count >= trials}
    return Rarity(weights, most)
