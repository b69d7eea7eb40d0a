"""Whether a chain is whole: link after link, with no more than two in mind. No I/O."""

from dataclasses import dataclass
from typing import Literal

from actors.governance.audit import Head, Link, hash_of

What = Literal["gap", "gone", "order", "payload", "hash", "stray", "head", "signature", "file"]


@dataclass(frozen=True, slots=True)
class Fault:
    """The first thing that is wrong: where, and what."""

    what: What
    seq: int | None
    entry: int | None
    says: str

    def __str__(self) -> str:
        place = [f"seq {self.seq}"] if self.seq is not None else []
        place += [f"entry {self.entry}"] if self.entry is not None else []
        return f"{', '.join(place)}{': ' if place else ''}{self.what}: {self.says}"


class Checker:
    """`take` each link in order, then `end`; the first fault is the answer, and the last word.

    Of one whose hash does not fit, the link after it tells whether the entry or the hash was changed. With `apart`
    links may lie between those that are seen, as in the export of one tenant: then each is checked alone, and their
    order.
    """

    def __init__(self, head: Head | None = None, *, expected: Head | None = None, apart: bool = False) -> None:
        self.head = head or Head()
        self.links = 0
        self._expected = expected
        self._apart = apart
        self._doubt: tuple[Link, bytes] | None = None

    def take(self, link: Link) -> Fault | None:
        if self._doubt is not None:
            return _told(*self._doubt, link)
        if (fault := self._misplaced(link)) is not None:
            return fault
        if link.entry is None:
            return Fault("gone", link.seq, link.entry_id, "the entry was deleted")
        digest = hash_of(link.entry, link.seq, link.previous)
        if digest != link.hash or link.entry.id != link.entry_id:
            self._doubt = (link, digest)
            return None
        self.head, self.links = Head(link.seq, link.hash), self.links + 1
        if self._expected and link.seq == self._expected.seq and link.hash != self._expected.hash:
            return Fault("head", link.seq, link.entry_id, "the chain was written anew: it had another hash here")
        return None

    def end(self) -> Fault | None:
        """After the last link."""
        if self._doubt is not None:
            return _told(*self._doubt, None)
        if self._expected is not None and self._expected.seq > self.head.seq:
            return Fault("head", self._expected.seq, None, "the chain was cut off: it had reached this link before")
        return None

    def _misplaced(self, link: Link) -> Fault | None:
        if link.seq <= self.head.seq:
            return Fault("order", link.seq, link.entry_id, f"it comes after {self.head.seq}")
        if self._apart:
            return None
        if link.seq != self.head.seq + 1:
            last = link.seq - 1
            missing = f"{self.head.seq + 1}" if last == self.head.seq + 1 else f"{self.head.seq + 1} to {last}"
            return Fault("gap", self.head.seq + 1, None, f"missing: {missing}")
        if link.previous != self.head.hash:
            return Fault("order", link.seq, link.entry_id, "it does not follow from the link before it")
        return None


def _told(link: Link, digest: bytes, after: Link | None) -> Fault:
    if after is not None and after.seq == link.seq + 1 and after.previous == digest:
        return Fault("hash", link.seq, link.entry_id, "its hash was changed: the next link knows another")
    return Fault("payload", link.seq, link.entry_id, "what the entry says is not what was sealed")
