"""What ClinicalTrials.gov answers, as a function: filters by date, order, pages, tokens, counts. No I/O."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

from actors.registries import Page, Refused, Request, UnreadableBody
from actors.registries.ctgov import instead, narrower, read

_RANGE = re.compile(r"AREA\[(\w+)\]RANGE\[(MIN|[0-9-]{10}),(MAX|[0-9-]{10})\]")
_MISSING = re.compile(r"AREA\[(\w+)\]MISSING")
_MODULES = {"StudyFirstPostDate": "studyFirstPostDateStruct", "LastUpdatePostDate": "lastUpdatePostDateStruct"}


@dataclass
class Source:
    """Studies by number, each with its dates.

    `weight`: each counts for so many in totals; `page_at_most`: studies a page. Both make a small source large. Whole
    studies of `broken` make the page that they are on unreadable.
    """

    dates: dict[str, dict[str, str | None]]
    weight: int = 1
    version: str | None = None
    page_at_most: int = 1000
    token_lives: Callable[[Request], bool] = lambda request: True
    asked: list[Request] = field(default_factory=list)
    broken: frozenset[str] = frozenset()

    def answer(self, request: Request) -> tuple[int, bytes]:
        self.asked.append(request)
        params = dict(request.params)
        if "pageToken" in params and not self.token_lives(request):
            return 400, b"pageToken is invalid"
        found = self._in_order(params)
        size, at = min(int(params["pageSize"]), self.page_at_most), int(params.get("pageToken", "t0")[1:])
        if "fields" not in params and self.broken.intersection(found[at : at + size]):
            return 200, b'{"studies":[{"protoc'
        page: dict[str, object] = {"studies": [self._study(nct) for nct in found[at : at + size]]}
        if params.get("countTotal") == "true" and at == 0:
            page = {"totalCount": len(found) * self.weight, **page}
        if at + size < len(found):
            page["nextPageToken"] = f"t{at + size}"
        return 200, json.dumps(page).encode()

    def _in_order(self, params: dict[str, str]) -> list[str]:
        if "filter.ids" in params:
            return [nct for nct in params["filter.ids"].split(",") if nct in self.dates]
        by, _, direction = params["sort"].partition(":")
        assert direction == {"StudyFirstPostDate": "asc", "LastUpdatePostDate": "desc"}[by]
        chosen = [nct for nct in self.dates if _meets(self.dates[nct], params.get("filter.advanced"))]
        dated = sorted(nct for nct in chosen if self.dates[nct].get(by))
        dated.sort(key=lambda nct: self.dates[nct][by] or "", reverse=direction == "desc")
        return [*dated, *sorted(nct for nct in chosen if not self.dates[nct].get(by))]

    def _study(self, nct: str) -> dict[str, object]:
        dates = {
            _MODULES[by]: {"date": day, "type": "ACTUAL"} for by, day in self.dates[nct].items() if day is not None
        }
        study: dict[str, object] = {"protocolSection": {"identificationModule": {"nctId": nct}, "statusModule": dates}}
        if self.version:
            study["derivedSection"] = {"miscInfoModule": {"versionHolder": self.version}}
        return study


def _meets(dates: dict[str, str | None], condition: str | None) -> bool:
    if condition is None:
        return True
    if missing := _MISSING.fullmatch(condition):
        return dates.get(missing[1]) is None
    within = _RANGE.fullmatch(condition)
    assert within, condition
    day = dates.get(within[1])
    low, high = within[2].replace("MIN", ""), within[3].replace("MAX", "~")
    return day is not None and low <= day <= high


def studies(days: Iterable[date | None], by: str = "StudyFirstPostDate") -> dict[str, dict[str, str | None]]:
    """One study for each day, numbered in their order; None is a study without that date."""
    return {f"NCT{number:08}": {by: str(day) if day else None} for number, day in enumerate(days, 1)}


def sweep(source: Source, first: Iterable[Request], *, at_most: int = 5_000) -> Iterator[Page]:
    """Every page of a scrape: what follows a page is asked first; a refused request is asked in another way.

    A study that cannot be read even alone comes as a page that refuses it.
    """
    waiting = list(first)
    while waiting:
        assert len(source.asked) < at_most, "the scrape does not end"
        request = waiting.pop(0)
        status, body = source.answer(request)
        if status != 200:
            other = instead(request, status)
            assert other, f"no way on from {request}"
            waiting = [*other, *waiting]
            continue
        try:
            page = read(request, body)
        except UnreadableBody as error:
            waiting = [*narrower(request), *waiting]
            if request.only is None:
                assert narrower(request), f"no way on from {request}"
                continue
            page = Page(refused=(Refused(str(error), body, request.only),))
        waiting = [*page.follow, *waiting]
        yield page


def met(pages: Iterable[Page]) -> Counter[str]:
    """How often each study was read."""
    return Counter(one.trial.registry_id for page in pages for one in page.found)
