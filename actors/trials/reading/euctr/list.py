"""The lists of the EU Clinical Trials Register: a page of a search (HTML), the feed of the last days (RSS). No I/O."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from email.utils import parsedate_to_datetime
from xml.parsers import expat

from actors.trials.reading.euctr.text import NUMBER

FEED_DAYS = 7  # how far back the feed goes
MOST_FEED_CHARS = 200  # of a date in the feed; a longer one is none

_COUNT = re.compile(r"Trials with a EudraCT protocol \(([0-9][0-9,.]*)\)")
_RESULT = re.compile(r"<table class=\"result\">(.*?)(?=<table class=\"result\">|\Z)", re.DOTALL)
_LISTED = re.compile(r"EudraCT Number:\s*(?:</span>)?\s*([0-9]{4}-[0-9]{6}-[0-9]{2})")
_START = re.compile(r"Start Date(?:<[^>]*>|[\s*:])*[0-9]{4}-[0-9]{2}-[0-9]{2}")
_RESULTS = re.compile(r"Trial results:\s*(?:</span>)?(.*?)(?:</td>|\Z)", re.DOTALL)


class NotAList(ValueError):
    """The answer is no list of trials; the message says what was expected."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of a search: how many trials the whole search has, and those of the page, with whether each has results.

    `undated`: those of the page without a start date.
    """

    count: int
    trials: tuple[tuple[str, bool | None], ...]
    undated: tuple[str, ...] = ()


def listing(page: str) -> Listing:
    """Raises NotAList."""
    count = _COUNT.search(page)
    if count is None:
        raise NotAList("not a page of a search: expected `Trials with a EudraCT protocol (…)`")
    parts = {number[1]: part[1] for part in _RESULT.finditer(page) if (number := _LISTED.search(part[1]))}
    return Listing(
        int(re.sub("[,.]", "", count[1])),
        tuple((number, _has_results(part)) for number, part in parts.items()),
        tuple(number for number, part in parts.items() if _START.search(part) is None),
    )


def _has_results(part: str) -> bool | None:
    told = _RESULTS.search(part)
    if told is None:
        return None
    if "/results" in told[1]:
        return True
    return False if "No results available" in told[1] else None


@dataclass(frozen=True, slots=True)
class Feed:
    """The trials that were added or changed in the days before `until`, which is None where the feed names no day."""

    numbers: tuple[str, ...]
    until: date | None

    def reaches(self, since: date) -> bool:
        """Whether all that changed since a day is in it."""
        return self.until is not None and since >= self.until - timedelta(days=FEED_DAYS)


def feed(body: bytes) -> Feed:
    """Raises NotAList; for a body with a document type as well, for that could declare what grows on reading."""
    reader = _FeedReader()
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = reader.refuse
    parser.StartElementHandler = reader.begin
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise NotAList(f"not a feed: {error}") from error
    if reader.root.rpartition(":")[2] not in ("rss", "RDF", "feed"):
        raise NotAList(f"not a feed: its root is {reader.root[:40]!r}")
    return Feed(tuple(dict.fromkeys(reader.numbers)), max(reader.days, default=None))


class _FeedReader:
    def __init__(self) -> None:
        self.root = ""
        self.numbers: list[str] = []
        self.days: list[date] = []
        self._parts: list[str] = []

    def refuse(self, *_: object) -> None:
        raise ValueError("it has a document type")

    def begin(self, tag: str, _attributes: dict[str, str]) -> None:
        self.root = self.root or tag
        self._parts = []

    def text(self, part: str) -> None:
        self._parts.append(part)

    def end(self, tag: str) -> None:
        text, self._parts = "".join(self._parts).strip(), []
        match tag.rpartition(":")[2]:
            case "pubDate" | "lastBuildDate" | "date" | "updated" | "published":
                self.days += [day] if (day := _day(text)) else []
            case "title" | "link" | "guid" | "id" | "description" | "summary":
                self.numbers += NUMBER.findall(text)[:1]


def _day(text: str) -> date | None:
    if len(text) > MOST_FEED_CHARS:
        return None
    try:
        return parsedate_to_datetime(text).date()
    except (ValueError, TypeError):
        pass
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        return None
