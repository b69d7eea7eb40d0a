"""What can be asked of MeSH, and decided on its texts: what the interface and the pages share."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from actors.errors import NotFound
from actors.mesh import store as mesh
from actors.mesh.coding import store as coding
from actors.mesh.deciding import store as deciding
from actors.mesh.lookup import LONGEST_TEXT, Ask
from actors.mesh.mapping import Answer
from actors.mesh.reading import Reader, here
from actors.mesh.scope import About
from actors.mesh.store import Suggestion
from actors.queue import store as queue
from actors.trials.following import store as following
from supervisor.web.route import Call, Database, Q
from supervisor.web.site import Site

Text = Annotated[str, Meta(min_length=1, max_length=LONGEST_TEXT)]
Key = Annotated[str, Meta(min_length=1, max_length=LONGEST_TEXT)]
Ui = Annotated[str, Meta(pattern=r"^[DC]([0-9]{6}|[0-9]{9})$")]
Fields = Literal["condition", "intervention", "procedure"]

SUGGESTED = 8
# How a term was found, for people; `registry` is also what the registry's own indexing taught us.
HOWS: Mapping[str, str] = {
    "curated": "decided by a person",
    "exact": "its name",
    "entry": "an entry term",
    "said": "a usual short form or lay term",
    "normalised": "another spelling",
    "kindred": "a word that means the same",
    "span": "a part of the text",
    "within": "a more general term in the text",
    "approximate": "a slip of the pen put right",
    "registry": "indexed by the registry",
}


class Decide(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`uis`: none where the text means nothing that is coded."""

    about: Fields
    text: Text
    uis: Annotated[tuple[Ui, ...], Meta(max_length=deciding.MOST_TERMS)] = ()
    note: Annotated[str, Meta(max_length=1000)] | None = None


class Undo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    about: Fields
    key: Key


class Decided(msgspec.Struct, frozen=True):
    """`trials`: those with this text, which are coded anew within a minute."""

    about: str
    key: str
    uis: tuple[str, ...]
    trials: int


async def decide(call: Call[Q, Decide]) -> Decided:
    """From now on a text means these terms."""
    asked = call.body
    key, trials = await deciding.decide(call.db, asked.about, asked.text, asked.uis, by=call.who.name, note=asked.note)
    await _code_anew(call.db, call.site, trials)
    return Decided(asked.about, key, asked.uis, len(trials))


async def undo(call: Call[Q, Undo]) -> Decided:
    """What the words of a text say counts again."""
    trials = await deciding.undo(call.db, call.body.about, call.body.key, by=call.who.name)
    await _code_anew(call.db, call.site, trials)
    return Decided(call.body.about, call.body.key, (), len(trials))


async def _code_anew(db: Database, site: Site, trials: Sequence[int]) -> None:
    """These are due to be coded, and nobody waits for the next minute."""
    if trials:
        await following.again(db, trials)
        await queue.enqueue(db, [site.kinds["mesh_code"].new()])


async def answers(db: Database, about: About, text: str) -> tuple[Answer, ...]:
    """What a text says. Raises NotFound where there is no MeSH."""
    await there(db)
    ask = Ask(about, text)
    return (await Reader(await coding.decisions(db), here).answers(db, [ask]))[ask]


async def there(db: Database) -> None:
    """Raises NotFound where no MeSH was imported."""
    if await coding.state(db) is None:
        raise NotFound("no MeSH was imported yet: triald mesh import desc20XX.xml.gz")


async def suggestions(db: Database, text: str, limit: int = SUGGESTED) -> list[Suggestion]:
    """Terms that a text may mean: what stands in it, and what begins as it does."""
    named = await mesh.expand(db, text)
    found = {one.ui: Suggestion(one.ui, one.name, text[one.start : one.end], 0) for one in named}
    for one in await mesh.suggest(db, text, limit):
        found[one.ui] = one
    return list(found.values())[:limit]
