"""What processes cost, read from Linux's /proc: CPU time and resident memory of a process and all below it."""

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Seen:
    """`cpu_s` includes that of children that ended and were waited for."""

    pid: int
    parent: int
    cpu_s: float
    resident_bytes: int


def below(root: int, *, without: Collection[int] = ()) -> list[Seen]:
    """A process and its descendants, leaving out the trees of others among them."""
    found = _all()
    children: dict[int, list[Seen]] = {}
    for seen in found:
        children.setdefault(seen.parent, []).append(seen)
    tree = [seen for seen in found if seen.pid == root]
    for seen in tree:  # grows while it is walked
        tree += [child for child in children.get(seen.pid, ()) if child.pid not in without]
    return tree


def cpu_s(root: int, *, without: Collection[int] = ()) -> float:
    return sum(seen.cpu_s for seen in below(root, without=without))


def resident_bytes(root: int, *, without: Collection[int] = ()) -> int:
    """Pages that processes share count for each of them."""
    return sum(seen.resident_bytes for seen in below(root, without=without))


def _all() -> list[Seen]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                found.append(read((folder / "stat").read_text()))
            except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
                continue
    return found


def read(stat: str) -> Seen:
    """One line of /proc/PID/stat; see proc(5). No I/O."""
    pid = int(stat[: stat.index(" ")])
    fields = stat[stat.rindex(")") + 2 :].split()  # a program's name may hold anything, brackets too
    ticks = sum(int(field) for field in fields[11:15])  # utime stime cutime cstime
    return Seen(pid, int(fields[1]), ticks / TICKS_PER_S, int(fields[21]) * PAGE_BYTES)
