"""MeSH: looked up, browsed, texts mapped, and what people decide on them."""

from typing import Annotated

import msgspec
from msgspec import Meta

from actors.mesh import store as mesh
from actors.mesh.browsing import store as browsing
from actors.mesh.browsing.store import Place, Record, Step, TrialCode, Unmatched, Unsure
from actors.mesh.deciding import store as deciding
from actors.mesh.deciding.store import Decision
from actors.mesh.importing import store as imports
from actors.mesh.naming import Named
from actors.mesh.store import Suggestion
from actors.mesh.tree import CATEGORIES
from actors.trials import store as trials
from supervisor.roles import Role
from supervisor.web import mesh_commands as commands
from supervisor.web.mesh_commands import Decide, Decided, Fields, Text, Undo
from supervisor.web.paging import Limit
from supervisor.web.route import Call, Nothing, Resource, Route

Skip = Annotated[int, Meta(ge=0, le=1_000_000)]


class ImportTold(msgspec.Struct, frozen=True):
    """A file that was taken in last of its kind."""

    kind: str
    year: int | None
    file: str
    sha256: str
    at: str
    counts: dict[str, int]
    added: int
    removed: int
    renamed: int


class MeshStatus(msgspec.Struct, frozen=True):
    """`coded`: trials that were read; `unmatched`: different texts that no term was found for."""

    imports: tuple[ImportTold, ...]
    descriptors: int
    supplementary: int
    gone: int
    coded: int
    unmatched: int
    curated: int


class SuggestQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    q: Text
    limit: Limit = 10


class NamedQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    q: Text


class MapQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: Text
    about: Fields = "condition"


class ListQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`skip`: rows to pass over."""

    about: Fields | None = None
    limit: Limit = 50
    skip: Skip = 0


class SuggestionsList(msgspec.Struct, frozen=True):
    descriptors: tuple[Suggestion, ...]


class NamedList(msgspec.Struct, frozen=True):
    terms: tuple[Named, ...]


class Mapped(msgspec.Struct, frozen=True):
    """`start` and `end`: the part of the text that was understood, in characters."""

    ui: str
    name: str
    score: float
    how: str
    start: int
    end: int


class MappedList(msgspec.Struct, frozen=True):
    text: str
    about: str
    terms: tuple[Mapped, ...]


class Branch(msgspec.Struct, frozen=True):
    """A place of the tree, or a category: the way to it, and what is right below."""

    number: str
    name: str
    way: tuple[Step, ...]
    below: tuple[Place, ...]


class Category(msgspec.Struct, frozen=True):
    letter: str
    name: str


class Categories(msgspec.Struct, frozen=True):
    categories: tuple[Category, ...]


class UnmatchedList(msgspec.Struct, frozen=True):
    """Those of most trials first."""

    total: int
    unmatched: tuple[Unmatched, ...]


class UnsureList(msgspec.Struct, frozen=True):
    """Those of most trials first."""

    unsure: tuple[Unsure, ...]


class DecisionsList(msgspec.Struct, frozen=True):
    """The last first."""

    decisions: tuple[Decision, ...]


class CodesList(msgspec.Struct, frozen=True):
    trial: int
    codes: tuple[TrialCode, ...]


async def status(call: Call[Nothing, Nothing]) -> MeshStatus:
    """Which MeSH is held, how many trials are coded with it, how many texts are unmatched."""
    found = await browsing.status(call.db)
    last = [await imports.latest(call.db, kind) for kind in imports.LETTERS]
    told = [
        ImportTold(
            one.kind, one.year, one.file, one.sha256.hex(), one.at.isoformat(), one.counts,
            one.changes["added"], one.changes["removed"], one.changes["renamed"],
        )
        for one in last if one
    ]  # fmt: skip
    return MeshStatus(
        tuple(told), found.descriptors, found.supplementary, found.gone, found.coded, found.unmatched, found.curated
    )


async def descriptors(call: Call[SuggestQuery, Nothing]) -> SuggestionsList:
    """Descriptors with a name or entry term that begins so, those with most trials first."""
    return SuggestionsList(tuple(await mesh.suggest(call.db, call.query.q, call.query.limit)))


async def named(call: Call[NamedQuery, Nothing]) -> NamedList:
    """The terms that a search names, whole or in its longest parts."""
    return NamedList(tuple(await mesh.expand(call.db, call.query.q)))


async def mapped(call: Call[MapQuery, Nothing]) -> MappedList:
    """What a text of a trial means, the surest first."""
    found = await commands.answers(call.db, call.query.about, call.query.text)
    terms = tuple(Mapped(one.ui, one.name, one.score, one.how, one.start, one.end) for one in found)
    return MappedList(call.query.text, call.query.about, terms)


async def record(call: Call[Nothing, Nothing]) -> Record:
    """A descriptor or supplementary record, with its places, terms and trials."""
    return await browsing.record(call.db, call.word("ui"))


async def categories(call: Call[Nothing, Nothing]) -> Categories:
    """The categories of the tree."""
    return Categories(tuple(Category(letter, name) for letter, name in CATEGORIES.items()))


async def branch(call: Call[Nothing, Nothing]) -> Branch:
    """A category or a place of the tree, and what is right below it, with trials."""
    number = call.word("number")
    if number in CATEGORIES:
        return Branch(number, CATEGORIES[number], (), tuple(await browsing.top(call.db, number)))
    below = await browsing.below(call.db, number)
    way = await browsing.way(call.db, number)
    return Branch(number, way[-1].name, way, tuple(below))


async def unmatched(call: Call[ListQuery, Nothing]) -> UnmatchedList:
    """Texts of trials that no term was found for."""
    asked = call.query
    rows = await browsing.unmatched(call.db, about=asked.about, limit=asked.limit, skip=asked.skip)
    return UnmatchedList(await browsing.unmatched_count(call.db, asked.about), tuple(rows))


async def unsure(call: Call[ListQuery, Nothing]) -> UnsureList:
    """Texts of trials that were read with little confidence."""
    asked = call.query
    rows = await browsing.unsure(call.db, about=asked.about, limit=asked.limit, skip=asked.skip)
    return UnsureList(tuple(rows))


async def decisions(call: Call[ListQuery, Nothing]) -> DecisionsList:
    """What people decided that texts mean."""
    rows = await deciding.every(call.db, about=call.query.about, limit=call.query.limit, skip=call.query.skip)
    return DecisionsList(tuple(rows))


async def decide(call: Call[Nothing, Decide]) -> Decided:
    """A text means these terms from now on; trials with it are coded anew."""
    return await commands.decide(call)


async def undo(call: Call[Nothing, Undo]) -> Decided:
    """A decision counts no more; trials with the text are coded anew."""
    return await commands.undo(call)


async def codes(call: Call[Nothing, Nothing]) -> CodesList:
    """The terms that a trial is coded with, each with how it was found and where."""
    trial = await trials.get(call.db, call.word("id"))
    call.shows_records_of(trial.registry)
    return CodesList(trial.id, tuple(await browsing.codes(call.db, trial.id)))


RESOURCE = Resource(
    "mesh",
    (
        Route("GET", "/api/v1/mesh", status, Role.VIEWER),
        Route("GET", "/api/v1/mesh/descriptors", descriptors, Role.VIEWER),
        Route("GET", "/api/v1/mesh/named", named, Role.VIEWER),
        Route("GET", "/api/v1/mesh/map", mapped, Role.VIEWER, refuses=(404,)),
        Route("GET", "/api/v1/mesh/records/{ui}", record, Role.VIEWER),
        Route("GET", "/api/v1/mesh/tree", categories, Role.VIEWER),
        Route("GET", "/api/v1/mesh/tree/{number}", branch, Role.VIEWER),
        Route("GET", "/api/v1/mesh/unmatched", unmatched, Role.VIEWER),
        Route("GET", "/api/v1/mesh/unsure", unsure, Role.VIEWER),
        Route("GET", "/api/v1/mesh/decisions", decisions, Role.VIEWER),
        Route("POST", "/api/v1/mesh/decisions", decide, Role.STEWARD, at_home=True),
        Route("POST", "/api/v1/mesh/decisions/undo", undo, Role.STEWARD, at_home=True),
        Route("GET", "/api/v1/trials/{id}/mesh", codes, Role.VIEWER),
    ),
)
