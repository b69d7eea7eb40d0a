"""One notice as an event, and its signature. No I/O."""

import base64
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import orjson

SECRET_PREFIX = "whsec_"  # of the specification: what follows is base64  # noqa: S105
SECRET_BYTES = 32
LONGEST_URL = 2000


@dataclass(frozen=True, slots=True)
class Event:
    """`id` is the same in every attempt."""

    id: str
    at: datetime
    trial_id: int
    registry: str
    registry_id: str
    title: str | None
    version: int
    kinds: Sequence[str]
    changes: Sequence[Mapping[str, Any]]


def body(event: Event) -> bytes:
    return orjson.dumps({
        "type": "trial.changed",
        "timestamp": event.at,
        "data": {
            "trial": event.trial_id, "registry": event.registry, "registry_id": event.registry_id,
            "title": event.title, "version": event.version, "kinds": event.kinds, "changes": event.changes,
        },
    })  # fmt: skip


def headers(id_: str, sent: bytes, secret: str, at: datetime) -> tuple[tuple[str, str], ...]:
    """What goes with the body; the signature is over id, time and body, so none of them can be another."""
    timestamp = str(int(at.timestamp()))
    return (
        ("webhook-id", id_),
        ("webhook-timestamp", timestamp),
        ("webhook-signature", "v1," + signature(secret, id_, timestamp, sent)),
        ("Content-Type", "application/json"),
    )


def signature(secret: str, id_: str, timestamp: str, sent: bytes) -> str:
    """In base64. Raises ValueError for what is no secret."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    signed = f"{id_}.{timestamp}.".encode() + sent
    return base64.b64encode(hmac.new(key, signed, sha256).digest()).decode()


def secret_of(random: bytes) -> str:
    """A secret from so many random bytes, as it is shown once."""
    return SECRET_PREFIX + base64.b64encode(random).decode()
