"""Real records of the EU Clinical Trials Register, compared with what stands in them, read in another way."""

import html
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from actors.registries import Page, Request
from actors.registries.euctr import read
from actors.trials.pack import Source, pack_page
from actors.trials.reading.euctr.labels import FIELDS
from actors.trials.reading.euctr.list import listing
from actors.trials.record import Trial

SOURCE = Source("euctr", "https://example.org", datetime(2026, 7, 1, tzinfo=UTC), 1, "text/plain")
HEAD = "This file contains full details on each clinical trial selected for download.\n\n"


def texts(folder: Path) -> Iterator[str]:
    """The downloads as they are, and the records of other shapes as a download would have them."""
    for file in sorted(folder.glob("native_full*.txt")):
        yield file.read_text("utf-8")
    for file in sorted(folder.glob("native_trial*.html")):
        yield HEAD + from_html(file.read_text("utf-8"))
    rows = [json.loads(line) for line in (folder / "ctrdata_euctr.ndjson").read_text("utf-8").splitlines()]
    yield HEAD + "\n\n".join(from_json(row) for row in rows)


def from_html(page: str) -> str:
    """A country's page: rows of code, name and value."""
    found = re.findall(
        r'<td class="first">(.*?)</td>\s*<td class="second">(.*?)</td>\s*<td class="third">(.*?)</td>', page, re.S
    )
    rows = [tuple(" ".join(html.unescape(re.sub("<[^>]*>", " ", cell)).split()) for cell in row) for row in found]
    number = next(value for code, _, value in rows if code == "A.2")
    country = next(value for code, _, value in rows if code == "A.1")
    head = f"Summary\nEudraCT Number: {number}\nNational Competent Authority: {country}\nClinical Trial Type: EEA CTA\n"
    return head + "\n" + "\n".join(f"{code} {name.rstrip(':')}: {value}" for code, name, value in rows)


def from_json(row: dict[str, Any]) -> str:
    """A record that was taken apart: its keys are codes and names without their signs."""
    labels = {_slug(line): line for line in FIELDS.splitlines()}
    *_, country = row["_id"].rpartition("-")
    head = (
        f"Summary\nEudraCT Number: {row['a2_eudract_number']}\nNational Competent Authority: "
        f"{row.get('a1_member_state_concerned') or 'Outside EU/EEA'}\n"
        f"Trial Status: {row.get('x5_trial_status') or ''}\n"
        f"Date on which this record was first entered in the EudraCT database: "
        f"{row['x6_date_on_which_this_record_was_first_entered_in_the_eudract_database']}\n"
        f"Link: https://www.clinicaltrialsregister.eu/ctr-search/trial/{row['a2_eudract_number']}/{country}/\n"
    )
    return head + "\n" + "\n".join(_lines(row, labels))


def _slug(line: str) -> str:
    return re.sub(r"[^a-z0-9_]", "", line.removesuffix(" …").lower().replace(" ", "_"))


def _lines(value: Any, labels: dict[str, str]) -> Iterator[str]:
    for key, said in value.items():
        if isinstance(said, list):
            if key == "dimp":
                for number, one in enumerate(said, 1):
                    yield f"D.IMP: {number}"
                    yield from _lines(one, labels)
                continue
            for one in said:
                yield from _lines(one, labels)
        elif isinstance(said, str) and key in labels:
            yield f"{labels[key]}: {said}"


def pages(shared_data: Path) -> Iterator[tuple[str, Page]]:
    for text in texts(shared_data / "euctr"):
        yield text, read(Request("", state=(("query", "x"), ("listed", ""), ("count", "1"))), text.encode())


def by_country(text: str) -> dict[str, list[str]]:
    """The texts of the records, by number; cut in another way than the reader does it."""
    found: dict[str, list[str]] = defaultdict(list)
    for part in text.split("Summary\n")[1:]:
        found[re.search(r"EudraCT Number: (\S+)", part)[1]].append(part)  # type: ignore[index]
    return found


def all_of(parts: list[str], label: str) -> list[str]:
    return [
        " ".join(one.split())
        for part in parts
        for one in re.findall(rf"^{re.escape(label)}:[ \t]*(.*)$", part, re.M)
        if one.strip()
    ]


def test_every_real_record_is_read_and_says_what_the_register_says(shared_data: Path) -> None:
    """G07, N05: none refused; numbers, titles, countries, status, dates, enrolment and sponsors as they stand there."""
    seen = 0
    for text, page in pages(shared_data):
        assert [one.reason for one in page.refused] == []
        trials = {one.trial.registry_id: one.trial for one in page.found}
        told = by_country(text)
        assert trials.keys() == told.keys()
        for number, parts in told.items():
            _check(trials[number], parts)
            seen += 1
    assert seen >= 9


