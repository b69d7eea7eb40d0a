"""The operator's guide holds what it is looked up for."""

import re

import yaml

from actors.monitoring.alarms import Thresholds, rules
from supervisor.settings import KNOWN
from tests.deploy.chart import ROOT

GUIDE = (ROOT / "docs" / "operating.md").read_text("utf-8")
ALERTS = GUIDE.partition("\n## Alerts\n")[2]
SHORTEST = 150  # characters: what it means, what to look at, what to do


def paragraphs() -> dict[str, str]:
    parts = re.split(r"^### (\w+)$", ALERTS, flags=re.MULTILINE)
    return dict(zip(parts[1::2], (text.strip() for text in parts[2::2]), strict=True))


def shipped() -> dict[str, str]:
    """The rules of Prometheus, and where each says that help is."""
    groups = yaml.safe_load((ROOT / "deploy" / "prometheus" / "rules.yaml").read_text("utf-8"))["groups"]
    return {rule["alert"]: rule["annotations"]["runbook"] for group in groups for rule in group["rules"]}


def test_every_alert_has_its_paragraph_for_three_in_the_morning() -> None:
    """Those of triald itself by their names, those of Prometheus by the end of their runbook."""
    names = {rule.name for rule in rules(Thresholds())}
    for alert, runbook in shipped().items():
        file, _, name = runbook.partition("#")
        assert file == "docs/operating.md", alert
        names.add(name)
    assert names == paragraphs().keys()


def test_a_paragraph_says_what_it_means_and_what_to_do() -> None:
    for name, text in paragraphs().items():
        assert text.startswith("*"), name
        assert len(text) >= SHORTEST, name
        assert re.search(r"\*\*Now\W?\*\*|can wait|morning|no reason to get up|nothing to do", text, re.I), name


def test_links_within_the_guide_lead_somewhere() -> None:
    titles = re.findall(r"^#+ (.+)$", GUIDE, flags=re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
    for anchor in re.findall(r"\]\(#([\w-]+)\)", GUIDE):
        assert anchor in anchors, anchor
    for file in re.findall(r"\]\(((?!http)[^)#]+)", GUIDE):
        assert (ROOT / "docs" / file).exists(), file


def test_settings_units_and_metrics_that_the_guide_names_exist() -> None:
    for unit in set(re.findall(r"\btriald-?\w*@?\.(?:service|timer|target)\b", GUIDE)):
        assert (ROOT / "systemd" / unit).exists(), unit
    named = set(re.findall(r"`([a-z]+_[a-z_]+)`", GUIDE))
    metrics = {one for one in named if one.startswith("triald_")}
    others = {"data_dir", "pg_dump", "pg_wal", "max_connections", "pg_stat_user_tables", "pg_terminate_backend"}
    assert named - metrics - others <= KNOWN.keys()
    text = (ROOT / "docs" / "metrics.md").read_text("utf-8")
    assert all(metric in text for metric in metrics)
