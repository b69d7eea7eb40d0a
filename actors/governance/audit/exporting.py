"""The audit as a file: a line of JSON for each link, and last a manifest, signed, that says what the lines are. No I/O.

    {"format": "triald-audit-1", "whole": true}
    {"entry": {"seq": 1, …, "previous": "…"}, "hash": "…", "login": "jo"}
    {"manifest": {"at": "…", "links": 1, "head": "1:…", "sha256": "…", "key": "…"}, "signature": "…"}

Whoever has the file can check it without us: `hash` is SHA-256 over the canonical JSON of `entry`, `sha256` that of all
lines before the manifest, and the signature is Ed25519 over the canonical JSON of the manifest.
"""

import json
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from actors.governance.audit import Entry, Head, Link, canonical, payload
from actors.governance.audit.checking import Checker, Fault

FORMAT = "triald-audit-1"
LONGEST_LINE = 64 * 1024

Sign = Callable[[bytes], bytes]
IsSigned = Callable[[bytes, bytes, bytes], bool]


@dataclass(slots=True)
class Writing:
    """`first`, then `lines` for links as they come, then `manifest`."""

    whole: bool  # every link from the first on; else those of one tenant
    links: int = 0
    head: Head = field(default_factory=Head)
    _digest: Any = field(default_factory=sha256)

    def first(self) -> bytes:
        """What the file is, so that its lines can be judged as they come."""
        return self._told(canonical({"format": FORMAT, "whole": self.whole}) + b"\n")

    def lines(self, some: Iterable[Link]) -> bytes:
        """Raises ValueError where an entry is gone: what cannot be verified here is not exported as if it could."""
        text = bytearray()
        for link in some:
            if link.entry is None:
                raise ValueError(f"the entry of link {link.seq} is gone: triald audit verify tells more")
            told = {"entry": payload(link.entry, link.seq, link.previous), "hash": link.hash.hex(), "login": link.login}
            text += canonical(told) + b"\n"
            self.links, self.head = self.links + 1, Head(link.seq, link.hash)
        return self._told(bytes(text))

    def manifest(self, *, at: datetime, key: str, sign: Sign) -> bytes:
        """The last line."""
        told = {
            "at": at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            "links": self.links,
            "head": str(self.head),
            "sha256": self._digest.hexdigest(),
            "key": key,
        }
        signature = b64encode(sign(canonical(told))).decode()
        return canonical({"manifest": told, "signature": signature}) + b"\n"

    def _told(self, text: bytes) -> bytes:
        self._digest.update(text)
        return text


@dataclass(frozen=True, slots=True)
class Read:
    """What a file says; `manifest` is {} where it has none, `fault` is the first, None where all is well."""

    whole: bool
    links: int
    head: Head
    manifest: Mapping[str, Any]
    fault: Fault | None


def check(lines: Iterable[bytes], is_signed: IsSigned, expected: Head | None = None) -> Read:
    """Every line of a file, one at a time; of the manifest also whether its key has signed it."""
    each = iter(lines)
    first = next(each, b"")
    if (whole := _whole(first)) is None:
        return Read(False, 0, Head(), {}, Fault("file", None, None, "it does not begin as an export of the audit does"))
    checker, digest, held = Checker(expected=expected if whole else None, apart=not whole), sha256(first), b""
    for number, line in enumerate(each, start=2):
        if held:
            if (fault := _take(checker, held, number - 1)) is not None:
                return Read(whole, checker.links, checker.head, {}, fault)
            digest.update(held)
        held = line
    fault = checker.end()
    manifest, other = _manifest(held, is_signed, checker, digest.hexdigest())
    return Read(whole, checker.links, checker.head, manifest, fault or other)


def _whole(line: bytes) -> bool | None:
    """Whether every link is to be there; None where that is no such file."""
    for whole in (True, False):
        if line == canonical({"format": FORMAT, "whole": whole}) + b"\n":
            return whole
    return None


def _take(checker: Checker, line: bytes, number: int) -> Fault | None:
    link = _link(line)
    if link is None:
        return Fault("file", None, None, f"line {number} is no link of the audit")
    return checker.take(link)


def _link(line: bytes) -> Link | None:
    try:
        told = json.loads(line)
        one = told["entry"]
        at = datetime.fromisoformat(one["at"])
        entry = Entry(
            one["entry"], at, one["tenant"], one["actor"], one["role"], one["action"], one["subject"], one["outcome"],
            one["request"], one["details"],
        )  # fmt: skip
        link = Link(one["seq"], one["entry"], bytes.fromhex(one["previous"]), bytes.fromhex(told["hash"]), entry)
        return link if payload(entry, link.seq, link.previous) == one else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _manifest(
    line: bytes, is_signed: IsSigned, checker: Checker, digest: str
) -> tuple[Mapping[str, Any], Fault | None]:
    try:
        told = json.loads(line)
        manifest, signature = told["manifest"], b64decode(told["signature"], validate=True)
        key = b64decode(manifest["key"], validate=True)
        claimed = (manifest["links"], manifest["head"], manifest["sha256"])
    except (ValueError, KeyError, TypeError, NotBase64, RecursionError):
        return {}, Fault("file", None, None, "it does not end with a manifest: it was cut off, or is none of ours")
    if not is_signed(key, signature, canonical(manifest)):
        return manifest, Fault("signature", None, None, "the manifest is not what its key has signed")
    if claimed != (checker.links, str(checker.head), digest):
        return manifest, Fault("file", None, None, "the lines are not those that the manifest tells of")
    return manifest, None
