"""Numbers of CTIS: YYYY-5NNNNN-CC-RR, where RR counts the submissions of one trial. No I/O.

`Seen` holds which were met, in eight characters each, so that a checkpoint can carry ten thousand.
"""

import re
from collections.abc import Iterator

_NUMBER = re.compile(r"20([0-9]{2})-5([0-9]{5})-([0-9]{2})(?:-([0-9]{2}))?")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_WIDTH = 6  # 36**6 is more than nine digits make


def parted(number: str) -> tuple[str, int] | None:
    """The trial's number, and which submission of it this is; None for what is no number."""
    match = _NUMBER.fullmatch(number)
    return (f"20{match[1]}-5{match[2]}-{match[3]}", int(match[4] or "0")) if match else None


class Seen:
    """Rows of the source that were met; several may be submissions of one trial."""

    def __init__(self, text: str = "") -> None:
        step = _WIDTH + 2
        self._rows = {text[at : at + step]: None for at in range(0, len(text) - step + 1, step)}
        self._highest: dict[str, str] = {}
        for row in self._rows:
            self._highest[row[:_WIDTH]] = max(row[_WIDTH:], self._highest.get(row[:_WIDTH], ""))

    def add(self, trial: str, submission: int) -> bool:
        """Whether this is to be read: a trial not met before, or a higher submission of it."""
        key, given = _packed(trial), f"{submission:02}"
        if key + given in self._rows:
            return False
        self._rows[key + given] = None
        known = self._highest.get(key, "")
        self._highest[key] = max(known, given)
        return given > known

    @property
    def rows(self) -> int:
        return len(self._rows)

    @property
    def folded(self) -> int:
        """How many rows were further submissions of a trial."""
        return len(self._rows) - len(self._highest)

    def __str__(self) -> str:
        return "".join(self._rows)


def _packed(trial: str) -> str:
    digits = int(trial[2:4] + trial[6:11] + trial[12:14])
    return "".join(_letters(digits)).rjust(_WIDTH, "0")


def _letters(value: int) -> Iterator[str]:
    letters = []
    while value:
        value, digit = divmod(value, 36)
        letters.append(_DIGITS[digit])
    yield from reversed(letters)
