"""What is asked for with a watch or a webhook, by a program or by a page's form."""

import secrets
from datetime import UTC, datetime
from typing import Any

from actors.errors import Refusal
from actors.runtime.post import target
from actors.trials import store as trials
from actors.trials.search import BadSearch
from actors.trials.watching import store
from actors.trials.webhooks import store as webhooks
from actors.trials.webhooks.event import SECRET_BYTES, secret_of
from supervisor import saving
from supervisor.web.problems import Refused
from supervisor.web.reading import read_query
from supervisor.web.route import Call
from supervisor.web.trial_answers import SearchQuery, refused

LONGEST_NAME = 200


async def watch_trial(call: Call[Any, Any], trial: str) -> int:
    """Raises NotFound and Refusal."""
    found = await trials.get(call.db, trial)
    title = found.record.get("title") or found.record.get("official_title") or found.registry_id
    return await store.watch_trial(call.db, call.who.name, found.id, str(title)[:LONGEST_NAME], datetime.now(UTC))


async def save_search(call: Call[Any, Any], query: str, name: str | None) -> int:
    """`query`: a search as the address of its page holds it. Raises Refused and Refusal."""
    try:
        given = saving.pairs(query)
    except ValueError as error:
        raise Refused.field("query", f"expected a search as in the address of its page: {error}") from error
    kept = saving.written(given)
    try:
        asked = await saving.asked(call.db, read_query(given, SearchQuery).wanted())
    except BadSearch as error:
        raise refused(error) from error
    named = (name or " · ".join(value for _, value in given) or "search").strip()[:LONGEST_NAME]
    return await store.save_search(call.db, call.who.name, named or "search", kept, asked, datetime.now(UTC))


async def add_webhook(call: Call[Any, Any], url: str) -> tuple[int, str]:
    """The id, and the secret, which nobody is shown again. Raises Refusal."""
    text = str(target(url.strip(), call.site.webhook_hosts))
    if len(text) > 2000:
        raise Refusal("url: expected 2,000 characters at most", field="url")
    secret = secret_of(secrets.token_bytes(SECRET_BYTES))
    return await webhooks.add(call.db, call.who.name, text, secret, datetime.now(UTC)), secret
