"""The audit: what was done and by whom, whether it is whole, and as a signed file."""

import asyncio
from datetime import UTC, datetime

from aiohttp import web

from actors.governance.accounts import HOME
from actors.governance.audit import Act, store
from actors.governance.audit.exporting import Writing
from actors.governance.audit.sealer import seal_all
from actors.governance.audit.signing import public_of, signing_key
from supervisor.roles import Role
from supervisor.web import governance_answers as answers
from supervisor.web.answering import REQUEST_ID
from supervisor.web.governance_answers import AuditPage, AuditQuery, VerdictTold
from supervisor.web.paging import page_of
from supervisor.web.problems import Refused
from supervisor.web.route import Call, Nothing, Resource, Route, Who

AT_ONCE = 1  # each reads the whole chain
WAIT_S = 10.0
WRITE_WITHIN_S = 30.0

_places = asyncio.Semaphore(AT_ONCE)


def asked(query: AuditQuery, who: Who) -> store.Asked:
    """Of one's own tenant; who runs the service sees all. No I/O."""
    tenant = None if who.is_home else who.tenant
    return store.Asked(tenant, query.actor, query.action, query.subject, query.outcome, query.since, query.until)


async def listed(call: Call[AuditQuery, Nothing]) -> AuditPage:
    """Entries, the newest first: of your tenant, and for the home tenant of all."""
    limit = call.query.limit
    found = await store.listed(call.db, asked(call.query, call.who), before=call.query.before, limit=limit)
    rows, next_ = page_of(found, limit)
    return AuditPage(tuple(answers.entry(one) for one in rows), next_)


async def verify(call: Call[Nothing, Nothing]) -> VerdictTold:
    """Looks at every link of the chain; the first that is wrong is named."""
    pool = call.site.all_tenants
    await _place()
    try:
        await seal_all(pool)
        async with pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
            found = await store.verify(db)
    finally:
        _places.release()
    fault = None if found.fault is None else str(found.fault)
    return VerdictTold(found.fault is None, found.links, str(found.head), found.unsealed, fault)


async def export(call: Call[Nothing, Nothing]) -> web.StreamResponse:
    """The chain as JSON lines with a signed manifest: whole for the home tenant, else the links of your own."""
    pool, who = call.site.all_tenants, call.who
    writing = Writing(whole=who.is_home)
    key = await asyncio.to_thread(signing_key, call.site.audit_key)
    await _place()
    try:
        await seal_all(pool)
        response = web.StreamResponse(headers={"Content-Disposition": 'attachment; filename="audit.jsonl"'})
        response.content_type = "application/x-ndjson"
        await response.prepare(call.request)
        await _write(response, writing.first())
        async with pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
            async for some in store.every(db, None if who.is_home else who.tenant):
                await _write(response, writing.lines(some))
        await _write(response, writing.manifest(at=datetime.now(UTC), key=public_of(key), sign=key.sign))
    finally:
        _places.release()
    await _note(call, writing)
    await response.write_eof()
    return response


async def _note(call: Call[Nothing, Nothing], writing: Writing) -> None:
    who = call.who
    details = {"count": writing.links, "head": str(writing.head), "format": "http"}
    act = Act(
        who.tenant or HOME, who.login, who.role.word, "audit_export", request_id=call.request[REQUEST_ID],
        details=details,
    )  # fmt: skip
    async with call.site.all_tenants.acquire() as db, db.transaction():
        await store.append(db, act)


async def _place() -> None:
    """Raises Refused."""
    try:
        async with asyncio.timeout(WAIT_S):
            await _places.acquire()
    except TimeoutError:
        raise Refused(
            503, "busy", "the chain is being read for somebody else: try again in a minute", Retry_After="60"
        ) from None


async def _write(response: web.StreamResponse, part: bytes) -> None:
    async with asyncio.timeout(WRITE_WITHIN_S):
        await response.write(part)


RESOURCE = Resource(
    "audit",
    (
        Route("GET", "/api/v1/audit", listed, Role.STEWARD),
        Route("GET", "/api/v1/audit/verify", verify, Role.STEWARD, at_home=True, group="governance"),
        Route(
            "GET", "/api/v1/audit/export", export, Role.STEWARD, media="application/x-ndjson", exports=True,
            group="exports",
        ),
    ),
    of_registries=False,
)  # fmt: skip
