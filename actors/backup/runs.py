"""What became of backups and drills, as health and alerts tell it. No I/O."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Kind = Literal["backup", "drill"]


@dataclass(frozen=True, slots=True)
class Run:
    """`error` says why it failed; the numbers are of the set that it made."""

    started_at: datetime
    ended_at: datetime
    database_bytes: int | None
    files_bytes: int | None
    rows: int | None
    files: int | None
    kind: Kind
    state: Literal["done", "failed"]
    host: str
    folder: str
    name: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """The last of each. A drill is a good backup too."""

    backup: Run | None
    drill: Run | None
    failed: Run | None  # the last failure of either, where nothing of its kind went well since


def standing(runs: Iterable[Run]) -> Standing:
    """From the last run of each kind and state."""
    last = {(one.kind, one.state): one for one in runs}
    good = [one for one in last.values() if one.state == "done"]
    done = {one.kind: one for one in good}
    failed = [
        one for one in last.values()
        if one.state == "failed" and (one.kind not in done or done[one.kind].ended_at < one.ended_at)
    ]  # fmt: skip
    return Standing(
        max(good, key=lambda one: one.ended_at, default=None),
        done.get("drill"),
        max(failed, key=lambda one: one.ended_at, default=None),
    )
