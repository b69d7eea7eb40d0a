"""Which sets go, and which lose their files. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Rule:
    """How long databases and files are kept; files at most as long as the database that names them."""

    days: int = 30
    files_days: int = 14


@dataclass(frozen=True, slots=True)
class Held:
    """A good set."""

    name: str
    made_at: datetime
    has_files: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    remove: tuple[str, ...]
    remove_files: tuple[str, ...]


def judge(sets: Sequence[Held], rule: Rule, now: datetime) -> Verdict:
    """The newest set and the newest with files stay whole, however old they are."""
    newest = max((one.made_at for one in sets), default=None)
    newest_whole = max((one.made_at for one in sets if one.has_files), default=None)
    stay = {newest, newest_whole}
    old = [one for one in sets if one.made_at < now - timedelta(days=rule.days) and one.made_at not in stay]
    gone = {one.name for one in old}
    files_before = now - timedelta(days=rule.files_days)
    thin = [
        one.name
        for one in sets
        if one.has_files and one.made_at < files_before and one.made_at not in stay and one.name not in gone
    ]
    return Verdict(tuple(sorted(gone)), tuple(sorted(thin)))
