"""Trials: found, shown, with their history and the records they came from."""

from dataclasses import replace
from typing import Annotated, Any

import msgspec
from aiohttp import web
from msgspec import Meta

from actors.errors import NotFound
from actors.trials import store
from actors.trials.finding.export import Format
from actors.trials.search import BadSearch
from actors.trials.semantic import answer as semantic
from actors.trials.semantic.answer import Mode
from actors.trials.shown import TrialShown, Version
from supervisor import finding
from supervisor.finding import Wanted
from supervisor.roles import Role
from supervisor.web import standing
from supervisor.web import trial_answers as answers
from supervisor.web.export_gate import gate
from supervisor.web.exports import exported
from supervisor.web.mounting import json_response
from supervisor.web.route import Call, Nothing, Resource, Route
from supervisor.web.trial_answers import Filters, SearchQuery, SimilarTrials, Suggestions, TrialsPage, VersionsList


class RawQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None


async def search(call: Call[SearchQuery, Nothing]) -> TrialsPage:
    """Trials by number, text and filters, the best first."""
    try:
        found = await finding.find(call.db, call.query.wanted(), values=call.query.facets)
    except BadSearch as error:
        raise answers.refused(error) from error
    call.shows_only(*call.query.registry)
    return answers.results(found, standing.sources(call.request))


class SuggestQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    q: Annotated[str, Meta(max_length=200)] = ""
    limit: Annotated[int, Meta(ge=1, le=20)] = 10


async def suggest(call: Call[SuggestQuery, Nothing]) -> Suggestions:
    """What somebody who types this beginning may mean: MeSH headings, numbers, conditions, sponsors, cities."""
    return Suggestions(tuple(await finding.suggest(call.db, call.query.q, call.query.limit)))


class ExportQuery(Filters, frozen=True, forbid_unknown_fields=True):
    """A search, and what the file shall be. What is found by likeness (`mode`) is no more than a list, and refused."""

    format: Format = "csv"
    mode: Mode = "text"
    approval_phase: Annotated[str, Meta(max_length=100)] = ""  # of your work, where approvals are for one
    because: Annotated[str, Meta(max_length=500)] = ""  # for who is to agree to a large one

    def wanted(self) -> Wanted:
        return replace(Filters.wanted(self), mode=self.mode)


async def export(call: Call[ExportQuery, Nothing]) -> web.StreamResponse:
    """Everything that a search finds, as a file of CSV, NDJSON or Parquet; a large one once somebody else agrees."""
    asked = call.query
    try:
        call.shows_only(*asked.registry)
        if (waits := await gate(call, asked.wanted(), phase=asked.approval_phase, because=asked.because)) is not None:
            return waits
        return await exported(call.request, call.site.pool, asked.wanted(), asked.format)
    except BadSearch as error:
        raise answers.refused(error) from error


async def show(call: Call[Nothing, Nothing]) -> web.Response:
    """One trial, by our id or by any registry number that it states."""
    registry, told = await store.told(call.db, call.word("id"))
    call.shows_records_of(registry)
    return json_response(200, standing.added(told, call.request))


class SimilarQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    limit: Annotated[int, Meta(ge=1, le=50)] = 10


async def similar(call: Call[SimilarQuery, Nothing]) -> SimilarTrials:
    """Other trials whose texts are like this one's; where there are no vectors, why not."""
    trial = await store.get(call.db, call.word("id"))
    return answers.similar(trial.id, await semantic.similar(call.db, trial.id, call.query.limit))


async def versions(call: Call[Nothing, Nothing]) -> VersionsList:
    """How a trial came to be as it is, version by version."""
    trial = await _named(call)
    return VersionsList(trial.id, tuple(await store.versions(call.db, trial.id)))


async def version(call: Call[Nothing, Nothing]) -> Version:
    """One version, with what it changed field by field."""
    trial = await _named(call)
    number = call.id("number")
    for one in await store.versions(call.db, trial.id):
        if one.version == number:
            return one
    raise NotFound(f"number: trial {trial.registry_id} has no version {number}")


async def _named(call: Call[Any, Nothing]) -> TrialShown:
    """The trial that the path names; what is told is of its registry alone."""
    trial = await store.get(call.db, call.word("id"))
    call.shows_records_of(trial.registry)
    return trial


async def raw(call: Call[RawQuery, Nothing]) -> web.Response:
    """The record exactly as it came from the source, as a file."""
    trial = await _named(call)
    record = await store.raw(call.db, trial.id, call.query.version)
    ending = "json" if record.media_type == "application/json" else "xml" if "xml" in record.media_type else "bin"
    name = "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in trial.registry_id)
    return web.Response(
        body=record.body,
        headers={
            "Content-Type": record.media_type,
            "Content-Disposition": f'attachment; filename="{name}.v{record.version}.{ending}"',
            "ETag": f'"{record.sha256.hex()}"',
        },
    )


RESOURCE = Resource(
    "trials",
    (
        Route("GET", "/api/v1/trials", search, Role.VIEWER),
        Route("GET", "/api/v1/trials/suggest", suggest, Role.VIEWER),
        Route("GET", "/api/v1/trials/export", export, Role.VIEWER, media="*/*", exports=True, group="exports"),
        Route("GET", "/api/v1/trials/{id}", show, Role.VIEWER, answer=TrialShown),
        Route("GET", "/api/v1/trials/{id}/similar", similar, Role.VIEWER),
        Route("GET", "/api/v1/trials/{id}/versions", versions, Role.VIEWER),
        Route("GET", "/api/v1/trials/{id}/versions/{number}", version, Role.VIEWER),
        Route("GET", "/api/v1/trials/{id}/raw", raw, Role.VIEWER, media="*/*"),
    ),
)
