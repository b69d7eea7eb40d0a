"""An OpenID Connect issuer on loopback: discovery, a login form, the code flow with PKCE, keys that rotate.

It asks of its clients all that the standard lets it ask: exact addresses to send people back to, a proof of the client,
the verifier of each challenge, and each code once. What goes wrong is switched, as with the demo registries.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from html import escape
from typing import Any, Literal, TypeAlias
from urllib.parse import unquote_plus, urlencode

from aiohttp import web

from demo.oidc_keys import Algorithm, Key, Trick, id_token

Endpoint: TypeAlias = Literal["discovery", "authorize", "token", "keys"]
Fault: TypeAlias = Literal[
    "error", "hang", "not_json", "wrong_shape", "huge", "redirect", "drop", "somebody_else", "elsewhere"
]
"""`somebody_else`: it says that it is another issuer; `elsewhere`: its endpoints are at another host, in plain HTTP."""

CODE_S, TOKEN_S = 60, 300
HUGE_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Person:
    subject: str
    email: str | None
    email_verified: bool = True
    name: str | None = None
    password: str = "open sesame"  # noqa: S105 - of people who are not


@dataclass(frozen=True, slots=True)
class Grant:
    """What a code stands for."""

    person: Person
    back_to: str
    nonce: str | None
    challenge: str
    until_s: float


@dataclass(slots=True)
class Issuer:
    """`automatic`: who is logged in already, so that no form is shown."""

    url: str = ""
    client: str = "triald"
    client_secret: str | None = "a secret: 100 %41 + more"  # noqa: S105 - of the demo
    back_to: set[str] = field(default_factory=set)
    people: dict[str, Person] = field(default_factory=dict)
    automatic: Person | None = None
    trick: Trick = ""
    faults: dict[Endpoint, Fault] = field(default_factory=dict)
    keys: list[Key] = field(default_factory=lambda: [Key.fresh("RS256")])
    asked: Counter[str] = field(default_factory=Counter)
    refusals: list[str] = field(default_factory=list)
    grants: dict[str, Grant] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    runner: web.AppRunner | None = None
    port: int = 0

    def rotate(self, algorithm: Algorithm = "RS256", *, keep: int = 1) -> Key:
        """A fresh key signs from now on; of those before, so many are still shown."""
        self.keys = [Key.fresh(algorithm), *self.keys[:keep]]
        return self.keys[0]

    async def close(self) -> None:
        """Nobody answers at its port any more."""
        if self.runner is not None:
            self.ended.set()
            await self.runner.cleanup()
            self.runner = None

    async def open(self) -> None:
        """On the same port as before."""
        self.ended = asyncio.Event()
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._when("discovery", self.discovery))
        app.router.add_get("/authorize", self._when("authorize", self.authorize))
        app.router.add_post("/authorize", self._when("authorize", self.log_in))
        app.router.add_post("/token", self._when("token", self.token))
        app.router.add_get("/keys", self._when("keys", self.jwks))
        self.runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", self.port, reuse_address=True).start()
        self.port = self.runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self.port}"

    def _when(self, endpoint: Endpoint, handler: Any) -> Any:
        async def answer(request: web.Request) -> web.StreamResponse:
            self.asked[endpoint] += 1
            fault = self.faults.get(endpoint)
            suffered = await self._suffer(request, fault) if fault else None
            return suffered or await handler(request)

        return answer

    async def _suffer(self, request: web.Request, fault: Fault) -> web.StreamResponse | None:
        match fault:
            case "error":
                return web.Response(status=500, text="<h1>oh no</h1>")
            case "hang":
                await self.ended.wait()
                return web.Response(status=503)
            case "not_json":
                return web.Response(text="<html>maintenance</html>", content_type="text/html")
            case "wrong_shape":
                return web.json_response({"issuer": 7, "keys": {"kty": "RSA"}, "id_token": ["a", "b"]})
            case "huge":
                return await _huge(request)
            case "redirect":
                return web.Response(status=302, headers={"Location": "http://evil.example/"})
            case "drop":
                if request.transport is not None:
                    request.transport.abort()
                return web.Response()
            case _:
                return None

    # ── what it says of itself ──

    async def discovery(self, request: web.Request) -> web.Response:
        fault = self.faults.get("discovery")
        at = "http://evil.example" if fault == "elsewhere" else self.url
        return web.json_response({
            "issuer": "http://evil.example" if fault == "somebody_else" else self.url,
            "authorization_endpoint": f"{self.url}/authorize", "token_endpoint": f"{at}/token",
            "jwks_uri": f"{at}/keys", "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256"], "code_challenge_methods_supported": ["S256"],
        })  # fmt: skip

    async def jwks(self, request: web.Request) -> web.Response:
        return web.json_response({"keys": [key.public() for key in self.keys]})

    # ── people ──

    async def authorize(self, request: web.Request) -> web.Response:
        """Shows the form, or sends back whom it knows already."""
        problem = self._refusal_of(request.query)
        if problem:
            return self._refused(problem)
        if self.automatic is not None:
            return self._sent_back(self.automatic, request.query)
        return web.Response(text=_form(request.query_string), content_type="text/html")

    async def log_in(self, request: web.Request) -> web.Response:
        problem = self._refusal_of(request.query)
        if problem:
            return self._refused(problem)
        given = await request.post()
        one = self.people.get(str(given.get("login", "")))
        if one is None or not hmac.compare_digest(one.password, str(given.get("password", ""))):
            return web.Response(status=401, text=_form(request.query_string), content_type="text/html")
        return self._sent_back(one, request.query)

    def _refusal_of(self, asked: Mapping[str, str]) -> str | None:
        expected = {"response_type": "code", "client_id": self.client, "code_challenge_method": "S256"}
        for name, value in expected.items():
            if asked.get(name) != value:
                return f"{name}: expected {value!r}, got {asked.get(name)!r}"
        if asked.get("redirect_uri") not in self.back_to:
            return f"redirect_uri: nobody registered {asked.get('redirect_uri')!r}"
        if len(asked.get("code_challenge", "")) != 43 or "openid" not in asked.get("scope", "").split():
            return "code_challenge, scope: expected"
        return None

    def _sent_back(self, one: Person, asked: Mapping[str, str]) -> web.Response:
        code = secrets.token_urlsafe(16)
        self.grants[code] = Grant(
            one, asked["redirect_uri"], asked.get("nonce"), asked["code_challenge"], time.monotonic() + CODE_S
        )
        told = {"code": code, "state": asked.get("state", ""), "iss": self.url, "session_state": "made up"}
        return web.Response(status=303, headers={"Location": f"{asked['redirect_uri']}?{urlencode(told)}"})

    # ── clients ──

    async def token(self, request: web.Request) -> web.Response:
        given = {name: str(value) for name, value in (await request.post()).items()}
        problem = self._wrong_client(request, given) or self._wrong_code(given)
        if problem:
            self._refused(problem)
            return web.json_response({"error": problem.partition(":")[0]}, status=400)
        code = given["code"]
        self.used.add(code)
        grant = self.grants.pop(code)
        told = {
            "access_token": secrets.token_urlsafe(24), "token_type": "Bearer", "expires_in": TOKEN_S,
            "id_token": id_token(self._claims(grant), self.keys[0], self.trick),
        }  # fmt: skip
        return web.json_response(told, headers={"Cache-Control": "no-store"})

    def _wrong_client(self, request: web.Request, given: Mapping[str, str]) -> str | None:
        if given.get("client_id") != self.client:
            return "invalid_client: another client"
        header = request.headers.get("Authorization")
        if self.client_secret is None:
            return None if header is None else "invalid_client: a public client proves nothing"
        scheme, _, text = (header or "").partition(" ")
        with suppress(binascii.Error, UnicodeDecodeError):
            name, _, secret = base64.b64decode(text).decode().partition(":")
            shown = (unquote_plus(name), unquote_plus(secret))  # RFC 6749, section 2.3.1
            if scheme == "Basic" and shown == (self.client, self.client_secret):
                return None
        return "invalid_client: not proven"

    def _wrong_code(self, given: Mapping[str, str]) -> str | None:
        code = given.get("code", "")
        grant = self.grants.get(code)
        if code in self.used:
            return "invalid_grant: the code was used before"
        if given.get("grant_type") != "authorization_code" or grant is None or time.monotonic() >= grant.until_s:
            return "invalid_grant: no such code"
        if given.get("redirect_uri") != grant.back_to:
            return "invalid_grant: another redirect_uri"
        if _challenge(given.get("code_verifier", "")) != grant.challenge:
            return "invalid_grant: the verifier does not fit the challenge"
        return None

    def _claims(self, grant: Grant) -> dict[str, Any]:
        now, one = int(time.time()), grant.person
        claims = {
            "iss": self.url, "aud": self.client, "sub": one.subject, "iat": now, "exp": now + TOKEN_S,
            "nonce": grant.nonce, "email": one.email, "email_verified": one.email_verified, "name": one.name,
        }  # fmt: skip
        return {name: value for name, value in claims.items() if value is not None}

    def _refused(self, problem: str) -> web.Response:
        self.refusals.append(problem)
        return web.Response(status=400, text=problem)


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _form(query: str) -> str:
    return (
        "<!doctype html><html lang=en><title>Demo issuer</title><main><h1>Who are you?</h1>"
        f'<form method=post action="/authorize?{escape(query)}"><label>Login <input name=login id=login></label>'
        "<label>Password <input name=password id=password type=password></label><button>Log in</button></form></main>"
    )


async def _huge(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    with suppress(ConnectionError):  # a client that bounds what it reads leaves
        for _ in range(HUGE_BYTES >> 16):
            await response.write(b" " * (1 << 16))
    return response


@asynccontextmanager
async def issuing(*people: Person) -> AsyncIterator[Issuer]:
    """The issuer on a free port, with these people by their e-mail addresses."""
    one = Issuer(people={person.email or person.subject: person for person in people})
    await one.open()
    try:
        yield one
    finally:
        await one.close()
