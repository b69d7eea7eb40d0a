"""What the words of some records are worth, as the last sweep counted them."""

from collections.abc import Iterable

from actors.runtime.database import Database
from actors.trials.comparable import Comparable
from actors.trials.duplicates.alone import store
from actors.trials.features import Rarities
from actors.trials.words import rarity


async def rarities_of(db: Database, given: Iterable[Comparable], counted: int) -> Rarities:
    """`counted`: how many records the words were counted in."""
    titles: set[str] = set()
    sponsors: set[str] = set()
    for one in given:
        titles.update(one.words, one.conditions, one.interventions)
        sponsors.update(*one.sponsors)
    of_titles, of_sponsors = await store.count_of_words(db, titles, sponsors)
    return Rarities(rarity(of_titles, counted), rarity(of_sponsors, counted))
