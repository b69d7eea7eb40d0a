"""What stands in the elements of an ISRCTN record; missing elements and missing texts are the same. No I/O."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element  # made by actors.runtime.xml

from actors.trials.normalise import NotReadable
from actors.trials.reading.isrctn.words import NOTHING
from actors.trials.reading.written_days import written_day
from actors.trials.record import When

NONE = Element("none")


def part(parent: Element, *path: str) -> Element:
    """The first element along a path; an empty one where there is none."""
    for name in path:
        found = parent.find(name)
        if found is None:
            return NONE
        parent = found
    return parent


def text(parent: Element, *path: str) -> str | None:
    """The text of the first element along a path, without the space around it."""
    return _within(part(parent, *path)).strip() or None


def _within(one: Element) -> str:
    return "".join(one.itertext()) if len(one) else one.text or ""


def said(parent: Element, *path: str) -> str | None:
    """The same, but None for the phrases that say that there is nothing to say: "Nil known"."""
    return stated(text(parent, *path))


def stated(found: str | None) -> str | None:
    return None if found is None or found.strip().rstrip(".").lower() in NOTHING else found


def each(parent: Element, name: str) -> Iterator[str]:
    """The texts of all elements of a name, however deep: lists are wrapped in some versions and bare in others."""
    yield from (found for one in parent.iter(name) if (found := stated(_within(one).strip() or None)))


def day(written: str | None, name: str, *, actual: bool | None = None) -> When | None:
    """Raises NotReadable, with the name of the field."""
    if stated(written) is None or written is None:
        return None
    try:
        return written_day(written, actual)
    except NotReadable as error:
        raise NotReadable(f"{error} - at {name}") from error
