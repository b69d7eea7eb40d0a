"""What the EU Clinical Trials Register answers, as a function: pages of twenty, by start, by number. No I/O."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

from actors.registries import Page, Refused, Request, UnreadableBody
from actors.registries.euctr import narrower, read

COUNT = "<a>Trials with a EudraCT protocol ({})</a>"
HEAD = "This file contains full details on each clinical trial selected for download.\n\n"


@dataclass
class Source:
    """Trials by number, each with its start, where it has one, and the codes of its countries.

    `weight`: each counts for so many. `broken`: the text of any page with one of these cannot be read, unless it was
    asked for alone, and is not of `dead`. `hidden`: left out of the text of a page, though listed.
    """

    starts: dict[str, date | None]
    countries: tuple[str, ...] = ("DE",)
    weight: int = 1
    with_results: frozenset[str] = frozenset()
    broken: frozenset[str] = frozenset()
    dead: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()
    changed: tuple[tuple[str, date], ...] = ()
    told_on: date | None = date(2026, 7, 8)
    asked: list[Request] = field(default_factory=list)

    def answer(self, request: Request) -> bytes:
        self.asked.append(request)
        if request.url.endswith("/feed/bydates"):
            return self._feed().encode()
        params = dict(request.params)
        found = self._found(params)
        at = (int(params["page"]) - 1) * 20
        numbers = found[at : at + 20]
        if request.url.endswith("/search"):
            return self._list(len(found), numbers).encode()
        assert params["mode"] == "current_page"
        alone = len(found) == 1
        if (not alone and self.broken & set(numbers)) or self.dead & set(numbers):
            return b"<html>Service unavailable</html>"
        shown = [number for number in numbers if alone or number not in self.hidden]
        return (HEAD + "".join(record(number, one) for number in shown for one in self.countries)).encode()

    def _found(self, params: dict[str, str]) -> list[str]:
        number = params["query"].removeprefix("eudract_number:")
        low, high = params.get("dateFrom", ""), params.get("dateTo", "~")
        return [
            one
            for one, start in self.starts.items()
            if (not number or one == number) and ("dateFrom" not in params or low <= str(start or "~~") <= high)
        ]

    def _list(self, count: int, numbers: list[str]) -> str:
        tables = "".join(
            f'<table class="result"><td><span class="label">EudraCT Number:</span> {one}</td><td><span class="label">'
            f'Start Date<span class="info-tip startdatetip">*</span>:</span> {self.starts[one] or ""}</td>'
            f'<td><span class="label">Trial results:</span> {self._results(one)}</td></table>'
            for one in numbers
        )
        return COUNT.format(f"{count * self.weight:,}") + tables

    def _results(self, number: str) -> str:
        if number in self.with_results:
            return f'<a href="/ctr-search/trial/{number}/results">View results</a>'
        return "<i>(No results available)</i>"

    def _feed(self) -> str:
        items = "".join(
            f"<item><title>{number}</title><pubDate>{day:%a, %d %b %Y} 06:00:00 GMT</pubDate></item>"
            for number, day in self.changed
        )
        told = f"<pubDate>{self.told_on:%a, %d %b %Y} 06:00:00 GMT</pubDate>" if self.told_on else ""
        return f"<rss version='2.0'><channel><title>changes</title>{told}{items}</channel></rss>"


def record(number: str, country: str) -> str:
    return (
        f"Summary\nEudraCT Number: {number}\nNational Competent Authority: {country} - X\nTrial Status: Completed\n"
        f"Link: https://www.clinicaltrialsregister.eu/ctr-search/trial/{number}/{country}/\n\nA. Protocol Information\n"
        f"A.1 Member State Concerned: {country} - X\nA.2 EudraCT number: {number}\nA.3 Full title of the trial: One\n\n"
    )


def trials(starts: Iterable[date | None]) -> dict[str, date | None]:
    return {f"{2004 + at % 20}-{at:06}-10": start for at, start in enumerate(starts, 1)}


def sweep(source: Source, first: Iterable[Request], *, at_most: int = 5_000) -> Iterator[Page]:
    """Every page of a scrape: what follows a page is asked first; what cannot be read is asked for by less."""
    waiting = list(first)
    while waiting:
        assert len(source.asked) < at_most, "the scrape does not end"
        request = waiting.pop(0)
        try:
            page = read(request, source.answer(request))
        except UnreadableBody as error:
            waiting = [*narrower(request), *waiting]
            if request.only is None:
                assert narrower(request), f"no way on from {request}"
                continue
            page = Page(refused=(Refused(str(error), b"", request.only),), query=request.only)
        waiting = [*page.follow, *waiting]
        yield page
