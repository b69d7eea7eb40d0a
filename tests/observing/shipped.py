"""What deploy/ ships: the rules of alerts and the dashboards; and what a process exposes."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from prometheus_client.parser import text_string_to_metric_families

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = DEPLOY / "prometheus" / "rules.yaml"
DASHBOARDS = sorted((DEPLOY / "grafana").glob("*.json"))
ADDED = {"up": {"job", "instance"}}  # by Prometheus itself
SAMPLES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "summary": ("_sum", "_count")}


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text("utf-8"))["groups"] for rule in group["rules"]]


def expressions_of(dashboard: Path) -> Iterator[tuple[str, str]]:
    """Each with the title of its panel; a variable stands for whatever it may be."""
    for panel in json.loads(dashboard.read_text("utf-8"))["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"].replace('"$job"', '".*"').replace('"$instance"', '".*"')


def exposed(text: str) -> dict[str, set[str]]:
    """The labels of each metric by the names of its samples, as far as samples are there."""
    found = {name: set(labels) for name, labels in ADDED.items()}
    for family in text_string_to_metric_families(text):
        for suffix in SAMPLES.get(family.type, ("",)):
            found.setdefault(family.name + suffix, set())
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def hastened(groups: dict[str, Any]) -> dict[str, Any]:
    """The same rules with everything that takes minutes in them taking seconds."""
    for group in groups["groups"]:
        for rule in group["rules"]:
            rule["for"] = "0s"
            rule["expr"] = re.sub(r"\[\d+m\]", "[5s]", rule["expr"])
    return groups
