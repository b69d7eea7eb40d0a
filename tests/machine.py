"""Gets what the tests need beside Python packages, where this user may: `python -m tests.machine`.

Without PostgreSQL 15, PgBouncer, systemd or Prometheus the tests that need them say that they were skipped; without a
Chromium the tests cannot pass, so that ends with what to install.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

from tests.browser import fetch_browser, find_browser
from tests.observing.prometheus import is_there as has_prometheus
from tests.postgres import PG15_BIN

APT_WITHIN_S = 600


@dataclass(frozen=True, slots=True)
class Need:
    name: str
    package: str  # of Debian
    there: Callable[[], bool]


def _has_browser() -> bool:
    find_browser.cache_clear()
    return find_browser() is not None


def _has_pgbouncer() -> bool:
    return shutil.which("pgbouncer") is not None or os.access("/usr/sbin/pgbouncer", os.X_OK)


BROWSER = Need("a Chromium", "chromium-headless-shell", _has_browser)
NEEDS = (
    BROWSER,
    Need("PostgreSQL 15", "postgresql-15", (PG15_BIN / "initdb").exists),
    Need("PgBouncer", "pgbouncer", _has_pgbouncer),
    Need("systemd-analyze", "systemd", lambda: shutil.which("systemd-analyze") is not None),
    Need("Prometheus", "prometheus", has_prometheus),
)


def main() -> int:
    missing = [need for need in NEEDS if not need.there()]
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        _apt("update")
        for need in missing:
            _apt("install", "--yes", "--no-install-recommends", need.package)
        missing = [need for need in missing if not need.there()]
    if BROWSER in missing and fetch_browser():
        missing.remove(BROWSER)
    for need in missing:
        print(f"{need.name} is missing: install the package {need.package} (as Debian names it)", file=sys.stderr)
    return 1 if BROWSER in missing else 0


def _apt(*words: str) -> None:
    print("apt-get", *words)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "-qq", *words]
    try:
        subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, timeout=APT_WITHIN_S)
    except subprocess.TimeoutExpired:
        print(f"apt-get did not end in {APT_WITHIN_S} s", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
