"""The audit: who did what, in one chain of hashes. No I/O.

    act ──▶ entry, in the transaction of what was done ──▶ waits ──▶ link: seq, hash of the one before, hash
                                                             (sealer.py, in batches, under one lock)

A hash is SHA-256 over the canonical JSON of all that an entry says, nested keys included, with its place in the chain
and the hash before it. Canonical is as RFC 8785 has it, of which less is needed here: keys are ASCII, numbers whole.
docs/decisions/0015-audit-chain.md says why, and what a chain cannot show.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Literal

Outcome = Literal["done", "refused", "failed"]

GENESIS = sha256(b"triald audit 1").digest()
LARGEST_NUMBER = 2**53 - 1  # that every reader of JSON takes for what it is
LONGEST_TEXT = 500
DEEPEST = 4
NOTHING: Mapping[str, object] = MappingProxyType({})

# What an entry may tell beside who, what and whom: no text of people, no address, no word of a record.
DETAILS = frozenset({
    "approval", "code", "count", "covers", "dropped", "duration", "flag", "format", "gate", "head", "is_on", "job",
    "kind", "method", "mode", "modes", "number", "policy", "previous_mode", "project", "queue", "registry", "role",
    "rollout", "route", "rows", "scope", "scopes", "seq", "state", "status", "until", "user", "version",
})  # fmt: skip

_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,63}")


class BadDetail(Exception):
    """A detail that an entry cannot hold: a mistake of ours, not of whoever acted."""


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody did, or was refused: `action` is a word such as `jobs_cancel`, `subject` what it was done to."""

    tenant: int
    who: str
    role: str
    action: str
    subject: str = ""
    outcome: Outcome = "done"
    request_id: str | None = None
    details: Mapping[str, object] = field(default_factory=lambda: NOTHING)


@dataclass(frozen=True, slots=True)
class Entry:
    """An act as it is kept: its actor by number, so that their name can be forgotten."""

    id: int
    at: datetime
    tenant: int
    actor: int
    role: str
    action: str
    subject: str
    outcome: str
    request_id: str | None
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Link:
    """A place in the chain; without an entry where that is gone. `login` is told beside it and proved by nothing."""

    seq: int
    entry_id: int
    previous: bytes
    hash: bytes
    entry: Entry | None
    login: str | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """The last link of a chain."""

    seq: int = 0
    hash: bytes = GENESIS

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash.hex()}"

    @classmethod
    def of(cls, text: str) -> "Head":
        """As it was printed. Raises ValueError."""
        seq, _, digest = text.partition(":")
        if not (seq.isascii() and seq.isdigit() and len(seq) < 19 and re.fullmatch(r"[0-9a-f]{64}", digest)):
            raise ValueError("expected a head as it was printed: NUMBER:64 hexadecimal digits")
        return cls(int(seq), bytes.fromhex(digest))


def payload(entry: Entry, seq: int, previous: bytes) -> dict[str, object]:
    """All that a hash is over."""
    return {
        "seq": seq,
        "entry": entry.id,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "tenant": entry.tenant,
        "actor": entry.actor,
        "role": entry.role,
        "action": entry.action,
        "subject": entry.subject,
        "outcome": entry.outcome,
        "request": entry.request_id,
        "details": entry.details,
        "previous": previous.hex(),
    }


def canonical(value: object) -> bytes:
    """One text for one value, whatever order its keys came in."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def hash_of(entry: Entry, seq: int, previous: bytes) -> bytes:
    """The hash of an entry at its place."""
    return sha256(canonical(payload(entry, seq, previous))).digest()


def links(entries: Sequence[Entry], head: Head) -> list[Link]:
    """The entries, in this order, as the next links after `head`."""
    made, seq, previous = [], head.seq, head.hash
    for entry in entries:
        seq += 1
        digest = hash_of(entry, seq, previous)
        made.append(Link(seq, entry.id, previous, digest, entry))
        previous = digest
    return made


def told(details: Mapping[str, object]) -> dict[str, object]:
    """The details that an entry may hold; of others their names alone. Raises BadDetail."""
    kept = {name: value for name, value in details.items() if name in DETAILS}
    if dropped := sorted(name for name in details if name not in DETAILS and _KEY.fullmatch(name)):
        kept["dropped"] = dropped
    _check(kept, 0)
    return kept


def _check(value: object, depth: int) -> None:
    match value:
        case None | bool():
            return
        case int() if abs(value) <= LARGEST_NUMBER:
            return
        case str() if len(value) <= LONGEST_TEXT and "\0" not in value and _is_text(value):
            return
        case dict() if depth < DEEPEST and all(isinstance(key, str) and _KEY.fullmatch(key) for key in value):
            for one in value.values():
                _check(one, depth + 1)
        case list() | tuple() if depth < DEEPEST:
            for one in value:
                _check(one, depth + 1)
        case _:
            raise BadDetail(f"expected a short text, a whole number, or lists and objects of such: got {value!r:.80}")


def _is_text(text: str) -> bool:
    return not any("\ud800" <= sign <= "\udfff" for sign in text)
