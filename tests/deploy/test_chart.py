"""The Helm chart over a matrix of values: rendered by Helm, judged by Kubernetes' schemas and by rules of our own."""

import os
import shutil
import subprocess
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml
from helm_python.chart import lint

from tests.deploy.chart import CHART, MATRIX, NAMESPACE, RELEASE, containers, named, of_kind, pods, rendered, values_of
from tests.deploy.restricted import violations

NAMES = ("default", *MATRIX)
MINORS = ("1.27", "1.32", "1.37")  # the oldest that the chart says it works on, one between, the newest known
OTHERS = {"ServiceMonitor", "PrometheusRule", "ScaledObject", "TriggerAuthentication", "HTTPRoute"}  # no schema at hand
KEPT_BY_OTHERS = {"triald-credentials": {"database_url", "token", "jwt_secret", "audit_key"}, "triald-scaler": {"url"}}

helm = os.environ.get("TRIALD_TEST_HELM") or shutil.which("helm")


@pytest.mark.parametrize("name", NAMES)
def test_every_object_is_one_that_kubernetes_takes(name: str) -> None:
    """C23: "render + schema check", strict, for three minors of Kubernetes."""
    for minor in MINORS:
        for one in rendered(name):
            if one["kind"] in OTHERS:
                continue
            kubernetes_validate.validate(one, minor, strict=True)


@pytest.mark.parametrize("name", NAMES)
def test_helm_has_nothing_to_say_about_the_chart(name: str) -> None:
    """C23: lint as strict as it goes."""
    told = lint(CHART, dict(values_of(name)), strict=True, kube_version="v1.32.0")
    found = [one["error"] for one in told["messages"] if one["error"] != "icon is recommended"]
    assert (found, told["errors"]) == ([], [])


