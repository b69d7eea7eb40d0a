"""A title as another register has it: the same trial in other words, as sponsors and editors write it. No I/O."""

from __future__ import annotations

import re

from demo.dice import Dice

_SWAPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"\bRandomized\b", ("Randomised",)),
    (r"\bMulticenter\b", ("Multi-centre", "Multicentre", "Multi-center")),
    (r"\bOpen-label\b", ("Open", "Open Label")),
    (r"\bDouble-blind, Controlled\b", ("Double-blind Controlled", "Controlled, Double-blind")),
    (r"\bEfficacy and Safety\b", ("Safety and Efficacy", "Efficacy, Safety and Tolerability")),
    (r"\bEffect of (.+) on Outcomes of\b", (r"\1 and Its Effect on Outcomes in", r"The Effects of \1 on Outcomes of")),
    (r"\bVersus\b", ("vs.", "Compared With", "or")),
    (r"\bCompared With\b", ("Versus", "in Comparison to")),
    (r"\bA Study of\b", ("A Clinical Trial of", "Study of")),
    (r"\bParticipants\b", ("Patients", "Subjects")),
    (r"\bto Evaluate\b", ("Evaluating", "to Assess", "to Investigate")),
    (r"\bStudy\b", ("Trial",)),
    (r"\bTrial\b", ("Study", "Clinical Trial")),
    (r"\bin Treating\b", ("for the Treatment of",)),
    (r"\bfor (.+) in (.+)$", (r"for \1 Among \2",)),
)
_BEFORE = ("A ", "The ", "Evaluation of the ", "")
_AFTER = ("", "", "", ": a Pilot", " - an Investigator-initiated Study", " ({acronym})")


def reworded(title: str, dice: Dice, *, acronym: str | None = None, sentence: bool = False) -> str:
    """Keeps what the trial is about: its treatments, conditions and numbers. `sentence`: not In Title Case."""
    for pattern, instead in _SWAPS:
        if dice.chance(0.55):
            title = re.sub(pattern, dice.pick(instead), title, count=1)
    if dice.chance(0.12):
        title = dice.pick(_BEFORE) + title
    after = dice.pick(_AFTER) if dice.chance(0.3) else ""
    if "{acronym}" not in after or acronym:
        title += after.format(acronym=acronym)
    return as_sentence(title) if sentence else title


def as_sentence(title: str) -> str:
    """Words of plain title case in lower case, save the first; codes and names with digits or capitals stay."""
    first, *rest = title.split(" ")
    return " ".join([first, *(word.lower() if re.fullmatch(r"[A-Z][a-z-]+[,:.]?", word) else word for word in rest)])
