"""Logging in by an OpenID Connect issuer: the authorization code flow with PKCE (RFC 7636), state and nonce.

What the issuer says is believed only where its own keys have signed it, for us, in answer to what we asked. Its
addresses come from its discovery document, are fetched with time limits and bounds, and redirects are not followed.
"""

import asyncio
import base64
import math
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, TypeGuard
from urllib.parse import quote_plus, urlencode, urlsplit

import aiohttp
import jwt
import msgspec

from actors.errors import TrialdError, Unavailable
from actors.governance.accounts import LONGEST_EMAIL, LONGEST_NAME

WITHIN_S = 10.0
MOST_BYTES = 256 * 1024
FRESH_S = 3600.0  # of what the issuer says of itself, and its keys
KEYS_AGAIN_S = 30.0  # an unknown key makes us ask again, at most so often
SKEW_S = 60
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
SCOPES = "openid email profile"
LONGEST_SUBJECT = 255  # characters, OpenID Connect Core, section 2
FAILURES_TO_CLOSE, CLOSED_S = 3, 30.0


@dataclass(frozen=True, slots=True)
class Client:
    """Who we are to an issuer, and what people may whom nobody added: `none` lets in only whom an admin did."""

    issuer: str
    id: str
    secret: str | None
    new_role: str

    @property
    def name(self) -> str:
        return urlsplit(self.issuer).hostname or self.issuer


@dataclass(frozen=True, slots=True)
class Attempt:
    """One login under way, kept in a cookie of its own until the issuer sends the browser back."""

    state: str
    nonce: str
    verifier: str
    next: str

    @classmethod
    def fresh(cls, next_: str) -> "Attempt":
        return cls(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48), next_)


@dataclass(frozen=True, slots=True)
class Vouched:
    """Who somebody is, as the issuer says; the address is one that it has verified."""

    issuer: str
    subject: str
    email: str | None
    name: str | None


class NotVouched(TrialdError):
    """The issuer's answer is not to be believed; the message is for the log alone."""


class _Discovery(msgspec.Struct, frozen=True):
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


class _Tokens(msgspec.Struct, frozen=True):
    id_token: str


@dataclass(slots=True)
class _Breaker:
    """After three failures in a row the issuer is left alone for half a minute."""

    failures: int = 0
    until_s: float = 0.0

    def check(self, now_s: float) -> None:
        if now_s < self.until_s:
            raise Unavailable("the issuer does not answer; log in by password, or try again soon")

    def tell(self, *, ok: bool, now_s: float) -> None:
        self.failures = 0 if ok else self.failures + 1
        self.until_s = now_s + CLOSED_S if self.failures >= FAILURES_TO_CLOSE else 0.0


