"""The key that exports of the audit are signed with: Ed25519, in a file that its owner alone can read."""

import os
from base64 import b64encode
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from actors.errors import Refusal

NAME = "audit-key.pem"


class BadKey(Refusal):
    """The file holds no key that can sign; the message names it."""


def signing_key(file: Path) -> Ed25519PrivateKey:
    """The key in the file, which is made when it is not there. Raises BadKey."""
    with suppress(FileExistsError):
        _make(file)
    try:
        key = load_pem_private_key(file.read_bytes(), None)
    except (ValueError, TypeError) as error:
        raise BadKey(f"audit_key_file: {file} holds no private key in PEM without a password") from error
    except OSError as error:
        raise BadKey(f"audit_key_file: {file} cannot be read: {error.strerror}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise BadKey(f"audit_key_file: {file} holds another kind of key; expected Ed25519")
    return key


def known_key(file: Path) -> str | None:
    """The public key of this installation, as exports name it; None where none was made yet. Raises BadKey."""
    return public_of(signing_key(file)) if file.exists() else None


def _make(file: Path) -> None:
    """Whole or not at all, and never over another's. Raises FileExistsError."""
    if file.exists():
        raise FileExistsError(file)
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    text = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as made:
            made.write(text)
            made.flush()
            os.fsync(made.fileno())
        os.link(beside, file)
    except FileExistsError:
        raise
    except OSError as error:
        raise BadKey(f"audit_key_file: {file} cannot be written: {error.strerror}") from error
    finally:
        beside.unlink(missing_ok=True)


def public_of(key: Ed25519PrivateKey) -> str:
    return b64encode(key.public_key().public_bytes_raw()).decode()


def fingerprint(public: str) -> str:
    """What people compare: short, and of no other key."""
    return sha256(public.encode()).hexdigest()[:32]


def is_signed(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether who has the key signed the message."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
