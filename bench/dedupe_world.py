"""Made-up records for the size of the world's registers, with known truth. No I/O.

Titles are of words as rare as real ones: conditions and treatments drawn by Zipf's law from some 100,000 made-up
words, among the words that every title has. One record in eight is the same trial in another register, re-worded; four
in ten of those name the other's number. One in six is a sister of a trial before it, of the same sponsor.
"""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from actors.trials.comparable import Comparable, Record, Words
from actors.trials.identity import Claim, RegistryId

_PLAIN = (
    "study trial randomized patient treatment efficacy safety phase 2 3 double blind placebo controlled open label"
    " multicenter evaluation effect clinical therapy comparison prospective pilot outcome adult children severe acute"
    " chronic early advanced prevention combination standard care quality life dose long term follow up"
)
PLAIN = tuple(_PLAIN.split())
CONDITIONS, TREATMENTS, NAMES, PLACES = 8_000, 60_000, 30_000, 3_000
COUNTRIES = tuple(f"country {at}" for at in range(60))
REGISTERS = ("nct",) * 12 + ("eudract",) * 3 + ("chictr",) * 2 + ("ctri", "isrctn", "drks", "umin", "irct")
COPIES, SISTERS = 0.125, 0.17
NAMED = 0.4
FIRST_DAY = date(2005, 1, 1)
LATELY = 2_000  # records before, of which copies and sisters are made


@dataclass(frozen=True, slots=True)
class Made:
    """`truth` is equal for records of one trial."""

    record: Comparable
    truth: int


def world(records: int, seed: int = 1) -> Iterator[Made]:
    """Records one after the other; the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311  # made-up data
    truths = itertools.count()
    lately: list[Made] = []
    for at in range(records):
        dice = chance.random()
        if lately and dice < COPIES:
            other = chance.choice(lately)
            made = Made(_copy(chance, other.record, at), other.truth)
        elif lately and dice < COPIES + SISTERS:
            made = Made(_sister(chance, chance.choice(lately).record, at), next(truths))
        else:
            made = Made(_new(chance, at), next(truths))
        lately.append(made)
        if len(lately) > LATELY:
            del lately[: LATELY // 2]
        yield made


def _zipf(chance: random.Random, size: int) -> int:
    """A rank from 0 to size - 1: the tenth is drawn a tenth as often as the first."""
    return min(int(size ** chance.random()) - 1, size - 1)


def _new(chance: random.Random, at: int) -> Comparable:
    condition = tuple(f"condition{_zipf(chance, CONDITIONS)}" for _ in range(chance.randint(1, 3)))
    treatment = tuple(f"treatment{_zipf(chance, TREATMENTS)}" for _ in range(chance.randint(1, 3)))
    public = (*treatment, *condition, *chance.sample(PLAIN, 4))
    scientific = (*public, *chance.sample(PLAIN, 8), f"word{_zipf(chance, TREATMENTS)}")
    start = FIRST_DAY + timedelta(days=chance.randrange(7_000))
    record = Comparable(
        record=Record("bench", ""),
        register="",
        trial="",
        titles=(public, scientific),
        sponsors=((f"name{_zipf(chance, NAMES)}", f"place{_zipf(chance, PLACES)}", "university", "hospital"),),
        registered=start - timedelta(days=chance.randrange(60)),
        start=start,
        countries=tuple(sorted({COUNTRIES[_zipf(chance, 60)] for _ in range(chance.randint(1, 3))})),
        conditions=condition,
        interventions=treatment,
        enrolment=chance.choice((20, 30, 40, 50, 60, 80, 100, 120, 200, 300, chance.randrange(10, 2_000))),
        phases=(chance.randint(1, 4),),
        study_type="interventional",
    )
    return _numbered(record, chance.choice(REGISTERS), at)


def _copy(chance: random.Random, of: Comparable, at: int) -> Comparable:
    register = chance.choice([one for one in REGISTERS if one != of.register])
    public, scientific = (_reworded(chance, title) for title in (of.titles[0], of.titles[-1]))
    copy = replace(of, titles=(public, scientific), claims=(), start=_moved(chance, of.start))
    if chance.random() < 0.3:
        copy = replace(copy, enrolment=chance.randrange(10, 2_000))
    copy = _numbered(copy, register, at)
    if chance.random() < NAMED:
        scheme, _, value = of.trial.partition(":")
        copy = replace(copy, claims=(*copy.claims, Claim(RegistryId(scheme, value), "listed")))
    return copy


def _sister(chance: random.Random, of: Comparable, at: int) -> Comparable:
    """The same sponsor's next trial: another treatment or condition, its own size, later."""
    old = of.interventions[0]
    new = f"treatment{_zipf(chance, TREATMENTS)}"
    titles = tuple(tuple(new if word == old else word for word in title) for title in of.titles)
    sister = replace(
        of,
        titles=titles,
        interventions=(new, *of.interventions[1:]),
        claims=(),
        enrolment=chance.randrange(10, 2_000),
        start=_moved(chance, of.start),
        phases=(chance.randint(1, 4),),
    )
    return _numbered(sister, chance.choice(REGISTERS), at)


def _numbered(one: Comparable, register: str, at: int) -> Comparable:
    value = f"{register.upper()}{at:08d}"
    own = Claim(RegistryId(register, value), "main")
    return replace(one, record=Record("bench", value), register=register, trial=f"{register}:{value}", claims=(own,))


def _reworded(chance: random.Random, title: Words) -> Words:
    """Some words of grammar and design go, some come; what the trial is about mostly stays."""
    kept = [word for word in title if chance.random() > (0.4 if word in PLAIN else 0.08)]
    return (*kept, *chance.sample(PLAIN, 2))


def _moved(chance: random.Random, day: date | None) -> date | None:
    return day + timedelta(days=chance.randrange(-60, 200)) if day else None
