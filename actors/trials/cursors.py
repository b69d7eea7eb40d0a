"""Where an answer to a search goes on, as an opaque word. No I/O."""

import base64
import binascii
import struct
from dataclasses import dataclass
from datetime import date
from typing import Literal

import orjson

from actors.errors import Refusal

Order = Literal["relevance", "newest", "enrolment", "distance"]

FOREVER = date.max  # and date.min: PostgreSQL's infinities, as asyncpg reads and writes them
LAST_ID = 2**63 - 1


class BadSearch(Refusal):
    """The search cannot be run; the message says what was expected, `field` of which part of the search."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}", field=field)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class After:
    """Where to go on: after this rank, day of update and id. Trials that came later than `latest_id` are not looked at.

    `tier`: of many hits, those with the words in their title come first (2), then the others (1); 0 is the first look.
    """

    rank: float = float("inf")
    day: date = FOREVER
    id: int = LAST_ID
    latest_id: int = LAST_ID
    tier: int = 0


START = After()


def cursor(after: After, order: Order) -> str:
    """Where to go on, as an opaque word that is safe in a URL."""
    rank = struct.pack(">d", after.rank).hex()
    told = [order[0], after.tier, rank, after.day.toordinal(), after.id, after.latest_id]
    return base64.urlsafe_b64encode(orjson.dumps(told)).decode().rstrip("=")


def read_cursor(text: str, order: Order) -> After:
    try:
        told = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        match told:
            case [str(given), int(tier), str(rank), int(day), int(id_), int(latest)] if (
                given == order[0] and 0 <= tier <= 2 and max(abs(id_), abs(latest)) <= LAST_ID
            ):
                (number,) = struct.unpack(">d", bytes.fromhex(rank))
                if number == number:  # else it is no number, and nothing comes after it
                    return After(number, date.fromordinal(day), id_, latest, tier)
    except (ValueError, OverflowError, struct.error, binascii.Error):
        pass  # it is refused below, like any other that is not ours
    raise BadSearch("cursor", "this is not where an answer to this search ended")
