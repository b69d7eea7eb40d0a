"""How far something is, on one line of a terminal; where there is none, nothing but its steps."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

CLEAR = "\r\x1b[K"
EVERY_S = 0.1
UNITS = ("bytes", "kB", "MB", "GB", "TB")


@contextmanager
def shown_on(out: TextIO, now_s: Callable[[], float] = time.monotonic) -> Iterator[Callable[[str, int, int], None]]:
    """Call it with what is done, how much of it, and of how much (0: nobody knows)."""
    is_terminal, said, at_s = out.isatty(), "", 0.0

    def tell(what: str, done: int, total: int) -> None:
        nonlocal said, at_s
        if is_terminal:
            now = now_s()
            if what != said or now - at_s >= EVERY_S:
                at_s = now
                out.write(f"{CLEAR}{line(what, done, total)}")
                out.flush()
        elif what != said:
            out.write(f"{what} …\n")
        said = what

    try:
        yield tell
    finally:
        if is_terminal and said:
            out.write(CLEAR)
            out.flush()


def line(what: str, done: int, total: int) -> str:
    """No I/O."""
    amount = size if what in ("database", "verified") else "{:,}".format
    if total:
        return f"{what}: {amount(done)} of {amount(total)} ({100 * done // total} %)"
    return f"{what}: {amount(done)}" if done else f"{what} …"


def size(number: float) -> str:
    """Bytes as people read them: 12.3 MB. No I/O."""
    for unit in UNITS[:-1]:
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "bytes" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} {UNITS[-1]}"
