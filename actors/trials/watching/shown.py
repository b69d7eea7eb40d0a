"""What is told of watches and notices. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Watch:
    """A trial that is watched, or a saved search (`query`) with how many `trials` it found last.

    `problem`: why a saved search cannot be run any more.
    """

    id: int
    trial_id: int | None
    name: str
    query: str | None
    problem: str | None
    created_at: datetime
    registry: str | None
    registry_id: str | None
    title: str | None
    status: str | None
    trials: int | None


@dataclass(frozen=True, slots=True)
class ChangeTold:
    """`field` is null where the trial as a whole is meant."""

    kind: str
    field: str | None
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Notice:
    """One change that matters, told once; `watch` is the name of what it was found by, null once that is gone."""

    id: int
    trial_id: int
    registry: str
    registry_id: str
    title: str | None
    version: int
    kinds: tuple[str, ...]
    changes: tuple[ChangeTold, ...]
    made_at: datetime
    read_at: datetime | None
    watch_id: int | None
    watch: str | None


@dataclass(frozen=True, slots=True)
class Unread:
    """How many notices somebody has not read, and the newest of these."""

    unread: int
    latest: tuple[Notice, ...] = ()


def notice(row: Mapping[str, Any]) -> Notice:
    changes = tuple(ChangeTold(**one) for one in orjson.loads(row["changes"]))
    return Notice(**{**row, "kinds": tuple(row["kinds"]), "changes": changes})
