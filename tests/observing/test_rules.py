"""The rules of alerts: each is about what we measure, fires where it should and clears where it should."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from actors.monitoring.alarms import Thresholds
from actors.monitoring.alarms import rules as alarms
from tests.observing.conditions import CONDITIONS, MINUTES
from tests.observing.expressions import asked, unknown
from tests.observing.prometheus import is_there, promtool
from tests.observing.shipped import RULES, exposed, rules
from tests.supervisor.test_metrics import fed

there = pytest.mark.skipif(not is_there(), reason="Prometheus is not installed")
EXPOSED = exposed(fed().exposition().decode())
NAMES = [rule["alert"] for rule in rules()]


@pytest.mark.parametrize("rule", rules(), ids=NAMES)
def test_every_rule_asks_for_what_is_exposed(rule: dict[str, Any]) -> None:
    """S19, R25, N24: no alert waits for a metric or a label that nothing emits."""
    assert unknown(rule["expr"], EXPOSED) == []


@pytest.mark.parametrize("rule", rules(), ids=NAMES)
def test_every_rule_says_how_grave_it_is_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("critical", "high", "medium", "low")
    assert re.fullmatch(r"docs/operating\.md#[a-z][a-z_]+", rule["annotations"]["runbook"])
    assert rule["annotations"]["summary"]
    told = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
    _, grouped = asked(rule["expr"])
    assert told <= grouped | {"instance", "pool"}, "the summary names labels that the alert has"


def test_each_alarm_of_our_own_is_a_rule_too() -> None:
    """G13: who has Prometheus need not watch our alerts beside its own, and finds the same paragraph of the guide."""
    runbooks = {rule["annotations"]["runbook"].partition("#")[2] for rule in rules()}
    assert {alarm.name for alarm in alarms(Thresholds())} <= runbooks


@there
def test_prometheus_takes_the_rules() -> None:
    """S19: as it reads them itself; no two of one name."""
    assert f"{len(NAMES)} rules found" in promtool("check", "rules", RULES)
    assert len(set(NAMES)) == len(NAMES)


@there
def test_each_rule_fires_and_clears(tmp_path: Path) -> None:
    """S19, R25, N24: on series of our metrics, after the time that it waits, and not once the world is well again."""
    assert set(CONDITIONS) == set(NAMES)
    (tmp_path / "rules.yaml").write_text(RULES.read_text("utf-8"))
    tests = [_test_of(name) for name in NAMES]
    (tmp_path / "tests.yaml").write_text(
        yaml.safe_dump({"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": tests})
    )
    assert "SUCCESS" in promtool("test", "rules", tmp_path / "tests.yaml")


def _test_of(name: str) -> dict[str, Any]:
    series = CONDITIONS[name]
    asks = f'count(ALERTS{{alertname="{name}", alertstate="firing"}})'
    return {
        "name": name,
        "interval": "1m",
        "input_series": [{"series": one.series, "values": one.values()} for one in series],
        "promql_expr_test": [
            {"expr": asks, "eval_time": "0m", "exp_samples": []},
            {"expr": asks, "eval_time": f"{MINUTES - 2}m", "exp_samples": [{"labels": "{}", "value": 1}]},
            {"expr": asks, "eval_time": f"{2 * MINUTES - 2}m", "exp_samples": []},
        ],
    }


def test_the_series_of_the_conditions_are_ours() -> None:
    """What the rules are tried on is named as a process names it."""
    asks = [one.series for series in CONDITIONS.values() for one in series]
    assert [problem for series in asks for problem in unknown(series, EXPOSED)] == []
