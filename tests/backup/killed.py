"""Makes backups that kill themselves, each at a later touch of its folder: killed.py DSN TEMPLATE FIRST STEP."""

import asyncio
import os
import shutil
import signal
import sys
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from actors.backup.keeping import Rule
from actors.backup.make import make
from tests.backup.places import place_at

TOUCHES = {
    "open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.chmod", "os.utime", "os.listdir",
    "os.scandir",
}  # fmt: skip


def dies_at(number: int, sets: Path) -> None:
    """From now on each touch of the folder counts."""
    left = number

    def heard(event: str, given: tuple[object, ...]) -> None:
        nonlocal left
        if event in TOUCHES and any(isinstance(one, str | Path) and str(one).startswith(str(sets)) for one in given):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(heard)


def backs_up(dsn: str, folder: Path) -> None:
    """Long after the last set, so that old ones go too."""
    later = datetime.now(UTC) + timedelta(days=20)
    asyncio.run(make(place_at(dsn, folder), folder / "backups", rule=Rule(days=15, files_days=5), now=lambda: later))


def main(dsn: str, template: Path, first: int, step: int) -> None:
    """One after the other, each in a process and a copy of the template of its own, until one comes to its end."""
    for number in count(first, step):
        folder = template.with_name(f"at{number}")
        shutil.copytree(template, folder)
        child = os.fork()
        if child == 0:
            dies_at(number, folder / "backups")
            backs_up(dsn, folder)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(number, os.waitstatus_to_exitcode(status), flush=True)
        if status == 0:
            return


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
