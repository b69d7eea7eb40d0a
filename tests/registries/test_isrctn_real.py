"""Every real record of ISRCTN that we hold, against its own source read in another way.

native_full_trial.xml is an answer of the registry itself; native_fragments.xml holds elements of its answers, each read
here in the place that it has in a record. ctrdata_isrctn.ndjson is not native: ctrdata made JSON of the XML and dropped
the attributes, so here it is made into XML again, without them.
"""

import json
import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.registries import Page, UnreadableBody
from actors.registries.isrctn import first, read
from actors.trials.history import plain
from actors.trials.pack import Source, pack_page
from actors.trials.reading.isrctn.plan import names_in
from actors.trials.record import Identifier, Trial
from tests.registries.isrctn_source import page
from tests.registries.mutation import mutated

ORIGIN = Source("isrctn", "https://x", datetime(2026, 1, 1).astimezone(), 1, "application/xml")
REPLACED = {  # fragments that are part of a larger one
    "secondaryNumbers": "externalRefs",
    "contactDetails": "contact",
}


def _of(body: bytes) -> Trial:
    answer = read(first(None)[0], body)
    assert answer.refused == ()
    (found,) = answer.found
    assert json.loads(json.dumps(plain(found.trial))) == plain(found.trial)
    packed = pack_page(answer.found, (), ORIGIN)
    assert (len(packed.trials), packed.refused) == (1, ())
    return found.trial


def _native(shared_data: Path) -> str:
    return (shared_data / "isrctn" / "native_full_trial.xml").read_text("utf-8")


def test_the_native_answer_says_what_its_xml_says(shared_data: Path) -> None:
    """G07: a real answer mirrors without error."""
    body = (shared_data / "isrctn" / "native_full_trial.xml").read_bytes()
    trial = _of(body)
    assert read(first(None)[0], body).found[0].raw == body[body.index(b"<fullTrial>") : body.index(b"</allTrials>")]
    assert (trial.registry_id, trial.url) == ("ISRCTN14757012", "https://www.isrctn.com/ISRCTN14757012")
    assert (str(trial.last_updated), str(trial.first_posted)) == ("2020-06-03", "2020-05-24")
    assert (str(trial.start), str(trial.completion)) == ("2013-05-20", "2015-05-07")
    assert (trial.status, trial.status_raw) == ("completed", None)
    assert (trial.enrolment, trial.enrolment_actual) == (40, True)
    assert (trial.study_type, trial.phases) == ("interventional", ())
    assert (trial.has_results, str(trial.results_posted)) == (True, "2020-06-03")
    assert trial.conditions == ("Eye stye",)
    assert [(one.city, one.country, one.postcode) for one in trial.sites] == [("Kerala", "India", "695001")]
    assert [one.value for one in trial.ids] == ["ISRCTN14757012", "0422.12/2013"]
    assert (trial.sharing.plan, trial.eligibility.healthy_volunteers, trial.eligibility.sex) == ("No", False, "all")
    assert [one.kind for one in trial.outcomes] == ["primary", "secondary"]
    assert trial.acronym is None


def _fragments(shared_data: Path) -> Iterator[ElementTree.Element]:
    yield from ElementTree.parse(shared_data / "isrctn" / "native_fragments.xml").getroot()  # noqa: S314


def _placed(shared_data: Path, fragment: ElementTree.Element) -> Trial:
    """The native record with one of its elements replaced by a fragment, or a fragment put beside the trial."""
    native = _native(shared_data).replace(' xmlns="http://www.67bricks.com/isrctn"', "")
    root = ElementTree.fromstring(native)  # noqa: S314
    full, inside = root.find("fullTrial"), root.find("fullTrial/trial")
    assert full is not None
    assert inside is not None
    if fragment.tag == "trial":
        full.remove(inside)
        full.append(fragment)
    elif fragment.tag in ("funder", "sponsor", "contact", "trialAgents"):
        full.append(fragment)
    elif (parent := REPLACED.get(fragment.tag)) == "contact":
        ElementTree.SubElement(full, "contact").append(fragment)
    else:
        holder = inside if parent is None else inside.find(parent)
        assert holder is not None
        holder.extend([fragment])
        for old in list(holder):
            if old.tag == fragment.tag and old is not fragment:
                holder.remove(old)
    return _of(ElementTree.tostring(root, encoding="utf-8"))


def test_every_native_fragment_is_read_in_its_place(shared_data: Path) -> None:
    """G07: real fragments mirror without error."""
    trials = [(one, _placed(shared_data, one)) for one in _fragments(shared_data)]
    assert len(trials) > 20
    for fragment, trial in trials:
        _check_fragment(fragment, trial)


