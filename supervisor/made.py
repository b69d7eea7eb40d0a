"""How far what is made of the trials is: duplicates, MeSH codes, and what a search looks into."""

from dataclasses import dataclass
from datetime import datetime

from actors.mesh.importing import store as mesh
from actors.trials.duplicates import store as duplicates
from actors.trials.duplicates.reviewing import store as reviewing
from actors.trials.following import store as following
from actors.trials.following.store import Waiting

NOTHING = Waiting("", 0, None)


@dataclass(frozen=True, slots=True)
class Made:
    """`mesh_year` and `mesh_at` are of the descriptors; null where none were imported.

    `compared_at`: when the last run over the whole database ended, over `compared` records. `uncompared` records are
    taken up by the duplicates, and wait to be compared; `held` and `proposed` pairs wait for a reviewer. What each
    follower has not seen yet is by its name in `behind`.
    """

    mesh_year: int | None
    mesh_at: datetime | None
    compared_at: datetime | None
    compared: int
    comparing: bool
    uncompared: int
    held: int
    proposed: int
    behind: dict[str, Waiting]

    def due(self, follower: str) -> Waiting:
        return self.behind.get(follower, NOTHING)


async def look(db: duplicates.Database) -> Made:
    taken = await mesh.latest(db, "descriptors")
    state = await duplicates.state(db)
    held, proposed = await reviewing.reviews(db)
    return Made(
        mesh_year=taken.year if taken else None,
        mesh_at=taken.at if taken else None,
        compared_at=state.counted_at,
        compared=state.counted,
        comparing=bool(state.run and state.run_lives),
        uncompared=await duplicates.waiting_count(db),
        held=held,
        proposed=proposed,
        behind={one.follower: one for one in await following.waiting(db)},
    )
