"""`triald jobs`: look at the queue, and set right what went wrong in it."""

import argparse
from datetime import UTC, datetime, timedelta
from typing import Any

from actors.errors import NotFound, Refusal
from actors.queue import operating
from actors.queue import store as queue
from actors.queue.explain import explain
from actors.queue.rescuer import rescue_now
from supervisor.commands import Command, Exit, action, actions, database, json_option, row_id, run_action, whole
from supervisor.kinds import job_kinds
from supervisor.printing import as_json, printable, table
from supervisor.settings import Settings

STATES = ("held", "blocked", "scheduled", "ready", "running", "dead", "done", "cancelled", "discarded")
LIST_COLUMNS = ("id", "state", "queue", "kind", "priority", "attempts", "created_at", "last_error")
RULE_COLUMNS = ("queue", "paused", "most_running", "per_minute", "fair")
UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def arguments(parser: argparse.ArgumentParser) -> None:
    where = actions(parser)
    listing = action(where, "list", _list, "jobs, the newest first")
    listing.add_argument(
        "--state", action="append", choices=STATES, metavar="STATE", help="such as ready, dead or done"
    )
    listing.add_argument("--queue", metavar="NAME")
    listing.add_argument("--kind", metavar="NAME")
    listing.add_argument("--before", type=row_id, metavar="ID", help="older than this job")
    listing.add_argument("--limit", type=whole(1, 1000), default=50, metavar="N")
    for name, run, says in (
        ("show", _show, "everything that is known of a job"),
        ("explain", _explain, "why a job is not running"),
        ("retry", _retry, "run a dead or scheduled job now"),
        ("release", _release, "let a held job go"),
    ):
        action(where, name, run, says).add_argument("job", type=row_id, metavar="ID")
    cancel = action(where, "cancel", _cancel, "cancel a job, and what waits for it")
    cancel.add_argument("job", type=row_id, metavar="ID")
    cancel.add_argument("--reason", default="cancelled by an operator", metavar="WORDS")
    requeue = action(where, "requeue", _requeue, "revive dead jobs, their attempts at zero")
    requeue.add_argument(
        "--since", type=ago, default="1d", metavar="AGE", help="that died within: 30m, 6h, 1d (default)"
    )
    requeue.add_argument("--kind", metavar="NAME")
    discard = action(where, "discard", _discard, "put dead jobs away for good: these, or all of an age or a kind")
    discard.add_argument("job", type=row_id, nargs="*", metavar="ID")
    discard.add_argument("--since", type=ago, metavar="AGE", help="that died within: 30m, 6h, 1d")
    discard.add_argument("--kind", metavar="NAME")
    action(
        where,
        "rescue",
        _rescue,
        "take jobs back from processes that are dead, without waiting for the service to do it",
    )
    for name, run, says in (
        ("pause", _pause, "start no more jobs of a queue"),
        ("resume", _resume, "start jobs of a queue again"),
    ):
        action(where, name, run, says).add_argument("queue", metavar="QUEUE")
    limits = action(where, "limits", _limits, "show the rules of the queues, or change those of one")
    limits.add_argument("queue", nargs="?", metavar="QUEUE")
    limits.add_argument("--most-running", type=limit(int), metavar="N", help="jobs at once over all processes, or none")
    limits.add_argument("--per-minute", type=limit(float), metavar="N", help="starts over all processes, or none")
    limits.add_argument("--fair", action=argparse.BooleanOptionalAction, help="share turns between tenants")
    for one in where.choices.values():
        json_option(one)


def ago(text: str) -> timedelta:
    """The type of an age: 90s, 30m, 6h, 1d or 2w. No I/O."""
    number, unit = text[:-1], text[-1:]
    if unit not in UNITS_S or not number.isascii() or not number.isdigit():
        raise argparse.ArgumentTypeError(f"expected an age such as 90s, 30m, 6h, 1d or 2w, got {text!r}")
    return timedelta(seconds=min(int(number) * UNITS_S[unit], 100 * 365 * 86_400))


def limit(number: type[int] | type[float]) -> Any:
    """The type of a limit: a number above zero, or `none`. No I/O."""

    def read(text: str) -> float | str:
        if text == "none":
            return text
        value = number(text)
        if not 0 < value < 1e9:
            raise argparse.ArgumentTypeError(f"expected a number above 0, or none, got {text!r}")
        return value

    return read


# ── looking ──


async def _list(given: argparse.Namespace, settings: Settings) -> int:
    ended = [state for state in given.state or () if state in operating.ENDED]
    if ended and len(ended) != len(given.state):
        raise Refusal("--state: jobs that ended and jobs that did not are kept apart: ask for them one after the other")
    async with database(settings) as pool:
        jobs = await operating.list_jobs(
            pool, states=given.state, queue=given.queue, kind=given.kind, before=given.before, limit=given.limit
        )
    if given.json:
        print(as_json(jobs))
    else:
        rows = [job | {"last_error": (job.get("last_error") or {}).get("error")} for job in jobs]
        print(printable(table(rows, LIST_COLUMNS, none="no such jobs")))
    return Exit.OK


async def _show(given: argparse.Namespace, settings: Settings) -> int:
    async with database(settings) as pool:
        job = await operating.show(pool, given.job)
    if given.json:
        print(as_json(job))
        return Exit.OK
    events = job.pop("events")
    for name, value in job.items():
        if value not in (None, [], {}, ""):
            text = as_json(value) if isinstance(value, dict | list) else str(value)
            print(f"{name.replace('_', ' '):>14}  {printable(text)}")
    print(printable(table(events, ("at", "event", "detail"), none="        events  none")))
    return Exit.OK


