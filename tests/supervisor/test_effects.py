"""Every setting has an effect: changed, the service does another thing."""

import asyncio
import os
import shutil
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias
from uuid import uuid4
from zoneinfo import ZoneInfo

import aiohttp
import asyncpg
import msgspec
import orjson
import pytest

from actors.backup import sets
from actors.backup.keeping import Rule
from actors.backup.make import make
from actors.governance import approvals
from actors.governance.approvals import Wish
from actors.governance.approvals import store as approval_store
from actors.governance.audit.signing import public_of
from actors.jobs import JobKind
from actors.monitoring import store as monitoring
from actors.monitoring.alarms import Open, Thresholds, rules
from actors.queue import operating
from actors.queue.attempt import Attempt
from actors.queue.outcome import Done, Fail, Outcome
from actors.runtime.fetch import Ask
from actors.runtime.post import BadTarget
from actors.runtime.telemetry import emit
from actors.tools import Tools
from actors.trials.semantic import answer as by_likeness
from demo.events_sink import pager
from demo.webhook_sink import sink
from supervisor import telling
from supervisor.auditing import own_key
from supervisor.crew import children
from supervisor.database import open_pool
from supervisor.roles import Role
from supervisor.scraping import ask_for_scrapes
from supervisor.service import Service
from supervisor.settings import KNOWN, BadSettings, Settings
from supervisor.supervisor import Child
from supervisor.tokens import make_token, new_token
from supervisor.wiring import open_service
from tests.notices import mailbox
from tests.observing.collector import collecting
from tests.postgres import Servers, default_bin_dir
from tests.queue.jobs import add, claim_one, register
from tests.supervisor import acting, test_access_effects
from tests.supervisor.acting import child_of, round_of, serving, source
from tests.supervisor.showing import SHOWN, Given, shows
from tests.survive.processes import Running, named, running, until

Pool: TypeAlias = "asyncpg.Pool[Any]"

# ── where its data is ──


@shows("data_dir")
async def test_data_dir_is_where_files_are_kept(given: Given, tmp_path: Path) -> None:
    """N39: data_dir."""
    for name in ("a", "b"):
        async with open_service(given(data_dir=tmp_path / name)) as service:
            await service.tools.files.put("reports/1.txt", name.encode(), "text/plain")
        assert [file.read_bytes() for file in (tmp_path / name).rglob("1.txt")] == [name.encode()]


@shows("database_url")
async def test_database_url_is_the_database_that_is_written_to(given: Given, servers: Servers, db: Pool) -> None:
    """N39: database_url."""
    count = "select count(*) from schedules where name like 'scrape_%'"
    async with (
        (await servers.at(default_bin_dir())).database() as other,
        asyncpg.create_pool(other.dsn, min_size=1) as there,
    ):
        async with open_service(given(database_url=other.dsn, registries="ctgov")):
            assert (await db.fetchval(count), await there.fetchval(count)) == (0, 3)
        async with open_service(given(registries="ctgov")):
            assert await db.fetchval(count) == 3


@shows("listen_url")
async def test_listen_url_is_where_signals_are_heard(given: Given, dsn: str, db: Pool) -> None:
    """N39: listen_url."""
    hands, ears = named(dsn, "hands"), named(dsn, "ears")
    for urls, expected in (({}, ["hands"]), ({"listen_url": ears}, ["ears"])):
        async with open_service(given(database_url=hands, **urls)) as service, acting.acting(service, "listener"):
            assert await until(partial(listeners, db)) == expected


async def listeners(db: Pool) -> list[str]:
    """Connections that listen, by their name."""
    rows = await db.fetch("""
        select distinct application_name from pg_stat_activity
        where datname = current_database() and query ilike 'listen %'
    """)
    return [row["application_name"] for row in rows]


@shows("database_pooler")
async def test_database_pooler_keeps_statements_from_being_prepared(given: Given, dsn: str) -> None:
    """N39: database_pooler."""
    prepared = "select count(*) from pg_prepared_statements"
    async with open_pool(given(), dsn) as pool, pool.acquire() as one:
        assert await one.fetchval(prepared) > 0
    async with open_pool(given(database_pooler=True, listen_url=dsn), dsn) as pool, pool.acquire() as one:
        assert await one.fetchval(prepared) == 0


@shows("pool_most")
@pytest.mark.parametrize("most", [6, 12])
async def test_pool_most_bounds_the_connections_in_use(given: Given, most: int) -> None:
    """N39: pool_most; also below what the service would open at its start."""
    async with open_service(given(pool_most=most)) as service:
        busy = [service.pool.fetchval("select pg_backend_pid() from pg_sleep(0.05)") for _ in range(20)]
        assert len(set(await asyncio.gather(*busy))) == most


@shows("pool_idle_s")
async def test_pool_idle_s_is_how_long_connections_stay_that_nobody_needs(given: Given, dsn: str) -> None:
    """N39, S18: pool_idle_s; those that a pool always has stay."""
    async with (
        open_pool(given(pool_idle_s=1), dsn, least=2) as quick,
        open_pool(given(pool_idle_s=600), dsn, least=2) as slow,
    ):
        for pool in (quick, slow):
            async with AsyncExitStack() as stack:
                for _ in range(6):
                    await stack.enter_async_context(pool.acquire())
            assert pool.get_size() == 6

        async def shrunk() -> bool:
            return quick.get_size() == 2

        await until(shrunk)
        assert slow.get_size() == 6


