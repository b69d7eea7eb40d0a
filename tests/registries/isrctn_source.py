"""What ISRCTN answers, as a function: windows of two dates, a limit, no pages, another order each time."""

import random
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from actors.registries import Page, Request, UnreadableBody
from actors.registries.isrctn import URL, narrower, read

_COMPARED = re.compile(r"(dateApplied|lastEdited) (GE|LT) (\S+)Z")
HEAD = b'<?xml version="1.0" encoding="UTF-8"?>\n<allTrials xmlns="http://www.67bricks.com/isrctn" totalCount="%d">'


@dataclass(frozen=True)
class One:
    number: int
    applied: datetime
    edited: datetime = datetime(2026, 1, 1)


@dataclass
class Source:
    """`most`: records of an answer beyond which it breaks off, as it does at the record that `spoils` it.

    `drops`: how many it leaves out the first time.
    """

    trials: list[One]
    most: int = 1_000_000
    drops: int = 0
    spoils: int = -1
    asked: list[Request] = field(default_factory=list)
    before: Callable[["Source", Request], None] = lambda source, request: None
    chance: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311 - no secret

    def answer(self, request: Request) -> bytes:
        self.asked.append(request)
        self.before(self, request)
        assert request.url == URL
        params = dict(request.params)
        found = [one for one in self.trials if _meets(one, params["q"])]
        self.chance.shuffle(found)
        count, given = len(found), found[: int(params["limit"])]
        if self.drops and given and count <= int(params["limit"]):
            given, self.drops = given[self.drops :], 0
        body = page([record(one) for one in given], count)
        broken = len(given) > self.most or any(one.number == self.spoils for one in given)
        return body[: len(body) // 2] if broken else body


def _meets(one: One, asked: str) -> bool:
    compared = _COMPARED.findall(asked)
    assert compared
    assert " AND ".join(f"{by} {how} {at}Z" for by, how, at in compared) == asked
    for by, how, at in compared:
        when, edge = (one.applied if by == "dateApplied" else one.edited), datetime.fromisoformat(at)
        if not (when >= edge if how == "GE" else when < edge):
            return False
    return True


def page(records: Iterable[bytes], count: int) -> bytes:
    return HEAD % count + b"\n".join(records) + b"</allTrials>"


def record(one: One) -> bytes:
    assigned = one.applied + timedelta(days=3)
    return (
        f'<fullTrial><trial lastUpdated="{one.edited.isoformat()}.219Z" version="2">'
        f'<isrctn dateAssigned="{assigned.isoformat()}.693Z">{one.number:08}</isrctn>'
        f"<trialDescription><title>Trial {one.number}</title></trialDescription></trial></fullTrial>"
    ).encode()


@dataclass
class Swept:
    pages: list[Page] = field(default_factory=list)
    short: int = 0

    @property
    def met(self) -> Counter[str]:
        return Counter(one.trial.registry_id for page in self.pages for one in page.found)

    @property
    def total(self) -> int | None:
        return next((page.total for page in reversed(self.pages) if page.total is not None), None)


def sweep(source: Source, first: Iterable[Request], *, at_most: int = 5_000) -> Swept:
    """As a scrape goes: what follows is asked first; a query that fell short is asked anew, once, at the end."""
    swept, waiting, met = Swept(), list(first), dict[str, set[str]]()
    while waiting:
        assert len(source.asked) < at_most, "the scrape does not end"
        request = waiting.pop(0)
        try:
            found = read(request, source.answer(request))
        except UnreadableBody:
            less = narrower(request)
            assert less, f"no way on from {request}"
            waiting = [*less, *waiting]
            continue
        read_ = [one.trial.registry_id for one in found.found]
        refused = [f"{found.query} {number}" for number, _ in enumerate(found.refused)]
        met.setdefault(found.query, set()).update(read_, refused)
        waiting = [*found.follow, *waiting]
        if found.ended and (short := found.ended.count - len(met[found.query])) > 0:
            waiting += found.ended.again
            swept.short += 0 if found.ended.again else short
        swept.pages.append(found)
    return swept
