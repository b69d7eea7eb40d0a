"""The dashboards: every panel shows something that is measured."""

import json
from pathlib import Path

import pytest
import yaml

from tests.observing.expressions import asked, unknown
from tests.observing.prometheus import is_there, promtool
from tests.observing.shipped import DASHBOARDS, exposed, expressions_of
from tests.supervisor.test_metrics import fed

there = pytest.mark.skipif(not is_there(), reason="Prometheus is not installed")
EXPOSED = exposed(fed().exposition().decode())


@pytest.mark.parametrize(
    ("expression", "series", "grouped"),
    [
        ("up == 0", {"up": set()}, set()),
        ('sum by (le, path) (rate(a_bucket{x=~"y(z)|{}", q!="1"}[5m]))', {"a_bucket": {"x", "q"}}, {"le", "path"}),
        ("a - on (job) b{c='1'} > 1e3", {"a": set(), "b": {"c"}}, {"job"}),
        ("absent(a) or histogram_quantile(0.95, b)", {"a": set(), "b": set()}, set()),
    ],
)
def test_what_an_expression_asks_for_is_found(expression: str, series: dict[str, set[str]], grouped: set[str]) -> None:
    assert asked(expression) == (series, grouped)


def test_a_misspelt_metric_or_label_is_noticed() -> None:
    known = {"a": {"x"}}
    assert unknown("sum by (x) (a)", known) == []
    assert unknown("sum by (y) (b)", known) == ["no process exposes b", "nothing has a label y"]
    assert unknown('a{z="1"}', known) == ["a has no label z"]
    assert unknown("1 > 2", known) == ["it asks for nothing"]


@pytest.mark.parametrize("file", DASHBOARDS, ids=lambda file: file.stem)
def test_every_panel_asks_for_what_is_exposed(file: Path) -> None:
    """S19: every metric and label of a dashboard is one of ours."""
    found = [(title, problem) for title, asks in expressions_of(file) for problem in unknown(asks, EXPOSED)]
    assert found == []


@there
def test_every_expression_is_promql(tmp_path: Path) -> None:
    """S19: as Prometheus itself reads it."""
    asks = [asks for file in DASHBOARDS for _, asks in expressions_of(file)]
    rules = [{"record": f"dashboard:{number}", "expr": expression} for number, expression in enumerate(asks)]
    (tmp_path / "asks.yaml").write_text(yaml.safe_dump({"groups": [{"name": "dashboards", "rules": rules}]}))
    assert f"{len(asks)} rules found" in promtool("check", "rules", tmp_path / "asks.yaml")


@pytest.mark.parametrize("file", DASHBOARDS, ids=lambda file: file.stem)
def test_a_dashboard_can_be_loaded_anywhere(file: Path) -> None:
    """No id of somebody's Grafana, no data source but the variable; panels that do not lie upon each other."""
    told = json.loads(file.read_text("utf-8"))
    assert "id" not in told and told["uid"] == f"triald-{file.stem}"
    assert {variable["name"] for variable in told["templating"]["list"]} == {"datasource", "job", "instance"}
    taken: set[tuple[int, int]] = set()
    for panel in told["panels"]:
        place = panel["gridPos"]
        squares = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not squares & taken and place["x"] + place["w"] <= 24
        taken |= squares
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert panel["title"] and panel["description"] and panel["targets"]
    assert len({panel["id"] for panel in told["panels"]}) == len(told["panels"])
