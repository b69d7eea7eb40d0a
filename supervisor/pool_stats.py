"""How a pool of connections stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncpg


@dataclass(frozen=True, slots=True)
class PoolStats:
    """`total` connections are open, `idle` of them free; `waiting` callers have none yet; `most` may be open."""

    total: int
    idle: int
    waiting: int
    most: int

    @property
    def used(self) -> int:
        return self.total - self.idle


def stats(pool: "asyncpg.Pool[Any]") -> PoolStats:
    """Also of asyncpg's own pool, which does not count who waits."""
    return PoolStats(pool.get_size(), pool.get_idle_size(), getattr(pool, "waiting", 0), pool.get_max_size())


def connections(name: str, pool: "asyncpg.Pool[Any]") -> Mapping[tuple[str, ...], float]:
    now = stats(pool)
    return {(name, "idle"): float(now.idle), (name, "used"): float(now.used)}
