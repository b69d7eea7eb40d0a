"""What a record that arrives means for the trial that is stored under its number. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from actors.trials.pack import PackedPage, PackedTrial, Source

Verdict = Literal["new", "changed", "returned", "reread", "unchanged", "older"]


@dataclass(frozen=True, slots=True)
class Stored:
    """As much of a stored trial as is needed to tell a change."""

    id: int
    registry_id: str
    version: int
    adapter_version: int
    content_sha256: bytes
    last_updated_on: date | None
    changed_at: datetime  # when the page came that this version was first seen on
    removed: bool


@dataclass(frozen=True, slots=True)
class Sorted:
    """A page by what is to be done: `rewritten` are the rows to take over, each with its own verdict."""

    new: tuple[PackedTrial, ...]
    rewritten: tuple[tuple[Stored, PackedTrial, Verdict], ...]
    unchanged: tuple[Stored, ...]


def sort_page(page: PackedPage, stored: Mapping[str, Stored]) -> Sorted:
    new: list[PackedTrial] = []
    rewritten: list[tuple[Stored, PackedTrial, Verdict]] = []
    unchanged: list[Stored] = []
    for trial in page.trials:
        was = stored.get(trial.registry_id)
        if was is None:
            new.append(trial)
            continue
        match verdict(was, trial, page.source):
            case "changed" | "returned" | "reread" as what:
                rewritten.append((was, trial, what))
            case _:
                unchanged.append(was)
    return Sorted(tuple(new), tuple(rewritten), tuple(unchanged))


def verdict(was: Stored, now: PackedTrial, source: Source) -> Verdict:
    """What became of a trial that is known.

    - returned: it had been removed at the source, and is there again
    - older: a page that was under way for long brings what has been overtaken, or an older program reads it. That the
      source dates its record back is no sign of it: that is a correction
    - reread: the source did not touch it, but this program reads more out of it: no new version
    """
    if was.removed:
        return "returned"
    if source.adapter_version < was.adapter_version or _is_overtaken(was, now, source.fetched_at):
        return "older"
    if now.content_sha256 == was.content_sha256:
        return "unchanged"
    if source.adapter_version > was.adapter_version and now.last_updated_on == was.last_updated_on is not None:
        return "reread"
    return "changed"


def _is_overtaken(was: Stored, now: PackedTrial, fetched_at: datetime) -> bool:
    return fetched_at < was.changed_at and not _is_before(was.last_updated_on, now.last_updated_on)


def _is_before(one: date | None, other: date | None) -> bool:
    return one is not None and other is not None and one < other
