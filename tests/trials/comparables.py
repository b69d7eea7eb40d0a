"""Records to compare, for the tests of duplicates."""

from datetime import date
from typing import Any

from actors.trials.comparable import Comparable, Record, own_number, some_words
from actors.trials.features import Rarities
from actors.trials.identity import Claim, parse, read_field, strongest
from actors.trials.words import rarity, words

COMMON = (
    "study trial randomized patient treatment efficacy safety phase placebo controlled open label heart failure adult"
)

# Ten thousand trials, of which two thousand have each common word; a word that is not here is as rare as can be.
RARE = rarity(dict.fromkeys(words(COMMON), 2_000) | {"university": 4_000, "hospital": 4_000}, 10_000)
RARITIES = Rarities(RARE, RARE)

TITLE = "Efficacy and Safety of Zalutumab in Adult Patients With Heart Failure"
SPONSOR = "University Hospital Innsbruck"


def made(number: str, *, says: tuple[str, ...] = (), mentions: tuple[Claim, ...] = (), **given: Any) -> Comparable:
    """A record of a walking trial of 328 people; `says` are the numbers in its id fields."""
    register, trial = own_number("made", number)
    own = parse(number)
    titles = given.pop("titles", (TITLE,))
    listed = [claim for text in says for claim in read_field(text)]
    stated: dict[str, Any] = {
        "sponsors": (words(given.pop("sponsor", SPONSOR)),),
        "registered": date(2020, 3, 1),
        "start": date(2020, 4, 1),
        "countries": ("austria",),
        "conditions": words("heart failure"),
        "interventions": words("zalutumab"),
        "enrolment": 328,
        "phases": (2,),
        "study_type": "interventional",
    }
    return Comparable(
        record=Record("made", number),
        register=register,
        trial=trial,
        titles=tuple(words(title) for title in titles),
        acronym=some_words([given.pop("acronym", "")]),
        claims=strongest([*([Claim(own, "main")] if own else []), *listed, *mentions]),
        **(stated | given),
    )
