"""What an expression of PromQL asks for: its metrics, each with the labels that it is chosen and grouped by. No I/O."""

import re
from collections.abc import Mapping

WORDS = frozenset({"and", "or", "unless", "bool", "offset", "by", "without", "on", "ignoring", "group_left", "inf"})
GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
SERIES = re.compile(r"(?<![\w.])([a-zA-Z_:][\w:]*+)\s*(?:\{([^}]*)\})?(?!\s*\()")
NAME = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
SUFFIX = re.compile(r"_(?:bucket|sum|count)$")
BY_PROMETHEUS = frozenset({"job", "instance"})


def asked(expression: str) -> tuple[dict[str, set[str]], set[str]]:
    """Each series with the labels in its braces; and the labels that anything is grouped by."""
    bare = re.sub(r'"[^"]*"', '""', expression)
    grouped = {label.strip() for inner in GROUPING.findall(bare) for label in inner.split(",") if label.strip()}
    bare = GROUPING.sub(" ", bare)
    series: dict[str, set[str]] = {}
    for name, braces in SERIES.findall(re.sub(r"\[[^]]*\]", " ", bare)):
        if name not in WORDS:
            series.setdefault(name, set()).update(NAME.findall(braces))
    return series, grouped


def unknown(expression: str, exposed: Mapping[str, set[str]]) -> list[str]:
    """What of it no process exposes. `exposed` has the labels of each metric, by the name of its samples."""
    series, grouped = asked(expression)
    problems = [] if series else ["it asks for nothing"]
    labels: set[str] = set(BY_PROMETHEUS)
    for name, chosen in series.items():
        if name not in exposed:
            problems.append(f"no process exposes {name}")
            continue
        labels |= exposed[name]
        problems += [f"{name} has no label {one}" for one in sorted(chosen - exposed[name] - BY_PROMETHEUS)]
    return problems + [f"nothing has a label {one}" for one in sorted(grouped - labels)]
