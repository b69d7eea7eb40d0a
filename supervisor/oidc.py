"""Logging in by an OpenID Connect issuer: the authorization code flow with PKCE (RFC 7636), state and nonce.

What the issuer says is believed only where its own keys have signed it, for us, in answer to what we asked. Its
addresses come from its discovery document, are fetched with time limits and bounds, and redirects are not followed.
"""

import asyncio
import base64
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp
import jwt
import msgspec

from actors.errors import TrialdError, Unavailable

WITHIN_S = 10.0
MOST_BYTES = 256 * 1024
FRESH_S = 3600.0  # of what the issuer says of itself, and its keys
KEYS_AGAIN_S = 30.0  # an unknown key makes us ask again, at most so often
SKEW_S = 60
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
SCOPES = "openid email profile"
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
    _said: tuple[float, _Discovery] | None = None
    _keys: tuple[float, Mapping[str, jwt.PyJWK]] | None = None
    _breaker: _Breaker = field(default_factory=_Breaker)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def is_away(self) -> bool:
        return time.monotonic() < self._breaker.until_s

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
        auth = None if self.client.secret is None else aiohttp.BasicAuth(self.client.id, self.client.secret)
        status, body = await self._ask("POST", told.token_endpoint, data=form, auth=auth)
        if status != 200:
            raise NotVouched(f"the token endpoint answered {status}")
        try:
            token = msgspec.json.decode(body, type=_Tokens).id_token
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise NotVouched(f"the token endpoint answered: {error}") from error
        return vouched(self._claims(token, await self._key(token)), self.client, attempt)

    def _claims(self, token: str, key: jwt.PyJWK) -> Mapping[str, Any]:
        try:
            claims: Mapping[str, Any] = jwt.decode(
                token, key, algorithms=list(ALGORITHMS), audience=self.client.id, issuer=self.client.issuer,
                leeway=SKEW_S, options={"require": ["exp", "iat", "iss", "aud", "sub"]},
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
        for older_than_s in (FRESH_S, KEYS_AGAIN_S):
            keys = await self._known_keys(older_than_s)
            found = keys.get(kid) or (next(iter(keys.values())) if len(keys) == 1 and not kid else None)
            if found is not None:
                return found
        raise NotVouched("id token: the issuer has no such key")

    async def _known_keys(self, older_than_s: float) -> Mapping[str, jwt.PyJWK]:
        async with self._turn:
            if self._keys is None or time.monotonic() - self._keys[0] >= older_than_s:
                body = await self._well("GET", (await self._discover()).jwks_uri)
                try:
                    keys = jwt.PyJWKSet.from_json(body.decode()).keys
                except (jwt.PyJWTError, ValueError) as error:
                    raise NotVouched(f"the issuer's keys: {error}") from error
                self._keys = (time.monotonic(), {one.key_id or "": one for one in keys if one.key_type != "oct"})
            return self._keys[1]

    async def _discovered(self) -> _Discovery:
        async with self._turn:
            return await self._discover()

    async def _discover(self) -> _Discovery:
        if self._said is not None and time.monotonic() - self._said[0] < FRESH_S:
            return self._said[1]
        body = await self._well("GET", self.client.issuer.rstrip("/") + "/.well-known/openid-configuration")
        try:
            said = msgspec.json.decode(body, type=_Discovery)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Unavailable(f"the issuer says nothing that we understand of itself: {error}") from error
        endpoints = (said.authorization_endpoint, said.token_endpoint, said.jwks_uri)
        if said.issuer != self.client.issuer or not all(_as_safe_as(url, self.client.issuer) for url in endpoints):
            raise Unavailable("the issuer says that it is somebody else, or sends us where nothing is encrypted")
        self._said = (time.monotonic(), said)
        return said

    async def _well(self, method: str, url: str) -> bytes:
        status, body = await self._ask(method, url)
        if status != 200:
            raise Unavailable(f"the issuer answered {status}")
        return body

    async def _ask(self, method: str, url: str, **more: Any) -> tuple[int, bytes]:
        """Status and body. Raises Unavailable."""
        self._breaker.check(time.monotonic())
        timeout = aiohttp.ClientTimeout(total=WITHIN_S)
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
            self._breaker.tell(ok=False, now_s=time.monotonic())
            raise Unavailable(f"the issuer does not answer: {type(error).__name__}") from error
        self._breaker.tell(ok=status < 500, now_s=time.monotonic())
        if len(body) > MOST_BYTES or status >= 500:
            raise Unavailable(f"the issuer answered {status} with {len(body):,} bytes")
        return status, body


def challenge(verifier: str) -> str:
    """Of RFC 7636, method S256. No I/O."""
    return base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def vouched(claims: Mapping[str, Any], client: Client, attempt: Attempt) -> Vouched:
    """Who somebody is, from claims whose signature, issuer, audience and times fit. No I/O. Raises NotVouched."""
    if not secrets.compare_digest(str(claims.get("nonce", "")).encode(), attempt.nonce.encode()):
        raise NotVouched("id token: it answers another question")
    audiences = claims["aud"]
    if isinstance(audiences, list) and len(audiences) > 1 and claims.get("azp") != client.id:
        raise NotVouched("id token: it was made for somebody else")
    if not (0 < len(str(claims["sub"])) <= 255):
        raise NotVouched("id token: it does not say whose it is")
    email, name = claims.get("email"), claims.get("name")
    verified = claims.get("email_verified") is True and isinstance(email, str) and len(email) <= 320
    return Vouched(
        client.issuer, str(claims["sub"]), str(email) if verified else None,
        name[:200] if isinstance(name, str) and name else None,
    )  # fmt: skip


def _as_safe_as(url: str, issuer: str) -> bool:
    """An address to which what is secret may go: encrypted, or of this machine where the issuer is too."""
    parts, own = urlsplit(url), urlsplit(issuer)
    return bool(parts.hostname) and (
        parts.scheme == "https" or (own.scheme == "http" and parts.scheme == "http" and parts.hostname == own.hostname)
    )
