"""A saved search, as the index is asked for it: put together once, when it is saved. No I/O."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Asked:
    """`question` is a tsquery as text, empty where nothing is asked of the index; the rest is compared row by row.

    `days`: start, completion and last update, each from and to. `near`: latitude, longitude and km; a trial with one of
    the words `inside` (a tsquery) lies within them for sure. `numbers` are what a trial may be named by, whatever the
    filters.
    """

    question: str
    days: tuple[date | None, ...] = (None,) * 6
    age_days: int | None = None
    with_removed: bool = False
    near: tuple[float, float, float] | None = None
    inside: str | None = None
    numbers: tuple[str, ...] = ()

    @property
    def given(self) -> tuple[object, ...]:
        """As the statements take it."""
        near = list(self.near) if self.near else None
        return (self.question, list(self.days), [self.age_days, int(self.with_removed)], near, self.inside)