@dataclass(slots=True)
class Issuer:
    """One issuer, asked when somebody logs in."""

    client: Client
    within_s: float = WITHIN_S
    clock: Callable[[], float] = time.monotonic
    _missed_s: float = -math.inf  # when it was last asked for a key that it had not shown
    _said: tuple[float, _Discovery] | None = None
    _keys: tuple[float, Mapping[str, jwt.PyJWK]] | None = None
    _breaker: _Breaker = field(default_factory=_Breaker)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def is_away(self) -> bool:
        return self.clock() < self._breaker.until_s

    async def begin(self, attempt: Attempt, back_to: str) -> str:
        """Where to send the browser. Raises Unavailable."""
        asked = {
            "response_type": "code", "client_id": self.client.id, "redirect_uri": back_to, "scope": SCOPES,
            "state": attempt.state, "nonce": attempt.nonce, "code_challenge": challenge(attempt.verifier),
            "code_challenge_method": "S256",
        }  # fmt: skip
        endpoint = (await self._discovered()).authorization_endpoint
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"

    async def end(self, attempt: Attempt, code: str, back_to: str) -> Vouched:
        """Who it was. Raises NotVouched, Unavailable."""
        told = await self._discovered()
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back_to,
                "code_verifier": attempt.verifier, "client_id": self.client.id}  # fmt: skip
        headers = {} if self.client.secret is None else {"Authorization": basic(self.client.id, self.client.secret)}
        status, body = await self._ask("POST", told.token_endpoint, data=form, headers=headers)
        if status != 200:
            raise NotVouched(f"the token endpoint answered {status}")
        try:
            token = msgspec.json.decode(body, type=_Tokens).id_token
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise NotVouched(f"the token endpoint answered: {error}") from error
        return vouched(self._claims(token, await self._key(token)), self.client, attempt)

    def _claims(self, token: str, key: jwt.PyJWK) -> Mapping[str, Any]:
        try:
            claims: Mapping[str, Any] = jwt.decode(
                token, key, algorithms=list(ALGORITHMS), audience=self.client.id, issuer=self.client.issuer,
                leeway=SKEW_S,
                options={"require": ["exp", "iat", "iss", "aud", "sub"], "enforce_minimum_key_length": True},
            )  # fmt: skip
        except jwt.PyJWTError as error:
            raise NotVouched(f"id token: {error}") from error
        return claims

    async def _key(self, token: str) -> jwt.PyJWK:
        """The issuer's key that the token says it was signed with."""
        try:
            head = jwt.get_unverified_header(token)
        except jwt.PyJWTError as error:
            raise NotVouched(f"id token: {error}") from error
        if head.get("alg") not in ALGORITHMS:
            raise NotVouched("id token: signed in a way that we do not believe")
        kid = str(head.get("kid", ""))
        found = _named(kid, await self._known_keys()) or _named(kid, await self._known_keys(without=kid))
        if found is None:
            raise NotVouched("id token: the issuer has no such key")
        return found

    async def _known_keys(self, *, without: str | None = None) -> Mapping[str, jwt.PyJWK]:
        """The issuer's keys; `without` is one that we have not seen yet, for which it is asked again now and then."""
        async with self._turn:
            now_s = self.clock()
            is_missed = without is not None and now_s - self._missed_s >= KEYS_AGAIN_S
            if is_missed:
                self._missed_s = now_s
            if self._keys is None or is_missed or now_s - self._keys[0] >= FRESH_S:
                body = await self._well("GET", (await self._discover()).jwks_uri)
                try:
                    keys = jwt.PyJWKSet.from_json(body.decode()).keys
                except (jwt.PyJWTError, ValueError, TypeError, AttributeError, RecursionError) as error:
                    raise NotVouched(f"the issuer's keys: {type(error).__name__}") from error
                self._keys = (self.clock(), {one.key_id or "": one for one in keys if _signs(one)})
            return self._keys[1]

    async def _discovered(self) -> _Discovery:
        async with self._turn:
            return await self._discover()

    async def _discover(self) -> _Discovery:
        if self._said is not None and self.clock() - self._said[0] < FRESH_S:
            return self._said[1]
        body = await self._well("GET", self.client.issuer.rstrip("/") + "/.well-known/openid-configuration")
        try:
            said = msgspec.json.decode(body, type=_Discovery)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Unavailable(f"the issuer says nothing that we understand of itself: {error}") from error
        endpoints = (said.authorization_endpoint, said.token_endpoint, said.jwks_uri)
        if said.issuer != self.client.issuer or not all(_as_safe_as(url, self.client.issuer) for url in endpoints):
            raise Unavailable("the issuer says that it is somebody else, or sends us where nothing is encrypted")
        self._said = (self.clock(), said)
        return said

    async def _well(self, method: str, url: str) -> bytes:
        status, body = await self._ask(method, url)
        if status != 200:
            raise Unavailable(f"the issuer answered {status}")
        return body

    async def _ask(self, method: str, url: str, **more: Any) -> tuple[int, bytes]:
        """Status and body. Raises Unavailable."""
        self._breaker.check(self.clock())
        timeout = aiohttp.ClientTimeout(total=self.within_s)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as http,
                http.request(method, url, allow_redirects=False, **more) as response,
            ):
                body = await response.content.read(MOST_BYTES + 1)
                while len(body) <= MOST_BYTES and (more_of_it := await response.content.read(MOST_BYTES)):
                    body += more_of_it
                status = response.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self._breaker.tell(ok=False, now_s=self.clock())
            raise Unavailable(f"the issuer does not answer: {type(error).__name__}") from error
        self._breaker.tell(ok=status < 500, now_s=self.clock())
        if len(body) > MOST_BYTES or status >= 500:
            raise Unavailable(f"the issuer answered {status} with {len(body):,} bytes")
        return status, body


def basic(id_: str, secret: str) -> str:
    """How a client proves itself by HTTP Basic: both parts encoded as in forms (RFC 6749, section 2.3.1). No I/O."""
    return "Basic " + base64.b64encode(f"{quote_plus(id_)}:{quote_plus(secret)}".encode()).decode()


def challenge(verifier: str) -> str:
    """Of RFC 7636, method S256. No I/O."""
    return base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def vouched(claims: Mapping[str, Any], client: Client, attempt: Attempt) -> Vouched:
    """Who somebody is, from claims whose signature, issuer, audience and times fit. No I/O. Raises NotVouched."""
    if not secrets.compare_digest(str(claims.get("nonce", "")).encode(errors="replace"), attempt.nonce.encode()):
        raise NotVouched("id token: it answers another question")
    audiences = claims["aud"]
    if isinstance(audiences, list) and len(audiences) > 1 and claims.get("azp") != client.id:
        raise NotVouched("id token: it was made for somebody else")
    if not (0 < len(str(claims["sub"])) <= LONGEST_SUBJECT and str(claims["sub"]).isprintable()):
        raise NotVouched("id token: it does not say whose it is")
    email, name = claims.get("email"), claims.get("name")
    verified = claims.get("email_verified") is True and _is_plain(email, LONGEST_EMAIL)
    return Vouched(
        client.issuer, str(claims["sub"]), email if verified else None,
        name if _is_plain(name, LONGEST_NAME) else None,
    )  # fmt: skip


def _is_plain(text: object, longest: int) -> TypeGuard[str]:
    """What a database holds, and shows on one line."""
    return isinstance(text, str) and 0 < len(text) <= longest and text.isprintable()


def _signs(key: jwt.PyJWK) -> bool:
    """Whether it is a public key for signatures."""
    return key.key_type != "oct" and key.public_key_use in (None, "sig")


def _named(kid: str, keys: Mapping[str, jwt.PyJWK]) -> jwt.PyJWK | None:
    """A token need not name the only one."""
    return keys.get(kid) or (next(iter(keys.values())) if len(keys) == 1 and not kid else None)


def _as_safe_as(url: str, issuer: str) -> bool:
    """An address to which what is secret may go: encrypted, or of this machine where the issuer is too."""
    parts, own = urlsplit(url), urlsplit(issuer)
    return (
        url.isascii()
        and url.isprintable()
        and bool(parts.hostname)
        and (
            parts.scheme == "https"
            or (own.scheme == "http" and parts.scheme == "http" and parts.hostname == own.hostname)
        )
    )
