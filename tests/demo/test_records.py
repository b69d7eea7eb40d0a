"""Real records of every registry, replayed by its own server."""

import csv
import io
import re
from pathlib import Path
from xml.etree.ElementTree import fromstring

import orjson
import pytest
import zstandard

from demo import ctis_server, ictrp_server, isrctn_server
from demo.ctis_server import SEARCH
from demo.process import running
from demo.records import sources_in
from demo.servers import Sources, serve

from .client import get, post


@pytest.fixture(scope="module")
def sources(shared_data: Path) -> Sources:
    missing = [name for name in ("ctgov_v2", "ctis", "euctr", "isrctn", "ictrp") if not (shared_data / name).is_dir()]
    if missing:
        pytest.skip(f"no records of {', '.join(missing)} in {shared_data}")
    return sources_in(shared_data)


async def test_every_registry_is_replayed_on_a_port_of_its_own(shared_data: Path, sources: Sources) -> None:
    """N32: one command replays records of every registry."""
    async with running(records=shared_data, start_within_s=60) as demo:
        assert list(demo.urls) == ["ctgov", "ctis", "euctr", "isrctn", "ictrp"]
        assert demo.urls["ctgov"] == demo.url
        asked = {"searchCriteria": {}, "pagination": {"page": 1, "size": 100}}
        answer = await post(demo.registry("ctis").url, SEARCH, asked)
        assert answer.json["pagination"]["totalRecords"] == len(sources.ctis.records if sources.ctis else ())
        assert (await demo.registry("isrctn").switch(shuffled=False))["shuffled"] is False
        by_the_first = await post(demo.url, SEARCH, asked)
        assert by_the_first.json == answer.json
        for path in ("/ctr-search/search", "/api/query/format/default", "/ICTRP-Results.xml"):
            assert (await get(demo.url, path)).status == 200


async def test_one_registrys_folder_is_served_alone(shared_data: Path, sources: Sources) -> None:
    async with serve(sources_in(shared_data / "isrctn")) as servers:
        assert list(servers) == ["isrctn"]


async def test_trials_of_ctis_are_the_documents_without_what_their_keeper_added(
    shared_data: Path, sources: Sources
) -> None:
    assert sources.ctis is not None
    documents = [
        orjson.loads(line) for line in (shared_data / "ctis" / "ctrdata_ctis.ndjson").read_bytes().splitlines()
    ]
    async with ctis_server.serve(sources.ctis) as server:
        for document in documents:
            record = (await get(server.url, f"/ctis-public-api/retrieve/{document['_id']}")).json
            added = {"_id", "ctrname", "record_last_import"}
            assert record == {name: value for name, value in document.items() if name not in added}


def test_native_texts_of_eu_ctr_are_served_byte_for_byte(shared_data: Path, sources: Sources) -> None:
    assert sources.euctr is not None
    native = (shared_data / "euctr" / "native_full_ctrdata.txt").read_text("utf-8")
    served = "".join(p.text() for one in sources.euctr.records for p in one.protocols)
    numbers = set(re.findall(r"^EudraCT Number: (\S+)", native, re.MULTILINE))
    texts = [p.text() for one in sources.euctr.records if one.number in numbers for p in one.protocols]
    assert numbers
    assert all(text in native for text in texts)
    assert sum(map(len, texts)) == len(native) - native.index("Summary\n")
    assert served.count("\nEudraCT Number: ") > len(texts)


def test_what_was_json_of_eu_ctr_says_the_same_as_text(shared_data: Path, sources: Sources) -> None:
    assert sources.euctr is not None
    held = {f"{one.number}-{p.code}": p.text() for one in sources.euctr.records for p in one.protocols}
    for line in (shared_data / "euctr" / "ctrdata_euctr.ndjson").read_bytes().splitlines():
        document = orjson.loads(line)
        text = held[document["_id"]]
        assert f"A.2 EudraCT number: {document['a2_eudract_number']}\n" in text
        assert f"A.3 Full title of the trial: {document['a3_full_title_of_the_trial']}\n" in text
        for sponsor in document["b1_sponsor"]:
            assert f"B.1.1 Name of Sponsor: {sponsor['b11_name_of_sponsor']}\n" in text


async def test_native_xml_of_isrctn_is_served_byte_for_byte(shared_data: Path, sources: Sources) -> None:
    assert sources.isrctn is not None
    native = (shared_data / "isrctn" / "native_full_trial.xml").read_bytes()
    async with isrctn_server.serve(sources.isrctn) as server:
        answer = await get(server.url, isrctn_server.LIST, q="", limit="1000")
        assert native[native.index(b"<trial ") : native.index(b"</fullTrial>")] in answer.body
        kept = len((shared_data / "isrctn" / "ctrdata_isrctn.ndjson").read_bytes().splitlines())
        assert fromstring(answer.body).attrib["totalCount"] == str(kept + 1)  # noqa: S314 - our own


async def test_rows_of_ictrp_are_the_newest_and_days_are_exports(shared_data: Path, sources: Sources) -> None:
    assert sources.ictrp is not None
    with (shared_data / "ictrp" / "ictrp_covid_latest.ndjson.zst").open("rb") as file:
        lines = zstandard.ZstdDecompressor().stream_reader(file).read().splitlines()
    newest = {row["TrialID"]: row for row in map(orjson.loads, lines)}
    async with ictrp_server.serve(sources.ictrp) as server:
        body = (await get(server.url, "/export.csv")).body.decode()
        rows = {row["TrialID"]: row for row in csv.DictReader(io.StringIO(body, newline=""))}
        assert rows.keys() >= newest.keys()
        assert all(rows[number]["Public title"] == row["Public_title"] for number, row in newest.items())
        server.switch(day=0)
        first = len(server.today.records)
        server.switch(day=18)
        assert 0 < first < len(server.today.records)
