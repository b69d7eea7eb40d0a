"""Finds the Chromium that page and PDF tests drive: Playwright's own or the system's. `python -m tests.browser`."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
# A browser that we fetch ourselves lies in the environment and goes with it.
FETCHED = ROOT / ".venv" / "browsers"
PLAYWRIGHT_FOLDERS = (FETCHED, Path.home() / ".cache" / "ms-playwright")
PLAYWRIGHT_PROGRAMS = (
    "chromium_headless_shell-*/*/*headless*shell",
    "chromium-*/*/chrome",
    "chromium-*/*/*.app/Contents/MacOS/*",
)
SYSTEM_PROGRAMS = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
FETCH_WITHIN_S = 180


@cache
def find_browser() -> Path | None:
    """A Chromium that runs here, for Playwright's `executable_path`; None when there is none."""
    return next((program for program in _candidates() if _runs(program)), None)


def fetch_browser() -> bool:
    """Let Playwright fetch its Chromium; whether that gave one that runs."""
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    environment = {**os.environ, "PLAYWRIGHT_BROWSERS_PATH": str(FETCHED)}
    try:
        subprocess.run(command, check=True, env=environment, capture_output=True, timeout=FETCH_WITHIN_S)
    except (OSError, subprocess.SubprocessError):
        return False
    find_browser.cache_clear()
    return find_browser() is not None


def _candidates() -> Iterator[Path]:
    given = os.environ.get("TRIALD_TEST_BROWSER")
    if given:
        yield Path(given)
    for folder in PLAYWRIGHT_FOLDERS:
        for pattern in PLAYWRIGHT_PROGRAMS:
            yield from sorted(folder.glob(pattern), reverse=True)
    for name in SYSTEM_PROGRAMS:
        if found := shutil.which(name):
            yield Path(found)


def _runs(program: Path) -> bool:
    # A fetched browser may lack libraries of the system: only running it tells.
    try:
        subprocess.run([program, "--version"], check=True, capture_output=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return False
    return True


if __name__ == "__main__":
    print(find_browser() or "no Chromium runs here")
