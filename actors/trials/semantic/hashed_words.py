"""The local embedder: words and pieces of words, hashed into a vector. It knows no meaning. No I/O.

Two texts are alike as far as they share words, rare ones above all, and spellings: hypertension and hypertensive share
most of their pieces; heart attack and myocardial infarction share nothing. It needs no model, no network and no other
service, and gives the same vector on every machine: signed feature hashing (Weinberger et al., ICML 2009) of words
weighted by rarity (common.py) and, with less weight, of their trigrams (as fastText cuts them).
"""

import math
import re
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from actors.trials.facets import folded
from actors.trials.semantic.common import COMMON, RAREST

DIMENSIONS = 768  # with 384 the noise of hashing costs a third of what is found (nDCG 0.12 for 0.19)
PIECE = 3  # letters
PIECES = 0.3  # of a word's weight (squared) goes to its pieces together
HASHES = 2  # places of a word: one that falls together with another's is not all that it has
LONGEST = 6_000  # characters of a text that are read: title, conditions, interventions and much of a summary
_WORD = re.compile(r"[^\W_]+(?:-[0-9]+)?")


@dataclass(frozen=True, slots=True)
class HashedWords:
    name: str = "hashed-words"
    version: int = 1
    dimensions: int = DIMENSIONS
    says: str = "shared words and spellings, no meaning beyond them"

    def embed(self, texts: Sequence[str]) -> list["array[float]"]:
        return [_vector(text, self.dimensions) for text in texts]


HASHED_WORDS = HashedWords()


def _vector(text: str, dimensions: int) -> "array[float]":
    sums = [0.0] * dimensions
    for word, times in Counter(_words(text)).items():
        weight = (1 + math.log(times)) * COMMON.get(word, RAREST)
        for place, share in _features(word, dimensions):
            sums[place] += weight * share
    length = math.sqrt(sum(one * one for one in sums))
    return array("f", [one / length for one in sums] if length else sums)


def _words(text: str) -> list[str]:
    """Folded, and without the s of most plurals."""
    found = (word for word in _WORD.findall(folded(text[:LONGEST])) if len(word) > 1 and not word.isdigit())
    return [word[:-1] if len(word) > 3 and word[-1] == "s" and word[-2] not in "siu" else word for word in found]


@lru_cache(maxsize=100_000)
def _features(word: str, dimensions: int) -> tuple[tuple[int, float], ...]:
    """Where a word and its pieces go, each with its sign and share of the word's weight."""
    framed = f"<{word}>"
    pieces = [framed[at : at + PIECE] for at in range(len(framed) - PIECE + 1)] if len(word) >= PIECE + 1 else []
    whole = math.sqrt((1 - PIECES if pieces else 1.0) / HASHES)
    places = [_place(f"{salt} {word}", dimensions, whole) for salt in range(HASHES)]
    each = math.sqrt(PIECES / len(pieces)) if pieces else 0.0
    return (*places, *(_place(piece, dimensions, each) for piece in pieces))


def _place(feature: str, dimensions: int, share: float) -> tuple[int, float]:
    number = int.from_bytes(blake2b(feature.encode(), digest_size=8).digest())
    return (number >> 1) % dimensions, share if number & 1 else -share
