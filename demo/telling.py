"""What a trial says of itself wherever it is registered: the words that its records have in common. No I/O.

The titles are those of its ClinicalTrials.gov record; other registers word them anew (`rewording`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from demo import ctgov_design, wording
from demo.ctgov_record import RECORD
from demo.dice import many_dice
from demo.elsewhere import Trap, foreign
from demo.holdings import Entry, seed_of, truth_for
from demo.phrases import PHRASES
from demo.registers import ELSEWHERE
from demo.wording import Outcome
from demo.world import Truth, World

_TOLD = 31
LANGUAGES = ("fr", "de", "es", "el", "pt", "it")


@dataclass(frozen=True, slots=True)
class Telling:
    of: Truth
    public: str
    scientific: str
    fill: Mapping[str, str]
    summary: str
    included: tuple[str, ...]
    excluded: tuple[str, ...]
    primary: tuple[Outcome, ...]
    secondary: tuple[Outcome, ...]
    arms: tuple[tuple[str, str], ...]
    """(label, description)."""

    def translated(self, language: str) -> str | None:
        """The title in the language of a country, where the world speaks it."""
        if language not in LANGUAGES:
            return None
        template = PHRASES[f"title_{language}"][0]
        return template.format(treatment=self.of.treatments[0].name, condition=self.of.named[0])


def telling_of(world: World, entry: Entry) -> Telling:
    told = telling(seed_of(world, entry.index), truth_for(world, entry.index))
    if entry.index < ELSEWHERE:
        return told
    found = foreign(world, entry.index)
    if found.trap is not Trap.OTHER_PHASE or found.like is None:
        return told
    other = telling(world.seed, truth_for(world.on(0), found.like))
    public, scientific = (title.replace(other.of.code, told.of.code) for title in (other.public, other.scientific))
    return replace(told, public=public, scientific=scientific)


@lru_cache(maxsize=500)
def telling(seed: int, of: Truth) -> Telling:
    index = of.outline.index
    dice = many_dice(seed, index, RECORD)  # as the record of ClinicalTrials.gov is told
    fill = wording.details(dice, of)
    arms = ctgov_design.arms(dice, of, fill)["armGroups"]
    outcomes = wording.outcomes(dice, fill)
    public, scientific = wording.titles(dice, of)
    dice = many_dice(seed, index, _TOLD)
    primary = dice.pick((1, 1, 1, 2))
    return Telling(
        of=of,
        public=public,
        scientific=scientific,
        fill=fill,
        summary=wording.summary(dice, fill),
        included=tuple(line.format_map(fill) for line in dice.several(PHRASES["inclusion"], dice.between(3, 8))),
        excluded=tuple(line.format_map(fill) for line in dice.several(PHRASES["exclusion"], dice.between(2, 9))),
        primary=tuple(outcomes[:primary]),
        secondary=tuple(outcomes[primary : primary + 8]),
        arms=tuple((arm["label"], arm.get("description", "")) for arm in arms),
    )
