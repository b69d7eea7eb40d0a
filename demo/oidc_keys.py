"""What the demo issuer signs with, and the tokens that it gives out: good ones, and bad ones on demand. No I/O."""

from __future__ import annotations

import base64
import hmac
import json
import secrets
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_curve
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

Algorithm = Literal["RS256", "ES256"]
RSA_BITS = 2048

Trick: TypeAlias = Literal[
    "", "none", "no_signature", "hs256_public_key", "hs256_empty", "other_key", "unknown_kid", "no_kid", "kid_is_path",
    "own_jwk", "jku", "crit", "issuer", "nonce", "no_nonce", "audience", "audiences", "azp", "expired", "endless",
    "not_yet", "no_subject", "long_subject", "cut", "three_times", "deep", "access_token",
]  # fmt: skip
"""What is wrong with the next ID tokens; empty is nothing."""


@dataclass(frozen=True, slots=True)
class Key:
    id: str
    algorithm: Algorithm
    private: RSAPrivateKey | EllipticCurvePrivateKey

    @classmethod
    def fresh(cls, algorithm: Algorithm, bits: int = RSA_BITS) -> Key:
        private = generate_curve(SECP256R1()) if algorithm == "ES256" else generate_rsa(65_537, bits)
        return cls(secrets.token_hex(6), algorithm, private)

    def public(self) -> dict[str, Any]:
        """As its JWKS shows it (RFC 7517)."""
        kind = jwt.get_algorithm_by_name(self.algorithm)
        told = kind.to_jwk(self.private.public_key(), as_dict=True)
        return {**told, "kid": self.id, "use": "sig", "alg": self.algorithm}

    @property
    def pem(self) -> bytes:
        """The public half."""
        return self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, claims: dict[str, Any], **head: Any) -> str:
        return jwt.encode(claims, self.private, algorithm=self.algorithm, headers={"kid": self.id, **head})


def id_token(claims: dict[str, Any], key: Key, trick: Trick) -> str:
    """Signed by the issuer, or bent as asked."""
    claims = _bent(claims, trick)
    match trick:
        case "none":
            return _unsigned(claims, {"alg": "none", "typ": "JWT", "kid": key.id})
        case "no_signature":
            return key.sign(claims).rpartition(".")[0] + "."
        case "hs256_public_key":
            return _by_hand(claims, {"alg": "HS256", "typ": "JWT", "kid": key.id}, key.pem)
        case "hs256_empty":
            return _by_hand(claims, {"alg": "HS256", "typ": "JWT", "kid": key.id}, b"")
        case "other_key":
            return jwt.encode(claims, Key.fresh(key.algorithm).private, key.algorithm, headers={"kid": key.id})
        case "unknown_kid":
            return Key.fresh(key.algorithm).sign(claims)
        case "no_kid":
            return jwt.encode(claims, key.private, algorithm=key.algorithm)
        case "kid_is_path":
            return key.sign(claims, kid="../../../dev/null")
        case "own_jwk":
            thief = Key.fresh(key.algorithm)
            return thief.sign(claims, jwk=thief.public(), x5c=["MII="])
        case "jku":
            return Key.fresh(key.algorithm).sign(claims, jku="https://evil.example/jwks", x5u="https://evil.example/")
        case "crit":
            return key.sign(claims, crit=["exp", "made-up"])
        case "cut":
            return key.sign(claims)[:-20]
        case "three_times":
            return ".".join([key.sign(claims)] * 3)
        case "deep":
            return f"{encoded(b'[' * 100_000)}.{encoded(b'{}')}.{encoded(b'x')}"
        case "access_token":
            return secrets.token_urlsafe(32)
        case _:
            return key.sign(claims)


def _bent(claims: dict[str, Any], trick: Trick) -> dict[str, Any]:
    now, us = claims["iat"], claims["aud"]
    changes: dict[str, dict[str, Any]] = {
        "issuer": {"iss": "https://evil.example"},
        "nonce": {"nonce": "another"},
        "audience": {"aud": "somebody-else"},
        "audiences": {"aud": [us, "somebody-else"]},
        "azp": {"aud": [us, "somebody-else"], "azp": "somebody-else"},
        "expired": {"iat": now - 7200, "exp": now - 3600},
        "endless": {"exp": "1e999"},
        "not_yet": {"nbf": now + 3600},
        "long_subject": {"sub": "s" * 300},
    }
    left_out = {"no_nonce": "nonce", "no_subject": "sub"}.get(trick)
    return {name: value for name, value in (claims | changes.get(trick, {})).items() if name != left_out}


def _unsigned(claims: dict[str, Any], head: dict[str, Any]) -> str:
    return f"{_json(head)}.{_json(claims)}."


def _by_hand(claims: dict[str, Any], head: dict[str, Any], secret: bytes) -> str:
    """What a library would refuse to make: HMAC with a public key."""
    signed = f"{_json(head)}.{_json(claims)}"
    return f"{signed}.{encoded(hmac.digest(secret, signed.encode(), 'sha256'))}"


def _json(value: object) -> str:
    return encoded(json.dumps(value).encode())


def encoded(part: bytes) -> str:
    """Base64url without padding (RFC 7515)."""
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()
