"""Files on the page of their project, in a real headless Chromium."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Browser

from actors.storage import Rules
from supervisor.roles import Role
from tests.supervisor.web.asking import Api
from tests.supervisor.web.browsing import chromium, visiting
from tests.supervisor.web.test_files import bring, on_disk, project, rows


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A Chromium, or a visible skip."""
    async with chromium() as one:
        yield one


async def test_a_file_is_brought_seen_taken_along_and_deleted(api: Api, browser: Browser, tmp_path: Path) -> None:
    """N17, S23: with the room that it takes; one that is too large is told on the page, and leaves nothing."""
    api.site.storage_rules = Rules(file_bytes=2_000_000, tenant_bytes=6_000_000)
    into, body = await project(api), os.urandom(1_500_000)
    small, large = tmp_path / "Ages <b>of 2026.csv", tmp_path / "large.bin"
    small.write_bytes(body)
    large.write_bytes(bytes(2_000_001))
    async with visiting(browser, api, role=Role.RESEARCHER) as visit:
        await visit.go(f"/projects/{into}")
        assert "None yet" in await visit.text("section[aria-labelledby=files]")
        await bring_by_form(visit, small)
        assert visit.page.url == f"{api.url}/projects/{into}"
        assert small.name in await visit.text("section[aria-labelledby=files] table")
        assert "1.5 MB of the 6 MB of your organisation are taken" in await visit.text("#room")
        async with visit.page.expect_download() as taken:
            await visit.page.click(f"text={small.name}")
        assert Path(await (await taken.value).path()).read_bytes() == body
        await bring_by_form(visit, large)
        assert "Body: expected at most 2,000,000 bytes" in await visit.text("#wrong")
        assert all("413" in told for told in visit.wrong)
        visit.wrong.clear()
        await bring_by_form(visit, small)
        assert await visit.page.locator("section[aria-labelledby=files] tbody tr").count() == 1
        assert (await visit.is_wide(), await visit.pale(), await visit.stumbles()) == (False, [], [])
        if os.environ.get("TRIALD_SHOTS"):
            await visit.page.screenshot(path=os.environ["TRIALD_SHOTS"], full_page=True)
        await visit.page.click("text=Delete")
        await visit.page.wait_for_load_state()
        assert "None yet" in await visit.text("section[aria-labelledby=files]")
    assert [row["deleted_at"] is not None for row in await rows(api)] == [True]
    assert api.failed == []


async def bring_by_form(visit: Any, file: Path) -> None:
    await visit.page.set_input_files("[name=file]", file)
    await visit.page.click("text=Bring it in")
    await visit.page.wait_for_load_state()


async def test_a_viewer_takes_along_and_brings_nothing(api: Api, browser: Browser) -> None:
    into = await project(api)
    await bring(api, into)
    await api.ask("PUT", f"/api/v1/projects/{into}/members/viewer", role=Role.RESEARCHER, json={})
    async with visiting(browser, api, role=Role.VIEWER, viewport={"width": 360, "height": 800}) as visit:
        await visit.go(f"/projects/{into}")
        section = visit.page.locator("section[aria-labelledby=files]")
        assert (await section.locator("form").count(), await section.locator("a").count()) == (0, 1)
        assert (await visit.is_wide(), await visit.pale(), await visit.stumbles()) == (False, [], [])


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("multipart/form-data; boundary=x", b"", 400),
        ("multipart/form-data; boundary=x",
         b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nab\r\n--x--', 400),
        ("multipart/form-data; boundary=x", b"--y\r\n\r\n", 400),
        ("multipart/form-data; boundary=x",
         b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nnever ends', 400),
        ("multipart/form-data; boundary=x",
         b'--x\r\nContent-Disposition: form-data; name="file"; filename="../../a"\r\n\r\nab\r\n--x--\r\n', 400),
        ("multipart/form-data; boundary=x",
         b'--x\r\nContent-Disposition: form-data; name="other"; filename="a"\r\n\r\nab\r\n--x--\r\n', 400),
        ("multipart/form-data; boundary=x", b"--x\r\n" + b"A: b\r\n" * 5000 + b"\r\nab\r\n--x--", 400),
        ("multipart/form-data; boundary=x", b"--x\r\nA: " + b"b" * 100_000 + b"\r\n\r\nab\r\n--x--", 400),
        ("multipart/form-data; boundary=x", b"--x\r\n: ;;\r\n\r\nab\r\n--x--", 400),
        ("multipart/form-data; boundary=x",
         b'--x\r\nContent-Disposition: form-data; name="_charset_"\r\n\r\n' + b"u" * 40 + b"\r\n--x--", 400),
        ("multipart/form-data; boundary=x",
         b"--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n\r\nab\r\n--y--\r\n--x--", 400),
        ("multipart/form-data", b"--x\r\n", 400),
        ("multipart/form-data; boundary=" + "x" * 100, b"--x\r\n", 400),
        ("application/x-www-form-urlencoded", b"file=x", 415),
    ],
)  # fmt: skip
async def test_a_form_that_is_none_is_refused_and_leaves_nothing(api: Api, kind: str, body: bytes, status: int) -> None:
    into = await project(api)
    got, answer = await api.ask(
        "POST", f"/projects/{into}/files", role=Role.RESEARCHER, data=body, headers={"Content-Type": kind}
    )
    assert got == status, answer
    assert await rows(api) == on_disk(api) == []
    assert api.failed == []


async def test_a_form_from_another_page_is_refused(api: Api) -> None:
    """CSRF: who comes by cookie must come from a page of ours."""
    into = await project(api)
    form = aiohttp.FormData()
    form.add_field("file", b"x", filename="a.csv")
    status, _ = await api.ask(
        "POST", f"/projects/{into}/files", role=None, data=form,
        headers={"Cookie": "triald_session=x", "Origin": "https://evil.example"},
    )  # fmt: skip
    assert status == 403
    assert await rows(api) == []
