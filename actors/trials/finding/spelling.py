"""Typing errors put right: which of the words that trials write was meant. No I/O.

Two words with an error between them have a spelling in common once a letter is left out of each, or of one: so the
index holds each word with every letter left out once, and a word is looked up in the same way (Garbe's symmetric
deletion).
"""

import re
from collections.abc import Iterable, Mapping

SHORTEST = 4  # letters; shorter words have too many neighbours
TWO_ERRORS_FROM = 8  # letters
LONGEST = 30

_WORD = re.compile(r"[^\W\d_]{4,30}")


def correctable(text: str) -> tuple[str, ...]:
    """The words of a text that may be wrong, in small letters."""
    return tuple(dict.fromkeys(word.lower() for word in _WORD.findall(text)))


def spellings(word: str) -> list[str]:
    """The word, and what it becomes without one letter."""
    return [word, *sorted({word[:at] + word[at + 1 :] for at in range(len(word))})]


def meant(word: str, known: Iterable[tuple[str, int]]) -> str | None:
    """Of the known words, each with how many trials have it, the one that was meant: nearest, then most common."""
    most = 2 if len(word) >= TWO_ERRORS_FROM else 1
    near = [(errors(word, other), -seen, other) for other, seen in known if abs(len(other) - len(word)) <= most]
    best = min(near, default=None)
    return best[2] if best and 0 < best[0] <= most else None


def errors(a: str, b: str) -> int:
    """Letters left out, put in, exchanged or swapped with the next (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        current = [i]
        for j, y in enumerate(b, start=1):
            cost = min(row[j] + 1, current[j - 1] + 1, row[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, before[j - 2] + 1)
            current.append(cost)
        before, row = row, current
    return row[-1]


def corrected(text: str, instead: Mapping[str, str]) -> str:
    """The text with some of its words as they were meant."""
    return _WORD.sub(lambda match: instead.get(match[0].lower(), match[0]), text)
