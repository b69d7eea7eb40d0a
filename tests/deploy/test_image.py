"""The image and the composition: what can be said of them where no Docker runs."""

import json
import re
import runpy
import socket
import subprocess
import sys
import threading
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from supervisor.settings import KNOWN
from tests.deploy.chart import ROOT
from tests.deploy.dockerfile import Stage, stages

DEPLOY = ROOT / "deploy"
TEXT = (DEPLOY / "Dockerfile").read_text("utf-8")
LOCK = (ROOT / "requirements.lock").read_text("utf-8")
STAGES = stages(TEXT)
runtime_lock = SimpleNamespace(**runpy.run_path(str(DEPLOY / "runtime_lock.py")))
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))


def stage(name: str) -> Stage:
    [one] = [one for one in STAGES if one.name == name]
    return one


def test_the_image_is_made_in_stages_and_the_last_one_runs() -> None:
    """Where no target is named, what is built is `triald`, without the tools that built it."""
    assert [one.name for one in STAGES] == ["build", "triald", "with-chromium", ""]
    assert STAGES[-1].base == "triald"
    final = stage("triald")
    assert not re.search(r"apt-get|pip install|gcc|build-essential", " ".join(final.all("RUN")))
    assert "rm -rf /usr/local/lib/python3.11/site-packages/*" in " ".join(final.all("RUN"))
    assert all("--from=build" in copied for copied in final.all("COPY"))


def test_no_stage_ends_as_root() -> None:
    for name in ("triald", "with-chromium"):
        assert stage(name).all("USER")[-1] == "10001:10001"


def test_images_have_a_version_and_nothing_is_added_from_afar() -> None:
    for one in STAGES:
        assert one.base in {other.name for other in STAGES} or re.search(r":\d[\w.-]+$", one.base)
        assert one.all("ADD") == []
        for command in one.all("RUN"):
            assert not re.search(r"curl|wget|https?://", command)


def test_packages_come_from_the_lock_with_their_hashes() -> None:
    installs = re.findall(r"pip (?:--python \S+ )?install [^&]*", " ".join(stage("build").all("RUN")))
    assert installs
    assert all("--require-hashes" in one or "--no-index" in one for one in installs)


def test_no_secret_is_in_the_image() -> None:
    """N35: neither as a variable nor as an argument, and no file that might hold one goes along."""
    for one in STAGES:
        for told in (*one.all("ENV"), *one.all("ARG")):
            assert not re.search(r"(?i)password|secret|token|_url=|_key", told)
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    assert ignored[1] == "*"


def test_what_is_copied_is_there_and_let_through() -> None:
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    for one in STAGES:
        for words in (copied.split() for copied in one.all("COPY") if "--from" not in copied):
            for source in words[:-1]:
                assert (ROOT / source).exists(), source
                assert f"!{source}" in ignored, source


def test_the_image_says_how_it_is_and_how_it_is_stopped() -> None:
    final = stage("triald")
    [health] = final.all("HEALTHCHECK")
    assert "/opt/triald/healthcheck.py" in health
    assert final.all("STOPSIGNAL") == ["SIGTERM"]
    assert json.loads(final.all("ENTRYPOINT")[0]) == ["triald"]
    assert {"PYTHONDONTWRITEBYTECODE=1", "TRIALD_DATA_DIR=/var/lib/triald"} <= set(final.all("ENV")[0].split())


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_the_health_check_goes_by_the_answer_of_the_service(status: int, code: int) -> None:
    """By the name that is always ours, at the port that triald was told to listen on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        asked: list[bytes] = []
        port = server.getsockname()[1]

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                asked.append(connection.recv(4096))
                connection.sendall(b"HTTP/1.1 %d x\r\nContent-Length: 0\r\n\r\n" % status)

        thread = threading.Thread(target=answer)
        thread.start()
        assert _checked(port) == code
        thread.join()
    assert asked[0].startswith(b"GET /live ")
    assert b"Host: localhost\r\n" in asked[0]
    assert _checked(port) == 1  # nobody there any more


def _checked(port: int) -> int:
    environment = {"TRIALD_LISTEN": f"0.0.0.0:{port}"}
    return subprocess.run([sys.executable, DEPLOY / "healthcheck.py"], env=environment, timeout=30).returncode


def test_the_lock_is_read_by_packages() -> None:
    entries = runtime_lock.entries(LOCK)
    assert entries["aiohttp"].startswith("aiohttp==")
    assert "--hash=sha256:" in entries["aiohttp"]
    assert "".join(entries.values()) in LOCK
    assert "--hash" not in runtime_lock.pins(LOCK)
    assert re.search(r"^aiohttp==\S+$", runtime_lock.pins(LOCK), re.MULTILINE)


def test_what_is_chosen_of_the_lock_keeps_its_hashes_and_what_is_missing_is_named() -> None:
    chosen = runtime_lock.chosen(LOCK, ["PyJWT", "aiohttp"])
    assert [line.partition("==")[0] for line in chosen.splitlines() if line[0].isalpha()] == ["aiohttp", "pyjwt"]
    with pytest.raises(runtime_lock.NotLocked, match="no-such-package"):
        runtime_lock.chosen(LOCK, ["no_such.package"])


def test_the_image_needs_what_the_project_needs_and_no_tool_of_tests() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = runtime_lock.wanted(project)
    assert set(project["dependencies"]) < set(wanted)
    assert not any(one.startswith(("pytest", "helm-python", "mypy")) for one in wanted)


SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_is_held_short(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["user"].split(":")[0] not in ("0", "root")
    assert not service["image"].endswith(":latest")
    assert "privileged" not in service
    assert service["mem_limit"]


def test_secrets_are_files_and_reach_who_needs_them() -> None:
    """N35: none in the environment; each that triald gets is one that it knows by that name."""
    secrets = {name for name, one in KNOWN.items() if one.kind.secret} | {"token"}
    for name, service in SERVICES.items():
        for variable in service["environment"]:
            assert not re.search(r"(?i)(password|secret|token|url)$", variable) or variable == "TRIALD_PUBLIC_URLS", (
                name
            )
        assert set(service["secrets"]) <= COMPOSE["secrets"].keys()
    for name in ("api", "worker"):
        assert set(SERVICES[name]["secrets"]) <= secrets
        assert SERVICES[name]["environment"]["CREDENTIALS_DIRECTORY"] == "/run/secrets"
    assert all(set(one) == {"file"} for one in COMPOSE["secrets"].values())
    ignored = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    assert "secrets/" in ignored


def test_what_the_composition_names_is_there() -> None:
    for service in SERVICES.values():
        assert set(service["networks"]) <= COMPOSE["networks"].keys()
        assert {volume.partition(":")[0] for volume in service["volumes"]} <= COMPOSE["volumes"].keys()
    build = SERVICES["api"]["build"]
    assert (DEPLOY / build["context"]).resolve() == ROOT.resolve()
    assert stage(build["target"])
    variables = {name for name in SERVICES["api"]["environment"] if name.startswith("TRIALD_")}
    assert variables <= {one.variable for one in KNOWN.values()}
    assert Path(SERVICES["postgres"]["environment"]["PGDATA"]).is_relative_to("/var/lib/postgresql/data")
