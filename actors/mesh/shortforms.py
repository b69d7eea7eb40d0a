"""Short forms that a text explains: "allergic bronchopulmonary aspergillosis (ABPA)". No I/O.

The rule of Schwartz and Hearst, Pac Symp Biocomput 2003: 451-462, for short forms in parentheses: read from the end,
every letter of the short form stands in the words before it, its first at the beginning of a word.
"""

import re
from collections.abc import Iterable

SHORTEST, LONGEST = 2, 10  # letters of a short form

_EXPLAINED = re.compile(r"([^()\[\]]{3,200})[(\[]\s*([^()\[\];,]{2,14}?)\s*[;,)\]]")
_SHORT = re.compile(r"[A-Za-z0-9][A-Za-z0-9/+-]*")


def short_forms(texts: Iterable[str]) -> dict[str, str]:
    """Short forms as they are written, each with the words that explain it first."""
    found: dict[str, str] = {}
    for text in texts:
        for before, inside in _EXPLAINED.findall(text):
            if _is_short(inside) and (long := _explaining(inside, before)):
                found.setdefault(inside, long)
    return found


def _is_short(text: str) -> bool:
    letters = [letter for letter in text if letter.isalnum()]
    capital = any(letter.isupper() for letter in text)
    return _SHORT.fullmatch(text) is not None and SHORTEST <= len(letters) <= LONGEST and capital


def _explaining(short: str, before: str) -> str | None:
    """The end of the text before that the short form stands for."""
    words = before.split()
    letters = [letter.lower() for letter in short if letter.isalnum()]
    near = " ".join(words[-min(len(letters) + 5, len(letters) * 2) :])
    at = len(near)
    for number, letter in reversed(list(enumerate(letters))):
        at -= 1
        while at >= 0 and not (near[at].lower() == letter and (number > 0 or _begins_word(near, at))):
            at -= 1
        if at < 0:
            return None
    long = near[at:].strip()
    return long if len(long) > len(short) else None


def _begins_word(text: str, at: int) -> bool:
    return at == 0 or not text[at - 1].isalnum()
