"""The values of the chart: each has an effect, wrong ones are refused by name, and upgrades keep what must be kept."""

import json
import re
import shutil
from base64 import b64encode
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from helm_python.chart import Chart
from helm_python.errors import HelmError

from supervisor.setting_kinds import SHORTEST_KEY
from supervisor.settings import KNOWN, read
from tests.deploy.chart import (
    CHART,
    DATABASE,
    MATRIX,
    NAMESPACE,
    RELEASE,
    URL,
    at_path,
    containers,
    defaults,
    manifests,
    merged,
    named,
    of_kind,
    pods,
    texts,
    values_of,
)

# What stands for another value where "the other way round", "one more" and "with an x" would not do.
OTHER: Mapping[str, object] = {
    "api.env": {"TRIALD_SLOTS": 3}, "worker.env": {"CONCURRENCY": 3}, "api.image": {"tag": "9"},
    "worker.image": {"tag": "9"}, "imagePullSecrets": [{"name": "pull"}], "image.pullPolicy": "Always",
    "api.service.type": "NodePort", "api.podDisruptionBudget.maxUnavailable": "25%",
    "api.ingress.hosts": [{"host": "a.example.org", "paths": [{"path": "/a", "pathType": "Exact"}]}],
    "api.ingress.tls": [{"secretName": "b", "hosts": ["a.example.org"]}],
    "api.httpRoute.parentRefs": [{"name": "b"}], "api.httpRoute.hostnames": ["c.example.org"],
    "secrets.stringData": {"listen_url": URL}, "config": {"contact": "a@example.org"},
    "configMaps.app.LOG_LEVEL": "error", "configMaps.app.ENABLE_METRICS": "false",
    "publicUrls": ["https://d.example.org"], "storage.persistentVolume.accessModes": ["ReadWriteOncePod"],
    "storage.persistentVolume.existingClaim": "claim", "backup.persistentVolume.existingClaim": "claim",
    "backup.persistentVolume.accessModes": ["ReadWriteMany"],
    "monitoring.serviceMonitor.interval": "1m", "monitoring.serviceMonitor.scrapeTimeout": "2s",
    "networkPolicy.outsidePorts": [8443], "networkPolicy.outsideCidr": "::/0", "networkPolicy.outsideExcept": [],
    "networkPolicy.extraIngress": [{"from": [{"podSelector": {}}]}],
    "networkPolicy.extraEgress": [{"to": [{"podSelector": {}}]}],
    "postgresql.image.pullPolicy": "Always",
    "extraObjects": [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "more"}}],
}  # fmt: skip
PEERS = [{"podSelector": {"matchLabels": {"who": "else"}}}]
# Bases in which between them everything that can be switched on is on.
EVERYTHING: Mapping[str, Any] = {
    "api": {"httpRoute": {"enabled": True, "hostnames": ["e.example.org"]}, "autoscaling": {"enabled": True},
            "ingress": {"enabled": True}},
    "worker": {"autoscaling": {"enabled": True}}, "storage": {"enabled": True}, "backup": {"enabled": True},
    "drill": {"enabled": True}, "retention": {"enabled": True},
    "monitoring": {"serviceMonitor": {"enabled": True}, "prometheusRule": {"enabled": True}},
}  # fmt: skip
OWN_POSTGRES: Mapping[str, Any] = {
    "postgresql": {"enabled": True, "auth": {"password": "p"}},
    "secrets": {"stringData": {"token": "triald_" + "t" * 43}},
}
BASES = (
    merged(DATABASE, EVERYTHING),
    merged(DATABASE, {"worker": {"keda": {"enabled": True}}}),
    OWN_POSTGRES,
    merged(OWN_POSTGRES, {"postgresql": {"persistence": {"enabled": False}}}),
    merged(DATABASE, {"storage": {"enabled": True, "persistentVolume": {"accessModes": ["ReadWriteOnce"]}}}),
    {"secrets": {"existingSecret": "theirs"}},
    DATABASE,
)


def leaves(values: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, object]]:
    for key, value in values.items():
        where = f"{path}.{key}" if path else key
        if isinstance(value, dict) and value:
            yield from leaves(value, where)
        else:
            yield where, value


def other(path: str, value: object) -> object:
    """Another value of the same kind."""
    if path in OTHER:
        return OTHER[path]
    last = path.rpartition(".")[2]
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case str() if last == "schedule":
            return "1 2 3 4 5"
        case str() if last in ("size", "memory"):
            return "3Gi"
        case str() if last == "cpu":
            return "77m"
        case str():
            return f"{value}x"
        case list() if last.endswith("Peers"):
            return PEERS
        case list():
            return [{"key": "x"}]
        case _:
            return {"x": "y"}


