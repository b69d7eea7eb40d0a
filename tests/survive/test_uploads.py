"""Files that come while a process is killed, and how much memory a large one takes."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, TypeAlias

import aiohttp
import asyncpg

from actors.jobs.sweep_files import JOB
from actors.queue import store as queue
from actors.storage import store
from supervisor.roles import Role
from supervisor.tokens import new_token
from tests.survive.processes import QUICK, SMALL, Running, running, until

Pool: TypeAlias = "asyncpg.Pool[Any]"
SETTINGS = {**QUICK, **SMALL, "registries": "ctgov", "scrape_cron": "0 0 1 1 *"}


async def url_of(one: Running) -> str:
    return f"http://127.0.0.1:{(await one.said('web.listening'))['port']}"


async def project(http: aiohttp.ClientSession, url: str) -> int:
    async with http.post(f"{url}/api/v1/projects", json={"name": "hearts"}) as answer:
        assert answer.status == 201, await answer.text()
        return int((await answer.json())["id"])


def client(token: str) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"})


def stored_in(folder: Path) -> list[Path]:
    return [file for file in (folder / "files" / "stored").rglob("*") if file.is_file()]


async def test_a_kill_in_the_middle_of_a_file_leaves_nothing_for_long(dsn: str, db: Pool, tmp_path: Path) -> None:
    """N17: neither its bytes nor its room; a file that was there before is there afterwards."""
    token = await new_token(db, "jo", Role.RESEARCHER)
    async with client(token) as http:
        async with running(dsn, tmp_path, settings=SETTINGS) as one:
            url = await url_of(one)
            into = await project(http, url)
            async with http.post(f"{url}/api/v1/projects/{into}/files?name=whole", data=b"whole") as answer:
                assert answer.status == 201
                whole = (await answer.json())["id"]
            port = int(url.rpartition(":")[2])
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            head = f"POST /api/v1/projects/{into}/files?name=half HTTP/1.1\r\nHost: localhost\r\n"
            head += f"Authorization: Bearer {token}\r\nContent-Length: 5000000\r\n\r\n"
            writer.write(head.encode() + bytes(2_000_000))
            await until(lambda: _has_parts(tmp_path))
            await one.kill()
            writer.transport.abort()
        assert (await store.used(db, 1))[0] == 5_000_005
        assert await _has_parts(tmp_path)
        await db.execute("update stored_files set until_at = now() - interval '2 min' where until_at is not null")
        assert (await store.used(db, 1))[0] == 5
        async with running(dsn, tmp_path, settings=SETTINGS) as other:
            await queue.enqueue(db, [JOB.new()])
            await until(lambda: db.fetchval("select count(*) = 1 from stored_files"))
            await until(lambda: _only(tmp_path, 2))
            async with http.get(f"{await url_of(other)}/api/v1/files/{whole}/content") as answer:
                assert (answer.status, await answer.read()) == (200, b"whole")


async def _has_parts(folder: Path) -> bool:
    return any(file.name.endswith(".part") and file.stat().st_size > 0 for file in stored_in(folder))


async def _only(folder: Path, number: int) -> bool:
    return len(stored_in(folder)) == number


async def test_twenty_at_once_through_two_processes_fill_a_quota_and_never_pass_it(
    dsn: str, db: Pool, tmp_path: Path
) -> None:
    """N17, S23: exactly what there is room for, to the byte."""
    token = await new_token(db, "jo", Role.RESEARCHER)
    quota = {**SETTINGS, "storage_quota_gb": 0.001}
    async with (
        running(dsn, tmp_path, settings=quota) as one,
        running(dsn, tmp_path, settings=quota) as other,
        client(token) as http,
    ):
        urls = await url_of(one), await url_of(other)
        into = await project(http, urls[0])

        async def bring(number: int) -> int:
            path = f"{urls[number % 2]}/api/v1/projects/{into}/files?name={number}"
            async with http.post(path, data=bytes(100_000)) as answer:
                return answer.status

        statuses = sorted(await asyncio.gather(*map(bring, range(20))))
        assert statuses == [201] * 10 + [413] * 10
        assert (await store.used(db, 1))[0] == 1_000_000
        assert await _only(tmp_path, 20), "ten files, each with its media type"


async def test_forty_megabytes_come_and_go_in_little_memory(dsn: str, db: Pool, tmp_path: Path) -> None:
    """S23, G05: no more of a file is in memory than some parts, up and down; and it is the same file."""
    token = await new_token(db, "jo", Role.RESEARCHER)
    body = os.urandom(1_000_000)

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield body

    async with running(dsn, tmp_path, settings=SETTINGS) as one, client(token) as http:
        url = await url_of(one)
        into = await project(http, url)
        async with http.post(f"{url}/api/v1/projects/{into}/files?name=small", data=bytes(300_000)) as answer:
            assert answer.status == 201
        (Path("/proc") / str(one.pid) / "clear_refs").write_text("5")  # the peak from now on
        before_kb = peak_kb(one)
        async with http.post(f"{url}/api/v1/projects/{into}/files?name=large", data=parts()) as answer:
            told = await answer.json()
            assert answer.status == 201, told
        wanted, got = hashlib.sha256(), hashlib.sha256()
        for _ in range(40):
            wanted.update(body)
        assert (told["sizeBytes"], told["sha256"]) == (40_000_000, wanted.hexdigest())
        async with http.get(f"{url}/api/v1/files/{told['id']}/content") as answer:
            async for some in answer.content.iter_any():
                got.update(some)
        assert got.digest() == wanted.digest()
        assert peak_kb(one) - before_kb < 12_000


def peak_kb(one: Running) -> int:
    lines = (Path("/proc") / str(one.pid) / "status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
