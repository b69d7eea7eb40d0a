"""Lists page by page: the newest first, by id. No I/O."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from supervisor.web.route import LARGEST_ID

MOST_ROWS = 200

Limit = Annotated[int, Meta(ge=1, le=MOST_ROWS)]
Before = Annotated[int, Meta(ge=1, le=LARGEST_ID)]
Word = Annotated[str, Meta(min_length=1, max_length=100)]


class PageQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`before` is the `next` of the page before."""

    before: Before | None = None
    limit: Limit = 50


def next_of(rows: Sequence[Mapping[str, Any]] | Sequence[Any], limit: int) -> int | None:
    """Where the next page begins; None after one that is not full."""
    if len(rows) < limit:
        return None
    last = rows[-1]
    return int(last["id"] if isinstance(last, Mapping) else last.id)
