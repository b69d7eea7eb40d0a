"""Draws runs as one SVG: a row for each trace, workers on the left, ready jobs on the right, a line for each rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from bench.simulate import Run
from bench.traces import Shape

WIDE, HIGH, LEFT, TOP, GAP = 520, 130, 60, 56, 48
STEP_S = 10  # one point for each so many seconds
COLOURS = ("#0b6e4f", "#d1495b", "#3066be", "#b8860b", "#7a5195")
HEAVY, LIGHT = 2.2, 1.0


def svg(drawn: Mapping[Shape, Mapping[str, Run]]) -> str:
    rules = list(next(iter(drawn.values())))
    width, height = LEFT + 2 * (WIDE + LEFT), TOP + len(drawn) * (HIGH + GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        f'font-size="12" role="img" aria-label="Workers and ready jobs over an hour, by scaling rule">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        *_legend(rules),
    ]
    for row, (shape, runs) in enumerate(drawn.items()):
        top = TOP + row * (HIGH + GAP)
        parts.append(
            f'<text x="{LEFT}" y="{top - 6}" font-weight="bold">{escape(f"{shape.name}: {shape.says}")}</text>'
        )
        parts += _panel(LEFT, top, "workers", [run.workers for run in runs.values()])
        parts += _panel(2 * LEFT + WIDE, top, "ready jobs", [run.ready for run in runs.values()])
    return "\n".join([*parts, "</svg>", ""])


def _legend(rules: Sequence[str]) -> list[str]:
    return [
        f'<text x="{LEFT + 110 * place}" y="20" fill="{COLOURS[place]}" font-weight="bold">{escape(rule)}</text>'
        for place, rule in enumerate(rules)
    ]


def _panel(left: int, top: int, title: str, lines: Sequence[Sequence[int]]) -> list[str]:
    most = max(1, *(max(line) for line in lines))
    frame = f'<rect x="{left}" y="{top}" width="{WIDE}" height="{HIGH}" fill="none" stroke="#bbb"/>'
    labels = (
        f'<text x="{left - 4}" y="{top + 10}" text-anchor="end">{most}</text>'
        f'<text x="{left - 4}" y="{top + HIGH}" text-anchor="end">0</text>'
        f'<text x="{left + WIDE}" y="{top - 6}" text-anchor="end" fill="#555">{title}, one hour</text>'
    )
    drawn = [_line(left, top, line, most, place) for place, line in reversed(list(enumerate(lines)))]
    return [frame, labels, *drawn]


def _line(left: int, top: int, line: Sequence[int], most: int, place: int) -> str:
    points = " ".join(
        f"{left + WIDE * second / len(line):.1f},{top + HIGH - HIGH * line[second] / most:.1f}"
        for second in range(0, len(line), STEP_S)
    )
    heavy = HEAVY if place == 0 else LIGHT
    return f'<polyline points="{points}" fill="none" stroke="{COLOURS[place]}" stroke-width="{heavy}"/>'
