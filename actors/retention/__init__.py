"""How long everything is kept: one file for each area in rules/, ending in `KEPT`; the catalogue finds them.

    KEPT = Kept("webhooks",
        aged=(Aged("deliveries", "webhook_deliveries", "history_days", webhooks.trim),),   # goes when it is old
        held={"webhooks": Held.FOREVER},                                                   # or why it does not
    )

Each table of the schema stands in one of them. What is aged is counted by the statement `retention.older_<name>` and
removed by the room that it belongs to; `triald retain` and the nightly job `maintain` do the same. An area whose rows
name files says which (`names`), so that files that no row names are found, and backups know what belongs to them.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from actors.runtime.database import Database

# Settings in days that the rules below name; what is in force comes from the settings.
DAYS: Mapping[str, int] = MappingProxyType(
    {"history_days": 30, "events_days": 90, "reports_days": 730, "clusters_days": 730, "governance_days": 730}
)


class Held(StrEnum):
    """Why rows of a table do not go by their age."""

    FOREVER = "kept until somebody removes it"
    MIRROR = "kept for good: it is what registries told"
    OWNER = "goes with the row that it belongs to"
    MADE = "made anew from other tables"
    WORK = "goes as the work is done"


@dataclass(frozen=True, slots=True)
class Aged:
    """Rows that go once they are older than a setting says. `remove` gives how many it removed."""

    name: str
    table: str
    days: str
    remove: Callable[[Database, datetime], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Names:
    """Rows that name files: all keys below `prefix` (it ends in /) are ours, and `keys` are those that are named."""

    prefix: str
    keys: Callable[[Database], Awaitable[set[str]]]


@dataclass(frozen=True, slots=True)
class Kept:
    """An area: what of it goes by age, and why the rest does not."""

    name: str
    aged: tuple[Aged, ...] = ()
    held: Mapping[str, Held] = field(default_factory=lambda: MappingProxyType({}))
    names: tuple[Names, ...] = ()

    @property
    def tables(self) -> tuple[str, ...]:
        return (*(one.table for one in self.aged), *self.held)
