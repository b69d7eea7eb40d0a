"""Where settings come from: a TOML file, credentials of systemd, the environment, the command line.

Each source gives what it holds by the setting's name; what is wrong with it is added to `problems`, a line each.
"""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from supervisor.setting_kinds import Known

PREFIX = "TRIALD_"
FILE_VARIABLE = "TRIALD_SETTINGS_FILE"  # names the TOML file
DEFAULT_FILE = Path("/etc/triald/triald.toml")  # read when it is there
OPERATORS = "token"  # the credential that holds the operator's token: its place is told, of the others the text
TESTS_PREFIX = "TRIALD_TEST_"  # speaks to the tests, not to triald


@dataclass(frozen=True, slots=True)
class Given:
    """What a source holds for a setting, not yet read."""

    value: object
    origin: str


def nearest(name: str, names: Iterable[str]) -> str:
    """The known name that looks most like this one, whatever the case of its letters."""
    by_look = {known.casefold(): known for known in names}
    return by_look[difflib.get_close_matches(name.casefold(), list(by_look), n=1, cutoff=0.0)[0]]


def default_data_dir(environ: Mapping[str, str]) -> str:
    if state := environ.get("STATE_DIRECTORY", "").partition(":")[0]:
        return state
    return str(Path(environ.get("HOME") or Path.home()) / ".local" / "share" / "triald")


def settings_file(environ: Mapping[str, str], file: Path | None, default: Path | None) -> Path | None:
    if file is not None:
        return file
    if named := environ.get(FILE_VARIABLE, "").strip():
        return Path(named)
    return default if default is not None and default.exists() else None


def from_file(file: Path | None, known: Mapping[str, Known], problems: list[str]) -> dict[str, Given]:
    """The keys of a TOML file."""
    if file is None:
        return {}
    try:
        told = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        problems.append(f"{file}: {getattr(error, 'strerror', None) or error}")
        return {}
    problems += [f"{file}: there is no setting {name}{_near(name, known)}" for name in told if name not in known]
    return {name: Given(value, f"file {file}") for name, value in told.items() if name in known}


def from_credentials(environ: Mapping[str, str], known: Mapping[str, Known], problems: list[str]) -> dict[str, Given]:
    """The secrets that systemd hands over as files, and the operator's token."""
    if not (folder := environ.get("CREDENTIALS_DIRECTORY")):
        return {}
    names = [*(name for name, one in known.items() if one.kind.secret), OPERATORS]
    found: dict[str, Given] = {}
    for file in _files(Path(folder), problems):
        if file.name not in names:
            problems.append(f"there is no credential {file.name}; the nearest is {nearest(file.name, names)}")
        elif file.name == OPERATORS and content(file, "token_file", problems):
            found["token_file"] = Given(str(file), "credential token")
        elif file.name != OPERATORS and (text := content(file, file.name, problems)):
            found[file.name] = Given(text, f"credential {file.name}")
    return found


def _files(folder: Path, problems: list[str]) -> list[Path]:
    try:
        return sorted(file for file in folder.iterdir() if file.is_file())
    except OSError as error:
        problems.append(f"CREDENTIALS_DIRECTORY: {folder} cannot be read: {error.strerror}")
        return []


def from_environment(environ: Mapping[str, str], known: Mapping[str, Known], problems: list[str]) -> dict[str, Given]:
    """The variables that begin with TRIALD_, and DATABASE_URL."""
    names = {one.variable: name for name, one in known.items()}
    files = {f"{one.variable}_FILE": name for name, one in known.items() if one.kind.secret}
    found: dict[str, Given] = {}
    if url := environ.get("DATABASE_URL", "").strip():
        found["database_url"] = Given(url, "environment DATABASE_URL")
    for variable, text in _ours(environ):
        if not text.strip() and (variable in names or variable in files):
            continue
        if variable in names:
            found[names[variable]] = Given(text, f"environment {variable}")
        elif variable in files:
            name = files[variable]
            if environ.get(known[name].variable, "").strip():
                problems.append(f"{known[name].variable} and {variable} are both given: expected one of them")
            elif secret := content(Path(text.strip()), variable, problems):
                found[name] = Given(secret, f"environment {variable}")
        else:
            problems.append(f"there is no setting {variable}{_near(variable, [*names, *files, FILE_VARIABLE])}")
    return found


def _ours(environ: Mapping[str, str]) -> list[tuple[str, str]]:
    return [
        (variable, text)
        for variable, text in sorted(environ.items())
        if variable.startswith(PREFIX) and not variable.startswith(TESTS_PREFIX) and variable != FILE_VARIABLE
    ]


def from_command_line(
    overrides: Mapping[str, str], known: Mapping[str, Known], problems: list[str]
) -> dict[str, Given]:
    """The words of the command line, by setting."""
    problems += [f"there is no setting {name}{_near(name, known)}" for name in overrides if name not in known]
    return {
        name: Given(text, f"command line {known[name].option}") for name, text in overrides.items() if name in known
    }


def content(file: Path, name: str, problems: list[str]) -> str:
    """The text of a secret's file, without blanks around it; empty where it cannot be read."""
    try:
        return file.read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        problems.append(f"{name}: {file} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}")
        return ""


def _near(name: str, names: Iterable[str]) -> str:
    return f"; the nearest is {nearest(name, names)}"
