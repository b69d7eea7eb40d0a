"""Whether it is well, ready and alive. Open to anyone on this machine, and not counted against a rate."""

import asyncio
import time
from datetime import UTC, datetime

import msgspec
from aiohttp import web

from actors.backup import store as backup
from actors.governance.audit import store as audit
from actors.monitoring import store as monitoring
from actors.queue import store as queue
from actors.trials.semantic import answer as by_likeness
from actors.trials.semantic import store as semantic
from supervisor import made
from supervisor.made import Made
from supervisor.pool_stats import stats
from supervisor.roles import Role
from supervisor.web import health, told_health
from supervisor.web.answering import OUTSIDE
from supervisor.web.health import Part, PartStatus, Status
from supervisor.web.mounting import json_response
from supervisor.web.problems import Refused
from supervisor.web.route import Call, Handler, Nothing, Resource, Route
from supervisor.web.site import Site

DATABASE_WITHIN_S = 2.0
BACKUP_STALE = "backup_stale"  # the alert


class Health(msgspec.Struct, frozen=True):
    status: Status
    timestamp: datetime
    uptime: float  # seconds
    services: dict[str, PartStatus]


class Detailed(msgspec.Struct, frozen=True):
    status: Status
    timestamp: datetime
    uptime: float
    services: dict[str, Part]
    memory_bytes: int | None
    loop_lag_s: float
    draining: bool


class Ready(msgspec.Struct, frozen=True):
    """`reason` says why not."""

    ready: bool
    reason: str | None


class Live(msgspec.Struct, frozen=True):
    live: bool
    loop_lag_s: float
    claims_stuck_s: float  # since the loops that claim jobs last came round


async def overall(call: Call[Nothing, Nothing]) -> web.Response:
    """How the service is; 503 only when it is unhealthy."""
    parts = await _parts(call.site)
    status = health.overall(parts)
    now = datetime.now(UTC)
    told = Health(status, now, _uptime_s(call.site, now), {name: part.status for name, part in parts.items()})
    return _answer(told, well=status != "unhealthy")


async def detailed(call: Call[Nothing, Nothing]) -> web.Response:
    """The same, with what is known of each part."""
    parts = await _parts(call.site)
    status = health.overall(parts)
    now, lag = datetime.now(UTC), call.site.lag.read()
    told = Detailed(
        status,
        now,
        _uptime_s(call.site, now),
        parts,
        await asyncio.to_thread(_memory_bytes),
        lag.now_s,
        call.site.draining,
    )
    return _answer(told, well=status != "unhealthy")


async def part(call: Call[Nothing, Nothing]) -> web.Response:
    """One part: database, queue, redis, mesh, duplicates, search, semantic, backup, governance, mail, or an actor's."""
    parts = await _parts(call.site)
    name = call.word("name")
    if name not in parts:
        raise Refused(404, "not_found", f"there is no service {name[:40]!r}", {"known": sorted(parts)})
    return _answer(parts[name], well=parts[name].status != "unhealthy")


async def ready(call: Call[Nothing, Nothing]) -> web.Response:
    """Whether to send it requests: the database answers, and it is not about to stop."""
    reason = "it is about to stop" if call.site.draining else (await _database(call.site)).message
    return _answer(Ready(reason is None, reason), well=reason is None)


async def live(call: Call[Nothing, Nothing]) -> web.Response:
    """Whether it moves: the event loop, and the loops that claim jobs."""
    lag_s, stuck_s = call.site.lag.read().now_s, _stuck_s(call.site)
    told = Live(health.is_live(lag_s=lag_s, stuck_s=stuck_s), lag_s, stuck_s)
    return _answer(told, well=told.live)


def _answer(told: object, *, well: bool) -> web.Response:
    return json_response(200 if well else 503, msgspec.json.encode(told))


def _uptime_s(site: Site, now: datetime) -> float:
    return round((now - site.started_at).total_seconds(), 1)


