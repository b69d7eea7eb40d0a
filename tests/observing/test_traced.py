"""One id from a request through its job and the questions to a source, in the log and the traces of a real process."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

import aiohttp
import asyncpg
import orjson
import pytest

from demo import process as demo
from demo.process import Demo
from tests.observing.collector import Collector, collecting
from tests.postgres import Postgres
from tests.survive.processes import SMALL, Running, running, world_settings
from tests.survive.scraping import becomes

Pool: TypeAlias = "asyncpg.Pool[Any]"
TRIALS = 300
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CANARY = "canary-7f3a"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Demo]:
    async with demo.running(trials=TRIALS, prerender=tmp_path / "world") as one:
        yield one


@asynccontextmanager
async def served(
    postgres: Postgres, folder: Path, settings: dict[str, object]
) -> AsyncIterator[tuple[Running, aiohttp.ClientSession]]:
    """A process, and a client that may do everything there."""
    token = f"triald_{secrets.token_urlsafe(32)}"
    (folder / "token").write_text(token)
    given = {**SMALL, **settings, "token_file": folder / "token"}
    async with running(postgres.dsn, folder / "data", settings=given) as one:
        port = (await one.said("web.listening"))["port"]
        async with aiohttp.ClientSession(
            f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {token}"}
        ) as http:
            yield one, http


def steps(service: Running, id_: str) -> list[str]:
    """The events of the lines that hold the id, in the order of the log, as grep would give them."""
    return [line["event"] for line in service.said_so_far if id_ in orjson.dumps(line).decode()]


async def _scrape(http: aiohttp.ClientSession, **headers: str) -> tuple[int, str]:
    asked = {"registry": "ctgov", "mode": "full"}
    async with http.post("/api/v1/scrapes", json=asked, headers=headers) as response:
        told = await response.json()
        assert response.status < 300, told
        return told["job"], response.headers["X-Request-Id"]


async def test_the_id_of_a_request_finds_each_step_that_came_of_it(
    postgres: Postgres, db: Pool, tmp_path: Path, world: Demo
) -> None:
    """N37: answered, fetched from the source, written, ended: in order, by the one id; and the source has it too."""
    async with served(postgres, tmp_path, world_settings(world.url)) as (service, http):
        job, id_ = await _scrape(http, **{"X-Request-Id": "ward-7.tuesday"})
        assert id_ == "ward-7.tuesday"
        assert await becomes(db, job, "done") == "done"
        await service.said("job.settled", trace_id=id_, state="done")
        seen = steps(service, id_)
    expected = ["request.answered", "source.answered", "page.written", "scrape.ended", "job.settled"]
    places = [seen.index(event) for event in expected]
    assert places == sorted(places), seen
    asked = [one for one in await world.requests() if one["path"] == "/api/v2/studies"]
    assert asked and {one["headers"].get("x-request-id") for one in asked} == {id_}


async def test_request_job_and_source_are_one_trace_below_whoever_asked(
    postgres: Postgres, db: Pool, tmp_path: Path, world: Demo
) -> None:
    """N37: a traceparent is taken, kept in the job's row, and every span is in that trace."""
    async with collecting() as collector:
        settings = {**world_settings(world.url), "otlp_url": collector.otlp_url}
        async with served(postgres, tmp_path, settings) as (service, http):
            job, id_ = await _scrape(http, traceparent=f"00-{TRACE}-{PARENT}-01")
            assert await becomes(db, job, "done") == "done"
            await service.said("job.settled", state="done", job=job)
            assert {"request.answered", "source.answered", "job.settled"} <= set(steps(service, id_))
            assert {"request.answered", "source.answered", "job.settled"} <= set(steps(service, TRACE))
            await _until_told(collector)
    mine = [span for span in collector.spans if span.trace_id == TRACE]
    [request] = [span for span in mine if span.kind == "server"]
    [scrape] = [span for span in mine if span.kind == "consumer"]
    sources = [span for span in mine if span.name == "GET clinicaltrials.gov"]
    assert (request.parent_id, scrape.parent_id) == (PARENT, request.span_id)
    assert sources and {span.parent_id for span in sources} == {scrape.span_id}
    assert (request.name, request.told["triald.request_id"]) == ("POST /api/v1/scrapes", id_)


async def _until_told(collector: Collector) -> None:
    """The job's span is the last of its trace."""
    while not any(span.kind == "consumer" and span.trace_id == TRACE for span in collector.spans):
        await collector.has(len(collector.spans) + 1)


async def test_what_must_not_be_read_is_in_no_line_and_no_line_is_made_by_who_asks(
    postgres: Postgres, tmp_path: Path
) -> None:
    """N35: tokens, passwords, queries and bodies that were sent, and what was given as a secret; lines of a log cannot
    be forged by what a request says, nor headers of an answer.
    """
    forged = '{"event":"forged"}'
    settings: dict[str, object] = {"log_level": "debug", "sentry_dsn": f"http://{CANARY}@127.0.0.1:9/1"}
    async with served(postgres, tmp_path, settings) as (service, http):
        for path in (f"/api/v1/trials?q={CANARY}", f"/{CANARY}", f"/api/v1/trials/{CANARY}", f"/login?next={CANARY}"):
            async with http.get(path) as response:
                await response.read()
        async with http.get(
            "/api/v1/queues", headers={"Authorization": f"Bearer triald_{CANARY}{'x' * 40}"}
        ) as refused:
            assert refused.status == 401
        async with http.post("/login", data={"login": CANARY, "password": CANARY, "token": CANARY}) as refused:
            assert refused.status in (400, 401, 403, 415)
        for id_ in (f"a\r\nSet-Cookie: {CANARY}=1", f'a"\n{forged}', "a\x00b", "é" * 10, "x" * 200):
            status, headers = await _raw(http, id_)
            assert b"Set-Cookie: canary" not in headers, status
        async with http.get("/live") as response:
            last = response.headers["X-Request-Id"]
        await service.said("request.answered", trace_id=last)
        lines = service.said_so_far
    text = b"\n".join(map(orjson.dumps, lines)).decode()
    assert CANARY not in text
    assert not any(line["event"] in ("forged", "text") for line in lines)
    assert (tmp_path / "token").read_text() not in text


async def _raw(http: aiohttp.ClientSession, id_: str) -> tuple[bytes, bytes]:
    """A request written by hand, for no client would send it; the first line and the head of the answer."""
    assert http._base_url is not None and http._base_url.port is not None
    reader, writer = await asyncio.open_connection("127.0.0.1", http._base_url.port)
    writer.write(f"GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Request-Id: {id_}\r\n".encode())
    writer.write(f"traceparent: 00-{id_}\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    head = answer.partition(b"\r\n\r\n")[0]
    return head.partition(b"\r\n")[0], head
