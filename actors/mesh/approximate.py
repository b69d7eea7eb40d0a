"""Words that are nearly known: a slip of the pen is put right before a text is looked up again. No I/O."""

from collections.abc import Container, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice, product

SHORTEST = 5  # letters; shorter words have too many neighbours
LONG = 9  # letters; from here on two slips are forgiven
MOST_MEANT = 3  # words that one may be meant as
MOST_READINGS = 9  # of a text


class Speller:
    """Finds what is meant among `words`, which are given with how common they are. What is `known` is no slip.

    Slips in the first letter are rare: it is taken as it stands.
    """

    def __init__(self, words: Mapping[str, int], known: Container[str]) -> None:
        self._words = words
        self._known = known
        self._alike: dict[tuple[str, int], list[tuple[int, str]]] = {}
        for word in words:
            self._alike.setdefault((word[0], len(word)), []).append((_letters(word), word))
        self.meant = lru_cache(maxsize=16_384)(self._meant)

    def readings(self, words: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """The words with slips put right, the likeliest reading first; none where there is nothing to put right."""
        each = [self.meant(word) or (word,) for word in words]
        found = islice(product(*each), MOST_READINGS)
        return (reading for reading in found if reading != tuple(words))

    def _meant(self, word: str) -> tuple[str, ...]:
        """The words that a slip may have made of it: the nearest first, then the commonest."""
        if word in self._known or len(word) < SHORTEST or not word.isalpha():
            return ()
        most = 2 if len(word) >= LONG else 1
        letters = _letters(word)
        near = sorted(
            (slips, -self._words[other], other)
            for length in range(len(word) - most, len(word) + most + 1)
            for others, other in self._alike.get((word[0], length), ())
            if (letters ^ others).bit_count() <= 2 * most and (slips := distance(word, other, most)) <= most
        )
        return tuple(other for _, _, other in near[:MOST_MEANT])


def _letters(word: str) -> int:
    """The letters of a word as bits: each slip changes two of them at most, so most words need no closer look."""
    bits = 0
    for letter in word:
        bits |= 1 << (ord(letter) & 63)
    return bits


def distance(one: str, other: str, most: int) -> int:
    """Letters to add, leave out, change or swap with their neighbour; `most` + 1 stands for any more."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        now = [i]
        for j, against in enumerate(other, 1):
            cost = min(last[j] + 1, now[j - 1] + 1, last[j - 1] + (letter != against))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == against:
                cost = min(cost, before[j - 2] + 1)
            now.append(cost)
        if min(now) > most:
            return most + 1
        before, last = last, now
    return min(last[-1], most + 1)
