"""The Helm chart as Helm itself renders it, with no cluster and no helm program."""

import copy
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import yaml
from helm_python.chart import Chart

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "helm" / "triald"
MATRIX = {file.stem: file for file in sorted((CHART / "values").glob("*.yaml"))}
URL = "postgresql://triald:secret@db.example.org/triald"
DATABASE: Mapping[str, Any] = {"secrets": {"stringData": {"database_url": URL, "token": "triald_" + "t" * 43}}}
RELEASE, NAMESPACE = "rel", "ns"

Values: TypeAlias = Mapping[str, Any]
Manifest: TypeAlias = dict[str, Any]


@cache
def _chart() -> Chart:
    return Chart.load(CHART)


def defaults() -> dict[str, Any]:
    return dict(_chart().values)


def values_of(name: str) -> Values:
    """A file of the matrix; "default" is nothing but a database."""
    if name == "default":
        return DATABASE
    given = yaml.safe_load(MATRIX[name].read_text("utf-8"))
    assert isinstance(given, dict)
    return given


def texts(values: Values) -> dict[str, str]:
    """What each template becomes. Raises what Helm raises."""
    return _chart().render(dict(values), name=RELEASE, namespace=NAMESPACE)


def manifests(values: Values) -> list[Manifest]:
    return list(_loaded(texts(values)))


def _loaded(rendered: Mapping[str, str]) -> Iterator[Manifest]:
    for name, text in sorted(rendered.items()):
        if not name.endswith(".txt"):
            yield from (one for one in yaml.safe_load_all(text) if one)


@cache
def rendered(name: str) -> tuple[Manifest, ...]:
    """A file of the matrix, rendered once for all tests, which must not change it."""
    return tuple(manifests(values_of(name)))


def of_kind(found: "list[Manifest] | tuple[Manifest, ...]", *kinds: str) -> list[Manifest]:
    return [one for one in found if one["kind"] in kinds]


def named(found: "list[Manifest] | tuple[Manifest, ...]", kind: str, name: str) -> Manifest:
    [one] = [one for one in of_kind(found, kind) if one["metadata"]["name"] == f"{RELEASE}-triald{name}"]
    return one


def pods(found: "list[Manifest] | tuple[Manifest, ...]") -> Iterator[tuple[str, Manifest]]:
    """Every pod that is asked for: the name of who asks, and the template with its metadata."""
    for one in found:
        where = f"{one['kind']}/{one['metadata']['name']}"
        match one["kind"]:
            case "Deployment" | "StatefulSet" | "Job":
                yield where, one["spec"]["template"]
            case "CronJob":
                yield where, one["spec"]["jobTemplate"]["spec"]["template"]


def containers(pod: Manifest) -> list[Manifest]:
    return [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]


def merged(base: Values, more: Values) -> dict[str, Any]:
    """As Helm merges two files of values: maps by key, all else replaced."""
    result = copy.deepcopy(dict(base))
    for key, value in more.items():
        there = result.get(key)
        result[key] = merged(there, value) if isinstance(there, dict) and isinstance(value, dict) else value
    return result


def at_path(path: str, value: object) -> dict[str, Any]:
    """`a.b.c` as nested maps."""
    for key in reversed(path.split(".")):
        value = {key: value}
    assert isinstance(value, dict)
    return value
