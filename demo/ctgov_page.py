"""One page of a list, decided: which records, which token, which total. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from demo.ctgov_fields import reduced
from demo.ctgov_query import Query, Token, read_token
from demo.source import Source
from demo.switches import Fault, Switches, spoiled, spoiling


@dataclass(frozen=True, slots=True)
class Page:
    positions: Sequence[int]
    first: int
    """How many records of the list come before."""
    total: int | None
    token: str | None


def page(
    query: Query, key: bytes, selected: Sequence[int], switches: Switches, *, fault: Fault | None, counted: int
) -> Page:
    """`counted`: how many pages with a total were answered before. Raises BadRequest for a bad token."""
    asked = read_token(query.token, key, switches.token_epoch) if query.token else 0
    first = max(0, asked + switches.page_shift) if query.token else 0
    following = Token(key, asked + query.size, switches.token_epoch)
    positions = selected[first : first + query.size]
    more = following.offset < len(selected)
    if switches.empty_last_page and following.offset == len(selected) and positions:
        more = True
    token = following.text() if more else None
    if fault is Fault.EMPTY_PAGE:
        positions, token = (), replace(following, offset=asked).text()
    if fault is Fault.TOKEN_LOOP and query.token:
        token = query.token
    total = len(selected) + switches.total_drift * counted if query.count_total else None
    return Page(positions, first, total, token)


def encode(source: Source, of: Page, query: Query, switches: Switches) -> bytes:
    head = b"{" if of.total is None else b'{"totalCount":%d,' % of.total
    tail = b"]}" if of.token is None else b'],"nextPageToken":"%s"}' % of.token.encode()
    return head + b'"studies":[' + _records(source, of, query, switches) + tail


def _records(source: Source, of: Page, query: Query, switches: Switches) -> bytes:
    if query.fields:
        return b",".join([reduced(source, position, query.fields) for position in of.positions])
    if not any(spoiling(switches)):
        return source.bodies(of.positions)
    return b",".join(
        [
            spoiled(source.body(position), of.first + number, switches)
            for number, position in enumerate(of.positions, start=1)
        ]
    )
