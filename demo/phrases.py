"""The sentences of the world, read from demo/data/phrases.txt when first imported."""

from __future__ import annotations

import re
from importlib.resources import files


def _sections(text: str) -> dict[str, tuple[str, ...]]:
    sections: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in text.splitlines():
        if line.startswith("["):
            lines = sections.setdefault(line.strip("[]"), [])
        elif not line.startswith("#"):
            lines.append(line)
    return {name: tuple(found) for name, found in sections.items()}


def _escaped(sentences: tuple[str, ...]) -> tuple[str, ...]:
    """As the registry's markup has it: signs that could open a tag or a link stand behind a backslash."""
    return tuple(re.sub(r"([<>\[\]])", r"\\\1", sentence) for sentence in sentences)


PHRASES = _sections(files("demo").joinpath("data", "phrases.txt").read_text("utf-8"))
PHRASES |= {name: _escaped(PHRASES[name]) for name in ("background", "methods", "inclusion", "exclusion")}
