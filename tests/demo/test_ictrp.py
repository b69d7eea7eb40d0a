"""ICTRP's export files, as a client sees them."""

import csv
import io
import re
import zipfile
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from xml.etree.ElementTree import fromstring

import pytest

from demo.ictrp_record import COLUMNS, Row
from demo.ictrp_server import EXPORT, Ictrp, from_world, serve
from demo.registers import NATIONAL, REGISTERS
from demo.world import World

from .client import fetch, get


@pytest.fixture
async def server() -> AsyncIterator[Ictrp]:
    async with serve(from_world(World(1_500))) as started:
        yield started


def of_xml(body: bytes) -> Iterator[Row]:
    for trial in fromstring(body).iter("Trial"):  # noqa: S314 - our own
        yield {field.tag: field.text or "" for field in trial}


async def test_xml_csv_and_zip_hold_the_same_rows(server: Ictrp) -> None:
    """N32: the fixture server of ICTRP serves its export."""
    rows = list(of_xml((await get(server.url, EXPORT)).body))
    table = list(csv.reader(io.StringIO((await get(server.url, "/files/export.csv")).body.decode(), newline="")))
    archive = zipfile.ZipFile(io.BytesIO((await get(server.url, "/export.zip")).body))
    assert len({row["TrialID"] for row in rows}) == len(rows) > 200
    assert table[0] == [name.replace("_", " ") for name in COLUMNS]
    assert [cells[0] for cells in table[1:]] == [row["TrialID"] for row in rows]
    assert list(of_xml(archive.read("ICTRP-Results.xml"))) == rows
    assert len(COLUMNS) == 40


async def test_each_register_has_its_own_dates_and_digits_say_the_day(server: Ictrp) -> None:
    rows = list(of_xml((await get(server.url, EXPORT)).body))
    days = {one.shown: one.days for one in REGISTERS.values()}
    assert {row["Source_Register"] for row in rows} >= {one.shown for one in NATIONAL[:2]} | {"ISRCTN"}
    for row in rows:
        day = datetime.strptime(row["Date_registration"], days[row["Source_Register"]]).date()
        assert f"{day:%Y%m%d}" == row["Date_registration3"]


async def test_days_and_months_change_places_where_both_can_be_months(server: Ictrp) -> None:
    right = list(of_xml((await get(server.url, EXPORT)).body))
    server.switch(swapped_days=True)
    wrong = list(of_xml((await get(server.url, EXPORT)).body))
    moved = 0
    for one, other in zip(right, wrong, strict=True):
        assert one["Date_registration3"] == other["Date_registration3"]
        day = one["Date_registration3"]
        if one["Date_registration"] != other["Date_registration"]:
            moved += 1
            assert int(day[6:]) <= 12
            there, here = re.findall(r"\d+", other["Date_registration"]), re.findall(r"\d+", one["Date_registration"])
            assert sorted(there) == sorted(here)
    assert moved > len(right) / 5


async def test_encodings_lie(server: Ictrp) -> None:
    server.switch(encoding="utf-16", declared="UTF-8")
    body = (await get(server.url, EXPORT)).body
    assert body[:2] in (b"\xff\xfe", b"\xfe\xff")
    server.switch(encoding="cp1252", declared="UTF-8")
    with pytest.raises(UnicodeDecodeError):
        (await get(server.url, EXPORT)).body.decode()
    server.switch(encoding="utf-8", byte_order_mark=True)
    assert (await get(server.url, EXPORT)).body.startswith(b"\xef\xbb\xbf<?xml")


async def test_an_archive_can_be_a_bomb_or_hold_an_archive(server: Ictrp) -> None:
    server.switch(zip_bomb=True, gigantic_bytes=20_000_000)
    body = (await get(server.url, "/export.zip")).body
    assert sum(one.file_size for one in zipfile.ZipFile(io.BytesIO(body)).infolist()) > 20_000_000 > len(body) * 10
    server.switch(zip_bomb=False, nested_zip=True)
    assert zipfile.ZipFile(io.BytesIO((await get(server.url, "/export.zip")).body)).namelist() == ["ICTRP-Results.zip"]


async def test_a_switch_gives_another_format_than_the_name_says_and_unchanged_is_304(server: Ictrp) -> None:
    answer = await get(server.url, EXPORT)
    headers = {"If-None-Match": answer.headers["ETag"]}
    assert (await fetch(server.url, EXPORT, {}, headers)).status == 304
    server.switch(instead="zip")
    answer = await fetch(server.url, EXPORT, {}, headers)
    assert (answer.status, answer.body[:2]) == (200, b"PK")
