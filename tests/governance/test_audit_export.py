"""The audit as a file, verified by who has nothing but the file."""

import json
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from actors.governance.audit import Head, canonical, links
from actors.governance.audit.exporting import Read, Writing, check
from actors.governance.audit.signing import BadKey, fingerprint, is_signed, known_key, public_of, signing_key
from tests.governance.test_audit import entry

AT = datetime(2026, 1, 2, tzinfo=UTC)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def file_of(number: int = 5, *, step: int = 1) -> list[bytes]:
    made = links([entry(one) for one in range(1, number + 1)], Head())[::step]
    writing = Writing(whole=step == 1)
    text = writing.first() + writing.lines(made[:2]) + writing.lines(made[2:])
    return (text + writing.manifest(at=AT, key=public_of(KEY), sign=KEY.sign)).splitlines(keepends=True)


def read(lines: list[bytes], expected: Head | None = None) -> Read:
    return check(lines, is_signed, expected)


def test_a_file_is_verified_without_the_database() -> None:
    """R13: export and verify; the head is the one of the chain."""
    found = read(file_of())
    assert (found.links, found.fault, found.whole) == (5, None, True)
    assert found.manifest["head"] == str(found.head)
    assert read(file_of(), found.head).fault is None
    assert str(read(file_of(4), found.head).fault).startswith("seq 5: head")


def test_one_tenants_links_are_verified_each_and_in_order() -> None:
    """R13: an export of some links says so, and each of its hashes fits."""
    found = read(file_of(6, step=2))
    assert (found.links, found.fault, found.whole) == (3, None, False)


def test_an_empty_chain_is_a_file_too() -> None:
    found = read(file_of(0))
    assert (found.links, found.fault) == (0, None)


def changed(line: bytes) -> bytes:
    return line.replace(b'"rows":2', b'"rows":3')


def replaced(lines: list[bytes], was: bytes, becomes: bytes) -> list[bytes]:
    assert was in lines[1]
    return [lines[0], lines[1].replace(was, becomes), *lines[2:]]


def another_key(lines: list[bytes]) -> list[bytes]:
    told = json.loads(lines[-1])
    told["signature"] = json.loads(file_of(1)[-1])["signature"]
    return [*lines[:-1], canonical(told) + b"\n"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: [*lines[:2], changed(lines[2]), *lines[3:]], "seq 2, entry 2: payload"),
        (lambda lines: [*lines[:2], *lines[3:]], "seq 2: gap"),
        (lambda lines: [*lines[:2], lines[3], lines[2], *lines[4:]], "seq 2: gap"),
        (lambda lines: [*lines[:5], lines[6]], "file: the lines are not those"),
        (lambda lines: lines[:-1], "file: it does not end with a manifest"),
        (lambda lines: [*lines[:2], b"nonsense\n", *lines[2:]], "file: line 3 is no link"),
        (lambda lines: [*lines[:2], b"[" * 100_000 + b"\n", *lines[2:]], "file: line 3 is no link"),
        (lambda lines: replaced(lines, b'"login":null', b'"login":"eve"'), "file: the lines are not those"),
        (lambda lines: replaced(lines, b'"entry":{"a', b'"entry":{"a1":1,"a'), "file: line 2 is no link"),
        (another_key, "signature: "),
        (lambda lines: lines[:1], "file: it does not end with a manifest"),
        (lambda lines: lines[1:], "file: it does not begin as an export"),
        (lambda lines: [], "file: it does not begin as an export"),
    ],
)  # fmt: skip
def test_whatever_was_changed_in_a_file_is_found(change: Callable[[list[bytes]], list[bytes]], said: str) -> None:
    """R13: a nested key, a line taken out, in another order, at the end, beside the hash, the signature."""
    assert str(read(change(file_of())).fault).startswith(said)


def test_the_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    """R13: the key is kept per installation."""
    file = tmp_path / "audit-key.pem"
    assert known_key(file) is None
    first = public_of(signing_key(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert public_of(signing_key(file)) == first == known_key(file)
    assert len(fingerprint(first)) == 32
    assert [one.name for one in tmp_path.iterdir()] == ["audit-key.pem"]


def test_a_file_without_a_key_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "audit-key.pem"
    file.write_text("no key")
    with pytest.raises(BadKey, match=r"audit_key_file: .*audit-key\.pem holds no private key"):
        signing_key(file)
    with pytest.raises(BadKey, match="cannot be written"):
        signing_key(tmp_path / "nowhere" / "key.pem")