async def _explain(given: argparse.Namespace, settings: Settings) -> int:
    async with database(settings) as pool:
        facts = await operating.facts(pool, given.job, job_kinds())
    reasons = explain(facts)
    print(as_json({"job": given.job, "state": facts.state, "reasons": reasons}) if given.json else "\n".join(reasons))
    return Exit.OK


# ── setting right ──


async def _retry(given: argparse.Namespace, settings: Settings) -> int:
    async with database(settings) as pool:
        if await operating.run_now(pool, given.job) or await operating.revive(pool, ids=[given.job]):
            return _say(given, f"job {given.job} is ready", {"job": given.job, "state": "ready"})
        state = await operating.state_of(pool, given.job)
    if state is None:
        raise NotFound(f"job: there is no job {given.job}")
    return _say(given, f"job {given.job} is {state}: nothing to do", {"job": given.job, "state": state}, Exit.FAILED)


async def _release(given: argparse.Namespace, settings: Settings) -> int:
    async with database(settings) as pool:
        state = await operating.release(pool, given.job)
        if state is not None:
            return _say(given, f"job {given.job} is {state}", {"job": given.job, "state": state})
        state = await operating.state_of(pool, given.job)
    if state is None:
        raise NotFound(f"job: there is no job {given.job}")
    return _say(given, f"job {given.job} is {state}, not held", {"job": given.job, "state": state}, Exit.FAILED)


async def _cancel(given: argparse.Namespace, settings: Settings) -> int:
    async with database(settings) as pool:
        end = await operating.cancel(pool, given.job, given.reason)
    words = {"cancelled": "is cancelled", "asked": "is running: its worker was asked to stop"}
    code = Exit.OK if end in words else Exit.FAILED
    said = words.get(end, f"has ended: {end}")
    return _say(given, f"job {given.job} {said}", {"job": given.job, "end": end}, code)


async def _requeue(given: argparse.Namespace, settings: Settings) -> int:
    async with database(settings) as pool:
        ids = await operating.revive(pool, since=datetime.now(UTC) - given.since, kind=given.kind)
    return _say(given, f"{len(ids)} jobs are ready again", {"jobs": sorted(ids)})


async def _discard(given: argparse.Namespace, settings: Settings) -> int:
    if not (given.job or given.since or given.kind):
        raise Refusal("expected ids, --since or --kind: all dead jobs at once are not put away by oversight")
    since = datetime.now(UTC) - given.since if given.since else None
    async with database(settings) as pool:
        ids = await operating.discard(pool, ids=given.job or None, since=since, kind=given.kind)
    left = sorted(set(given.job) - set(ids))
    said = f"{len(ids)} jobs were discarded" + (f"; not dead: {', '.join(map(str, left))}" if left else "")
    return _say(given, said, {"jobs": sorted(ids), "not_dead": left}, Exit.FAILED if left else Exit.OK)


async def _rescue(given: argparse.Namespace, settings: Settings) -> int:
    async with database(settings) as pool:
        dead, rows = await rescue_now(pool, dead_after_s=settings.dead_after_s, beat_every_s=settings.beat_every_s)
    jobs = [{"job": row["id"], "state": row["state"], "queue": row["queue"]} for row in rows]
    return _say(given, f"{len(jobs)} jobs were taken back", {"jobs": jobs, "processes": [str(one) for one in dead]})


# ── queues ──


async def _pause(given: argparse.Namespace, settings: Settings) -> int:
    async with database(settings) as pool:
        await operating.set_paused(pool, given.queue, paused=True)
    return _say(given, f"queue {given.queue} is paused; what runs goes on", {"queue": given.queue, "paused": True})


async def _resume(given: argparse.Namespace, settings: Settings) -> int:
    async with database(settings) as pool:
        await operating.set_paused(pool, given.queue, paused=False)
    return _say(given, f"queue {given.queue} goes on", {"queue": given.queue, "paused": False})


async def _limits(given: argparse.Namespace, settings: Settings) -> int:
    changes = {"most_running": given.most_running, "per_minute": given.per_minute, "fair": given.fair}
    changes = {name: None if value == "none" else value for name, value in changes.items() if value is not None}
    if changes and given.queue is None:
        raise Refusal("QUEUE: expected the name of the queue whose rules are to change")
    async with database(settings) as pool:
        rules = await queue.queue_rules(pool)
        if given.queue is not None and given.queue not in rules:
            raise NotFound(f"queue: there is no queue {given.queue!r}")
        if changes:
            now = rules[given.queue]
            keep = {"most_running": now.most_running, "per_minute": now.per_minute, "fair": now.fair}
            await operating.set_limits(pool, given.queue, **(keep | changes))
            rules = await queue.queue_rules(pool)
    rows = [
        {"queue": rule.name, "paused": rule.paused, "most_running": rule.most_running, "per_minute": rule.per_minute,
         "fair": rule.fair}
        for rule in rules.values() if given.queue in (None, rule.name)
    ]  # fmt: skip
    print(as_json(rows) if given.json else table(rows, RULE_COLUMNS))
    return Exit.OK


def _say(given: argparse.Namespace, words: str, told: dict[str, Any], code: Exit = Exit.OK) -> int:
    print(as_json(told) if given.json else words)
    return code


COMMAND = Command("jobs", "look at jobs and queues, and set them right", arguments, run_action)
