"""Keeping bytes: what every store of files holds to, and what only a folder can show."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from actors.errors import NotFound
from actors.runtime.files import BadKey, DiskFull, File, Files, LocalFiles, TooLarge, free_bytes

MAX_BYTES = 1 << 20
NOW_S = 1_800_000_000.0


def local(root: Path, now: Callable[[], float] = lambda: NOW_S) -> LocalFiles:
    return LocalFiles(root, secret=b"a secret of this test", max_bytes=MAX_BYTES, now=now)


@pytest.fixture(params=["local"])
async def files(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Files]:
    """Every store that we have, under one contract."""
    match request.param:
        case "local":
            yield local(tmp_path)


@pytest.mark.parametrize("body", [b"", b"\0\xff", bytes(range(256)) * 4096])
async def test_what_was_put_comes_back(files: Files, body: bytes) -> None:
    await files.put("reports/2026/cer-12.pdf", body, "application/pdf")

    assert await files.get("reports/2026/cer-12.pdf") == File(body, "application/pdf")


async def test_a_later_put_replaces_bytes_and_media_type(files: Files) -> None:
    await files.put("a", b"one", "text/plain; charset=utf-8")
    await files.put("a", b"two", "application/json")

    assert await files.get("a") == File(b"two", "application/json")


async def test_a_key_that_is_not_there_is_not_found(files: Files) -> None:
    await files.put("a/b", b"x", "text/plain")

    for key in ("b", "a/c", "a"):
        with pytest.raises(NotFound):
            await files.get(key)


async def test_a_deleted_key_is_gone_and_may_be_deleted_again(files: Files) -> None:
    await files.put("a/b", b"x", "text/plain")

    await files.delete("a/b")
    await files.delete("a/b")
    await files.delete("never/was")

    with pytest.raises(NotFound):
        await files.get("a/b")


@pytest.mark.parametrize(
    "key",
    [
        "", "/", "/etc/passwd", "../a", "a/../b", "a/..", ".", "a/.", ".hidden", "a/.b.type", "a//b", "a/", "a\0b",
        "a\\b", "a b", "ä", "a\n", "C:a", "a/" * 10 + "a", "a" * 101, "~", "%2e%2e/a", "a?b",
    ],
)  # fmt: skip
async def test_a_key_that_is_no_plain_path_is_refused(files: Files, key: str) -> None:
    for refused in (files.put(key, b"x", "text/plain"), files.get(key), files.url(key, 60), files.delete(key)):
        with pytest.raises(BadKey):
            await refused


async def test_a_file_may_have_the_most_bytes_and_not_one_more(files: Files) -> None:
    await files.put("a", bytes(MAX_BYTES), "text/plain")

    with pytest.raises(TooLarge):
        await files.put("a", bytes(MAX_BYTES + 1), "text/plain")
    assert len((await files.get("a")).body) == MAX_BYTES


@pytest.mark.parametrize("media_type", ["", "pdf", "text/plain\r\nX-Evil: 1", "text/html;", "text/<b>"])
async def test_a_media_type_that_is_none_is_refused(files: Files, media_type: str) -> None:
    with pytest.raises(BadKey):
        await files.put("a", b"x", media_type)


async def test_puts_at_once_leave_one_of_them_whole(files: Files) -> None:
    bodies = [bytes([n]) * 100_000 for n in range(16)]

    await asyncio.gather(*(files.put("a", body, "text/plain") for body in bodies))

    assert (await files.get("a")).body in bodies


async def test_a_url_carries_the_key(files: Files) -> None:
    await files.put("a/b.pdf", b"x", "application/pdf")

    assert urlsplit(await files.url("a/b.pdf", 60)).path.endswith("/a/b.pdf")


async def test_a_signed_url_opens_its_own_key_until_its_time(tmp_path: Path) -> None:
    now_s = NOW_S
    files = local(tmp_path, now=lambda: now_s)
    query = parse_qs(urlsplit(await files.url("a/b.pdf", 60)).query)
    until, signed = int(query["until"][0]), query["signature"][0]

    assert files.opens("a/b.pdf", until, signed)
    assert not files.opens("a/c.pdf", until, signed)
    assert not files.opens("a/b.pdf", until + 1, signed)
    assert not LocalFiles(tmp_path, secret=b"another").opens("a/b.pdf", until, signed)
    now_s = NOW_S + 60
    assert files.opens("a/b.pdf", until, signed)
    now_s = NOW_S + 60.1
    assert not files.opens("a/b.pdf", until, signed)


async def test_nothing_but_files_and_their_types_is_left_in_the_folder(tmp_path: Path) -> None:
    files = local(tmp_path)

    await files.put("a/b", b"x", "text/plain")
    await files.put("a/b", b"y", "text/plain")
    await files.put("c", b"z", "text/plain")
    await files.delete("c")

    assert sorted(names(tmp_path)) == ["a/.b.type", "a/b"]


async def test_a_link_that_leads_out_is_not_followed(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    outside.mkdir()
    root.mkdir()
    (outside / "secret").write_bytes(b"x")
    (root / "folder").symlink_to(outside)
    (root / "file").symlink_to(outside / "secret")
    files = local(root)

    for key in ("folder/secret", "file"):
        for refused in (files.get(key), files.put(key, b"y", "text/plain"), files.delete(key)):
            with pytest.raises(BadKey):
                await refused
    assert (outside / "secret").read_bytes() == b"x"


async def test_a_key_below_or_above_a_file_is_refused(tmp_path: Path) -> None:
    files = local(tmp_path)
    await files.put("a/b", b"x", "text/plain")

    for key in ("a/b/c", "a"):
        with pytest.raises(BadKey):
            await files.put(key, b"y", "text/plain")
    assert sorted(names(tmp_path)) == ["a/.b.type", "a/b"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount the small disk that this fills")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "none", tmp_path], capture_output=True, text=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    yield tmp_path
    subprocess.run(["umount", tmp_path], check=True)


async def test_a_full_disk_says_so_and_leaves_no_part(small_disk: Path) -> None:
    files = local(small_disk)
    await files.put("a", b"x" * 100_000, "text/plain")
    assert free_bytes(small_disk) < 256 * 1024 - 100_000

    for key in ("a", "b"):
        with pytest.raises(DiskFull, match="no room"):
            await files.put(key, b"y" * 200_000, "text/html")

    assert await files.get("a") == File(b"x" * 100_000, "text/plain")
    assert sorted(names(small_disk)) == [".a.type", "a"]


def names(root: Path) -> list[str]:
    return [str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir()]
