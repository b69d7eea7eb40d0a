"""One event of the outbox as it is sent, and its signature. No I/O."""

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import orjson

SECRET_PREFIX = "whsec_"  # of the specification: what follows is base64  # noqa: S105
SECRET_BYTES = 32
LONGEST_URL = 2000

KINDS: Mapping[str, str] = {
    "trial.changed": "a trial that you watch has changed in something that matters",
    "job.completed": "a job of your organisation was done",
    "job.failed": "a job of your organisation failed for good",
    "alert.opened": "the service raises an alert",
    "alert.acknowledged": "somebody has seen an alert",
    "alert.closed": "an alert is over",
    "webhook.switched_off": "another webhook of yours was switched off, since it failed for too long",
}
OF_THE_SERVICE = frozenset(kind for kind in KINDS if kind.startswith("alert."))  # for the home organisation alone
TEST = "webhook.test"  # sent when its owner asks for it


@dataclass(frozen=True, slots=True)
class New:
    """An event to append. `key` makes it once; without an owner it is for all of the tenant who asked for its kind."""

    tenant: int
    kind: str
    key: str
    data: Mapping[str, Any]
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """`id` is the same in every attempt."""

    id: str
    at: datetime
    kind: str
    data: Mapping[str, Any]


def body(event: Event) -> bytes:
    """The same bytes in every attempt."""
    return orjson.dumps({"type": event.kind, "timestamp": event.at, "data": event.data}, option=orjson.OPT_SORT_KEYS)


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