@shows("pool_wait_s")
async def test_pool_wait_s_is_how_long_a_request_waits_for_a_connection_before_it_is_refused(
    given: Given, db: Pool
) -> None:
    """N39: pool_wait_s. While no connection is free, one service says 503 and when to come again; the other waits, and
    answers once there is one."""
    token = await new_token(db, "reader", Role.VIEWER)
    async with (
        serving(given(pool_wait_s=0.1, pool_most=8)) as (hurried, hurried_url),
        serving(given(pool_wait_s=60, pool_most=8)) as (patient, patient_url),
    ):
        async with AsyncExitStack() as held:
            for pool in (hurried.pool, patient.pool):
                for _ in range(8):
                    await held.enter_async_context(pool.acquire())
            waiting = asyncio.create_task(ask(patient_url, token))
            status, headers = await ask(hurried_url, token)
            assert (status, headers["Retry-After"]) == (503, "5")
        assert (await waiting)[0] == 200
        assert (await ask(hurried_url, token))[0] == 200


async def ask(url: str, token: str) -> tuple[int, Any]:
    """Status and headers of an answer that needs the database."""
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{url}/api/v1/jobs", headers={"Authorization": f"Bearer {token}"}) as response,
    ):
        return response.status, response.headers


@shows("statement_limit_s")
async def test_statement_limit_s_ends_a_statement_that_takes_longer(given: Given) -> None:
    """N39: statement_limit_s."""
    slow = "select true from pg_sleep(0.4)"
    async with open_service(given(statement_limit_s=0.1)) as service:
        with pytest.raises(TimeoutError):
            await service.pool.fetchval(slow)
    async with open_service(given(statement_limit_s=60)) as service:
        assert await service.pool.fetchval(slow)


