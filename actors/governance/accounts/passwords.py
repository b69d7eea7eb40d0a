"""Passwords: argon2id hashes, made and compared in threads, few at a time.

Parameters: the second recommended ones of RFC 9106 (64 MiB, three passes), section 4.
"""

import asyncio
import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from argon2.profiles import RFC_9106_LOW_MEMORY

from actors.errors import Refusal

SHORTEST, LONGEST = 12, 200  # characters; no rules on what is in it, as NIST SP 800-63B advises
FEWEST_DIFFERENT = 5
AT_ONCE = 2  # 64 MiB each
_ONE_TIME_BYTES = 15

_hasher = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)


def check_password(password: str, *, login: str) -> str:
    """Raises Refusal, which does not repeat it."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise Refusal(f"password: expected {SHORTEST} to {LONGEST} characters", field="password")
    if len(set(password)) < FEWEST_DIFFERENT or login.casefold() in {password.casefold(), password.casefold()[::-1]}:
        raise Refusal("password: expected one that is harder to guess", field="password")
    return password


def one_time() -> str:
    """A password for somebody's first login: 120 random bits."""
    return secrets.token_urlsafe(_ONE_TIME_BYTES)


class Passwords:
    """Hashes and compares; `AT_ONCE` at a time, the others wait."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def hash(self, password: str) -> str:
        async with self._turn:
            return await asyncio.to_thread(_hasher.hash, password)

    async def fits(self, kept: str | None, password: str) -> bool:
        """Whether it is the password; takes as long where there is none to compare it with."""
        async with self._turn:
            fitting = await asyncio.to_thread(_fits, kept or _nobodys(), password)
        return fitting and kept is not None

    def is_outdated(self, kept: str) -> bool:
        """Whether it was hashed with less than is asked for today."""
        return _hasher.check_needs_rehash(kept)


def _fits(kept: str, password: str) -> bool:
    try:
        return _hasher.verify(kept, password)
    except (VerifyMismatchError, VerificationError, InvalidHashError, UnicodeEncodeError):
        return False


@cache
def _nobodys() -> str:
    return _hasher.hash(secrets.token_urlsafe(16))
