"""The unit file as systemd itself judges it, with no systemd running."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[2] / "systemd" / "triald.service"
EXPOSED_MOST = 20  # tenths: 2.0 of 10, what systemd calls "OK"

analyze = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(analyze is None, reason="systemd-analyze is not installed")


def verify(unit: Path) -> subprocess.CompletedProcess[str]:
    assert analyze
    return subprocess.run(
        [analyze, "verify", "--man=no", unit], capture_output=True, text=True, check=False, timeout=60
    )


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with an executable that is there; else verify complains of the missing one."""
    text = re.sub(r"^ExecStart=\S+", f"ExecStart={shutil.which('true')}", UNIT.read_text(), flags=re.MULTILINE)
    copy = tmp_path / UNIT.name
    copy.write_text(text)
    return copy


@needs_systemd
def test_systemd_has_nothing_to_say_about_the_unit(unit: Path) -> None:
    said = verify(unit)
    assert (said.stderr, said.returncode) == ("", 0)


@needs_systemd
def test_verify_would_have_noticed_a_misspelt_setting(unit: Path) -> None:
    unit.write_text(unit.read_text().replace("ProtectHome=", "ProtectHomes="))
    assert "ProtectHomes" in verify(unit).stderr


@needs_systemd
def test_the_service_is_exposed_no_more_than_a_hardened_one(unit: Path) -> None:
    assert analyze
    command = [analyze, "security", "--no-pager", "--offline=true", f"--threshold={EXPOSED_MOST}", str(unit)]
    judged = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert judged.returncode == 0, judged.stdout[-500:]


@pytest.mark.parametrize(
    "setting",
    [
        "Type=notify",
        "NotifyAccess=main",
        "WatchdogSec=60",
        "StartLimitIntervalSec=0",
        "Restart=on-failure",
        "KillMode=mixed",
        "DynamicUser=yes",
        "UMask=0077",
        "LoadCredential=database_url:/etc/triald/credentials/database_url",
    ],
)
def test_the_unit_keeps_what_the_service_relies_on(setting: str) -> None:
    assert setting in UNIT.read_text().splitlines()


def test_no_secret_is_handed_over_as_environment() -> None:
    assert not re.search(r"^Environment=", UNIT.read_text(), flags=re.MULTILINE)
