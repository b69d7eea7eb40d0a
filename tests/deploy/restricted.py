"""The Pod Security Standard "restricted", as a checker of pod templates. No I/O.

Source: kubernetes.io/docs/concepts/security/pod-security-standards, profile Restricted (it includes Baseline).
"""

from typing import Any

VOLUMES = frozenset(
    {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
)
SYSCTLS = frozenset({"kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start"})


def violations(pod: dict[str, Any]) -> list[str]:
    """What of a pod template a namespace that enforces the standard would refuse."""
    spec = pod["spec"]
    context = spec.get("securityContext", {})
    found = [f"{name} is set" for name in ("hostNetwork", "hostPID", "hostIPC") if spec.get(name)]
    found += [
        f"volume {volume['name']} is a {kind}"
        for volume in spec.get("volumes", [])
        for kind in set(volume) - {"name"} - VOLUMES
    ]
    found += [f"sysctl {one['name']}" for one in context.get("sysctls", []) if one["name"] not in SYSCTLS]
    if "windowsOptions" in context:
        found.append("windowsOptions is set")
    for container in [*spec.get("initContainers", []), *spec["containers"]]:
        found += [f"container {container['name']}: {problem}" for problem in _of_container(container, context)]
    return found


def _of_container(container: dict[str, Any], of_pod: dict[str, Any]) -> list[str]:
    own = container.get("securityContext", {})
    both = {**of_pod, **own}
    capabilities = own.get("capabilities", {})
    problems = {
        "privileged": own.get("privileged", False),
        "allowPrivilegeEscalation is not false": own.get("allowPrivilegeEscalation") is not False,
        "capabilities are not dropped": "ALL" not in capabilities.get("drop", []),
        "capabilities are added": bool(set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"}),
        "runAsNonRoot is not true": both.get("runAsNonRoot") is not True,
        "runs as root": both.get("runAsUser") == 0,
        "no seccomp profile": both.get("seccompProfile", {}).get("type") not in ("RuntimeDefault", "Localhost"),
        "a host port": any("hostPort" in port for port in container.get("ports", [])),
        "procMount": own.get("procMount", "Default") != "Default",
    }
    return [problem for problem, is_so in problems.items() if is_so]
