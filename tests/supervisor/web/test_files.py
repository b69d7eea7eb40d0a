"""Files of projects over a real socket: brought, counted, handed out as they came, and gone without a trace."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from actors.governance.accounts import store as accounts
from actors.governance.limits import Limit
from actors.storage import Rules
from supervisor.roles import Role
from supervisor.tokens import new_token
from supervisor.web.app import listening
from tests.supervisor.web.asking import Api
from tests.survive.processes import until

CSV = b"id,age\n1,44\n2,51\n"


async def project(api: Api, name: str = "hearts", role: Role = Role.RESEARCHER) -> int:
    status, told = await api.ask("POST", "/api/v1/projects", role=role, json={"name": name})
    assert status == 201, told
    return int(told["id"])


async def bring(
    api: Api, into: int, name: str = "ages.csv", body: Any = CSV, *, role: Role | None = Role.RESEARCHER,
    kind: str = "text/csv", headers: dict[str, str] | None = None,
) -> tuple[int, Any]:  # fmt: skip
    given = {"Content-Type": kind, **(headers or {})}
    return await api.ask(
        "POST", f"/api/v1/projects/{into}/files", role=role, params={"name": name}, data=body, headers=given
    )


def on_disk(api: Api) -> list[Path]:
    """Everything below the folder of files but the media types beside them."""
    root: Path = api.site.files._root
    return [file for file in root.rglob("*") if file.is_file() and file.suffix != ".type"]


async def rows(api: Api) -> list[Any]:
    found: list[Any] = await api.site.all_tenants.fetch("select * from stored_files order by id")
    return found


async def test_what_comes_out_is_what_went_in(api: Api) -> None:
    """A22, S23: hash, size, name and kind; the bytes are sent as a file to keep, with the hash as their tag."""
    into, body = await project(api), os.urandom(1_000_003)
    status, told = await bring(api, into, "Übersicht 1.bin", body, kind="application/x-own")
    assert status == 201, told
    assert told["sha256"] == hashlib.sha256(body).hexdigest()
    assert (told["sizeBytes"], told["name"], told["mediaType"]) == (len(body), "Übersicht 1.bin", "application/x-own")
    assert (told["project"], told["uploadedBy"]) == (into, "researcher")
    assert await api.get(f"/api/v1/files/{told['id']}", role=Role.RESEARCHER) == told
    status, headers, got = await api.whole("GET", f"/api/v1/files/{told['id']}/content", role=Role.RESEARCHER)
    assert (status, got) == (200, body)
    assert headers["ETag"] == f'"{told["sha256"]}"'
    assert headers["Content-Disposition"] == (
        "attachment; filename=\"_bersicht 1.bin\"; filename*=UTF-8''%C3%9Cbersicht%201.bin"
    )
    assert headers["X-Content-Type-Options"] == "nosniff" and "sandbox" in headers["Content-Security-Policy"]
    listed = await api.get(f"/api/v1/projects/{into}/files", role=Role.RESEARCHER)
    assert listed["files"] == [told] and listed["next"] is None
    assert listed["room"]["projectBytes"] == listed["room"]["tenantBytes"] == len(body)
    [kept] = on_disk(api)
    assert kept.read_bytes() == body
    acted: Any = await api.site.all_tenants.fetchrow("select * from audit_entries where action = 'files_upload'")
    assert acted["subject"] == f"id={into}" and '"number"' in str(acted["details"])
    assert api.failed == []


@pytest.mark.parametrize(
    ("asked", "status", "start", "end"),
    [
        ("bytes=0-4", 206, 0, 5), ("bytes=5-", 206, 5, 17), ("bytes=-4", 206, 13, 17), ("bytes=3-999", 206, 3, 17),
        ("bytes=-999", 206, 0, 17), ("bytes=16-16", 206, 16, 17), ("bytes=17-", 416, 0, 0), ("bytes=-0", 416, 0, 0),
        ("bytes=5-2", 200, 0, 17), ("bytes=0-1,3-4", 200, 0, 17), ("items=0-4", 200, 0, 17), ("bytes=-", 200, 0, 17),
        ("bytes=x-", 200, 0, 17),
    ],
)  # fmt: skip
async def test_a_range_of_a_file(api: Api, asked: str, status: int, start: int, end: int) -> None:
    _, told = await bring(api, await project(api))
    path = f"/api/v1/files/{told['id']}/content"
    for method in ("GET", "HEAD"):
        got, headers, body = await api.whole(method, path, role=Role.RESEARCHER, headers={"Range": asked})
        assert got == status
        if status == 416:
            assert headers["Content-Range"] == f"bytes */{len(CSV)}"
            continue
        assert body == (CSV[start:end] if method == "GET" else b"")
        assert int(headers["Content-Length"]) == end - start
        assert headers.get("Content-Range") == (f"bytes {start}-{end - 1}/{len(CSV)}" if status == 206 else None)


async def test_a_file_that_is_known_is_not_sent_again_and_a_range_of_another_is_not_sent(api: Api) -> None:
    _, told = await bring(api, await project(api))
    path, tag = f"/api/v1/files/{told['id']}/content", f'"{told["sha256"]}"'

    async def ask(**headers: str) -> tuple[int, Any]:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return await api.ask("GET", path, role=Role.RESEARCHER, headers=given)

    for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        assert await ask(If_None_Match=known) == (304, b"")
    assert await ask(If_None_Match='"x"') == (200, CSV)
    assert await ask(Range="bytes=0-1", If_Range=tag) == (206, CSV[:2])
    assert await ask(Range="bytes=0-1", If_Range='"x"') == (200, CSV)


async def test_who_does_not_belong_to_a_project_is_told_that_there_is_no_file(api: Api) -> None:
    """A21, R04: neither others of the tenant nor another one; a viewer who belongs to it reads and brings nothing."""
    into = await project(api)
    _, told = await bring(api, into)
    pool = api.site.all_tenants
    clinic = await accounts.add_tenant(pool, "clinic")
    other = {"Authorization": f"Bearer {await new_token(pool, 'clinic admin', Role.ADMIN, tenant=clinic)}"}
    stranger = {"Authorization": f"Bearer {api.site.tokens[Role.STEWARD]}"}
    asked = [
        ("GET", f"/api/v1/projects/{into}/files"), ("GET", f"/api/v1/files/{told['id']}"),
        ("GET", f"/api/v1/files/{told['id']}/content"), ("DELETE", f"/api/v1/files/{told['id']}"),
        ("POST", f"/api/v1/projects/{into}/files?name=x"), ("POST", f"/projects/{into}/files/{told['id']}/delete"),
    ]  # fmt: skip
    for headers in (other, stranger):
        for method, path in asked:
            status, answer = await api.ask(method, path, role=None, headers=headers)
            assert status == 404, (method, path, status, answer)
            assert "ages" not in str(answer)
    assert (await api.ask("PUT", f"/api/v1/projects/{into}/members/viewer", role=Role.RESEARCHER, json={}))[0] == 200
    assert (await api.ask("GET", asked[2][1], role=Role.VIEWER)) == (200, CSV)
    assert (await bring(api, into, "other.csv", role=Role.VIEWER))[0] == 403
    assert (await api.ask("DELETE", asked[1][1], role=Role.VIEWER))[0] == 403
    assert len(await rows(api)) == 1


async def test_the_same_file_once_more_changes_nothing_and_another_does_not_take_its_name(api: Api) -> None:
    """N13: a retry storm brings one file."""
    into = await project(api)
    storm = await asyncio.gather(*(bring(api, into) for _ in range(8)))
    assert {status for status, _ in storm} == {201}
    assert len({told["id"] for _, told in storm}) == 1
    status, refused = await bring(api, into, body=b"something else")
    assert (status, refused["code"], refused["details"]["field"]) == (409, "name_taken", "name")
    assert len(await rows(api)) == len(on_disk(api)) == 1
    other = await project(api, "lungs")
    assert (await bring(api, other, body=b"something else"))[0] == 201


@pytest.mark.parametrize("name", ["", "..", "../../etc/passwd", "a/b", "a\\b", "a\nb", "x" * 256, "\u202ea.exe"])
async def test_a_name_that_leads_elsewhere_is_refused(api: Api, name: str) -> None:
    into = await project(api)
    status, told = await bring(api, into, name)
    assert (status, told["details"]["field"]) == (400, "name"), told
    assert await rows(api) == on_disk(api) == []


async def test_a_file_too_large_is_refused_whether_it_says_so_or_not(api: Api) -> None:
    """S23, N17: 413, before the bytes come where they are announced; nothing is left."""
    api.site.storage_rules = Rules(file_bytes=100_000)
    into = await project(api)

    async def chunks(size: int) -> AsyncIterator[bytes]:
        for _ in range(size // 1000):
            yield bytes(1000)

    for body in (bytes(100_001), chunks(101_000)):
        status, told = await bring(api, into, body=body)
        assert (status, told["code"]) == (413, "too_large"), told
    assert await rows(api) == on_disk(api) == []
    assert (await bring(api, into, "a", bytes(100_000)))[0] == 201
    assert (await bring(api, into, "b", chunks(100_000)))[0] == 201
    assert [row["size_bytes"] for row in await rows(api)] == [100_000, 100_000]


async def test_over_the_quota_of_a_project_or_an_organisation_nothing_comes_in(api: Api) -> None:
    """N17: the border exactly; what is deleted makes room once its bytes are gone."""
    api.site.storage_rules = Rules(file_bytes=1000, tenant_bytes=2500, project_bytes=1500)
    first, second = await project(api), await project(api, "lungs")
    assert (await bring(api, first, "a", bytes(1000)))[0] == 201
    status, told = await bring(api, first, "b", bytes(501))
    assert (status, told["code"]) == (413, "quota_exceeded")
    assert told["details"] == {"used": 1000, "limit": 1500, "of": "project"}
    assert (await bring(api, first, "b", bytes(500)))[0] == 201
    assert (await bring(api, second, "c", bytes(1000)))[0] == 201
    status, told = await bring(api, second, "d", b"x")
    assert (status, told["details"]) == (413, {"used": 2500, "limit": 2500, "of": "tenant"})
    assert (await bring(api, second, "empty", b""))[0] == 201
    await api.site.all_tenants.execute("update tenants set storage_quota_bytes = 2501 where id = 1")
    assert (await bring(api, second, "d", b"x"))[0] == 201
    room = (await api.get(f"/api/v1/projects/{second}/files", role=Role.RESEARCHER))["room"]
    assert room == {
        "tenantBytes": 2501, "tenantQuotaBytes": 2501, "projectBytes": 1001, "projectQuotaBytes": 1500,
        "fileMostBytes": 1000,
    }  # fmt: skip


async def test_twenty_at_once_through_two_services_fill_a_quota_and_never_pass_it(api: Api) -> None:
    """N17: room is taken before bytes come; what was refused can come once others have gone."""
    api.site.storage_rules = Rules(tenant_bytes=1_000_000)
    into = await project(api)
    twin = replace(api.site)
    async with listening(twin, "127.0.0.1", 0) as port:
        beside = Api(twin, f"http://127.0.0.1:{port}", api.http, api.failed)
        body = bytes(100_000)
        answers = await asyncio.gather(*(bring((api, beside)[n % 2], into, f"{n}.bin", body) for n in range(20)))
    statuses = sorted(status for status, _ in answers)
    assert statuses == [201] * 10 + [413] * 10
    assert len(await rows(api)) == len(on_disk(api)) == 10
    assert api.failed == []


async def test_what_breaks_off_leaves_nothing(api: Api) -> None:
    """N17: neither bytes nor room."""
    into = await project(api)
    port = int(api.url.rpartition(":")[2])
    head = (
        f"POST /api/v1/projects/{into}/files?name=x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500000\r\n"
        f"Authorization: Bearer {api.site.tokens[Role.RESEARCHER]}\r\n\r\n"
    )
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head.encode() + bytes(300_000))
    await writer.drain()

    async def has_begun() -> bool:
        return bool(await rows(api)) and bool(on_disk(api))

    async def is_gone() -> bool:
        return not await rows(api) and not on_disk(api)

    await until(has_begun)
    assert (await api.get(f"/api/v1/projects/{into}/files", role=Role.RESEARCHER))["room"]["tenantBytes"] == 500_000
    writer.transport.abort()
    await until(is_gone)
    assert api.failed == []


async def test_one_that_drips_is_not_waited_for_and_leaves_nothing(api: Api) -> None:
    into = await project(api)
    api.site.request_within_s = 0.5
    never = asyncio.Event()

    async def drips() -> AsyncIterator[bytes]:
        yield b"some"
        await never.wait()

    assert (await bring(api, into, body=drips()))[0] == 408
    assert await rows(api) == on_disk(api) == []


async def test_a_disk_that_is_full_is_told_and_leaves_nothing(api: Api, tmp_path: Path) -> None:
    into = await project(api)
    root: Path = api.site.files._root
    root.rmdir()
    root.write_text("no folder")
    status, _ = await bring(api, into)
    assert status in (400, 503)
    root.unlink()
    assert await rows(api) == []
    assert (await bring(api, into))[0] == 201


async def test_forms_around_a_body_and_packed_ones_are_refused(api: Api) -> None:
    into = await project(api)
    form = aiohttp.FormData()
    form.add_field("file", CSV, filename="a.csv")
    status, _ = await api.ask(
        "POST", f"/api/v1/projects/{into}/files?name=a", role=Role.RESEARCHER, data=form
    )  # fmt: skip
    assert status == 415
    assert (await bring(api, into, headers={"Content-Encoding": "gzip"}))[0] == 415
    assert await rows(api) == on_disk(api) == []


async def test_a_project_that_is_done_with_takes_no_more(api: Api) -> None:
    into = await project(api)
    await api.ask("PATCH", f"/api/v1/projects/{into}", role=Role.RESEARCHER, json={"archived": True})
    assert (await bring(api, into))[0] == 409


async def test_fifty_uploads_in_five_minutes_and_no_more(api: Api) -> None:
    """S23: the group has a limit of its own."""
    api.site.limits = {**api.site.limits, "uploads": Limit(3, 300.0)}
    async with listening(api.site, "127.0.0.1", 0) as port:
        fresh = Api(api.site, f"http://127.0.0.1:{port}", api.http, api.failed)
        into = await project(fresh)
        statuses = [(await bring(fresh, into, f"{n}"))[0] for n in range(5)]
        assert statuses == [201, 201, 201, 429, 429]
        assert (await fresh.ask("GET", f"/api/v1/projects/{into}/files", role=Role.RESEARCHER))[0] == 200


async def test_what_a_browser_would_run_is_sent_as_bytes(api: Api) -> None:
    into = await project(api)
    for kind in ("text/html", "image/svg+xml"):
        _, told = await bring(api, into, f"x.{kind[-3:]}", b"<script>alert(1)</script>", kind=kind)
        assert told["mediaType"] == kind
        _, headers, _ = await api.whole("GET", f"/api/v1/files/{told['id']}/content", role=Role.RESEARCHER)
        assert headers["Content-Type"] == "application/octet-stream"
        assert headers["Content-Disposition"].startswith("attachment;")


async def test_who_brought_a_file_or_owns_its_project_deletes_it(api: Api) -> None:
    into = await project(api, role=Role.STEWARD)
    await api.ask("PUT", f"/api/v1/projects/{into}/members/researcher", role=Role.STEWARD, json={})
    _, by_owner = await bring(api, into, "owner", role=Role.STEWARD)
    _, by_member = await bring(api, into, "member")
    assert (await api.ask("DELETE", f"/api/v1/files/{by_owner['id']}", role=Role.RESEARCHER))[0] == 403
    for one in (by_member, by_owner):
        assert (await api.ask("DELETE", f"/api/v1/files/{one['id']}", role=Role.STEWARD))[0] == 200
        assert (await api.ask("GET", f"/api/v1/files/{one['id']}/content", role=Role.STEWARD))[0] == 404
        assert (await api.ask("DELETE", f"/api/v1/files/{one['id']}", role=Role.STEWARD))[0] == 404
    waiting = await api.site.all_tenants.fetchval("select count(*) from jobs where kind = 'sweep_files'")
    assert waiting == 2
    assert (await bring(api, into, "owner", b"anew", role=Role.STEWARD))[0] == 201
