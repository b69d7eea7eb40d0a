"""The project holds together: its names, its lock, its version, and what its files may and may not say."""

import ast
import importlib
import re
import subprocess
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("actors", "supervisor", "schema", "demo")
TEXT_ENDS = ("py", "toml", "md", "lock", "sql", "service", "yaml", "yml", "sh", "html", "css", "js", "json", "txt")
# Written in pieces, so that this file does not name them.
REGISTRY_HOSTS = tuple(
    ".".join(pieces)
    for pieces in (
        ("pypi", "org"),
        ("files", "pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("deb", "debian", "org"),
        ("archive", "ubuntu", "com"),
        ("proxy", "golang", "org"),
        ("conda", "anaconda", "org"),
    )
)
PURE_MUST_NOT_IMPORT = {"asyncio", "asyncpg", "aiohttp", "duckdb", "os", "time", "random", "socket", "subprocess"}


def _tracked() -> list[Path]:
    """The files that git knows or would take in; all of them where this is no repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True
    )
    if listed.returncode == 0:
        found = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    else:
        found = [file for file in ROOT.rglob("*") if not any(part.startswith(".") for part in file.parts)]
    return [file for file in found if file.is_file()]


def _texts() -> list[tuple[Path, str]]:
    names = ("Makefile", "Dockerfile", ".gitignore", "run")
    kept = (file for file in _tracked() if file.suffix[1:] in TEXT_ENDS or file.name in names)
    return [(file.relative_to(ROOT), file.read_text("utf-8", "replace")) for file in kept]


def _project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def _modules() -> list[Path]:
    return sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("name", PACKAGES)
def test_the_import_names_resolve_to_ours(name: str) -> None:
    found = importlib.import_module(name)
    assert found.__file__ is not None
    assert Path(found.__file__).parent == ROOT / name


def test_the_lock_names_no_host_and_every_package_with_a_hash() -> None:
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    assert not re.search(r"https?:|//|--index|--find-links|--extra-index|--trusted-host", lock)
    packages = re.findall(r"^([a-z0-9][^\s=]*)==\S+.*\\$((?:\n    --hash=sha256:[0-9a-f]{64}(?: \\)?$)+)", lock, re.M)
    assert len(packages) == len(re.findall(r"^[a-z0-9]", lock, re.M)) > 20


def test_the_lock_holds_every_package_that_the_project_asks_for() -> None:
    project = _project()["project"]
    wanted = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    locked = set(re.findall(r"^([a-z0-9][^\s=]*)==", (ROOT / "requirements.lock").read_text("utf-8"), re.M))
    assert {re.split(r"[^A-Za-z0-9-]", one)[0].lower() for one in wanted} <= locked


def test_no_file_names_the_host_of_a_package_registry() -> None:
    named = [(str(file), host) for file, text in _texts() for host in REGISTRY_HOSTS if host in text.lower()]
    assert named == []


def test_the_installed_version_is_the_one_of_the_project() -> None:
    try:
        installed = version("triald")
    except PackageNotFoundError:
        pytest.skip("triald is run from its sources, not installed")
    assert installed == _project()["project"]["version"]


def test_every_folder_of_the_import_packages_is_a_package() -> None:
    """A folder without __init__.py would be left out of an installed triald, and seen only there."""
    bare = {str(file.parent.relative_to(ROOT)) for file in _modules() if not (file.parent / "__init__.py").exists()}
    assert bare == set()


def test_what_says_that_it_does_no_io_imports_nothing_that_does() -> None:
    """Every module whose first line says "No I/O." keeps to it. (The demo world may throw its seeded dice.)"""
    guilty = []
    for file in (file for file in _modules() if file.relative_to(ROOT).parts[0] != "demo"):
        tree = ast.parse(file.read_text("utf-8"))
        doc = ast.get_docstring(tree) or ""
        if "No I/O." in doc.partition("\n")[0]:
            guilty += [(str(file.relative_to(ROOT)), name) for name in _imports(tree) & PURE_MUST_NOT_IMPORT]
    assert guilty == []


def _imports(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.partition(".")[0])
    return found


def test_sql_stands_only_in_the_files_of_statements() -> None:
    """Python outside schema/ holds no statement: it asks for one by its name."""
    statement = re.compile(
        r"\s*(select\s.+\sfrom|insert\s+into|update\s+\w+\s+set|delete\s+from|create\s+table)\s", re.I | re.S
    )
    found = []
    for file in _modules():
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and statement.match(node.value):
                found.append(f"{file.relative_to(ROOT)}:{node.lineno}")
    assert found == []


def test_files_of_statements_hold_no_line_that_the_reader_would_miss() -> None:
    """Every comment that begins a statement is one that the reader of these files understands."""
    for file in (ROOT / "schema" / "queries").glob("*.sql"):
        names = [line for line in file.read_text("utf-8").splitlines() if re.match(r"--\s*name\b", line)]
        assert all(re.fullmatch(r"-- name: [a-z0-9_]+", line) for line in names), file


def test_ci_runs_what_a_developer_runs() -> None:
    assert (ROOT / ".ci" / "run").read_text("utf-8").splitlines()[-1] == "make check"
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o100
