"""What of a running process can be read at no cost, for its metrics: its database, its pools, its memory."""

import os
from pathlib import Path
from typing import Any

import asyncpg

from supervisor.pool_stats import connections, stats
from supervisor.service import Service
from supervisor.version import VERSION

CGROUP = Path("/sys/fs/cgroup")


def observe(service: Service) -> None:
    """From now on `service.metrics` tells how the process stands whenever somebody asks."""
    watch, within_s = service.metrics.watch, service.settings.dead_after_s
    limit_bytes = float(memory_limit_bytes())
    watch("triald_info", lambda: {(VERSION,): 1.0})
    watch("triald_database_up", lambda: {(): float(service.beat.is_heard(within_s))})
    watch("triald_watchers", lambda: {(): float(len(service.hub))})
    watch("triald_memory_limit_bytes", lambda: {(): limit_bytes})
    for name, pool in service.pools.items():
        _observe_pool(service, name, pool)


def _observe_pool(service: Service, name: str, pool: "asyncpg.Pool[Any]") -> None:
    watch = service.metrics.watch
    watch("triald_pool_connections", lambda: connections(name, pool))
    watch("triald_pool_waiting", lambda: {(name,): float(stats(pool).waiting)})
    watch("triald_pool_most", lambda: {(name,): float(stats(pool).most)})


def memory_limit_bytes(cgroup: Path = CGROUP, membership: Path = Path("/proc/self/cgroup")) -> int:
    """What the group of this process may use, as systemd and containers set it, or else what the machine has."""
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for folder in _groups(cgroup, membership):
        try:
            limits.append(int((folder / "memory.max").read_text("ascii")))
        except (OSError, ValueError):  # no such file at the root; "max" is no limit
            continue
    return min(limits)


def _groups(cgroup: Path, membership: Path) -> list[Path]:
    """The group of this process and those around it: each of them may have a limit."""
    try:
        lines = membership.read_text("ascii").splitlines()
    except OSError:
        return [cgroup]
    inner = next((line[3:] for line in lines if line.startswith("0::/")), "/")
    folder = cgroup / inner.lstrip("/")
    return [folder, *(one for one in folder.parents if one.is_relative_to(cgroup))]
