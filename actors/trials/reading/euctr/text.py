"""The full text of the EU Clinical Trials Register cut into records, and a record into its fields. No I/O.

    EudraCT Number: 2015-000001-10          one record for each country that was asked; the records of a trial follow
    National Competent Authority: …         one another
    A.3 Full title of the trial: …          code, label, colon, value; a value may have many lines
    A.3 Full title of the trial (es): …     the same in another language

Line breaks between fields are missing in places. So a field begins wherever its code stands with its own words and a
colon behind it (`labels`), be it within a line; with other words it begins at the start of a line only, where
its code comes after that of the field before.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

from actors.trials.reading.euctr.labels import FIELDS, HEADINGS, SUMMARY

NUMBER = re.compile(r"[0-9]{4}-[0-9]{6}-[0-9]{2}")

LONGEST_TAIL = 200  # characters; what follows a value without a code is short
LONGEST_HEADING = 27
_LONGEST_LABEL = 250  # characters
_RECORD = re.compile(
    r"EudraCT Number:[ \t]{0,20}(?P<number>\S{0,40}?)\s{0,20}"
    r"(?=Sponsor's Protocol Code Number:|National Competent Authority:|Clinical Trial Type:|Trial Status:)"
)
_BEFORE_RECORD = re.compile(r"Summary\s{0,20}\Z")
_CODE = re.compile(r"[ABDEFGHNP]\.(?:[0-9]{1,2}(?:\.[0-9]{1,2})*)?(?![0-9])")
_LANGUAGE = r"(?:[ \t]*\((?P<language>[a-z]{2})\))?"
_ANY_LABEL = re.compile(rf"[ \t]+(?P<label>[A-Z][^:\n]{{2,{_LONGEST_LABEL}}}?){_LANGUAGE}[ \t]*:")
_COUNTRY = re.compile(r"/trial/[^/\s]+/([A-Za-z0-9]{2,3})\b")
_EMPTY = frozenset(
    {"", "information not present in eudract", "not available", "not applicable", "n/a", "n.a.", "na", "-", "--",
     "none", "nil"}
)  # fmt: skip
_TAIL = re.compile(
    r"(?:\s*(?:MedDRA Classification|(?<![A-Za-z])Sponsor [0-9]{1,2}|Summary))+\s*\Z"
)  # headings without a code
_TAIL_ENDS = ("MedDRA Classification", "Summary", *"0123456789")


class Field(NamedTuple):
    code: str
    label: str
    language: str | None
    value: str


@dataclass(frozen=True)
class Record:
    """What one country's authority was told. `text` is the record as it came."""

    number: str
    country_code: str | None  # of its link: DE, …, or 3RD for one from outside of the EEA
    summary: Mapping[str, str]
    fields: tuple[Field, ...]
    text: str

    def first(self, code: str, label: str = "", language: str | None = None) -> str | None:
        """The first value under a code that says something; `label` is how its words begin."""
        return next(iter(self.all(code, label, language)), None)

    def all(self, code: str, label: str = "", language: str | None = None) -> list[str]:
        return [one.value for one in self.said(code) if one.language == language and one.label.startswith(label)]

    def said(self, code: str) -> Sequence[Field]:
        """The fields under a code that say something, in any language."""
        return self._said.get(code, ())

    @cached_property
    def codes(self) -> frozenset[str]:
        return frozenset([one.code for one in self.fields])

    @cached_property
    def _said(self) -> Mapping[str, Sequence[Field]]:
        """By code: each is looked for some ten times."""
        said: dict[str, list[Field]] = {}
        for one in self.fields:
            if is_said(one.value):
                said.setdefault(one.code, []).append(one)
        return said

    def is_yes(self, code: str, label: str = "") -> bool:
        return (self.first(code, label) or "").lower().startswith("yes")

    def is_no(self, code: str, label: str = "") -> bool:
        return (self.first(code, label) or "").lower().startswith("no")


def is_said(value: str) -> bool:
    """Whether a value says something."""
    return value.strip().lower() not in _EMPTY


def records(text: str) -> Iterator[Record]:
    """Every record of a download, in its order. A number that is none stays as it was written."""
    found = list(_RECORD.finditer(text))
    starts = [_start(text, one, after) for one, after in zip(found, [0, *(one.end() for one in found)], strict=False)]
    for one, start, end in zip(found, starts, [*starts[1:], len(text)], strict=False):
        yield _record(one["number"], text[start:end], one.end() - start)


def _start(text: str, found: re.Match[str], after: int) -> int:
    """Of a record, which may have a heading. A pattern that begins with one that may be absent would be slow."""
    heading = _BEFORE_RECORD.search(text, max(after, found.start() - LONGEST_HEADING), found.start())
    return heading.start() if heading else found.start()


