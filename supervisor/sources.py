"""How the registries stand: beside what is found it is told which of them did not answer, so that none looks empty."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from actors.trials import store
from actors.trials.scrapes import Scrape
from actors.trials.standing import SCRAPES_LOOKED_AT, failing_since

State = Literal["ok", "unavailable", "never", "unknown"]


@dataclass(frozen=True, slots=True)
class Source:
    """A registry, and how old what is shown of it is.

    `unavailable`: its latest scrape failed, or fails just now. `never`: no scrape has ended well yet. `unknown`: there
    is no such registry here.
    """

    registry: str
    state: State
    unavailable_since: datetime | None
    last_success_at: datetime | None


async def look(db: store.Database, registries: Iterable[str]) -> list[Source]:
    """These registries, and those of which there are trials."""
    names = {*registries, *(one.registry for one in await store.counts(db))}
    return [await look_at(db, name) for name in sorted(names)]


async def look_at(db: store.Database, registry: str) -> Source:
    return source(
        registry,
        await store.scrapes(db, registry, limit=SCRAPES_LOOKED_AT),
        await store.last_success(db, registry),
    )


def source(registry: str, scrapes: Sequence[Scrape], last_success: Scrape | None) -> Source:
    """`scrapes` are its latest, the newest first. No I/O."""
    failing = failing_since(scrapes)
    state: State = "unavailable" if failing else "ok" if last_success else "never"
    return Source(registry, state, failing, last_success.ended_at if last_success else None)


def asked_of(sources: Sequence[Source], registries: Sequence[str]) -> tuple[Source, ...]:
    """The sources of a search: those that it names, else all. No I/O."""
    if not registries:
        return tuple(sources)
    by_name = {one.registry: one for one in sources}
    return tuple(by_name.get(name) or Source(name, "unknown", None, None) for name in dict.fromkeys(registries))


def notice(source: Source) -> str | None:
    """What somebody who searches must know of a registry; None where all is well. No I/O."""
    match source.state:
        case "unavailable":
            told = f"{source.registry} has not answered since {_moment(source.unavailable_since)}"
            if source.last_success_at is None:
                return f"{told}: nothing of it is complete"
            return f"{told}: what is shown of it is as of {_moment(source.last_success_at)}"
        case "never":
            return f"{source.registry} has not been mirrored to its end yet: what is shown of it is not complete"
        case "unknown":
            return f"there is no registry {source.registry} here"
        case "ok":
            return None


def notices(sources: Sequence[Source]) -> list[str]:
    """What somebody who reads what is held of these must know; those that were never mirrored in one line. No I/O."""
    never = [one.registry for one in sources if one.state == "never"]
    told = [said for one in sources if one.state != "never" and (said := notice(one))]
    if len(never) < 2:
        return told + [said for one in sources if one.state == "never" and (said := notice(one))]
    names = f"{', '.join(never[:-1])} and {never[-1]}"
    return [*told, f"{names} have not been mirrored to their end yet: what is shown of them is not complete"]


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "–"
