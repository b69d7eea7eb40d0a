"""Days as programs of registries write them: a day, a point in time, day before month. No I/O."""

import re
from functools import lru_cache

from actors.trials.normalise import NotReadable, when
from actors.trials.record import When

_POINT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ][0-9:.,]+\s?(?:Z|[+-][0-9]{2}:?[0-9]{2})?")
_DAY_FIRST = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})")


@lru_cache(maxsize=65_536)
def written_day(text: str, actual: bool | None = None) -> When:
    """2025-08-20, 2025-08-20T03:46:14.147Z, 20/08/2025, 2025-08 or 2025. Raises NotReadable.

    Of a point in time, the day is kept that stands there: no zone is reckoned with.
    """
    bare = text.strip()
    if point := _POINT.fullmatch(bare):
        return when(point[1], actual)
    if turned := _DAY_FIRST.fullmatch(bare):
        try:
            return when(f"{turned[3]}-{turned[2]}-{turned[1]}", actual)
        except NotReadable as error:
            raise NotReadable(f"{text[:40]!r} is not a date") from error
    return when(bare, actual)
