"""What a new year of MeSH changes: what came, what went and where it went to, what has another name. No I/O."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Renamed:
    """The same heading under a new name; trials coded with it stay coded."""

    ui: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Removed:
    """A heading that is no longer there. `now` is the one that took its name over, and with it the trials' codes."""

    ui: str
    name: str
    now: str | None


@dataclass(frozen=True, slots=True)
class Changes:
    """Each in the order of ids; `added` are ids."""

    added: tuple[str, ...]
    removed: tuple[Removed, ...]
    renamed: tuple[Renamed, ...]


def changes(before: Mapping[str, str], after: Mapping[str, str], named: Callable[[str], str | None]) -> Changes:
    """Compares two years, each as names by id. `named` tells whose term a text is in the new year."""
    return Changes(
        added=tuple(sorted(after.keys() - before.keys())),
        removed=tuple(Removed(ui, before[ui], named(before[ui])) for ui in sorted(before.keys() - after.keys())),
        renamed=tuple(
            Renamed(ui, before[ui], after[ui]) for ui in sorted(before.keys() & after.keys()) if before[ui] != after[ui]
        ),
    )