@pytest.mark.skipif(helm is None, reason="no helm program: TRIALD_TEST_HELM names none, and none is in PATH")
@pytest.mark.parametrize("name", NAMES)
def test_an_older_helm_makes_the_same_objects(name: str) -> None:
    """C23: by a helm program of whatever age is there (3.6 was tried)."""
    assert helm
    ended = subprocess.run(
        [helm, "template", RELEASE, CHART, "--namespace", NAMESPACE, "--kube-version", "1.32.0", "--values", "-"],
        input=yaml.safe_dump(dict(values_of(name))), capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    made = [one for one in yaml.safe_load_all(ended.stdout) if one]
    assert sorted(_key(one) for one in made) == sorted(_key(one) for one in rendered(name))


def _key(one: dict[str, Any]) -> tuple[str, str]:
    return one["kind"], one["metadata"]["name"]


@pytest.mark.parametrize("name", NAMES)
def test_every_pod_may_run_where_the_restricted_standard_is_enforced(name: str) -> None:
    """C23: no root, no privileges, no host; beyond the standard: a root file system that is read-only, no token of
    the Kubernetes API, none of the variables that name services, an image with a version."""
    for where, pod in pods(rendered(name)):
        assert violations(pod) == [], where
        assert pod["spec"]["automountServiceAccountToken"] is False, where
        assert pod["spec"]["enableServiceLinks"] is False, where  # TRIALD_API_SERVICE_HOST would stop the start
        for container in containers(pod):
            assert container["securityContext"]["readOnlyRootFilesystem"] is True, where
            assert ":" in container["image"], where
            assert not container["image"].endswith(":latest"), where
            assert {"requests", "limits"} <= container["resources"].keys(), where


def test_the_checker_of_pods_sees_what_is_not_restricted() -> None:
    pod = {"spec": {"hostPID": True, "containers": [{"name": "c", "ports": [{"hostPort": 1}]}],
                    "volumes": [{"name": "h", "hostPath": {"path": "/"}}]}}  # fmt: skip
    told = " ".join(violations(pod))
    for word in ("hostPID", "hostPath", "host port", "runAsNonRoot", "seccomp", "capabilities", "Escalation"):
        assert word in told


@pytest.mark.parametrize("name", NAMES)
def test_selectors_choose_the_pods_that_they_are_for(name: str) -> None:
    """C23: a Deployment's own, a Service's, a disruption budget's, a policy's: each chooses pods of its component."""
    found = rendered(name)
    labels = {where: pod["metadata"]["labels"] for where, pod in pods(found)}
    for one in of_kind(found, "Deployment", "StatefulSet"):
        chosen = one["spec"]["selector"]["matchLabels"]
        assert chosen.items() <= one["spec"]["template"]["metadata"]["labels"].items()
        assert sum(chosen.items() <= other.items() for other in labels.values()) == 1  # it takes in nobody else's
    selectors = [(one, one["spec"]["selector"]) for one in of_kind(found, "Service")]
    selectors += [(one, one["spec"]["selector"]["matchLabels"]) for one in of_kind(found, "PodDisruptionBudget")]
    selectors += [
        (one, one["spec"]["podSelector"]["matchLabels"])
        for one in of_kind(found, "NetworkPolicy")
        if not one["metadata"]["name"].endswith("-cron")  # there may be no CronJob
    ]
    for one, chosen in selectors:
        assert any(chosen.items() <= other.items() for other in labels.values()), _key(one)


@pytest.mark.parametrize("name", NAMES)
def test_every_key_of_a_secret_that_a_pod_asks_for_is_there(name: str) -> None:
    """C23: "every secretKeyRef exists"; secrets are files, never variables."""
    found = rendered(name)
    keys = {one["metadata"]["name"]: set(one["stringData"]) for one in of_kind(found, "Secret")}
    keys |= KEPT_BY_OTHERS if name in ("production", "keda") else {}
    configs = {one["metadata"]["name"] for one in of_kind(found, "ConfigMap")}
    claims = {one["metadata"]["name"] for one in of_kind(found, "PersistentVolumeClaim")}
    for where, pod in pods(found):
        for volume in pod["spec"].get("volumes", []):
            if "secret" in volume:
                asked = {item["key"] for item in volume["secret"]["items"]}
                if not volume["secret"].get("optional"):  # of others: what is not there counts as not given
                    assert asked <= keys[volume["secret"]["secretName"]], where
            if "configMap" in volume:
                assert volume["configMap"]["name"] in configs, where
            if "persistentVolumeClaim" in volume:
                assert volume["persistentVolumeClaim"]["claimName"] in claims, where
        for container in containers(pod):
            mounted = {mount["name"] for mount in container["volumeMounts"]}
            assert mounted <= {volume["name"] for volume in pod["spec"]["volumes"]} | _templates(found, where), where
            assert not any("valueFrom" in variable for variable in container.get("env", [])), where
            for source in container.get("envFrom", []):
                assert source["configMapRef"]["name"] in configs, where
    for one in of_kind(found, "TriggerAuthentication"):
        for ref in one["spec"]["secretTargetRef"]:
            assert ref["key"] in keys[ref["name"]]


def _templates(found: tuple[dict[str, Any], ...], where: str) -> set[str]:
    for one in of_kind(found, "StatefulSet"):
        if where == f"StatefulSet/{one['metadata']['name']}":
            return {claim["metadata"]["name"] for claim in one["spec"].get("volumeClaimTemplates", [])}
    return set()


@pytest.mark.parametrize("name", NAMES)
def test_probes_services_and_the_service_itself_mean_the_same_ports(name: str) -> None:
    """C23: "ports equal probes": what triald is told to listen on is what is declared, probed and served."""
    found = rendered(name)
    for one in of_kind(found, "Deployment"):
        [container] = containers(one["spec"]["template"])
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        told = {variable["name"]: variable["value"] for variable in container["env"]}
        assert told["TRIALD_LISTEN"] == f"0.0.0.0:{ports['http']}"
        assert told.get("TRIALD_METRICS_LISTEN") == (f"0.0.0.0:{ports['metrics']}" if "metrics" in ports else None)
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            asked = container[probe]["httpGet"]
            assert asked["port"] in ports
            assert asked["path"] == ("/live" if probe == "livenessProbe" else "/ready")
            assert asked["httpHeaders"] == [{"name": "Host", "value": "localhost"}]  # any other name is refused
        for service in of_kind(found, "Service"):
            if service["spec"]["selector"].items() <= one["spec"]["template"]["metadata"]["labels"].items():
                assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports.keys()


def test_the_level_of_the_log_reaches_the_containers() -> None:
    """C23: "LOG_LEVEL reaches the container"; a change of it makes new pods."""
    found, other = rendered("seed-compat"), rendered("default")
    assert named(found, "ConfigMap", "")["data"]["TRIALD_LOG_LEVEL"] == "debug"
    for component in ("-api", "-worker"):
        template = named(found, "Deployment", component)["spec"]["template"]
        [container] = containers(template)
        assert container["envFrom"] == [{"configMapRef": {"name": "rel-triald"}}]
        before = named(other, "Deployment", component)["spec"]["template"]["metadata"]["annotations"]
        assert template["metadata"]["annotations"]["checksum/config"] != before["checksum/config"]


def test_workers_of_the_values_that_people_come_with() -> None:
    """C23: "values of 2.1": CONCURRENCY and MAX_MEMORY_RESTART have their effect, also under their old names."""
    [container] = containers(named(rendered("seed-compat"), "Deployment", "-worker")["spec"]["template"])
    told = {variable["name"]: variable["value"] for variable in container["env"]}
    assert told["TRIALD_SLOTS"] == "2"
    assert not {"CONCURRENCY", "MAX_MEMORY_RESTART"} & told.keys()
    assert container["resources"]["limits"]["memory"] == "2G"
    api = named(rendered("default"), "Deployment", "-api")
    assert (api["spec"]["replicas"], api["spec"]["strategy"]["rollingUpdate"]) == (
        1,
        {"maxSurge": 1, "maxUnavailable": 0},
    )


def test_two_autoscalers_never_pull_at_the_same_pods() -> None:
    """N18: with KEDA or an HPA there are no replicas in the Deployment, and never both."""
    for name in NAMES:
        found = rendered(name)
        scaled = [
            one["spec"]["scaleTargetRef"]["name"] for one in of_kind(found, "HorizontalPodAutoscaler", "ScaledObject")
        ]
        assert len(scaled) == len(set(scaled))
        for one in of_kind(found, "Deployment"):
            assert ("replicas" in one["spec"]) == (one["metadata"]["name"] not in scaled)


def test_what_keda_reads_is_text() -> None:
    """C23, N18: KEDA refuses numbers among a trigger's metadata."""
    scaled = named(rendered("keda"), "ScaledObject", "-worker")
    [trigger] = scaled["spec"]["triggers"]
    assert trigger["type"] == "postgresql"
    assert all(isinstance(value, str) for value in trigger["metadata"].values())
    assert trigger["metadata"]["targetQueryValue"] == "8"
    assert scaled["spec"]["minReplicaCount"] >= 1  # workers also schedule, rescue and monitor


def test_nothing_may_be_asked_of_the_kubernetes_api() -> None:
    """C23: "no RBAC rights"."""
    for name in NAMES:
        kinds = {one["kind"] for one in rendered(name)}
        assert not kinds & {"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"}


def test_traffic_is_refused_but_for_what_is_listed() -> None:
    """C23: NetworkPolicy: everything of the release is denied, then each component gets what it needs."""
    found = rendered("production")
    deny = named(found, "NetworkPolicy", "-deny")["spec"]
    assert deny["policyTypes"] == ["Ingress", "Egress"]
    assert not deny.keys() & {"ingress", "egress"}
    for _, pod in pods(found):
        assert deny["podSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    migrate = named(found, "NetworkPolicy", "-migrate")["spec"]
    assert migrate["ingress"] == []
    assert [rule["ports"][0]["port"] for rule in migrate["egress"]] == [53, 5432]
    api = named(found, "NetworkPolicy", "-api")["spec"]
    assert [rule["ports"][0]["port"] for rule in api["ingress"]] == ["http", "metrics"]
    outside = [rule["to"][0]["ipBlock"] for rule in api["egress"] if "ipBlock" in rule.get("to", [{}])[0]]
    assert any("169.254.0.0/16" in block.get("except", []) for block in outside)


def test_prometheus_gets_the_rules_that_are_tested() -> None:
    """C23: ServiceMonitor and PrometheusRule: the rules are those of deploy/prometheus, word for word."""
    found = rendered("production")
    rules = yaml.safe_load((CHART.parents[1] / "prometheus" / "rules.yaml").read_text("utf-8"))
    assert named(found, "PrometheusRule", "")["spec"] == rules
    monitor = named(found, "ServiceMonitor", "")["spec"]
    chosen = monitor["selector"]["matchLabels"]
    services = [one for one in of_kind(found, "Service") if chosen.items() <= one["metadata"]["labels"].items()]
    assert {one["metadata"]["name"] for one in services} == {"rel-triald-api-metrics", "rel-triald-worker-metrics"}
    [endpoint] = monitor["endpoints"]
    assert (endpoint["port"], endpoint["interval"]) == ("metrics", "15s")
    assert all([port["name"] for port in one["spec"]["ports"]] == ["metrics"] for one in services)
