"""What is asked for with a webhook, by a program or by a page's form."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from actors.errors import Refusal
from actors.notices.outbox.event import KINDS, LONGEST_URL, OF_THE_SERVICE, SECRET_BYTES, secret_of
from actors.notices.webhooks import store
from actors.runtime.post import target
from supervisor.web.problems import Refused
from supervisor.web.route import Call

HOME = 1  # the tenant that runs the service


def kinds_for(call: Call[Any, Any]) -> tuple[str, ...]:
    """The kinds of events that the caller may ask for: alerts are the affair of those who run the service."""
    return tuple(kind for kind in KINDS if kind not in OF_THE_SERVICE or call.who.tenant == HOME)


async def add(call: Call[Any, Any], url: str, kinds: Sequence[str]) -> tuple[int, str]:
    """The id, and the secret, which nobody is shown again. Raises Refusal."""
    text = str(target(url.strip(), call.site.webhook_hosts))
    if len(text) > LONGEST_URL:
        raise Refusal(f"url: expected {LONGEST_URL:,} characters at most", field="url")
    secret, asked = secret_of(secrets.token_bytes(SECRET_BYTES)), checked(call, kinds)
    return await store.add(call.db, call.who.name, text, secret, asked, datetime.now(UTC)), secret


def checked(call: Call[Any, Any], kinds: Sequence[str]) -> list[str]:
    """In the order in which they are told, each once. Raises Refused."""
    known = kinds_for(call)
    for kind in kinds:
        if kind not in known:
            raise Refused.field("kinds", f"there is no kind {kind[:40]!r} for you: expected {', '.join(known)}")
    if not kinds:
        raise Refused.field("kinds", "expected one at least")
    return [kind for kind in known if kind in kinds]
