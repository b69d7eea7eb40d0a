"""What is asked for with a watch, by a program or by a page's form."""

from datetime import UTC, datetime
from typing import Any

from actors.trials import store as trials
from actors.trials.search import BadSearch
from actors.trials.watching import store
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