def _check(trial: Trial, parts: list[str]) -> None:
    assert trial.ids[0].value == trial.registry_id
    assert " ".join((trial.official_title or "").split()) in all_of(parts, "A.3 Full title of the trial")
    foreign = [one for part in parts for one in re.findall(r"^A\.3 Full title of the trial \(([a-z]{2})\)", part, re.M)]
    assert set(foreign) <= {language for language, _ in trial.titles}
    states = [one.partition(" - ")[0] for one in all_of(parts, "A.1 Member State Concerned")]
    assert {"United Kingdom" if one == "UK" else one for one in states} <= set(trial.countries)
    assert trial.sponsor in all_of(parts, "B.1.1 Name of Sponsor")
    said = set(all_of(parts, "P. End of Trial Status"))
    assert said == {one.status_raw for one in trial.sites if one.status_raw} or not said
    assert trial.status_raw in said or not said
    if "Ongoing" in said:
        assert trial.status == "unknown"
    elif said == {"Completed"}:
        assert trial.status == "completed"
    whole = all_of(parts, "F.4.2.2 In the whole clinical trial")
    assert trial.enrolment is not None or not whole
    assert not whole or str(trial.enrolment) in whole
    ends = all_of(parts, "P. Date of the global end of the trial")
    assert str(trial.completion) == max(ends) if ends else trial.completion is None
    phases = {
        phase
        for part in parts
        for phase, label in (
            ("phase_1", "(Phase I)"),
            ("phase_2", "(Phase II)"),
            ("phase_3", "(Phase III)"),
            ("phase_4", "(Phase IV)"),
        )
        if re.search(rf"E\.7\.[1-4] [^\n]*{re.escape(label)}: Yes", part)
    }
    assert set(trial.phases) <= phases
    assert bool(trial.phases) is bool(phases)
    products = [
        one
        for label in ("D.3.1 Product name", "D.3.8 INN - Proposed INN", "D.2.1.1.1 Trade name")
        for one in all_of(parts, label)
    ]
    named = {name for one in trial.interventions for name in (one.name, *one.other_names)}
    assert {one for one in products if one.lower() not in ("n/a", "not applicable", "-")} <= named
    codes = all_of(parts, "A.4.1 Sponsor's protocol code number")
    assert set(codes) <= {one.value for one in trial.ids}
    if any(re.search(r"F\.1\.2 Adults \(18-64 years\): Yes", part) for part in parts):
        assert (trial.eligibility.min_age_days or 0) <= 6574


def test_a_record_without_any_line_break_between_its_fields_reads_the_same(shared_data: Path) -> None:
    """N05: in some downloads the breaks between fields are missing."""
    words = "Summary|EudraCT Number|Sponsor|National Comp|Clinical Trial|Trial Status|Date on|Link|MedDRA"
    signs = rf"[A-HNP]\.(?:\d|IMP| )|{words}"
    for text, page in pages(shared_data):
        glued = re.sub(rf"\s*\n(?={signs})", "", text)
        again = read(Request("", state=(("query", "x"), ("listed", ""), ("count", "1"))), glued.encode())
        assert [one.trial for one in again.found] == [one.trial for one in page.found]


def test_every_real_trial_can_be_stored(shared_data: Path) -> None:
    for _, page in pages(shared_data):
        assert pack_page(page.found, (), SOURCE).refused == ()


def test_the_records_of_a_trial_are_kept_as_they_came(shared_data: Path) -> None:
    text = (shared_data / "euctr" / "native_full_ctrdata.txt").read_text("utf-8")
    page = read(Request("", state=(("query", "x"), ("listed", ""), ("count", "1"))), text.encode())
    assert "".join(one.raw.decode() for one in page.found) == text[text.index("Summary\n") :]


def test_a_real_list_tells_its_trials_and_their_results(shared_data: Path) -> None:
    told = listing((shared_data / "euctr" / "native_search_2015-000590-12.html").read_text("utf-8"))
    assert (told.count, told.trials, told.undated) == (1, (("2015-000590-12", False),), ())


@pytest.mark.parametrize("number", ["2014-002606-20"])
def test_a_record_from_outside_of_the_eea_joins_the_others(shared_data: Path, number: str) -> None:
    [trial] = [one.trial for _, page in pages(shared_data) for one in page.found if one.trial.registry_id == number]
    states = {one.country: one.status_raw for one in trial.sites if one.status_raw}
    assert states == {
        "Germany": "Temporarily Halted", "United Kingdom": "GB - no longer in EU/EEA", "Portugal": "Ongoing",
    }  # fmt: skip
    assert (trial.status, trial.status_raw) == ("unknown", "Ongoing")
    assert {one.value for one in trial.ids} >= {number, "CV185-325/B0661037", "U1111-1160-6336"}
