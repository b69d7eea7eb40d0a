"""Access tokens: JSON Web Tokens (RFC 7519, RFC 9068) that live for minutes and name a session. No I/O.

What is signed is only believed with the one algorithm and the keys that are ours, each named by `kid`; every claim is
asked for and compared. What a token may do is not in it: that is looked up, so that a change is seen at once.
"""

import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import jwt
from jwt.types import Options

ALGORITHM = "HS256"
TYPE = "at+jwt"
ISSUER = AUDIENCE = "triald"
LONGEST = 1024  # characters
LONGEST_ID = 18  # digits
SKEW_S = 30  # between the clocks of two machines

# Three parts of base64url, the last of 32 bytes with its unused bits zero: decoders skip what is no letter of theirs,
# and one token shall be one text.
_FORM = re.compile(r"ey[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")


@dataclass(frozen=True, slots=True)
class Key:
    """`secrets`: what it may be made with, the newest first."""

    id: str
    secrets: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Claims:
    """Whose login it is, and until when the token is believed (seconds since 1970)."""

    user: int
    session: int
    until_s: int


class NotOurs(Exception):
    """It is no access token of ours, or no longer; the message says why, and is for the log alone."""


def key_of(id_: str, salt: bytes, masters: Sequence[str]) -> Key:
    """A signing key, from the salt in the database and the secrets outside of it: neither is enough by itself."""
    return Key(id_, tuple(hmac.new(b"triald/" + one.encode(), salt, sha256).digest() for one in masters or ("",)))


def looks_like_one(token: str) -> bool:
    return len(token) <= LONGEST and _FORM.fullmatch(token) is not None


def sign(key: Key, *, user: int, session: int, now: datetime, lasts_s: int) -> str:
    at = int(now.timestamp())
    claims = {
        "iss": ISSUER, "aud": AUDIENCE, "sub": str(user), "sid": session, "iat": at, "nbf": at, "exp": at + lasts_s,
    }  # fmt: skip
    return jwt.encode(claims, key.secrets[0], algorithm=ALGORITHM, headers={"typ": TYPE, "kid": key.id})


def key_named(token: str) -> str:
    """Which key it says that it was signed with; nothing of it is believed yet. Raises NotOurs."""
    if not looks_like_one(token):
        raise NotOurs("it is no token")
    try:
        head = jwt.get_unverified_header(token)
    except jwt.PyJWTError as error:
        raise NotOurs(str(error)) from error
    kid = head.get("kid")
    if (
        head.get("alg") != ALGORITHM
        or head.get("typ") != TYPE
        or not isinstance(kid, str)
        or set(head) != {"alg", "typ", "kid"}
    ):
        raise NotOurs("its header is not as we write it")
    return kid


def read(token: str, keys: Mapping[str, Key], now: datetime) -> Claims:
    """Raises NotOurs."""
    key = keys.get(key_named(token))
    if key is None:
        raise NotOurs("we have no such key")
    for secret in key.secrets:
        try:
            told = jwt.decode(token, secret, algorithms=[ALGORITHM], options=_COMPARED_HERE)
        except jwt.InvalidSignatureError:
            continue
        except jwt.PyJWTError as error:
            raise NotOurs(str(error)) from error
        return _claims(told, int(now.timestamp()))
    raise NotOurs("its signature is not ours")


# The signature is compared there, the claims here, by the clock that is given.
_COMPARED_HERE: Options = {
    "verify_signature": True, "verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False,
    "verify_iss": False, "verify_sub": False, "verify_jti": False,
}  # fmt: skip


def _claims(told: Mapping[str, Any], now_s: int) -> Claims:
    if told.get("iss") != ISSUER or told.get("aud") != AUDIENCE:
        raise NotOurs("it is for somebody else")
    made_at, from_s, until_s = (_whole(told, name) for name in ("iat", "nbf", "exp"))
    if not (from_s - SKEW_S <= now_s < until_s and made_at - SKEW_S <= now_s):
        raise NotOurs("it is not to be believed now")
    user = told.get("sub")
    if not (isinstance(user, str) and user.isascii() and user.isdigit() and len(user) < LONGEST_ID):
        raise NotOurs("sub: it does not say whose it is")
    return Claims(int(user), _whole(told, "sid"), until_s)


def _whole(told: Mapping[str, Any], name: str) -> int:
    value = told.get(name)
    if type(value) is not int or not 0 < value < 10**LONGEST_ID:  # a bool is no number here
        raise NotOurs(f"{name}: expected a whole number")
    return value
