"""Records that are much alike, compared, for a reviewer to look at."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actors.runtime.compute import Compute
from actors.trials.duplicates.following import follow
from actors.trials.pack import Source, pack_page
from actors.trials.record import Identifier, Trial
from tests.supervisor.commands.test_dedupe import twins
from tests.supervisor.web.site import mirror
from tests.trials.pages import START, Found, nct, page, trial

if TYPE_CHECKING:
    import asyncpg

OTHER = "Lanifibranor for steatohepatitis with fibrosis after bariatric surgery in Styria"
NCT, ISRCTN, DRKS = nct(5), "ISRCTN12345678", "DRKS00012345"
PAIR = f"/duplicates/{NCT}/{ISRCTN}"


async def review(pool: "asyncpg.Pool[Any]", folder: Path) -> None:
    """One trial in two records; three others that wait, of three registers; and some that are like none."""
    told: dict[str, Any] = {"title": OTHER, "sponsor": "University Hospital Graz", "countries": ("Austria",)}
    await mirror(pool, page([*twins(), trial(5, **told, enrolment=61), *map(trial, range(10, 60))]))
    others = (
        trial(6, registry=scheme, registry_id=number, ids=(Identifier(scheme, number, "main"),), enrolment=size, **told)
        for scheme, number, size in (("isrctn", ISRCTN, 60), ("drks", DRKS, 600))
    )
    await elsewhere(pool, others)
    await compare(pool, folder)


async def hold(pool: "asyncpg.Pool[Any]", folder: Path) -> None:
    """Two NCT numbers that records of two other registers claim, one of them both: four pairs that ask one question."""
    told: dict[str, Any] = {"title": OTHER, "enrolment": 60}
    await mirror(pool, page([trial(71, **told), trial(72, **told), *map(trial, range(10, 60))]))
    claims = (("isrctn", ISRCTN, [nct(71)]), ("drks", DRKS, [nct(72), nct(71)]))
    others = (
        trial(
            73, registry=scheme, registry_id=number, **told,
            ids=(Identifier(scheme, number, "main"), *(Identifier("nct", one, "secondary") for one in numbers)),
        )
        for scheme, number, numbers in claims
    )  # fmt: skip
    await elsewhere(pool, others)
    await compare(pool, folder)


async def elsewhere(pool: "asyncpg.Pool[Any]", records: Iterable[Trial]) -> None:
    """Records of other registries."""
    for one in records:
        source = Source(one.registry, "https://registry.example", START, 1, "application/xml")
        await mirror(pool, pack_page([Found(one, b"raw")], (), source))


async def compare(pool: "asyncpg.Pool[Any]", folder: Path) -> None:
    """All that is new, as the job does it."""
    compute = Compute(1)
    try:
        await follow(pool, compute, folder)
    finally:
        await compute.close()