LEAVES = dict(leaves(defaults()))


@pytest.mark.parametrize("path", LEAVES)
def test_every_value_has_an_effect(path: str) -> None:
    """C23: "all keys used": with another value other objects are made, or the chart says what does not go together."""
    changed = at_path(path, other(path, LEAVES[path]))
    assert any(_made(base) != _made(merged(base, changed)) for base in BASES)


def _made(values: Mapping[str, Any]) -> str:
    """Everything that is rendered, notes too, without what is new at each time; or why nothing is."""
    try:
        rendered = texts(values)
    except HelmError as error:
        assert "the schema" not in str(error)
        return str(error)
    return re.sub(
        r"(postgresql-superuser-password|jwt_secret|audit_key): .*",
        "",
        "\n".join(rendered[name] for name in sorted(rendered)),
    )


def test_every_value_is_in_the_schema_and_every_name_of_the_schema_is_a_value() -> None:
    """C23: "additionalProperties false": a misspelt name is refused wherever it stands."""
    free = re.compile(r"\.(requests|limits)\.")  # whatever resources a cluster has
    for path in (path for path in LEAVES if not free.search(path)):
        with pytest.raises(HelmError, match=r"additional properties|not allowed"):
            texts(merged(DATABASE, at_path(f"{path}Misspelt", "x")))


@pytest.mark.parametrize("name", MATRIX)
def test_the_schema_is_one_that_any_validator_reads(name: str) -> None:
    schema = json.loads((CHART / "values.schema.json").read_text("utf-8"))
    jsonschema.validate(merged(defaults(), values_of(name)), schema)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"worker": {"autoscaling": {"enabled": True}, "keda": {"enabled": True}}}, "expected one of them"),
        ({"secrets": {"stringData": {"database_url": ""}}}, "secrets.stringData.database_url: expected the URL"),
        ({"secrets": {"create": False}}, "secrets.create: expected true"),
        ({"postgresql": {"enabled": True}}, "postgresql.enabled: expected false"),
        ({"config": {"database_pooler": True}}, "secrets.stringData.listen_url: expected a direct URL"),
        ({"config": {"role": "api"}}, "config.role: expected not to be given"),
        ({"config": {"data_dir": "/x"}}, "config.data_dir: expected not to be given"),
        ({"api": {"autoscaling": {"minReplicas": 6}}}, "api.autoscaling.minReplicas: expected at most"),
        ({"worker": {"keda": {"minReplicas": 11}}}, "worker.keda.minReplicas: expected at most"),
        ({"worker": {"drainSeconds": 140}}, "worker.terminationGracePeriodSeconds: expected at least 15 more"),
        ({"api": {"preStopSleepSeconds": 50}}, "api.terminationGracePeriodSeconds: expected at least 15 more"),
        (
            {"storage": {"enabled": True, "persistentVolume": {"accessModes": ["ReadWriteOnce"]}}},
            "storage.persistentVolume.accessModes: expected ReadWriteMany",
        ),
        ({"drill": {"enabled": True}}, "drill.enabled: expected backup.enabled"),
        (
            {"configMaps": {"app": {"ENABLE_METRICS": "false"}}, "monitoring": {"serviceMonitor": {"enabled": True}}},
            "configMaps.app.ENABLE_METRICS: expected true",
        ),
        ({"worker": {"keda": {"minReplicas": 0}}}, "minReplicas"),
        ({"image": {"tag": "latest"}}, "tag"),
        ({"api": {"containerPort": 70_000}}, "containerPort"),
        ({"configMaps": {"app": {"LOG_LEVEL": "loud"}}}, "LOG_LEVEL"),
        ({"storage": {"persistentVolume": {"size": "many"}}}, "size"),
        ({"publicUrls": ["triald.example.org"]}, "publicUrls"),
    ],
)
def test_values_that_cannot_work_are_refused_by_their_name(more: Mapping[str, Any], says: str) -> None:
    """C23: a chart that would make pods which cannot start is not installed."""
    with pytest.raises(HelmError) as raised:
        texts(merged(DATABASE, more))
    assert says in str(raised.value)