def _check_fragment(fragment: ElementTree.Element, trial: Trial) -> None:
    match fragment.tag:
        case "isrctn":
            assert trial.registry_id == f"ISRCTN{fragment.text}"
            assert str(trial.first_posted) == fragment.attrib["dateAssigned"][:10]
        case "externalRefs" | "secondaryNumbers":
            wanted = {one.text for one in fragment.iter() if one.text and "CPMS" in one.text}
            assert {one.value for one in trial.ids if "CPMS" in one.value} == wanted
            assert not {one.value for one in trial.ids} & {"Nil known", "N/A"}
        case "trialDescription":
            measures = [
                (one.findtext("variable"), one.findtext("timepoints")) for one in fragment.iter("outcomeMeasure")
            ]
            if measures:
                assert [(one.measure, one.time_frame) for one in trial.outcomes] == measures
            assert trial.title == fragment.findtext("title")
        case "trialDesign":
            assert (trial.study_type, trial.design.purpose) == ("observational", "Treatment, Quality of life")
        case "participants":
            assert trial.countries == ("United Kingdom", "Saudi Arabia")
            assert trial.eligibility.healthy_volunteers is True
            assert (trial.eligibility.min_age_days, trial.eligibility.max_age_days) == (6574, 29220)
            assert [one.city for one in trial.sites] == ["Biella (BI)", "Garbagnate Milanese (MI)"]
        case "conditions":
            assert list(trial.conditions) == [one.text for one in fragment.iter("description")]
        case "interventions":
            kinds = [one.text for one in fragment.iter("interventionType")]
            assert list(dict.fromkeys(one.kind for one in trial.interventions)) == kinds
        case "results":
            assert trial.has_results is True
            assert trial.sharing.access == "; ".join(one.text or "" for one in fragment.iter("dataPolicy"))
        case "sponsor" | "trialAgents":
            assert (
                trial.sponsor
                == (fragment.findtext(".//organisation") or fragment.findtext("organisation") or "").strip()
            )
            assert trial.sponsor_class in ("OTHER_GOV", "INDUSTRY")
            emails = {one.text for one in fragment.iter("email") if one.text}
            assert emails == {one.email for one in trial.contacts if one.email}
        case "funder":
            assert [one.name for one in trial.collaborators] == [fragment.findtext("name")]


def _records(shared_data: Path) -> list[dict[str, Any]]:
    lines = (shared_data / "isrctn" / "ctrdata_isrctn.ndjson").read_bytes().splitlines()
    return [json.loads(line) for line in lines]


def _as_xml(record: dict[str, Any]) -> bytes:
    """Without the members that ctrdata added."""
    added = ("_id", "ctrname", "record_last_import")
    native = {name: value for name, value in record.items() if name not in added}
    return b"<fullTrial>" + "".join(_elements("trial", native)).encode(errors="xmlcharrefreplace") + b"</fullTrial>"


def _elements(name: str, value: Any) -> Iterator[str]:
    if not re.fullmatch(r"[A-Za-z]\w*", name):
        return
    for one in value if isinstance(value, list) else [value]:
        yield f"<{name}>"
        if isinstance(one, dict):
            for inner, member in one.items():
                yield from _elements(inner, member)
        elif not isinstance(one, list):
            yield escape(str(one))
        yield f"</{name}>"


def test_every_record_that_was_made_json_says_what_its_json_says(shared_data: Path) -> None:
    """G07: real records mirror without error."""
    records = _records(shared_data)
    assert len(records) >= 5
    for record in records:
        _check(_of(page([_as_xml(record)], 1)), record)


def _check(trial: Trial, record: dict[str, Any]) -> None:
    told, participants, design = (record[name] for name in ("trialDescription", "participants", "trialDesign"))
    intervention = record["interventions"]["intervention"]
    assert trial.registry_id == f"ISRCTN{record['isrctn']}"
    assert trial.title == told["title"].strip()
    assert trial.official_title == told["scientificTitle"].strip()
    assert trial.acronym == (told["acronym"] or None)
    provided = told["plainEnglishSummary"] != "Not provided at time of registration"
    assert trial.summary == (told["plainEnglishSummary"].strip() if provided else None)
    assert (trial.phases, trial.phases_raw) == (("phase_3",), (intervention["phase"],))
    assert trial.study_type_raw == design["primaryStudyDesign"]
    assert str(trial.start) == participants["recruitmentStart"][:10]
    assert str(trial.completion) == design["overallEndDate"][:10]
    reached = participants.get("totalFinalEnrolment") or None
    assert trial.enrolment == int(reached or participants["targetEnrolment"])
    assert trial.enrolment_actual is bool(reached)
    assert trial.eligibility.sex == "all"
    assert participants["inclusion"].strip() in (trial.eligibility.criteria or "")
    assert trial.conditions == (record["conditions"]["condition"]["description"].strip(),)
    if intervention["drugNames"]:
        assert [one.name for one in trial.interventions] == list(names_in(intervention["drugNames"]))
    else:
        assert all(one.name in intervention["description"] for one in trial.interventions)
    countries = participants["recruitmentCountries"]["country"]
    assert list(trial.countries) == (countries if isinstance(countries, list) else [countries])
    stopped = design.get("overallStatusOverride") == "Stopped"
    assert (trial.status, trial.status_raw) == (("terminated", "Stopped") if stopped else ("unknown", None))
    assert trial.last_updated is None
    _check_ids(trial.ids, record["externalRefs"])