@shows("listen")
async def test_listen_is_where_the_pages_are_served(given: Given) -> None:
    """N39: listen. Nobody answers at the address that was not given."""
    addresses = [f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"]
    for listen, other in (addresses, reversed(addresses)):
        async with serving(given(listen=listen)), aiohttp.ClientSession() as http:
            async with http.get(f"http://{listen}/ready") as response:
                assert response.status == 200
            with pytest.raises(aiohttp.ClientConnectorError):
                await http.get(f"http://{other}/ready")


@shows("public_urls")
async def test_public_urls_are_the_names_that_others_reach_it_by(given: Given) -> None:
    """N39: public_urls. Without them a foreign name is refused, and so is an address beyond this machine."""
    async with aiohttp.ClientSession() as http:
        for urls, expected in (({}, 421), ({"public_urls": "https://triald.example.org"}, 200)):
            async with (
                serving(given(**urls)) as (_, base),
                http.get(f"{base}/ready", headers={"Host": "triald.example.org"}) as response,
            ):
                assert response.status == expected
    with pytest.raises(BadSettings, match="loopback"):
        given(listen="0.0.0.0:0")
    assert given(listen="0.0.0.0:0", public_urls="https://triald.example.org").host == "0.0.0.0"


@shows("metrics_listen", "role")
async def test_role_and_metrics_listen_say_which_actors_a_process_has(given: Given) -> None:
    """N39: role, metrics_listen."""
    metrics = {"metrics_listen": f"127.0.0.1:{free_port()}"}
    found = {}
    for role in ("all", "api", "worker"):
        async with open_service(given(role=role, **metrics if role == "api" else {})) as service:
            found[role] = {child.name for child in children(service)}
    assert found["api"] == {"loop_lag", "beat", "listener", "mode", "events", "web", "metrics"}
    assert found["worker"] == found["all"] >= {"web", "worker", "scraper", "rescuer", "scheduler", "monitor"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# ── what is asked of registries, and when ──


@shows("contact", "registry_bases")
async def test_contact_and_registry_bases_say_who_asks_and_who_is_asked(given: Given) -> None:
    """N39: contact, registry_bases."""
    page = Ask("https://clinicaltrials.gov/api/v2/version", ("clinicaltrials.gov",))
    async with source() as one, source() as other:
        for stand_in, contact in ((one, {}), (other, {"contact": "trials@example.org"})):
            stand_in.go.set()
            async with open_service(given(registry_bases=stand_in.bases, **contact)) as service:
                await service.tools.fetch(page)
        [to_one], [to_other] = one.agents, other.agents
        assert "no contact given" in to_one
        assert "+trials@example.org" in to_other


@shows("registries")
async def test_registries_are_scraped_by_the_clock(given: Given, db: Pool) -> None:
    """N39: registries. A command line cannot ask for none."""
    names = "select array_agg(name order by name) from schedules"
    async with open_service(replace(given(), registries=())) as service:
        assert not any(name.startswith("scrape_") for name in await db.fetchval(names))
        assert not service.registries
    async with open_service(given(registries="ctgov")) as service:
        scrapes = ["scrape_ctgov_full", "scrape_ctgov_incremental", "scrape_ctgov_reconcile"]
        assert [name for name in await db.fetchval(names) if name.startswith("scrape_")] == scrapes
        assert service.registries.keys() == {"ctgov"}


@shows("scrape_cron", "reconcile_cron", "full_scrape_cron", "scrape_zone")
@pytest.mark.parametrize(
    ("settings", "changes_due", "differences_due", "all_due"),
    [
        ({}, (2, 0), (3, 0), (3, 0)),
        ({"scrape_cron": "30 1 * * *"}, (1, 30), (3, 0), (3, 0)),
        ({"reconcile_cron": "10 5 * * *"}, (2, 0), (5, 10), (3, 0)),
        ({"full_scrape_cron": "15 4 1 * *"}, (2, 0), (3, 0), (4, 15)),
        ({"scrape_zone": "Asia/Tokyo"}, (17, 0), (18, 0), (18, 0)),
    ],
)
async def test_the_settings_of_scrapes_say_when_they_are_due(
    given: Given,
    db: Pool,
    settings: dict[str, str],
    changes_due: tuple[int, int],
    differences_due: tuple[int, int],
    all_due: tuple[int, int],
) -> None:
    """N39: scrape_cron, reconcile_cron, full_scrape_cron, scrape_zone; hours and minutes in UTC."""
    async with open_service(given(registries="ctgov", **settings)):
        rows = await db.fetch("select name, next_due_at from schedules where kind = 'scrape' order by name")
    due = {row["name"]: row["next_due_at"].astimezone(ZoneInfo("UTC")) for row in rows}
    assert {name: (at.hour, at.minute) for name, at in due.items()} == {
        "scrape_ctgov_incremental": changes_due,
        "scrape_ctgov_reconcile": differences_due,
        "scrape_ctgov_full": all_due,
    }  # fmt: skip


@shows("report_cron")
@pytest.mark.parametrize(
    ("settings", "due"),
    [({}, (6, 0)), ({"report_cron": "30 7 * * *"}, (7, 30)), ({"scrape_zone": "Asia/Tokyo"}, (21, 0))],
)
async def test_report_cron_says_when_the_daily_report_is_due(
    given: Given, db: Pool, settings: dict[str, str], due: tuple[int, int]
) -> None:
    """N39: report_cron, in scrape_zone. G24: 06:00 without one; hours and minutes in UTC."""
    async with open_service(given(**settings)):
        at = await db.fetchval("select next_due_at from schedules where name = 'daily_report'")
    at = at.astimezone(ZoneInfo("UTC"))
    assert (at.hour, at.minute) == due


@shows("semantic")
@pytest.mark.parametrize(("word", "refused", "jobs"), [("auto", None, 1), ("off", "the setting semantic is off", 0)])
async def test_semantic_is_whether_vectors_are_made_where_pgvector_is(
    given: Given, db: Pool, word: str, refused: str | None, jobs: int
) -> None:
    """N39: semantic. Off, nothing is due to the embedder, and the search says why; on again, all is."""
    if not await db.fetchval("select true from pg_available_extensions where name = 'vector'"):
        pytest.skip("this PostgreSQL has no pgvector")
    for setting in ("auto", word):
        async with open_service(given(semantic=setting)):
            assert (await by_likeness.standing(db)) == (refused if setting == word else None)
    assert await db.fetchval("select count(*) from schedules where kind = 'embed'") == jobs
    assert await db.fetchval("select count(*) from trial_followers where name = 'embed'") == jobs


@shows("webhook_hosts")
async def test_webhook_hosts_are_hosts_of_our_own_that_are_told(given: Given) -> None:
    """N39: webhook_hosts. Without it nothing inside our own network is."""
    async with sink() as one:
        async with open_service(given()) as service:
            with pytest.raises(BadTarget):
                await service.tools.post(one.url, b"{}", [])
        async with open_service(given(webhook_hosts=f"127.0.0.1:{one.port}")) as service:
            assert (await service.tools.post(one.url, b"{}", []))[0] == 200
            assert ("127.0.0.1", one.port) in service.webhook_hosts


# ── who is told of alerts ──


async def raise_alert(service: Service) -> None:
    await monitoring.open_alert(service.all_tenants, Open(rules(Thresholds())[4], "/data", 91.0))


async def tell_all(service: Service) -> None:
    """One turn of the notifier."""
    await service.mode.current()
    async with telling.notifier(service) as one:
        await one.decide()
        for channel in one.ways:
            await one.send_all(channel)


@shows("smtp_host", "smtp_port", "smtp_tls", "smtp_user", "smtp_password", "mail_from", "alerts_to")
async def test_smtp_settings_are_the_server_the_login_and_the_ends_of_a_mail(
    given: Given, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """N39: smtp_*, mail_from, alerts_to. Certificates of a server of our own are those that SSL_CERT_FILE names."""
    certificate = mailbox.make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    ends = {"mail_from": "triald@example.org", "alerts_to": "ops@example.org,night@example.org", "alert_group_s": 0}
    async with mailbox.mailbox(tls=mailbox.serving(certificate), needs_login=True) as box:
        login = {"smtp_user": "triald", "smtp_password": "a password", "smtp_port": box.port}
        async with open_service(given(smtp_host="localhost", **login, **ends)) as service:
            await raise_alert(service)
            await tell_all(service)
            assert service.told_by == {"mail"}
    [mail] = box.mails
    assert (mail["From"], mail["To"]) == ("triald@example.org", "ops@example.org, night@example.org")
    assert (box.logins, box.was_tls) == ([("triald", "a password")], [True])
    async with (
        mailbox.mailbox() as plain,
        open_service(given(smtp_host="localhost", smtp_port=plain.port, smtp_tls="none", **ends)) as service,
    ):
        await service.all_tenants.execute("delete from alert_episodes")
        await tell_all(service)
    assert (len(plain.mails), plain.was_tls, plain.logins) == (1, [False], [])


@shows("pagerduty_key", "pagerduty_url")
async def test_pagerduty_settings_are_where_events_go_and_whose_they_are(given: Given) -> None:
    """N39: pagerduty_key, pagerduty_url: a pager of our own network too."""
    async with pager() as events:
        settings = given(pagerduty_url=events.url, pagerduty_key=events.key, alert_group_s=0)
        async with open_service(settings) as service:
            await raise_alert(service)
            await tell_all(service)
            assert service.told_by == {"pagerduty"}
    assert ([event["routing_key"] for event in events.events], events.actions) == ([events.key], ["trigger"])


@shows("alert_group_s", "alert_repeat_hours")
async def test_alert_group_s_and_alert_repeat_hours_are_when_mails_are_sent(given: Given) -> None:
    """N39: alert_group_s, alert_repeat_hours."""
    ends = {"mail_from": "triald@example.org", "alerts_to": "ops@example.org"}
    ends |= {"smtp_tls": "none", "smtp_host": "127.0.0.1"}
    async with mailbox.mailbox() as box:
        for group_s, mails in ((3600, 0), (0, 1)):
            async with open_service(given(smtp_port=box.port, alert_group_s=group_s, **ends)) as service:
                await raise_alert(service)
                await tell_all(service)
                assert len(box.mails) == mails
        await service_of_long_ago(given, box.port, ends)
        assert len(box.mails) == 2


async def service_of_long_ago(given: Given, port: int, ends: dict[str, str]) -> None:
    """What was told is two hours old: by default that is too soon for a reminder."""
    for hours in (4, 1):
        async with open_service(given(smtp_port=port, alert_group_s=0, alert_repeat_hours=hours, **ends)) as service:
            await service.all_tenants.execute("update alert_told set told_at = now() - interval '2 hours'")
            await tell_all(service)


# ── how much runs side by side ──


@dataclass(frozen=True, slots=True)
class Nothing:
    """A payload of nothing."""


async def hold(payload: Nothing, attempt: Attempt, tools: Tools) -> Outcome:
    """Holds its slot until it is cancelled."""
    await asyncio.Event().wait()
    return Done()


HOLD: JobKind[Any] = JobKind("hold", Nothing, hold)


async def side_by_side(service: Service, name: str, slots: int) -> int:
    """How many of more jobs than there are slots run at a time."""
    service.kinds["hold"] = HOLD
    desk = service.desks[name]
    await add(service.pool, 3 * slots, kind="hold", queue=desk.queues[0])

    async def full() -> bool:
        return desk.slots == slots and len(desk.running) >= slots

    async with acting.acting(service, name, f"{name}_claimer", f"{name}_settler"):
        await until(full)
        return len(desk.running)


@shows("workers_least", "slots")
@pytest.mark.parametrize(("least", "slots"), [(1, 2), (3, 2), (1, 5)])
async def test_workers_least_times_slots_jobs_run_side_by_side(given: Given, least: int, slots: int) -> None:
    """N39: workers_least, slots."""
    async with open_service(given(workers_least=least, slots=slots)) as service:
        assert await side_by_side(service, "worker", least * slots) == least * slots


@shows("scrapers")
@pytest.mark.parametrize("scrapers", [1, 4])
async def test_scrapers_is_how_many_scrapes_run_side_by_side(given: Given, scrapers: int) -> None:
    """N39: scrapers."""
    async with open_service(given(scrapers=scrapers)) as service:
        assert await side_by_side(service, "scraper", scrapers) == scrapers


@asynccontextmanager
async def scaled(settings: Settings) -> AsyncIterator[tuple[Callable[[], int], Child]]:
    """How many workers are wanted, and the monitor that says so from its second round on."""
    async with open_service(settings) as service:
        monitor = child_of(service, "monitor")
        await round_of(monitor)
        try:
            yield lambda: service.supervisor.wanted["worker"], monitor
        finally:
            await service.supervisor.drain(0)


async def comes_to(wanted: Callable[[], int], monitor: Child, workers: int) -> None:
    """Rounds until so many are wanted: while this machine is busy, the autoscaler holds back."""

    async def met() -> bool:
        await round_of(monitor)
        return wanted() == workers

    await until(met)


async def wait_for_long(db: Pool, jobs: int) -> None:
    """Jobs that have waited for a minute."""
    await add(db, jobs)
    await db.execute("update jobs set created_at = now() - interval '1 min', run_at = now() - interval '1 min'")


@shows("workers_most")
@pytest.mark.parametrize("most", [3, 5])
async def test_workers_most_bounds_the_workers_however_much_waits(given: Given, db: Pool, most: int) -> None:
    """N39: workers_most."""
    await add(db, 1000)
    async with scaled(given(workers_least=1, workers_most=most)) as (wanted, monitor):
        await comes_to(wanted, monitor, most)
        await round_of(monitor)
        assert wanted() == most


@shows("wait_target_s", "shrink_after_s")
async def test_wait_target_s_adds_a_worker_and_shrink_after_s_takes_it_back(given: Given, db: Pool) -> None:
    """N39: wait_target_s, shrink_after_s. Some jobs have waited for a minute; then they are gone."""
    await wait_for_long(db, 5)
    async with (
        scaled(given(workers_least=1, wait_target_s=600)) as (patient, patients),
        scaled(given(workers_least=1, wait_target_s=10, shrink_after_s=0)) as (hasty, hastys),
        scaled(given(workers_least=1, wait_target_s=10, shrink_after_s=3600)) as (slow, slows),
    ):
        await comes_to(slow, slows, 2)
        await comes_to(hasty, hastys, 2)
        await round_of(patients)
        assert patient() == 1
        await db.execute("delete from jobs")
        await comes_to(hasty, hastys, 1)
        await round_of(slows)
        assert slow() >= 2


@shows("compute_processes")
@pytest.mark.parametrize("processes", [0, 1, 2])
async def test_compute_processes_is_where_heavy_computation_runs(given: Given, processes: int) -> None:
    """N39: compute_processes."""
    async with open_service(given(compute_processes=processes)) as service:
        pids = await asyncio.gather(*(service.tools.compute.run(os.getpid, timeout_s=60) for _ in range(2)))
    assert len({*pids} - {os.getpid()}) == processes


# ── life, death, and what is kept ──


@shows("beat_every_s")
async def test_beat_every_s_is_how_often_a_process_says_that_it_lives(given: Given, db: Pool) -> None:
    """N39: beat_every_s. One beats often while the other has beaten once."""

    async def beats(service: Service) -> int | None:
        return await db.fetchval("select beats from workers where id = $1", service.worker)  # type: ignore[no-any-return]

    async def both_and_one_often() -> bool:
        return await beats(calm) is not None and (await beats(lively) or 0) >= 5

    async with (
        open_service(given(beat_every_s=60, dead_after_s=180)) as calm,
        open_service(given(beat_every_s=0.05)) as lively,
        acting.acting(calm, "beat"),
        acting.acting(lively, "beat"),
    ):
        await until(both_and_one_often)
        assert await beats(calm) in (0, 1)


@shows("dead_after_s")
async def test_dead_after_s_is_the_silence_after_which_a_process_loses_its_jobs(given: Given, db: Pool) -> None:
    """N39: dead_after_s. Two look at the same silent process; one takes its job back, the other never would."""
    silent = uuid4()
    await register(db, silent)
    job = await claim_one(db, worker=silent)
    async with (
        open_service(given(dead_after_s=3600)) as patient,
        open_service(given(beat_every_s=0.05, dead_after_s=0.2)) as hasty,
    ):
        patients, hastys = child_of(patient, "rescuer"), child_of(hasty, "rescuer")

        async def taken_back() -> bool:
            await round_of(patients)
            assert await operating.state_of(db, job.id) == "running"
            await round_of(hastys)
            return await operating.state_of(db, job.id) == "ready"

        await until(taken_back)


@shows("max_attempts", "retry_first_s", "retry_longest_s")
@pytest.mark.parametrize(
    ("settings", "attempts", "delays_s"),
    [
        ({"max_attempts": 4, "retry_first_s": 20, "retry_longest_s": 30}, 4, [20, 30, 30]),
        ({"max_attempts": 2, "retry_first_s": 500, "retry_longest_s": 900}, 2, [500]),
    ],
)
async def test_max_attempts_and_retry_times_are_how_often_and_when_a_job_is_tried(
    given: Given, db: Pool, settings: dict[str, int], attempts: int, delays_s: list[int]
) -> None:
    """N39, G09: a failing job that the scheduler made, tried until it is a dead letter."""

    async def run(payload: object, attempt: Attempt, tools: Tools) -> Outcome:
        return Fail("it broke")

    async with open_service(given(**settings)) as service:
        service.kinds["maintain"] = replace(service.kinds["maintain"], run=run)
        await db.execute("update schedules set next_due_at = now() - interval '1 min' where name = 'maintain'")
        async with acting.acting(service, "scheduler", "worker", "worker_claimer", "worker_settler"):
            for attempt in range(1, attempts):
                await until(partial(db.fetchval, "select state = 'scheduled' and attempts = $1 from jobs", attempt))
                await db.execute("update jobs set run_at = now() where state = 'scheduled'")
            await until(partial(db.fetchval, "select state = 'dead' from jobs"))
    told = await db.fetch("select (detail ->> 'delay_s')::float8 from job_events where event = 'retry' order by id")
    assert [row[0] for row in told] == [pytest.approx(delay_s, rel=0.11) for delay_s in delays_s]


@shows("history_days", "events_days")
@pytest.mark.parametrize(
    ("history_days", "events_days", "kept"), [(5, 15, (0, 1)), (15, 5, (1, 0)), (15, 15, (1, 1)), (5, 5, (0, 0))]
)
async def test_history_days_and_events_days_are_how_long_ended_jobs_and_events_are_kept(
    given: Given, db: Pool, history_days: int, events_days: int, kept: tuple[int, int]
) -> None:
    """N39: history_days, events_days. The nightly upkeep meets a job that ended ten days ago, and an event of it."""
    await db.execute("""
        insert into job_history (id, ended_at, created_at, state, queue, kind, priority, attempts)
            values (7, now() - interval '10 days', now() - interval '10 days', 'done', 'default', 'print', 0, 1);
        insert into job_events (job_id, event, at) values (7, 'requeued', now() - interval '10 days')
    """)
    async with open_service(given(history_days=history_days, events_days=events_days)) as service:
        await db.execute("update schedules set next_due_at = now() - interval '1 min' where name = 'maintain'")
        async with acting.acting(service, "scheduler", "worker", "worker_claimer", "worker_settler"):
            await until(partial(db.fetchval, "select state = 'done' from job_history where kind = 'maintain'"))
    counts = (
        "select (select count(*) from job_history where id = 7), (select count(*) from job_events where job_id = 7)"
    )
    [row] = await db.fetch(counts)
    assert tuple(row) == kept


@shows("reports_days", "clusters_days")
@pytest.mark.parametrize(("days", "kept"), [(5, (0, 0)), (15, (1, 1))])
async def test_reports_days_and_clusters_days_are_how_long_reports_and_ends_of_clusters_are_kept(
    given: Given, db: Pool, days: int, kept: tuple[int, int]
) -> None:
    """N39: reports_days, clusters_days. The nightly upkeep meets a report and an event of a cluster of ten days ago."""
    await db.execute("""
        insert into daily_reports (day, made_at, from_at, to_at, zone, told) values
            (current_date - 10, now(), now(), now() + interval '1 h', 'UTC', '{}');
        insert into duplicate_events (at, event, by, trial_ids, parts)
            values (now() - interval '10 days', 'merged', 'triald', '{1,2}', '[]')
    """)
    async with open_service(given(reports_days=days, clusters_days=days)) as service:
        await db.execute("update schedules set next_due_at = now() - interval '1 min' where name = 'maintain'")
        async with acting.acting(service, "scheduler", "worker", "worker_claimer", "worker_settler"):
            await until(partial(db.fetchval, "select state = 'done' from job_history where kind = 'maintain'"))
    counts = "select (select count(*) from daily_reports), (select count(*) from duplicate_events)"
    [row] = await db.fetch(counts)
    assert tuple(row) == kept


# ── backups ──


@shows("backup_dir", "backup_cron", "backup_days", "backup_files_days")
async def test_with_a_backup_dir_a_schedule_makes_backups_and_removes_old_ones(
    given: Given, db: Pool, tmp_path: Path
) -> None:
    """N39: backup_dir, backup_cron, backup_days, backup_files_days. Without a folder there is no schedule."""
    one = "select cron, payload from schedules where name = 'backup'"
    folder = tmp_path / "backups"
    settings = {"backup_dir": folder, "backup_cron": "5 4 * * *", "backup_days": 20, "backup_files_days": 10}
    async with open_service(given(**settings)) as service:
        [row] = await db.fetch(one)
        assert (row["cron"], orjson.loads(row["payload"])) == (
            "5 4 * * *", {"folder": str(folder), "days": 20, "files_days": 10}
        )  # fmt: skip
        for age in (9, 12, 22):
            await _backup_of(service, folder, timedelta(days=age))
        await db.execute("update schedules set next_due_at = now() - interval '1 min' where name = 'backup'")
        async with acting.acting(service, "scheduler", "worker", "worker_claimer", "worker_settler"):
            await until(partial(db.fetchval, "select state = 'done' from job_history where kind = 'backup'"))
    told = sets.good(folder)
    assert [one.manifest.files_removed_at is None for one in told] == [False, True, True]
    async with open_service(given()):
        assert await db.fetchrow(one) is None


async def _backup_of(service: Service, folder: Path, age: timedelta) -> None:
    """A set that was made so long ago."""
    assert service.tools.place is not None
    made = (await make(service.tools.place, folder, rule=Rule(days=9999, files_days=9999))).set
    manifest = msgspec.structs.replace(made.manifest, made_at=made.manifest.made_at - age)
    sets.write_manifest(made.path, manifest)


@shows("alert_backup_hours")
@pytest.mark.parametrize(("hours", "opened"), [(11, False), (9, True)])
async def test_alert_backup_hours_is_how_old_the_last_good_backup_may_be(
    given: Given, db: Pool, hours: int, opened: bool
) -> None:
    """N39: alert_backup_hours; a failed one is no good one."""
    await db.execute("""
        insert into backup_runs (started_at, ended_at, kind, state, host, folder, error)
            select now() - age, now() - age, 'backup', state, 'h', '/b', error
            from (values (interval '10 h', 'done', null), (interval '1 h', 'failed', 'full')) v (age, state, error)
    """)
    async with open_service(given(alert_backup_hours=hours)) as service:
        await round_of(child_of(service, "monitor"))
    assert await db.fetchval("select count(*) from alerts where name = 'backup_stale'") == int(opened)


@shows("governance_days")
@pytest.mark.parametrize(("days", "kept"), [(5, (0, 0)), (15, (1, 1))])
async def test_governance_days_is_how_long_approvals_and_access_requests_are_kept_that_have_ended(
    given: Given, db: Pool, days: int, kept: tuple[int, int]
) -> None:
    """N39: governance_days. The nightly upkeep meets an approval and a request that were denied ten days ago."""
    await db.execute("""
        insert into users (tenant_id, login, role) values (1, 'jo', 'viewer'), (1, 'sam', 'steward');
        insert into approvals (tenant_id, gate, policy, state, requested_by, decided_by, expires_at, decided_at)
            values (1, 'export', 'REQUIRE_EACH', 'denied', 'jo', 'sam', now(), now() - interval '10 days');
        insert into access_requests (tenant_id, subject, because, duration, state, requested_by, decided_by, decided_at)
            values (1, 'phi:trial:1', 'x', 'day', 'denied', 'jo', 'sam', now() - interval '10 days')
    """)
    async with open_service(given(governance_days=days)) as service:
        await db.execute("update schedules set next_due_at = now() - interval '1 min' where name = 'maintain'")
        async with acting.acting(service, "scheduler", "worker", "worker_claimer", "worker_settler"):
            await until(partial(db.fetchval, "select state = 'done' from job_history where kind = 'maintain'"))
    [row] = await db.fetch("select (select count(*) from approvals), (select count(*) from access_requests)")
    assert tuple(row) == kept


# ── what others must agree to, and what the service may do at all ──


@shows("mode")
async def test_mode_is_what_a_service_may_do_that_starts_for_the_first_time(given: Given) -> None:
    """N19, N39: mode; later the row says it."""
    for mode in ("standby", "live"):
        async with open_service(given(mode=mode)) as service:
            assert (service.mode.now.value, service.mode.now.works) == ("STANDBY", False)


@shows("audit_key_file")
async def test_audit_key_file_is_where_the_key_is_that_exports_are_signed_with(given: Given, tmp_path: Path) -> None:
    """R13, N39: audit_key_file."""
    folder = tmp_path / "keys"
    folder.mkdir()
    keys = set()
    for settings in (given(audit_key_file=folder / "a.pem"), given(audit_key_file=folder / "b.pem"), given()):
        keys.add(public_of(await own_key(settings)))
    assert len(keys) == 3
    assert sorted(one.name for one in folder.iterdir()) == ["a.pem", "b.pem"]
    assert (given().data_dir / "audit-key.pem").exists()


@shows("approval_rows", "approval_policy", "approval_hours")
@pytest.mark.parametrize(
    ("rows", "policy", "hours", "needed"), [(299, "require_each", 1.5, True), (300, "approve_session", 48, False)]
)
async def test_approval_settings_say_what_needs_one_of_which_kind_and_for_how_long_it_waits(
    given: Given, db: Pool, rows: int, policy: str, hours: float, needed: bool
) -> None:
    """R11, N39: approval_rows, approval_policy, approval_hours."""
    await db.execute("insert into users (tenant_id, login, role) values (1, 'jo', 'viewer')")
    words = {"approval_rows": rows, "approval_policy": policy, "approval_hours": hours}
    async with open_service(given(**words)) as service:
        assert approvals.needs(service.approval_rule, 300) is needed
        now = datetime.now(UTC)
        one = await approval_store.ask(service.all_tenants, Wish("export", "jo", 1), service.approval_rule, now)
    assert (one.policy, one.expires_at - now) == (policy.upper(), timedelta(hours=hours))


# ── when it alarms ──

ALARMS = [
    ("alert_depth", "queue_deep", 2, 3, "insert into jobs (kind) select 'print' from generate_series(1, 3)"),
    ("alert_failure_percent", "jobs_failing", 20, 40, """
        insert into job_events (job_id, event) select n, 'dead' from generate_series(1, 3) n;
        insert into job_history (id, created_at, state, queue, kind, priority, attempts)
            select n, now(), 'done', 'default', 'print', 0, 1 from generate_series(4, 10) n"""),
    ("alert_silent_s", "process_silent", 60, 900, """
        insert into workers (id, host, pid, version, beat_at)
            values (gen_random_uuid(), 'there', 1, '1', now() - interval '100 s')"""),
    ("alert_eta_hours", "scrape_slow", 5, 20, """
        insert into scrapes (registry, mode, started_at, pages, total, records, new)
            values ('ctgov', 'full', now() - interval '1 hour', 2, 1100, 100, 100)"""),
    ("alert_lag_s", "loop_lagging", 0.5, 0.9, """
        insert into workers (id, host, pid, version, lag_s) values (gen_random_uuid(), 'there', 1, '1', 0.7)"""),
    ("alert_disk_percent", "disk_full", 1, 100, "select 1"),
    ("alert_stale_trials", "trials_stale", 1, 3, """
        insert into trials (version, adapter_version, first_seen_at, changed_at, registry, registry_id, content_sha256,
                            url, status, study_type, phases, conditions, keywords, interventions, countries, facets,
                            record, last_updated_on, last_updated_precision)
            select 1, 1, now(), now(), 'ctgov', 'N' || n, sha256('x'), '', 'recruiting', 'unknown', '{}', '{}',
                   '{}', '{}', '{}', '', '{}', '2020-01-01', 'day' from generate_series(1, 2) n"""),
]  # fmt: skip


async def alerts(service: Service) -> list[str]:
    """What is open after one round of the monitor."""
    await round_of(child_of(service, "monitor"))
    return [
        row["name"] for row in await service.pool.fetch("select name from alerts where closed_at is null order by 1")
    ]


@shows(*(setting for setting, *_ in ALARMS))
@pytest.mark.parametrize(("setting", "alert", "low", "high", "scene"), ALARMS, ids=[setting for setting, *_ in ALARMS])
async def test_an_alert_opens_by_its_setting(
    given: Given, db: Pool, tmp_path: Path, setting: str, alert: str, low: float, high: float, scene: str
) -> None:
    """N39: alert_depth, alert_failure_percent, alert_silent_s, alert_eta_hours, alert_lag_s, alert_disk_percent,
    alert_stale_trials. The same scene is an alert below, and none above."""
    disk = shutil.disk_usage(tmp_path)
    if setting == "alert_disk_percent" and 100 * (disk.total - disk.free) / disk.total <= low:
        pytest.skip("this disk is all but empty")
    quiet = {"alert_disk_percent": 100}
    await db.execute(scene)
    async with open_service(given(**quiet | {setting: high})) as service:
        assert await alerts(service) == []
    async with open_service(given(**quiet | {setting: low})) as service:
        assert await alerts(service) == [alert]


@shows("alert_rate_percent")
async def test_alert_rate_percent_is_the_use_of_a_registrys_rate_that_alarms(given: Given) -> None:
    """N39: alert_rate_percent. Five of ten requests a minute were made."""
    for percent, opened in ((60, []), (40, ["registry_rate"])):
        settings = given(alert_rate_percent=percent, registry_per_min="ctgov=10", alert_disk_percent=100)
        async with open_service(settings) as service:
            for _ in range(5):
                emit("source.answered", registry="ctgov", status=200)
            async with acting.acting(service, "beat"):
                await until(partial(service.pool.fetchval, "select lately -> 'calls' ? 'ctgov' from workers"))
                assert await alerts(service) == opened


# ── as a process ──


@dataclass(frozen=True, slots=True)
class Told:
    """A process that was told to stop while it scraped: what its log said until then, and what became of the scrape."""

    lines: list[dict[str, Any]]
    opened: bool  # the operator's token did
    per_min: float
    state: str | None
    said: str = ""


async def stopped(dsn: str, db: Pool, folder: Path, token: str, *, lets_end: bool, **settings: object) -> Told:
    """`lets_end`: the registry answers once the process drains, which its log must tell; else once it has gone, or
    might have."""
    listen = f"127.0.0.1:{free_port()}"
    async with source() as registry:
        usual = {"registry_bases": registry.bases, "listen": listen, "compute_processes": 0, "alert_disk_percent": 1}
        async with running(dsn, folder, settings=usual | settings, ready=False) as one:
            [asked] = await ask_for_scrapes(db, ["ctgov"], mode="full")
            async with asyncio.timeout(60):
                await registry.asked.wait()
            opened = (await ask(f"http://{listen}", token))[0] == 200
            await until(partial(db.fetchval, "select count(*) > 0 from alerts"))
            one.signal(signal.SIGTERM)
            if lets_end:
                await until(partial(text_says, one, "service.draining"))
            else:
                with suppress(TimeoutError):
                    await one.ended(within_s=10)
            registry.go.set()
            assert await one.ended() == 0
        per_min = await db.fetchval("select per_min from rate_limits where name = 'ctgov'")
        return Told(one.said_so_far, opened, per_min, await operating.state_of(db, asked.job))


async def text_says(one: Running, word: str) -> bool:
    return any(word in str(line.get("text")) for line in one.said_so_far)


@shows("drain_s", "log_format", "log_level", "token_file", "registry_per_min")
async def test_two_processes_with_other_settings_stop_and_speak_and_let_in_otherwise(
    dsn: str, db: Pool, tmp_path: Path
) -> None:
    """N39: drain_s (a scrape that runs comes to its end, or is handed back), log_format, log_level, token_file,
    registry_per_min (the rate that all processes share)."""
    token = make_token()
    file = tmp_path / "token"
    file.write_text(token)
    stop = partial(stopped, dsn, db, tmp_path, token)
    calm = await stop(lets_end=True, drain_s=60, log_format="console", log_level="info", registry_per_min="ctgov=40000")
    await db.execute("delete from alerts")
    hasty = await stop(
        lets_end=False,
        drain_s=0,
        log_format="json",
        log_level="warning",
        token_file=file,
        registry_per_min="ctgov=50000",
    )
    assert (calm.state, hasty.state) == ("done", "ready")
    assert (calm.opened, hasty.opened) == (False, True)
    assert (calm.per_min, hasty.per_min) == (40_000, 50_000)
    assert {line["event"] for line in calm.lines} == {"text"}
    assert any("service.ready" in line["text"] for line in calm.lines)
    assert {line["level"] for line in hasty.lines} <= {"warning", "error"}
    assert "alert.opened" in {line["event"] for line in hasty.lines}


@shows("otlp_url", "trace_percent", "sentry_dsn")
async def test_traces_and_errors_go_where_the_settings_say_and_nowhere_else(given: Given) -> None:
    """N39: otlp_url, trace_percent, sentry_dsn."""

    async def told(**settings: object) -> tuple[int, int]:
        async with collecting() as collector:
            if "otlp_url" in settings:
                settings["otlp_url"] = collector.otlp_url
            if "sentry_dsn" in settings:
                settings["sentry_dsn"] = collector.sentry_dsn
            async with open_service(given(**settings)):
                emit("request.answered", method="GET", path="/", status=500, took_s=0.1, trace_id="t")
                emit("request.failed", path="/", error="ValueError: no")
            return len(collector.spans), len(collector.reports)

    assert await told() == (0, 0)
    assert await told(otlp_url="") == (1, 0)
    assert await told(otlp_url="", trace_percent=0) == (0, 0)
    assert await told(sentry_dsn="") == (0, 1)


def test_the_effect_of_every_setting_is_shown() -> None:
    """N39: a setting whose effect no test shows, here or in test_access_effects.py, fails here."""
    assert test_access_effects.__doc__
    assert KNOWN.keys() == SHOWN
