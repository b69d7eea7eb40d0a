"""The part of requirements.lock that a running triald needs, hashes and all: `python runtime_lock.py > runtime.lock`.

The lock pins everything, what tests need too. pip says which packages the project asks for, at the pinned versions;
their entries are taken from the lock as they stand, so whatever is installed was pinned with its hash.
"""

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

EXTRAS = ("telemetry",)


class NotLocked(Exception):
    """The lock lacks a package that the project asks for."""


def entries(lock: str) -> dict[str, str]:
    """Each package's lines, by its name as an index knows it. No I/O."""
    blocks = re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE)
    found = {re.split(r"[^A-Za-z0-9._-]", block)[0]: block for block in blocks if re.match(r"[A-Za-z0-9]", block)}
    return {normal(name.partition("=")[0]): block for name, block in found.items()}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(lock: str) -> str:
    """Versions without hashes: what pip takes as constraints of packages that it is to find. No I/O."""
    return "".join(block.splitlines()[0].rstrip(" \\") + "\n" for block in entries(lock).values())


def wanted(project: dict[str, Any]) -> list[str]:
    """What a running triald stands on. No I/O."""
    extras = project["optional-dependencies"]
    return [*project["dependencies"], *(one for extra in EXTRAS for one in extras[extra])]


def chosen(lock: str, names: Iterable[str]) -> str:
    """The entries of these packages. No I/O. Raises NotLocked."""
    there = entries(lock)
    if missing := sorted({normal(name) for name in names} - there.keys()):
        raise NotLocked(f"requirements.lock has no {', '.join(missing)}: run make lock")
    return "".join(there[name] for name in sorted({normal(name) for name in names}))


def resolved(requirements: list[str], constraints: str) -> list[str]:
    """The names of all packages that pip would install for these."""
    with tempfile.TemporaryDirectory() as folder:
        file, report = Path(folder) / "constraints.txt", Path(folder) / "report.json"
        file.write_text(constraints, "utf-8")
        words = ["install", "--dry-run", "--ignore-installed", "--quiet", "--report", str(report)]
        words += ["--constraint", str(file), *requirements]
        subprocess.run([sys.executable, "-m", "pip", *words], check=True)  # noqa: S603 - our own words
        return [one["metadata"]["name"] for one in json.loads(report.read_text("utf-8"))["install"]]


def main() -> None:
    lock = Path("requirements.lock").read_text("utf-8")
    project = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]
    sys.stdout.write(chosen(lock, resolved(wanted(project), pins(lock))))


if __name__ == "__main__":
    main()
