"""What CTIS answers, as a function: search by status and order, pages, its silent limit; one record by its number."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from actors.registries import Page, Refused, Request, UnreadableBody
from actors.registries.ctis import SEARCH, URL, instead, narrower, read


@dataclass(frozen=True)
class One:
    number: str
    status: int = 4
    updated: date | None = date(2026, 1, 1)
    published: date | None = None


@dataclass
class Source:
    """`cap`: rows of one search; `weight`: each counts for so many in totals, which makes a small source large."""

    trials: list[One]
    cap: int = 10_000
    most: int = 100
    hidden: frozenset[str] = frozenset()  # listed, but there is no record of them
    broken: frozenset[str] = frozenset()  # rows that make the page that they are on unreadable
    asked: list[Request] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)
    before: Callable[["Source", Request], None] = lambda source, request: None

    def answer(self, request: Request) -> tuple[int, bytes]:
        self.asked.append(request)
        self.before(self, request)
        if request.method == "GET":
            number = request.url.removeprefix(f"{URL}/retrieve/")
            known = self._known(number)
            return (200, record(known)) if known else (404, b'{"error":"not found"}')
        assert request.url == SEARCH
        assert request.media_type == "application/json"
        return 200, self._search(json.loads(request.body or ""))

    def _known(self, number: str) -> One | None:
        at = self.places.get(number, len(self.trials))
        if at >= len(self.trials) or self.trials[at].number != number:
            self.places = {one.number: at for at, one in enumerate(self.trials)}
        known = self.places.get(number)
        return None if known is None or number in self.hidden else self.trials[known]

    def _search(self, asked: dict[str, Any]) -> bytes:
        criteria, paging, sort = asked["searchCriteria"], asked["pagination"], asked["sort"]
        found = [one for one in self.trials if _meets(one, criteria)]
        by = {"lastUpdated": "updated", "lastPublicationUpdate": "published"}[sort["property"]]
        found.sort(key=lambda one: (getattr(one, by) or date.min, one.number), reverse=sort["direction"] == "DESC")
        size, page = min(paging["size"], self.most), paging["page"]
        given = found[(page - 1) * size : min(page * size, self.cap)]
        if self.broken.intersection(one.number for one in given):
            return b'{"pagination":{"totalRec'
        return json.dumps({"pagination": {"totalRecords": len(found)}, "data": [row(one) for one in given]}).encode()

    def searches(self) -> list[dict[str, Any]]:
        return [json.loads(one.body or "") for one in self.asked if one.method == "POST"]

    def retrieved(self) -> list[str]:
        return [one.url.rpartition("/")[2] for one in self.asked if one.method == "GET"]


def _meets(one: One, criteria: dict[str, Any]) -> bool:
    if "number" in criteria:
        return bool(one.number == criteria["number"])
    return "status" not in criteria or one.status in criteria["status"]


def row(one: One) -> dict[str, Any]:
    found: dict[str, Any] = {"ctNumber": one.number, "ctStatus": one.status, "ctTitle": "A trial"}
    for name, day in (("lastUpdated", one.updated), ("lastPublicationUpdate", one.published)):
        if day:
            found[name] = day.strftime("%d/%m/%Y")
    return found


def record(one: One) -> bytes:
    part_1 = {"trialDetails": {"clinicalTrialIdentifiers": {"fullTitle": f"Trial {one.number}"}}}
    whole = {"ctNumber": one.number, "ctStatus": "Authorised", "ctPublicStatusCode": one.status}
    return json.dumps(whole | {"authorizedApplication": {"authorizedPartI": part_1}}).encode()


def trials(count: int, *, statuses: Iterable[int] = (4,), day: date = date(2026, 1, 1)) -> list[One]:
    codes = list(statuses)
    return [One(f"2024-5{number:05}-{number % 97:02}-00", codes[number % len(codes)], day) for number in range(count)]


@dataclass
class Swept:
    pages: list[Page] = field(default_factory=list)
    short: int = 0  # records that the source counted and did not give, asked twice

    @property
    def found(self) -> dict[str, Any]:
        return {one.trial.registry_id: one.trial for page in self.pages for one in page.found}

    @property
    def refused(self) -> list[Refused]:
        return [one for page in self.pages for one in page.refused]

    @property
    def total(self) -> int | None:
        return next((page.total for page in reversed(self.pages) if page.total is not None), None)


def sweep(source: Source, first: Iterable[Request], *, at_most: int = 40_000) -> Swept:
    """As a scrape goes: what follows is asked first; a query that fell short is asked anew, once, at the end."""
    swept, waiting, met = Swept(), list(first), dict[str, set[str]]()
    while waiting:
        assert len(source.asked) < at_most, "the scrape does not end"
        request = waiting.pop(0)
        found = _page(source, request)
        if isinstance(found, tuple):
            waiting = [*found, *waiting]
            continue
        numbers = [one.trial.registry_id for one in found.found] + [str(one.registry_id) for one in found.refused]
        met.setdefault(found.query, set()).update(numbers, (one.registry_id for one in found.listed))
        waiting = [*found.follow, *waiting]
        if found.ended and (short := found.ended.count - len(met[found.query])) > 0:
            waiting += found.ended.again
            swept.short += 0 if found.ended.again else short
        swept.pages.append(found)
    return swept


def _page(source: Source, request: Request) -> Page | tuple[Request, ...]:
    status, body = source.answer(request)
    if status != 200:
        other = instead(request, status)
        assert other, f"no way on from {request}"
        return other
    try:
        return read(request, body)
    except UnreadableBody:
        less = narrower(request)
        assert less, f"no way on from {request}"
        return less


def moved(one: One, **changes: Any) -> One:
    return replace(one, **changes)


def folds(numbers: Iterable[str]) -> Iterator[str]:
    yield from (number[:14] for number in numbers)