async def _parts(site: Site) -> dict[str, Part]:
    database = await _database(site)
    desks = site.desks.values()
    parts = {
        "database": database,
        "queue": health.queue_part(
            database=database,
            stuck_s=_stuck_s(site),
            waiting=sum(len(desk.waiting) for desk in desks),
            running=sum(len(desk.running) for desk in desks),
            slots=sum(desk.slots for desk in desks),
        ),
        "redis": health.NOT_USED,
        "ml": health.NO_MODEL,
        **health.made_parts(await _made(site) if database.status == "healthy" else None, datetime.now(UTC)),
        "semantic": await _semantic(site, database),
        "backup": await _backup(site, database),
        "governance": await _governance(site, database),
        **await told_health.parts(site, database),
    }
    copies = site.supervisor.snapshot()
    return parts | {name: health.actor_part(name, wanted, copies) for name, wanted in site.supervisor.wanted.items()}


async def _database(site: Site) -> Part:
    """A statement that needs the schema too, not the connection alone."""
    pool = site.pool
    began_s = time.monotonic()
    try:
        async with asyncio.timeout(DATABASE_WITHIN_S):
            await queue.queue_rules(pool)
    except OUTSIDE as error:
        return Part("unhealthy", f"it does not answer: {type(error).__name__}")
    now = stats(pool)
    details: dict[str, float | int | str | None] = {
        "took_s": round(time.monotonic() - began_s, 4),
        "pool_total": now.total,
        "pool_idle": now.idle,
        "pool_waiting": now.waiting,
        "pool_most": now.most,
    }
    return Part("healthy", None, details)


async def _made(site: Site) -> Made | None:
    """None where the database does not answer."""
    try:
        async with asyncio.timeout(DATABASE_WITHIN_S):
            return await made.look(site.pool)
    except OUTSIDE:
        return None


async def _semantic(site: Site, database: Part) -> Part:
    try:
        async with asyncio.timeout(DATABASE_WITHIN_S):
            now = await semantic.standing(site.pool) if database.status == "healthy" else None
    except OUTSIDE:
        now = None
    if now is None:
        return health.semantic_part(database=Part("unhealthy"), embedder=None, refused=None, due=0)
    return health.semantic_part(database=database, embedder=now.embedder, refused=by_likeness.refusal(now), due=now.due)


async def _governance(site: Site, database: Part) -> Part:
    mode, unsealed, age_s = await site.mode.current(), 0, 0.0
    try:
        async with asyncio.timeout(DATABASE_WITHIN_S):
            if database.status == "healthy":
                unsealed, age_s = await audit.waiting(site.pool)
    except OUTSIDE:
        database = Part("unhealthy")
    return health.governance_part(
        database=database, mode=mode.value, is_readable=site.mode.is_readable, unsealed=unsealed, age_s=age_s
    )


async def _backup(site: Site, database: Part) -> Part:
    try:
        async with asyncio.timeout(DATABASE_WITHIN_S):
            now = await backup.standing(site.pool) if database.status == "healthy" else None
            alerts = await monitoring.open_alerts(site.pool) if now else []
    except OUTSIDE:
        now, alerts = None, []
    stale = any(one["name"] == BACKUP_STALE for one in alerts)
    return health.backup_part(now, datetime.now(UTC), stale=stale)


def _stuck_s(site: Site) -> float:
    return round(site.stuck_s(), 1)


def _memory_bytes() -> int | None:
    """What this process holds in memory; None where the system does not tell."""
    try:
        with open("/proc/self/status", encoding="ascii") as lines:  # noqa: PTH123 - a view of the kernel's, not a file
            found = next((line for line in lines if line.startswith("VmRSS:")), None)
    except OSError:
        return None
    return int(found.split()[1]) * 1024 if found else None


def _probe(path: str, handler: Handler, answer: type[msgspec.Struct]) -> Route:
    return Route("GET", path, handler, Role.ANYONE, answer=answer, also=(503,), metered=False)


RESOURCE = Resource(
    "health",
    (
        _probe("/health", overall, Health),
        _probe("/health/detailed", detailed, Detailed),
        _probe("/health/services/{name}", part, Part),
        _probe("/ready", ready, Ready),
        _probe("/live", live, Live),
    ),
    of_registries=False,
    in_standby=True,
)
