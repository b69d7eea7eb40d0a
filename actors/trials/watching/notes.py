"""Who is told what of a page of trials: one notice for each owner, trial and version. No I/O."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import get_args

from actors.trials.flags import Step, outcome_changes
from actors.trials.watching.matter import Kind, Matter, matters

_ORDER = {kind: place for place, kind in enumerate(get_args(Kind))}


@dataclass(frozen=True, slots=True)
class Now:
    """A trial as it stands, and its versions, oldest first."""

    id: int
    version: int
    registry: str
    registry_id: str
    title: str | None
    status: str
    start: str | None
    last_updated: str | None
    steps: Sequence[Step] = ()


@dataclass(frozen=True, slots=True)
class TrialWatch:
    """Somebody watches a trial by itself, and was told up to a version."""

    watch_id: int
    owner: str
    trial_id: int
    seen: int


@dataclass(frozen=True, slots=True)
class SearchWatch:
    """A saved search: of the page, what it finds now, and what it found before, with the version told up to."""

    watch_id: int
    owner: str
    found: AbstractSet[int]
    members: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Note:
    """A notice to be made."""

    owner: str
    trial: Now
    version: int
    watch_id: int
    matters: tuple[Matter, ...]

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(sorted({one.kind for one in self.matters}, key=_ORDER.__getitem__))


@dataclass(slots=True)
class Made:
    """The notices, and what the watches know from now on: (watch, trial, version) and (watch, trial)."""

    notes: list[Note] = field(default_factory=list)
    found: list[tuple[int, int, int]] = field(default_factory=list)
    lost: list[tuple[int, int]] = field(default_factory=list)
    told: list[tuple[int, int]] = field(default_factory=list)  # (watch of a trial, version)


def make(trials: Iterable[Now], watches: Sequence[TrialWatch], searches: Sequence[SearchWatch]) -> Made:
    """All that a page of trials gives rise to."""
    made, by_id = Made(), {one.id: one for one in trials}
    news = {one.id: _news(one) for one in by_id.values()}
    for watch in watches:
        if (now := by_id.get(watch.trial_id)) is not None:
            made.notes += _notes(watch.owner, now, watch.watch_id, _since(news[now.id], watch.seen))
            made.told.append((watch.watch_id, now.version))
    for search in searches:
        for now in by_id.values():
            _of_search(search, now, news[now.id], made)
    made.notes = _merged(made.notes)
    return made


def _of_search(search: SearchWatch, now: Now, news: Mapping[int, tuple[Matter, ...]], made: Made) -> None:
    seen, is_found = search.members.get(now.id), now.id in search.found
    if seen is None and is_found:
        entered = (Matter("new"), *news.get(now.version, ()))
        made.notes.append(Note(search.owner, now, now.version, search.watch_id, entered))
        made.found.append((search.watch_id, now.id, now.version))
    elif seen is not None:
        told = _since(news, seen)
        if is_found:
            made.found.append((search.watch_id, now.id, now.version))
        else:
            made.lost.append((search.watch_id, now.id))
            told = _with_left(told)
        made.notes += _notes(search.owner, now, search.watch_id, told)


def _news(now: Now) -> dict[int, tuple[Matter, ...]]:
    """What matters of each version."""
    record = {"start": now.start, "status": now.status, "last_updated": now.last_updated}
    outcomes = {one.version: one for one in outcome_changes(record, now.steps)}
    return {step.version: matters(step, outcomes.get(step.version)) for step in now.steps}


def _since(news: Mapping[int, tuple[Matter, ...]], seen: int) -> dict[int, tuple[Matter, ...]]:
    return {version: told for version, told in news.items() if version > seen and told}


def _with_left(told: dict[int, tuple[Matter, ...]]) -> dict[int, tuple[Matter, ...]]:
    """That a search does not find a trial any more is told along with why; without a reason that matters it is none."""
    if told:
        last = max(told)
        told[last] = (*told[last], Matter("left"))
    return told


def _notes(owner: str, now: Now, watch_id: int, told: Mapping[int, tuple[Matter, ...]]) -> list[Note]:
    return [Note(owner, now, version, watch_id, matter) for version, matter in told.items()]


def _merged(notes: Iterable[Note]) -> list[Note]:
    """Whoever watches a trial in two ways is told once, by the first of them, of all that matters."""
    merged: dict[tuple[str, int, int], Note] = {}
    for one in notes:
        key = (one.owner, one.trial.id, one.version)
        first = merged.get(key)
        if first is None:
            merged[key] = one
        else:
            more = tuple(told for told in one.matters if told not in first.matters)
            merged[key] = Note(first.owner, first.trial, first.version, first.watch_id, (*first.matters, *more))
    return list(merged.values())
