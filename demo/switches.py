"""What can be made to go wrong, and which request it befalls. No I/O.

"The next n" counts requests for pages and single records; `/version` and `/stats/size` stay well. Several counts at
once are used up in the order of `Fault`. `Common` holds for every registry, whatever it answers with; each has a kind
of its own for what is wrong with it alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from typing import Any, Literal, TypeVar

import msgspec


class Fault(StrEnum):
    """One answer that goes wrong; each value is the name of the switch that counts them."""

    TOO_MANY = "too_many"
    ERROR = "errors"
    TRUNCATED = "truncated"
    CUT_JSON = "cut_json"
    NOT_JSON = "not_json"
    WRONG_SHAPE = "wrong_shape"
    GIGANTIC = "gigantic"
    EMPTY_PAGE = "empty_pages"
    TOKEN_LOOP = "token_loops"  # noqa: S105 - the name of a switch


_LISTS_ONLY = frozenset({Fault.EMPTY_PAGE, Fault.TOKEN_LOOP})


@dataclass(frozen=True, slots=True)
class Common:
    day: int | None = None
    """World day, or version number of replayed records; None is the day that the source starts with."""
    latency_ms: float = 0
    gzip: bool = True
    """Off: no answer is compressed, even when the client accepts it."""

    pass_first: int = 0
    """So many requests pass before the counts below begin."""
    too_many: int = 0
    """The next n are answered 429."""
    retry_after: str = "1"
    """The header of these, as it stands; empty leaves it out."""
    errors: int = 0
    """The next n are answered `error_status`."""
    error_status: int = 500
    truncated: int = 0
    """The next n end half-way: the connection closes before Content-Length is reached."""
    cut_json: int = 0
    """The next n are complete as HTTP, but the document in them (JSON, XML, text, archive) is cut half-way."""
    not_json: int = 0
    """The next n hold a page of HTML with status 200, that says that there is maintenance."""
    wrong_shape: int = 0
    """The next n hold a document of the right format and of another shape: `studies` is an object, say."""
    gigantic: int = 0
    """The next n have `gigantic_bytes` and more of white space before their end."""
    gigantic_bytes: int = 1 << 30

    empty_pages: int = 0
    """The next n pages are empty; where pages lead to the next, to the page that they should have been."""
    page_shift: int = 0
    """Later pages begin so many records later: negative repeats records, positive leaves some out."""
    total_drift: int = 0
    """Each further page that counts says a total that differs by so much more from the true one."""
    nul_every: int = 0
    """Every n-th record has a title that begins with NUL; 0 is none, as for those below."""
    bad_utf8_every: int = 0
    """… with a byte that is not UTF-8."""
    shapeless_every: int = 0
    """… is nothing of the shape of a record: a text instead of an object, an element without any of its parts."""
    cut_record: int = 0
    """Each page with this record is cut half-way, unless it has the asked fields only. Records are numbered from 1 in
    the order of an unsorted listing; 0 is none."""
    gigantic_record: int = 0
    """… is as large as `gigantic_bytes`."""


@dataclass(frozen=True, slots=True)
class Switches(Common):
    """Of ClinicalTrials.gov."""

    token_loops: int = 0
    """The next n pages lead back to themselves (pages that were asked for with a token)."""
    token_epoch: int = 0
    """Tokens given under another value are answered 400."""
    empty_last_page: bool = False
    """When the last page is full it carries a token to one more page, which is empty."""
    surrogate_every: int = 0
    """Every n-th record has a title that begins with an escaped lone surrogate."""


@dataclass(frozen=True, slots=True)
class CtisSwitches(Common):
    cap: int = 10_000
    """A search reaches so many records, says the true total and no word about the rest."""
    uneven_days: int = 2
    """Order by lastUpdated is off by up to so many days."""


@dataclass(frozen=True, slots=True)
class EuctrSwitches(Common):
    missing_breaks: float = 0.0
    """So large a share of the line breaks between the fields of the full text are missing."""
    grouped_counts: bool = True
    """Counts from a thousand up have a comma, as 44,400."""


Doctype = Literal["", "bomb", "external"]
"""What XML begins with: entities that unfold to a gigabyte, or one that is a file of the reader's machine."""