def _check_ids(ids: tuple[Identifier, ...], refs: dict[str, Any]) -> None:
    known = {(one.scheme, one.value) for one in ids}
    for scheme, name in (("eudract", "eudraCTNumber"), ("nct", "clinicalTrialsGovNumber")):
        given = refs[name]
        assert ((scheme, given) in known) is (given not in ("", "Nil known"))
    assert not {value for _, value in known} & {"Nil known", "N/A", "Not applicable", ""}
    assert len(known) == len(ids)


@settings(max_examples=150)
@given(data=st.data())
def test_a_record_changed_in_any_way_is_read_or_refused(shared_data: Path, data: st.DataObject) -> None:
    record = data.draw(mutated(data.draw(st.sampled_from(_records(shared_data)[:3]))))
    body = page([_as_xml(record if isinstance(record, dict) else {"isrctn": record})], 1)
    try:
        answer = read(first(None)[0], body)
    except UnreadableBody:
        return
    assert len(answer.found) + len(answer.refused) == 1
    packed = pack_page(answer.found, (), ORIGIN)
    assert len(packed.trials) + len(packed.refused) == len(answer.found)


@settings(max_examples=100)
@given(data=st.data())
def test_an_answer_changed_in_any_bytes_is_read_refused_or_unreadable(shared_data: Path, data: st.DataObject) -> None:
    body = bytearray((shared_data / "isrctn" / "native_full_trial.xml").read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at : at + data.draw(st.integers(0, 30))] = data.draw(st.binary(max_size=8))
    try:
        answer = read(first(None)[0], bytes(body))
    except UnreadableBody:
        return
    pack_page(answer.found, (), ORIGIN)


def _dated(start: str, end: str, over: str, override: str = "") -> Page:
    trial = (
        f'<fullTrial><trial lastUpdated="2026-06-15T00:00:00.000Z"><isrctn>00000001</isrctn><trialDesign>'
        f"<overallEndDate>{over}</overallEndDate></trialDesign><participants><recruitmentStart>{start}</recruitmentStart>"
        f"<recruitmentEnd>{end}</recruitmentEnd><recruitmentStatusOverride>{override}</recruitmentStatusOverride>"
        f"</participants></trial></fullTrial>"
    )
    return read(first(None)[0], page([trial.encode()], 1))


@pytest.mark.parametrize(
    ("start", "end", "over", "override", "status"),
    [
        ("2026-06-16", "2027-01-01", "2028-01-01", "", "not_yet_recruiting"),
        ("2026-06-15", "2027-01-01", "2028-01-01", "", "recruiting"),
        ("2020-06-15", "2026-06-15", "2028-01-01", "", "recruiting"),
        ("2020-06-15", "2026-06-14", "2028-01-01", "", "active_not_recruiting"),
        ("2020-06-15", "2022-06-15", "2026-06-14", "", "completed"),
        ("2020-06-15", "2027-06-15", "2028-01-01", "Stopped", "terminated"),
        ("2020-06-15", "2027-06-15", "2028-01-01", "Suspended", "suspended"),
        ("2020-06-15", "2027-06-15", "2028-01-01", "Something new", "unknown"),
        ("", "", "", "", "unknown"),
    ],
)
def test_the_status_is_told_by_the_dates_unless_an_editor_set_one(
    start: str, end: str, over: str, override: str, status: str
) -> None:
    """G02: as of the newest day that the source has shown; what an editor set is kept as it stands."""
    (found,) = _dated(start, end, over, override).found
    assert (found.trial.status, found.trial.status_raw) == (status, override or None)


def test_a_status_is_told_by_the_newest_day_that_the_source_has_shown() -> None:
    (request,) = first(date(2027, 3, 1))
    trial = (
        b'<fullTrial><trial lastUpdated="2026-06-15"><isrctn>00000001</isrctn><trialDesign><overallEndDate>2027-01-01'
    )
    answer = read(request, page([trial + b"</overallEndDate></trialDesign></trial></fullTrial>"], 1))
    assert answer.found[0].trial.status == "completed"


@pytest.mark.parametrize(
    ("listed", "names"),
    [
        ("Milrinone", ("Milrinone",)),
        ("Oxytocin (10 IU), syntometrine (5 IU, and ergometrine), placebo", (
            "Oxytocin (10 IU)", "syntometrine (5 IU, and ergometrine)", "placebo")),
        ("Drug 0,5 mg; other\nthird", ("Drug 0,5 mg", "other", "third")),
        ("", ()),
    ],
)  # fmt: skip
def test_a_list_of_drugs_is_parted_between_its_names(listed: str, names: tuple[str, ...]) -> None:
    assert names_in(listed) == names


@given(st.text(max_size=60))
def test_any_list_of_drugs_is_parted(listed: str) -> None:
    assert all(name.strip() == name and name for name in names_in(listed))
