"""Real records of ICTRP in every shape, compared with the raw exports, read in another way."""

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
import zstandard

from actors.registries import Page
from actors.registries.ictrp import first, read
from actors.trials.pack import Source, pack_page
from actors.trials.record import Trial

SOURCE = Source("ictrp", "https://example.org", datetime(2026, 7, 1, tzinfo=UTC), 1, "text/plain")
NOTHING = ("", "NULL", "NA", "N/A", "Nil", "NIL", "nil", "None", "none", "-")
SPREADSHEET = " 00:00:00"


def unpacked(file: Path) -> bytes:
    body = file.read_bytes()
    return (
        zstandard.ZstdDecompressor(max_window_size=2**31).stream_reader(body).read() if file.suffix == ".zst" else body
    )


def as_csv(rows: list[dict[str, str]]) -> bytes:
    text = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row if not name.startswith("_")))
    writer = csv.DictWriter(text, names, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def exports(folder: Path) -> Iterator[tuple[bytes, list[dict[str, str]]]]:
    """Each export as it is, or as the CSV that its rows were, with its rows."""
    for file in sorted(folder.glob("*.xml.zst")):
        body = unpacked(file)
        yield body, [{one.tag: one.text or "" for one in trial} for trial in ET.fromstring(body)]  # noqa: S314
    for file in sorted([*folder.glob("COVID*.csv.zst"), *folder.glob("full_export*.csv")]):
        body = unpacked(file)
        yield body, list(csv.DictReader(io.StringIO(body.decode("utf-8-sig", "replace"))))
    for file in sorted(folder.glob("ictrp_covid_*.ndjson.zst")):
        rows = [json.loads(line) for line in unpacked(file).splitlines()]
        yield as_csv(rows), rows


def test_every_real_record_is_read_and_says_what_the_export_says(shared_data: Path) -> None:
    """G07, N05: none refused in any shape; numbers, titles, dates, sizes, ages and countries as they stand there."""
    seen = 0
    for body, rows in exports(shared_data / "ictrp"):
        page = read(first(None)[0], body)
        assert [(one.registry_id, one.reason) for one in page.refused] == []
        assert len(page.found) == len(rows)
        for found, row in zip(page.found, rows, strict=True):
            _check(found.trial, {name.lower().replace("_", ""): value for name, value in row.items() if value})
        seen += len(rows)
    assert seen > 7_000


def said(row: Mapping[str, str], *names: str) -> str | None:
    values = (row.get(name, "").strip() for name in names)
    return next((value for value in values if value not in NOTHING), None)


def _check(trial: Trial, row: Mapping[str, str]) -> None:
    number = row["trialid"].strip()
    assert trial.registry_id == number
    assert _letters(trial.title) == _letters(said(row, "publictitle") or said(row, "scientifictitle"))
    assert trial.status_raw == said(row, "recruitmentstatus") or trial.status_raw is None
    registered = said(row, "dateregistration3")
    if registered:
        assert str(trial.first_posted) == f"{registered[:4]}-{registered[4:6]}-{registered[6:]}"
    elif told := said(row, "dateregistrationformat"):  # what others made of the full export's dates
        assert str(trial.first_posted) == told
    if told := said(row, "dateenrollmentformat"):
        assert str(trial.start) in (told, told[:7])
    target = said(row, "targetsize")
    if target and target.isdigit() and trial.enrolment_actual is False:
        assert trial.enrolment == int(target)
    groups = re.fullmatch(r"[^:;]*:(\d+);[^:;]*:(\d+);?", target or "")
    if groups:
        assert trial.enrolment == int(groups[1]) + int(groups[2])
    if years := re.fullmatch(r"(\d+)(?: Years?| years?|Y)?", said(row, "inclusionagemin", "agemin") or ""):
        assert trial.eligibility.min_age_days == int(int(years[1]) * 365.25)
    _check_ids(trial, number, row)
    sponsor = said(row, "primarysponsor")
    assert _letters(trial.sponsor) == _letters(sponsor)
    if "UMIN" not in number:
        countries = {one.strip() for one in (said(row, "countries") or "").split(";")} - {"", "??"}
        assert {one.lower() for one in trial.countries} == {" ".join(one.split()).lower() for one in countries}


def _letters(text: str | None) -> str:
    """Without spaces and signs, in which the cleaned text may differ."""
    return re.sub(r"\W|_x000D_|<br>", "", (text or "").replace("_x000D_", "").replace("<br>", "")).lower()


def _check_ids(trial: Trial, number: str, row: Mapping[str, str]) -> None:
    main = trial.ids[0]
    assert main.place == "main"
    schemes = {
        "NCT": "nct",
        "EUCTR": "eudract",
        "ISRCTN": "isrctn",
        "ChiCTR": "chictr",
        "DRKS": "drks",
        "ACTRN": "actrn",
    }
    for prefix, scheme in schemes.items():
        if number.startswith(prefix):
            assert main.scheme == scheme
            assert main.value == (number[5:19] if prefix == "EUCTR" else number)
    for other in (said(row, "secondaryids") or "").split(";"):
        if re.fullmatch(r"NCT\d{8}", other.strip()):
            assert ("nct", other.strip()) in {(one.scheme, one.value) for one in trial.ids}
        if re.fullmatch(r"20\d\d-0\d{5}-\d\d", other.strip()):
            assert ("eudract", other.strip()) in {(one.scheme, one.value) for one in trial.ids}


def test_an_export_is_read_alike_with_and_without_its_header(shared_data: Path) -> None:
    """The full export as WHO gives it has no header, and 63 columns."""
    body = (shared_data / "ictrp" / "full_export_ictrp_main_sample.csv").read_bytes()
    names = (shared_data / "ictrp" / "ICTRP_export_datafields.txt").read_text("utf-8").split("---\n")[2].split()
    rows = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"))))
    aliases = {"Date_enrollement": "Date_enrollment", "public_title": "Public_title", "study_type": "Study_type",
               "study_design": "Study_design", "phase": "Phase"}  # fmt: skip
    text = io.StringIO()
    csv.writer(text).writerows(
        [[row["TrialID"], row["Unknown"], *(row[aliases.get(name, name)] for name in names[1:])] for row in rows]
    )
    headless = read(first(None)[0], text.getvalue().encode())
    assert headless.refused == ()
    told = {one.trial.registry_id: one.trial for one in read(first(None)[0], body).found}
    for one in headless.found:
        mine, theirs = one.trial, told[one.trial.registry_id]
        assert (mine.title, mine.start, mine.first_posted, mine.last_updated, mine.ids[1:]) == (
            theirs.title, theirs.start, theirs.first_posted, theirs.last_updated, theirs.ids[1:],
        )  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_an_export_is_read_alike_in_every_encoding(shared_data: Path, encoding: str) -> None:
    body = unpacked(shared_data / "ictrp" / "ICTRP-Results_18Mar2020.xml.zst")
    plain = trials(read(first(None)[0], body))
    assert trials(read(first(None)[0], body.decode().encode(encoding))) == plain


def trials(page: Page) -> list[Trial]:
    return [one.trial for one in page.found]


def test_real_exports_leave_no_spreadsheet_date_in_doubt_that_can_be_told(shared_data: Path) -> None:
    """Of some thousand dates that went through a spreadsheet, those that nothing tells are years only."""
    for body, rows in exports(shared_data / "ictrp"):
        for found, row in zip(read(first(None)[0], body).found, rows, strict=True):
            written = row.get("Date_enrollement") or ""
            start = found.trial.start
            if written.endswith(SPREADSHEET) and start is not None:
                if start.precision == "day":
                    assert str(start) == written[:10]
                else:
                    assert (start.precision, str(start)) == ("year", written[:4])


def test_every_real_record_can_be_stored_as_it_came(shared_data: Path) -> None:
    body = unpacked(shared_data / "ictrp" / "ICTRP-Results_18Mar2020.xml.zst")
    page = read(first(None)[0], body)
    assert pack_page(page.found, (), SOURCE).refused == ()
    assert all(one.raw in body for one in page.found)