@dataclass(frozen=True, slots=True)
class IsrctnSwitches(Common):
    doctype: Doctype = ""
    shuffled: bool = True
    """The same query gives its records in another order each time, and with a limit others of them."""


@dataclass(frozen=True, slots=True)
class IctrpSwitches(Common):
    doctype: Doctype = ""
    instead: Literal["", "xml", "csv", "zip"] = ""
    """What every address gives, whatever its name says."""
    swapped_days: bool = False
    """Day and month have changed places where both can be months, as an export through XLSX leaves them."""
    encoding: str = "utf-8"
    """In which the files really are written; `declared` is what they say."""
    declared: str = "UTF-8"
    byte_order_mark: bool = False
    zip_bomb: bool = False
    """The archive holds `gigantic_bytes` of white space beside its records."""
    nested_zip: bool = False
    """The archive holds an archive that holds the records."""


S = TypeVar("S", bound=Common)


class BadSwitch(ValueError):
    """A change that names no switch, or gives it a value of another kind."""


def changed(switches: S, changes: Mapping[str, Any]) -> S:
    """Raises BadSwitch."""
    unknown = sorted(set(changes) - {field.name for field in fields(switches)})
    if unknown:
        raise BadSwitch(f"no such switch: {', '.join(unknown)}")
    try:
        return msgspec.convert({**asdict(switches), **changes}, type(switches))
    except msgspec.ValidationError as error:
        raise BadSwitch(str(error)) from error


def take(switches: S, *, listing: bool) -> tuple[Fault | None, S]:
    """What befalls this request, and the switches for those after it."""
    counts = {fault: getattr(switches, fault.value, 0) for fault in Fault}
    waiting = [fault for fault in Fault if counts[fault] > 0 and (listing or fault not in _LISTS_ONLY)]
    if not waiting:
        return None, switches
    if switches.pass_first > 0:
        return None, replace(switches, pass_first=switches.pass_first - 1)
    name = waiting[0].value
    return waiting[0], changed(switches, {name: counts[waiting[0]] - 1})


def befalls(positions: Sequence[int], switches: Common) -> Fault | None:
    """What a page of these records always suffers."""
    if switches.cut_record - 1 in positions:
        return Fault.CUT_JSON
    return Fault.GIGANTIC if switches.gigantic_record - 1 in positions else None


def is_hit(number: int, every: int) -> bool:
    return every > 0 and number % every == 0


@dataclass(frozen=True, slots=True)
class Shape:
    """What a registry's record is spoiled with."""

    shapeless: bytes
    title: bytes
    """What stands before a title."""
    nul: bytes
    """NUL as its format writes it."""


_STUDY = Shape(b'"this record is a text"', b'"briefTitle":"', rb"\u0000")


def spoiled_as(shape: Shape, body: bytes, number: int, switches: Common) -> bytes:
    """A record as the switches for every n-th leave it; records are numbered from 1."""
    if is_hit(number, switches.shapeless_every):
        return shape.shapeless
    if is_hit(number, switches.nul_every):
        body = body.replace(shape.title, shape.title + shape.nul, 1)
    if is_hit(number, switches.bad_utf8_every):
        body = body.replace(shape.title, shape.title + b"\xff", 1)
    return body


def spoiled(body: bytes, number: int, switches: Switches) -> bytes:
    """A study of ClinicalTrials.gov, which can have a lone surrogate too."""
    if is_hit(number, switches.surrogate_every):
        body = body.replace(_STUDY.title, _STUDY.title + rb"\ud800", 1)
    return spoiled_as(_STUDY, body, number, switches)


def spoiling(switches: Switches) -> tuple[int, ...]:
    """The settings that `spoiled` looks at; all zero when every record is served as it is."""
    return (switches.nul_every, switches.surrogate_every, switches.bad_utf8_every, switches.shapeless_every)
