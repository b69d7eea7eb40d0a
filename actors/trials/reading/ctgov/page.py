"""A page of ClinicalTrials.gov (API v2) cut into the bytes of its studies, and what these say as they are. No I/O."""

import re
from datetime import date

import msgspec

_TOKENS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[{}\[\],]', re.DOTALL)  # takes no byte twice, whatever stands there

_VERSION = re.compile(rb'"versionHolder"\s*:\s*"([0-9]{4}-[0-9]{2}-[0-9]{2})"')
_NUMBER = re.compile(rb'"nctId"\s*:\s*"(NCT[0-9]{8})"')
_UPDATED = re.compile(rb'"lastUpdatePostDateStruct"\s*:\s*\{[^{}]*?"date"\s*:\s*"([0-9]{4}-[0-9]{2}-[0-9]{2})"')
_DATE = re.compile(rb'"date"\s*:\s*"([0-9]{4}-[0-9]{2}-[0-9]{2})"')


class NotAPage(ValueError):
    """The answer as a whole is no page of studies; the message says what was expected."""


class PageOfStudies(msgspec.Struct, rename="camel", gc=False):
    studies: list[msgspec.Raw]
    next_page_token: str | None = None
    total_count: int | None = None


_decode = msgspec.json.Decoder(PageOfStudies).decode


def page_of(body: bytes) -> PageOfStudies:
    """Raises NotAPage."""
    try:
        return _decode(body)
    except msgspec.ValidationError as error:
        expected = "an object of studies, nextPageToken, totalCount"
        raise NotAPage(f"not a page of studies ({expected}): {error}") from error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        if (page := _salvaged(body)) is None:
            raise NotAPage(f"not the JSON of a page of studies, or cut short: {error}") from error
        return page


def _salvaged(body: bytes) -> PageOfStudies | None:
    """A page with something broken inside a study (a lone surrogate, a bad escape), cut by its brackets alone."""
    if not body.rstrip().endswith(b"}") or (found := _study_spans(body)) is None:
        return None
    spans, start, end = found
    try:
        frame = _decode(body[:start] + body[end:])
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    frame.studies = [msgspec.Raw(body[low:high].strip()) for low, high in spans]
    return frame


def _study_spans(body: bytes) -> tuple[list[tuple[int, int]], int, int] | None:
    """Where the members of the top-level array `studies` stand, and where that array begins and ends."""
    spans: list[tuple[int, int]] = []
    depth, member, inside, word = 0, 0, 0, b""
    for token in _TOKENS.finditer(body):
        text = token[0]
        if text in (b"{", b"["):
            depth += 1
            if text == b"[" and depth == 2 and word == b'"studies"':
                inside = member = token.end()
        elif text == b"," and depth == 2 and inside:
            spans.append((member, token.start()))
            member = token.end()
        elif text in (b"}", b"]"):
            depth -= 1
            if depth == 1 and inside:
                if body[member : token.start()].strip():
                    spans.append((member, token.start()))
                return spans, inside, token.start()
        elif depth == 1:
            word = text
    return None


def number_in(study: bytes) -> str | None:
    found = _NUMBER.search(study)
    return found[1].decode() if found else None


def updated_in(study: bytes) -> date | None:
    return _calendar_day(_UPDATED.search(study))


def stated_day(study: bytes) -> date | None:
    """The one date that a study of a list states."""
    return _calendar_day(_DATE.search(study))


def version_of(study: msgspec.Raw) -> date | None:
    """The day of the data, as every study states it."""
    return _calendar_day(_VERSION.search(memoryview(study)))


def _calendar_day(found: "re.Match[bytes] | None") -> date | None:
    try:
        return date.fromisoformat(found[1].decode()) if found else None
    except ValueError:
        return None  # not a day of the calendar