def test_an_upgrade_changes_no_reference_to_a_secret() -> None:
    """C23: "one secret set kept on upgrade", "render twice gives equal JWT secret reference": what is made at random
    rolls no pod, is kept when the release goes, and a value that is given is what is there."""
    bare = {"postgresql": {"enabled": True}}
    first, second = manifests(bare), manifests(bare)
    assert list(pods(first)) == list(pods(second))
    for found in (first, second):
        secret = named(found, "Secret", "")
        assert secret["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
        password = secret["stringData"]["postgresql-password"]
        assert f":{password}@rel-triald-postgresql:5432/" in secret["stringData"]["database_url"]
        assert len(secret["stringData"]["token"]) >= 32
    given = named(manifests(DATABASE), "Secret", "")["stringData"]
    assert given.keys() == {"database_url", "token", "jwt_secret", "audit_key"}
    assert (given["database_url"], given["token"]) == (URL, "triald_" + "t" * 43)
    assert len(given["jwt_secret"]) >= SHORTEST_KEY
    assert isinstance(load_pem_private_key(given["audit_key"].encode(), None), Ed25519PrivateKey)
    other = merged(DATABASE, {"secrets": {"stringData": {"jwt_secret": "j" * 32, "audit_key": "given"}}})
    kept = named(manifests(other), "Secret", "")["stringData"]
    assert (kept["jwt_secret"], kept["audit_key"]) == ("j" * 32, "given")
    template = (CHART / "templates" / "secret.yaml").read_text("utf-8")
    assert 'lookup "v1" "Secret"' in template  # what the cluster holds comes before what would be made


def test_what_the_cluster_holds_comes_before_what_would_be_made(tmp_path: Path) -> None:
    """C23: "Secret kept across upgrades": with no cluster to ask, the answer of `lookup` is put in its place."""
    held = {
        "token": "triald_held", "jwt_secret": "j" * 40, "audit_key": "a key\nof two lines\n",
        "postgresql-password": "p/w +:1", "postgresql-superuser-password": "super",
    }  # fmt: skip
    copy = tmp_path / "triald"
    shutil.copytree(CHART, copy)
    template = copy / "templates" / "secret.yaml"
    asked = '(lookup "v1" "Secret" .Release.Namespace $name).data'
    assert template.read_text("utf-8").count(asked) == 1
    template.write_text(template.read_text("utf-8").replace(asked, ".Values.global.held"))
    encoded = {name: b64encode(text.encode()).decode() for name, text in held.items()}
    values = {"postgresql": {"enabled": True}, "global": {"held": encoded}}
    with Chart.load(copy) as chart:
        rendered = chart.render(values, name=RELEASE, namespace=NAMESPACE)
        given = chart.render(merged(values, {"secrets": {"stringData": {"jwt_secret": "g" * 40}}}), name=RELEASE)
    secret = yaml.safe_load(rendered["triald/templates/secret.yaml"])["stringData"]
    assert {name: secret[name] for name in held} == held
    assert secret["database_url"].startswith("postgresql://triald:p%2Fw%20%2B%3A1@")
    assert yaml.safe_load(given["triald/templates/secret.yaml"])["stringData"]["jwt_secret"] == "g" * 40


def test_every_secret_that_triald_knows_can_be_given() -> None:
    """N35: by the chart's own Secret, or by one of others."""
    secrets = {name: "s" * 40 for name, one in KNOWN.items() if one.kind.secret}
    found = manifests(merged(DATABASE, {"secrets": {"stringData": secrets | {"database_url": URL}}}))
    assert secrets.keys() <= named(found, "Secret", "")["stringData"].keys()
    for made in (found, manifests({"secrets": {"existingSecret": "theirs"}})):
        [volume] = [
            one["secret"]
            for one in named(made, "Deployment", "-worker")["spec"]["template"]["spec"]["volumes"]
            if one["name"] == "secrets"
        ]
        assert {f"settings/{name}" for name in secrets} <= {item["path"] for item in volume["items"]}


def test_a_secret_of_others_is_used_and_none_is_made() -> None:
    """C23: existingSecret comes first."""
    found = manifests({"secrets": {"existingSecret": "theirs"}})
    assert of_kind(found, "Secret") == []
    for where, pod in pods(found):
        [volume] = [one for one in pod["spec"]["volumes"] if one["name"] == "secrets"]
        assert volume["secret"]["secretName"] == "theirs", where


def test_migrations_run_before_the_pods_that_need_them() -> None:
    """C23: a hook of install and upgrade, with all that it needs there by then; an own PostgreSQL is not yet."""
    for values, when in ((DATABASE, "pre-install,pre-upgrade"), (OWN_POSTGRES, "post-install,pre-upgrade")):
        found = manifests(values)
        job = named(found, "Job", "-migrate")
        assert job["metadata"]["annotations"]["helm.sh/hook"] == when
        [container] = containers(job["spec"]["template"])
        assert (container["args"], "envFrom" in container) == (["migrate"], False)
        [volume] = [one for one in job["spec"]["template"]["spec"]["volumes"] if one["name"] == "secrets"]
        [secret] = [
            one for one in of_kind(found, "Secret") if one["metadata"]["name"] == volume["secret"]["secretName"]
        ]
        assert ("helm.sh/hook" in secret["metadata"].get("annotations", {})) == when.startswith("pre-")


def test_settings_reach_every_pod_under_their_own_names() -> None:
    """C23, N39: `config` becomes variables that triald knows; a list has commas, a map has name=value."""
    config = {"registries": ["ctgov", "ctis"], "registry_per_min": {"ctgov": 40}, "scrapers": 3, "contact": "a@b.org"}
    data = named(manifests(merged(DATABASE, {"config": config})), "ConfigMap", "")["data"]
    assert data["TRIALD_REGISTRIES"] == "ctgov,ctis"
    assert data["TRIALD_REGISTRY_PER_MIN"] == "ctgov=40"
    assert data["TRIALD_SCRAPERS"] == "3"
    known = {one.variable for one in KNOWN.values()}
    for name in MATRIX:
        found = manifests(values_of(name))
        told = set(named(found, "ConfigMap", "")["data"])
        for _, pod in pods(found):
            told |= {one["name"] for container in containers(pod) for one in container.get("env", [])}
        assert {one for one in told if one.startswith("TRIALD_")} <= known


@pytest.mark.parametrize("name", ["default", *MATRIX])
def test_what_a_pod_is_given_is_what_triald_reads(name: str, tmp_path: Path) -> None:
    """C23, N39: the environment, the ConfigMap, the words of the command line and the mounted secrets, laid out as
    kubelet does it, are settings that triald starts with."""
    found = manifests(values_of(name))
    data = named(found, "ConfigMap", "")["data"]
    texts_of = {"token": "triald_" + "t" * 43, "database_url": URL, "listen_url": URL, "sentry_dsn": "https://s"}
    for where, pod in pods(found):
        if where.startswith("StatefulSet"):
            continue
        [volume] = [one["secret"] for one in pod["spec"]["volumes"] if one["name"] == "secrets"]
        folder = tmp_path / where
        held = texts_of.keys() | {"jwt_secret", "audit_key"}
        for item in [one for one in volume["items"] if not volume.get("optional") or one["key"] in held]:
            file = folder / "..2026_01_01" / item["path"]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(texts_of.get(item["key"], "k" * 40))
        (folder / "..data").symlink_to("..2026_01_01")
        for part in (folder / "..2026_01_01").iterdir():
            (folder / part.name).symlink_to(f"..data/{part.name}")
        [container] = containers(pod)
        environ = {**data} if "envFrom" in container else {}
        environ |= {one["name"]: one["value"] for one in container["env"]}
        environ = {key: text.replace("/run/secrets/triald", str(folder)) for key, text in environ.items()}
        settings = read(_options(container["args"]), environ, None, default_file=None)
        assert settings.database_url is not None, where
        assert settings.data_dir == Path("/var/lib/triald")
        if where.startswith("Deployment"):
            assert settings.jwt_secret is not None
            assert settings.role == container["name"]
            assert settings.audit_key_file is None or settings.audit_key_file.exists()


def _options(args: list[str]) -> dict[str, str]:
    return {name.removeprefix("--"): value for name, value in pairwise(args) if name in ("--role",)}


def test_every_name_that_people_reach_it_by_is_one_that_it_answers_to() -> None:
    """C23: the Ingress' hosts, the gateway's, the Service's: else each request would be refused with 421."""
    urls = named(manifests(values_of("production")), "ConfigMap", "")["data"]["TRIALD_PUBLIC_URLS"].split(",")
    assert urls[0] == "https://triald.example.org"
    assert "http://rel-triald-api.ns.svc" in urls
    gateway = named(manifests(values_of("no-monitoring")), "ConfigMap", "")["data"]["TRIALD_PUBLIC_URLS"]
    assert gateway.startswith("https://triald.example.org,")
    port = merged(DATABASE, {"api": {"service": {"port": 8000}}})
    assert "http://rel-triald-api:8000," in named(manifests(port), "ConfigMap", "")["data"]["TRIALD_PUBLIC_URLS"]


def test_the_notes_say_what_is_accepted_and_not_used() -> None:
    """C23: values of the chart that is replaced: redis, rbac, keys that nobody reads."""
    [notes] = [text for name, text in texts(values_of("seed-compat")).items() if name.endswith("NOTES.txt")]
    for word in ("redis.enabled", "rbac.create", "openai_api_key", "aws_s3_bucket"):
        assert word in notes
