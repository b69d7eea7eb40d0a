"""What can be made to go wrong, and which request it befalls. No I/O.

"The next n" counts requests for pages and single records; `/version` and `/stats/size` stay well. Several counts at
once are used up in the order of `Fault`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from typing import Any

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
class Switches:
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
    """The next n are complete as HTTP, but the JSON in them is cut half-way."""
    not_json: int = 0
    """The next n hold a page of HTML with status 200."""
    wrong_shape: int = 0
    """The next n hold JSON in which `studies` is an object."""
    gigantic: int = 0
    """The next n have `gigantic_bytes` and more of white space before their end."""
    gigantic_bytes: int = 1 << 30
    empty_pages: int = 0
    """The next n pages are empty and lead to the page that they should have been."""
    token_loops: int = 0
    """The next n pages lead back to themselves (pages that were asked for with a token)."""

    token_epoch: int = 0
    """Tokens given under another value are answered 400."""
    empty_last_page: bool = False
    """When the last page is full it carries a token to one more page, which is empty."""
    total_drift: int = 0
    """Each further page that counts says a total that differs by so much more from the true one."""
    page_shift: int = 0
    """Pages with a token begin so many records later: negative repeats records, positive leaves some out."""
    nul_every: int = 0
    """Every n-th record has a title that begins with an escaped NUL; 0 is none, as for the three below."""
    surrogate_every: int = 0
    """… with an escaped lone surrogate."""
    bad_utf8_every: int = 0
    """… with a byte that is not UTF-8."""
    shapeless_every: int = 0
    """… is a text instead of an object."""
    cut_record: int = 0
    """Each page with this record is cut half-way in its JSON, unless it has the asked fields only. Records are numbered
    from 1 in the order of an unsorted listing; 0 is none."""
    gigantic_record: int = 0
    """… is as large as `gigantic_bytes`."""


_NAMES = frozenset(field.name for field in fields(Switches))


class BadSwitch(ValueError):
    """A change that names no switch, or gives it a value of another kind."""


def changed(switches: Switches, changes: Mapping[str, Any]) -> Switches:
    """Raises BadSwitch."""
    unknown = sorted(set(changes) - _NAMES)
    if unknown:
        raise BadSwitch(f"no such switch: {', '.join(unknown)}")
    try:
        return msgspec.convert({**asdict(switches), **changes}, Switches)
    except msgspec.ValidationError as error:
        raise BadSwitch(str(error)) from error


def take(switches: Switches, *, listing: bool) -> tuple[Fault | None, Switches]:
    """What befalls this request, and the switches for those after it."""
    waiting = [fault for fault in Fault if getattr(switches, fault.value) > 0 and (listing or fault not in _LISTS_ONLY)]
    if not waiting:
        return None, switches
    if switches.pass_first > 0:
        return None, replace(switches, pass_first=switches.pass_first - 1)
    name = waiting[0].value
    return waiting[0], changed(switches, {name: getattr(switches, name) - 1})


def befalls(positions: Sequence[int], switches: Switches) -> Fault | None:
    """What a page of these records always suffers."""
    if switches.cut_record - 1 in positions:
        return Fault.CUT_JSON
    return Fault.GIGANTIC if switches.gigantic_record - 1 in positions else None


def spoiled(body: bytes, number: int, switches: Switches) -> bytes:
    """A record as the switches for every n-th leave it; records are numbered from 1."""

    def hit(every: int) -> bool:
        return every > 0 and number % every == 0

    if hit(switches.shapeless_every):
        return b'"this record is a text"'
    head = b'"briefTitle":"'
    if hit(switches.nul_every):
        body = body.replace(head, head + rb"\u0000", 1)
    if hit(switches.surrogate_every):
        body = body.replace(head, head + rb"\ud800", 1)
    if hit(switches.bad_utf8_every):
        body = body.replace(head, head + b"\xff", 1)
    return body


def spoiling(switches: Switches) -> tuple[int, ...]:
    """The settings that `spoiled` looks at; all zero when every record is served as it is."""
    return (switches.nul_every, switches.surrogate_every, switches.bad_utf8_every, switches.shapeless_every)
