"""Pages of MeSH: its tree with trials, a record, and texts for people to map. They work without a script."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from aiohttp import web
from msgspec import Meta

from actors.mesh import store as mesh
from actors.mesh.browsing import store as browsing
from actors.mesh.browsing.store import Place
from actors.mesh.coding import store as coding
from actors.mesh.deciding import store as deciding
from actors.mesh.importing import store as imports
from actors.mesh.lookup import LONGEST_TEXT
from actors.mesh.tree import CATEGORIES, ancestors
from supervisor.roles import Role
from supervisor.web import mesh_commands as commands
from supervisor.web.mesh_commands import HOWS, Decide, Fields, Text, Undo
from supervisor.web.pages_of import page, see
from supervisor.web.route import Call, Nothing, Resource, Route

ROWS = 50
SUGGESTED = 3  # beside each text of the list


class TreeQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`at`: the category or place that is open; `q`: what a heading is looked for by."""

    at: Annotated[str, Meta(max_length=200)] = ""
    q: Annotated[str, Meta(max_length=LONGEST_TEXT)] = ""


class ListQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    about: Fields | None = None
    page: Annotated[int, Meta(ge=1, le=10_000)] = 1


class MapQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text to decide on; `q`: what terms are looked for by."""

    text: Text = ""
    about: Fields = "condition"
    q: Annotated[str, Meta(max_length=LONGEST_TEXT)] = ""


@dataclass(frozen=True, slots=True)
class Branch:
    """A place as the tree shows it: open with what is below it, or closed."""

    place: Place
    open: bool
    below: Sequence["Branch"]


async def tree(call: Call[TreeQuery, Nothing]) -> web.Response:
    """The tree, open along the way to one place."""
    at, asked = call.query.at, call.query.q
    letter = at[:1]
    way = await browsing.way(call.db, at) if at and at not in CATEGORIES else ()
    branches = await _branches(call, letter, at) if letter in CATEGORIES else []
    return page(
        call, "mesh.html", here="mesh", at=at, letter=letter, way=way, branches=branches,
        categories=CATEGORIES, q=asked,
        found=await mesh.suggest(call.db, asked, ROWS) if asked.strip() else [],
        counted=await browsing.status(call.db), held=await imports.latest(call.db, "descriptors"),
    )  # fmt: skip


async def _branches(call: Call[TreeQuery, Nothing], letter: str, at: str) -> list[Branch]:
    """The places of a category, those on the way to `at` open."""
    opened = {at, *ancestors(at)}

    async def grown(places: Sequence[Place]) -> list[Branch]:
        return [
            Branch(one, True, await grown(await browsing.below(call.db, one.number)))
            if one.number in opened and one.below
            else Branch(one, False, ())
            for one in places
        ]

    return await grown(await browsing.top(call.db, letter))


async def show(call: Call[Nothing, Nothing]) -> web.Response:
    """One record: what it covers, its other names, where it stands, its trials."""
    found = await browsing.record(call.db, call.word("ui"))
    return page(call, "mesh_record.html", here="mesh", record=found, categories=CATEGORIES)


async def unmatched(call: Call[ListQuery, Nothing]) -> web.Response:
    """Texts that no term was found for, each to be mapped once."""
    asked = call.query
    rows = await browsing.unmatched(call.db, about=asked.about, limit=ROWS, skip=ROWS * (asked.page - 1))
    suggested = {(one.about, one.key): await commands.suggestions(call.db, one.sample, SUGGESTED) for one in rows}
    return page(
        call, "mesh_unmatched.html", here="mesh", rows=rows, suggested=suggested, asked=asked,
        total=await browsing.unmatched_count(call.db, asked.about), rows_a_page=ROWS,
        decided=await deciding.every(call.db, limit=ROWS), held=await coding.state(call.db),
        map_link=_map_link, abouts=("condition", "intervention", "procedure"),
    )  # fmt: skip


async def unsure(call: Call[ListQuery, Nothing]) -> web.Response:
    """Texts that were read with little confidence, to be confirmed or mapped otherwise."""
    asked = call.query
    rows = await browsing.unsure(call.db, about=asked.about, limit=ROWS + 1, skip=ROWS * (asked.page - 1))
    return page(
        call, "mesh_unsure.html", here="mesh", rows=rows[:ROWS], more=len(rows) > ROWS, asked=asked, hows=HOWS,
        map_link=_map_link, abouts=("condition", "intervention", "procedure"),
    )  # fmt: skip


async def choose(call: Call[MapQuery, Nothing]) -> web.Response:
    """A text, what its words say, and terms to choose from."""
    asked = call.query
    words = asked.q or asked.text
    said = await commands.answers(call.db, asked.about, asked.text) if asked.text else ()
    found = await commands.suggestions(call.db, words, 20) if words else []
    return page(
        call, "mesh_map.html", here="mesh", asked=asked, said=said, found=found, hows=HOWS,
        abouts=("condition", "intervention", "procedure"),
    )  # fmt: skip


async def decide(call: Call[Nothing, Decide]) -> web.Response:
    """The form by which a text gets its terms."""
    await commands.decide(call)
    return see("/mesh/unmatched")


async def undo(call: Call[Nothing, Undo]) -> web.Response:
    """The button by which a decision counts no more."""
    await commands.undo(call)
    return see("/mesh/unmatched")


def _map_link(about: str, text: str) -> str:
    return f"/mesh/map?{urlencode({'about': about, 'text': text})}"


RESOURCE = Resource(
    "mesh_pages",
    (
        Route("GET", "/mesh", tree, Role.VIEWER, refuses=(404,)),
        Route("GET", "/mesh/unmatched", unmatched, Role.VIEWER),
        Route("GET", "/mesh/unsure", unsure, Role.VIEWER),
        Route("GET", "/mesh/map", choose, Role.VIEWER, refuses=(404,)),
        Route("POST", "/mesh/decide", decide, Role.STEWARD, at_home=True, status=303, form=True),
        Route("POST", "/mesh/undo", undo, Role.STEWARD, at_home=True, status=303, form=True),
        Route("GET", "/mesh/{ui}", show, Role.VIEWER),
    ),
)
