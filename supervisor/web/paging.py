"""Lists page by page: the newest first, by id. No I/O."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from supervisor.web.route import LARGEST_ID

MOST_ROWS = 200

T = TypeVar("T")

Limit = Annotated[int, Meta(ge=1, le=MOST_ROWS)]
Before = Annotated[int, Meta(ge=1, le=LARGEST_ID)]
Word = Annotated[str, Meta(min_length=1, max_length=100)]


class PageQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`before` is the `next` of the page before."""

    before: Before | None = None
    limit: Limit = 50


class OfRegistry(PageQuery, frozen=True, forbid_unknown_fields=True):
    """Of one registry, or of all."""

    registry: Word | None = None


def page_of(rows: Sequence[T], limit: int) -> tuple[Sequence[T], int | None]:
    """The rows of a page, and where the next one begins, from one row more than a page holds; None at the end."""
    if len(rows) <= limit:
        return rows, None
    last: Any = rows[limit - 1]
    return rows[:limit], int(last["id"] if isinstance(last, Mapping) else last.id)
