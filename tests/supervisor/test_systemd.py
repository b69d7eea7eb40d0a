"""The unit files as systemd itself judges them, with no systemd running."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from supervisor.setting_sources import OPERATORS
from supervisor.settings import KNOWN, read

FOLDER = Path(__file__).parents[2] / "systemd"
LASTING = ("triald.service", "triald-worker@.service")
ONCE = ("triald-backup.service", "triald-retain.service")
SERVICES = (*LASTING, *ONCE)
OTHERS = ("triald.target", "triald-backup.timer", "triald-retain.timer")
EXPOSED_MOST = 20  # tenths: 2.0 of 10, what systemd calls "OK"

analyze = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(analyze is None, reason="systemd-analyze is not installed")


def text_of(name: str) -> str:
    return (FOLDER / name).read_text("utf-8")


def block(name: str, first: str, last: str) -> list[str]:
    """The lines of a unit from one to another, without comments."""
    text = text_of(name)
    lines = text[text.index(first) : text.index(last) + len(last)].splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def run(*words: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    assert analyze
    environment = {**os.environ, "SYSTEMD_UNIT_PATH": f"{folder}:"}
    return subprocess.run([analyze, *words], env=environment, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """A folder with all of them, whose executable is there; else verify complains of the missing one."""
    for name in (*SERVICES, *OTHERS):
        text = re.sub(r"^ExecStart=\S+", f"ExecStart={shutil.which('true')}", text_of(name), flags=re.MULTILINE)
        (tmp_path / name).write_text(text)
    return tmp_path


def installed(name: str) -> str:
    """A template is looked at as one of its instances."""
    return name.replace("@.", "@1.")


@needs_systemd
@pytest.mark.parametrize("name", [*SERVICES, *OTHERS])
def test_systemd_has_nothing_to_say_about_a_unit(units: Path, name: str) -> None:
    """It exits with 0 on unknown settings and only tells of them, so a word is a failure."""
    said = run("verify", "--man=no", units / installed(name), folder=units)
    assert (said.stderr, said.returncode) == ("", 0)


@needs_systemd
def test_verify_would_have_noticed_a_misspelt_setting(units: Path) -> None:
    unit = units / "triald.service"
    unit.write_text(unit.read_text().replace("ProtectHome=", "ProtectHomes="))
    assert "ProtectHomes" in run("verify", "--man=no", unit, folder=units).stderr


@needs_systemd
@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_exposed_no_more_than_a_hardened_one(units: Path, name: str) -> None:
    words = ("security", "--no-pager", "--offline=true", f"--threshold={EXPOSED_MOST}", units / installed(name))
    judged = run(*words, folder=units)
    assert judged.returncode == 0, judged.stdout[-500:]
    assert "Overall exposure level" in judged.stdout


@pytest.mark.parametrize("name", LASTING)
@pytest.mark.parametrize(
    "setting",
    [
        "Type=notify",
        "NotifyAccess=main",
        "WatchdogSec=60",
        "StartLimitIntervalSec=0",
        "Restart=on-failure",
        "RestartPreventExitStatus=2",
        "KillMode=mixed",
        "DynamicUser=yes",
        "UMask=0077",
        "PartOf=triald.target",
        "LoadCredential=database_url:/etc/triald/credentials/database_url",
    ],
)
def test_a_unit_keeps_what_the_service_relies_on(name: str, setting: str) -> None:
    assert setting in text_of(name).splitlines()


@pytest.mark.parametrize("name", SERVICES)
def test_no_secret_is_handed_over_as_environment(name: str) -> None:
    """N35: by LoadCredential alone, and each that a unit names is one that triald knows."""
    assert not re.search(r"^(Pass)?Environment=", text_of(name), flags=re.MULTILINE)
    handed = re.findall(r"^LoadCredential=(\w+):/etc/triald/credentials/(\w+)$", text_of(name), flags=re.MULTILINE)
    secrets = {name for name, one in KNOWN.items() if one.kind.secret} | {OPERATORS}
    assert handed
    for credential, file in handed:
        assert credential == file
        assert credential in secrets
        assert f"SetCredential={credential}:\\n" in text_of(name).splitlines()  # one that is not there is no failure


def test_every_secret_can_be_handed_to_the_services_that_last() -> None:
    """N35: a setting that is a secret has its credential."""
    secrets = {name for name, one in KNOWN.items() if one.kind.secret}
    for name in LASTING:
        handed = set(re.findall(r"^LoadCredential=(\w+):", text_of(name), flags=re.MULTILINE))
        assert secrets <= handed


@pytest.mark.parametrize("name", SERVICES)
def test_all_services_are_hardened_alike(name: str) -> None:
    first, last = "ProtectSystem=strict", "SystemCallErrorNumber=EPERM"
    assert block(name, first, last) == block("triald.service", first, last)


def test_workers_of_one_machine_have_an_address_each() -> None:
    """C24: any number of them side by side, on loopback, none in the way of another or of triald.service."""
    [listen] = re.findall(r"--listen (\S+)", text_of("triald-worker@.service"))
    environ = {"HOME": "/root"}
    url = "postgresql://triald@db/triald"
    settings = [
        read({"role": "worker", "listen": listen.replace("%i", str(one)), "database_url": url}, environ, None)
        for one in (1, 254)
    ]
    assert [(one.host, one.port) for one in settings] == [("127.0.1.1", 8080), ("127.0.1.254", 8080)]


@pytest.mark.parametrize("name", OTHERS[1:])
def test_timers_make_up_for_the_time_that_a_machine_was_off(name: str) -> None:
    assert "Persistent=true" in text_of(name).splitlines()
    assert (FOLDER / name.replace(".timer", ".service")).exists()