def _record(number: str, text: str, head: int) -> Record:
    marks = list(_marks(text, head))
    ends = [*(mark.start for mark in marks[1:]), len(text)]
    summary = _summary(text[: marks[0].start if marks else len(text)])
    country = _COUNTRY.search(summary.get("Link", ""))
    fields = tuple(
        Field(mark.code, mark.label, mark.language, _clean(text[mark.end : end]))
        for mark, end in zip(marks, ends, strict=False)
        if mark.label is not None
    )
    return Record(number, country[1].upper() if country else None, summary, fields, text)


def _summary(text: str) -> dict[str, str]:
    """The lines above the first section, by their labels."""
    marks = [(colon, label) for colon in _colons(text) if (label := _label_before(text, colon))]
    ends = [*(colon - len(label) for colon, label in marks[1:]), len(text)]
    return {label: _clean(text[colon + 1 : end]) for (colon, label), end in zip(marks, ends, strict=False)}


def _colons(text: str) -> Iterator[int]:
    at = text.find(":")
    while at >= 0:
        yield at
        at = text.find(":", at + 1)


def _label_before(text: str, colon: int) -> str | None:
    return next((label for label in _SUMMARY if text.endswith(label, 0, colon)), None)


class _Mark(NamedTuple):
    start: int
    end: int
    code: str
    label: str | None  # None: a heading
    language: str | None


def _marks(text: str, at: int) -> Iterator[_Mark]:
    before = ""
    while (found := _CODE.search(text, at)) is not None:
        mark = _known(text, found) or _unknown(text, found, before)
        if mark is None:
            at = found.start() + 1
            continue
        before, at = mark.code, mark.end
        yield mark


def _known(text: str, found: re.Match[str]) -> _Mark | None:
    """A field or heading with its own words, wherever it stands."""
    code = found[0]
    if (pattern := _FIELD_LABELS.get(code)) and (match := pattern.match(text, found.end())):
        return _Mark(found.start(), match.end(), code, _tidy(match["label"]), match["language"])
    if (pattern := _HEADING_LABELS.get(code)) and (match := pattern.match(text, found.end())):
        return _Mark(found.start(), match.end(), code, None, None)
    return None


@lru_cache(maxsize=4096)
def _tidy(label: str) -> str:
    return " ".join(label.split())


def _unknown(text: str, found: re.Match[str], before: str) -> _Mark | None:
    """One with other words: at the start of a line, and after the field before it."""
    starts_line = found.start() == 0 or text[found.start() - 1] == "\n"
    if not starts_line or found[0][2:] == "" or (before and not _place(before) < _place(found[0])):
        return None
    match = _ANY_LABEL.match(text, found.end())
    if match is None:
        return None
    return _Mark(found.start(), match.end(), found[0], _tidy(match["label"]), match["language"])


def _place(code: str) -> tuple[str, tuple[int, ...]]:
    letter, _, numbers = code.partition(".")
    return letter, tuple(int(number) for number in numbers.split(".") if number)


def _clean(value: str) -> str:
    """A value without the headings that have no code, and without space at the ends of its lines."""
    value = value.strip()
    if "\n" in value or "\r" in value:
        lines = value.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        text = "\n".join([" ".join(line.split()) for line in lines]).strip()
    else:
        text = " ".join(value.split())
    if not text.endswith(_TAIL_ENDS):
        return text
    return text[:-LONGEST_TAIL] + _TAIL.sub("", text[-LONGEST_TAIL:]).rstrip()


def _patterns(table: str, tail: str) -> dict[str, re.Pattern[str]]:
    """For each code, what must stand behind it."""
    labels: dict[str, list[str]] = {}
    for line in table.splitlines():
        code, _, label = line.partition(" ")
        labels.setdefault(code, []).append(label)
    return {
        code: re.compile(rf"[ \t]*(?P<label>{'|'.join(map(_words, sorted(ones, key=len, reverse=True)))}){tail}")
        for code, ones in labels.items()
    }


def _words(label: str) -> str:
    words = [rf"[^:\n]{{0,{_LONGEST_LABEL}}}?" if word == "…" else re.escape(word) for word in label.split()]
    return r"[ \t]*".join(words)


_FIELD_LABELS = _patterns(FIELDS, rf"{_LANGUAGE}[ \t]*(?::|(?<=\?)(?=[ \t]+(?:Yes|No)))")
_HEADING_LABELS = _patterns(HEADINGS, r"[ \t]*:?")
_SUMMARY = tuple(SUMMARY.splitlines())  # none is the end of another
