"""One view of a trial from its records: what is shown of each field, who says so, who says otherwise."""

from dataclasses import fields, replace
from datetime import date
from itertools import permutations
from typing import Any

import pytest

from actors.trials.comparable import Record
from actors.trials.merged import TOGETHER, WHY, Merged, merge
from actors.trials.record import (
    Arm,
    Contact,
    Design,
    Eligibility,
    Identifier,
    Intervention,
    MeshTerm,
    Outcome,
    Party,
    Reference,
    Site,
    Trial,
    When,
)


def day(text: str, *, actual: bool | None = None) -> When:
    return When(date.fromisoformat(text), "day", actual)


CTGOV = Trial(
    registry="ctgov",
    registry_id="NCT04307642",
    url="https://clinicaltrials.gov/study/NCT04307642",
    title="Zalutumab in Heart Failure",
    status="completed",
    status_raw="COMPLETED",
    official_title="A Phase 2 Study of Zalutumab",
    ids=(Identifier("nct", "NCT04307642", "main"), Identifier("eudract", "2020-001209-22", "secondary")),
    study_type="interventional",
    study_type_raw="INTERVENTIONAL",
    phases=("phase_2",),
    phases_raw=("PHASE2",),
    design=Design("RANDOMIZED", "PARALLEL"),
    start=day("2020-04-02", actual=True),
    first_posted=day("2020-03-10"),
    last_updated=day("2023-01-01"),
    enrolment=331,
    enrolment_actual=True,
    sponsor="Medical University Innsbruck",
    sponsor_class="OTHER",
    conditions=("Heart Failure",),
    interventions=(Intervention("Zalutumab", "DRUG"),),
    arms=(Arm("One"), Arm("Two")),
    outcomes=(Outcome("primary", "Death"),),
    countries=("Austria",),
    sites=(Site("Clinic", "Innsbruck", country="Austria", latitude=47.27),),
)
EUCTR = Trial(
    registry="euctr",
    registry_id="2020-001209-22-AT",
    url="https://www.clinicaltrialsregister.eu/ctr-search/trial/2020-001209-22/AT",
    title=None,
    status="recruiting",
    status_raw="Ongoing",
    official_title="A Phase II Study of Zalutumab against Placebo",
    titles=(("de", "Zalutumab bei Herzschw\u00e4che"),),
    ids=(Identifier("eudract", "2020-001209-22", "main"),),
    phases=("phase_2", "phase_3"),
    eligibility=Eligibility("Adults", sex="all", min_age_days=6574),
    start=day("2020-03-30"),
    first_posted=day("2020-02-01"),
    last_updated=day("2022-06-01"),
    enrolment=328,
    sponsor="MUI",
    conditions=("heart  failure", "Dyspnoea"),
    interventions=(Intervention("ZALUTUMAB"), Intervention("Placebo")),
    countries=("Austria", "Czechia"),
    sites=(Site("clinic", "innsbruck", country="Austria"),),
    collaborators=(Party("Zalu Pharma"),),
    references=(Reference("30000001"),),
    officials=(Contact("Dr. A", "principal investigator"),),
    mesh=(MeshTerm("D006333", "Heart Failure", "condition"),),
)
ICTRP = Trial(
    registry="ictrp",
    registry_id="NCT04307642",
    url="https://trialsearch.who.int/Trial2.aspx?TrialID=NCT04307642",
    title="Zalutumab in heart failure (copy)",
    status="unknown",
    status_raw=None,
    acronym="WALK",
    last_updated=day("2024-01-01"),
    has_results=True,
    enrolment=330,
    conditions=("Heart failure",),
    countries=("Czech Republic",),
)
AT, US, WHO = Record("euctr", "2020-001209-22-AT"), Record("ctgov", "NCT04307642"), Record("ictrp", "NCT04307642")
ALL = (CTGOV, EUCTR, ICTRP)


def test_one_record_is_its_own_view() -> None:
    view = merge([CTGOV])
    assert view.trial == CTGOV
    assert view.records == (US,)
    assert all(datum.records == (US,) and datum.others == () for datum in view.data.values())


def test_no_record_has_no_view() -> None:
    with pytest.raises(ValueError, match="no records"):
        merge([])


def test_the_order_of_the_records_makes_no_difference() -> None:
    """G15: the union of all records, whatever the order of import."""
    views = [merge(order) for order in permutations(ALL)]
    assert all(view == views[0] for view in views)


def test_what_one_record_brought_goes_with_it() -> None:
    """G15: a merge is reversible: nothing is stored, and no record is changed."""
    before = [replace(one) for one in ALL]
    together = merge(ALL)
    assert merge([CTGOV, ICTRP]).trial.eligibility == Eligibility()
    assert merge(ALL) == together
    assert list(ALL) == before


@pytest.mark.parametrize(
    ("name", "value", "records", "others"),
    [
        ("title", "Zalutumab in Heart Failure", (US,), ((WHO, "Zalutumab in heart failure (copy)"),)),
        ("acronym", "WALK", (WHO,), ()),  # what the newest leaves out comes from the next that states it
        ("status", "completed", (US,), ((AT, "recruiting"),)),
        ("sponsor", "Medical University Innsbruck", (US,), ((AT, "MUI"),)),
        ("enrolment", 331, (US,), ((AT, 328), (WHO, 330))),
        ("first_posted", day("2020-02-01"), (AT,), ((US, day("2020-03-10")),)),  # the earliest
        ("last_updated", day("2024-01-01"), (WHO,), ((US, day("2023-01-01")), (AT, day("2022-06-01")))),
        (
            "start",
            day("2020-04-02", actual=True),
            (US,),
            ((AT, day("2020-03-30")),),
        ),  # what happened, not what was planned
        ("eligibility", EUCTR.eligibility, (AT,), ()),
        ("design", CTGOV.design, (US,), ()),
        ("has_results", True, (WHO,), ()),
        ("registry_id", "NCT04307642", (US, WHO), ((AT, "2020-001209-22-AT"),)),
    ],
)
def test_each_datum_says_where_it_comes_from(
    name: str, value: object, records: tuple[Record, ...], others: tuple[tuple[Record, Any], ...]
) -> None:
    """G15: the newest text with provenance."""
    datum = merge(ALL).data[name]
    assert (datum.value, datum.records, datum.others) == (value, records, others)
    assert getattr(merge(ALL).trial, name) == value
    assert datum.how in WHY


def test_data_that_mean_something_only_together_come_from_one_record() -> None:
    newer = replace(EUCTR, last_updated=day("2025-01-01"))
    view = merge([CTGOV, newer])
    assert (view.trial.status, view.trial.status_raw) == ("recruiting", "Ongoing")
    assert (view.trial.phases, view.trial.phases_raw) == (("phase_2", "phase_3"), ())
    assert (view.trial.sponsor, view.trial.sponsor_class) == ("MUI", None)
    assert (view.trial.registry, view.trial.url) == ("euctr", EUCTR.url)
    assert (view.trial.enrolment, view.trial.enrolment_actual) == (331, True)  # how many came


def test_lists_are_joined_and_each_item_has_its_records() -> None:
    """G15: the union of arrays."""
    view = merge(ALL)
    assert view.trial.conditions == ("Heart Failure", "Dyspnoea")
    assert [(item.value, item.records) for item in view.data["conditions"].items] == [
        ("Heart Failure", (US, AT, WHO)),
        ("Dyspnoea", (AT,)),
    ]
    assert [one.name for one in view.trial.interventions] == ["Zalutumab", "Placebo"]
    assert view.trial.interventions[0].kind == "DRUG"
    assert [(one.scheme, one.value) for one in view.trial.ids] == [
        ("nct", "NCT04307642"),
        ("eudract", "2020-001209-22"),
    ]
    assert view.trial.countries == ("Austria", "Czechia")
    assert view.data["countries"].items[1].records == (AT, WHO)
    assert [site.latitude for site in view.trial.sites] == [47.27]
    assert view.trial.titles == EUCTR.titles
    assert (view.trial.collaborators, view.trial.references) == (EUCTR.collaborators, EUCTR.references)
    assert (view.trial.officials, view.trial.mesh) == (EUCTR.officials, EUCTR.mesh)
    assert view.trial.arms == CTGOV.arms


def test_a_registrys_own_record_comes_before_a_copy_however_old() -> None:
    old = replace(CTGOV, last_updated=day("2001-01-01"))
    assert merge([ICTRP, old]).trial.title == CTGOV.title


def test_what_no_record_states_has_no_origin() -> None:
    view = merge(ALL)
    assert view.trial.why_stopped is None
    assert "why_stopped" not in view.data
    assert "keywords" not in view.data


def test_nothing_that_a_record_states_is_lost() -> None:
    """Each field of each record is shown, or stands beside what is shown."""
    view = merge(ALL)
    for one in ALL:
        for name in (field.name for field in fields(Trial)):
            if getattr(one, name) not in (
                None,
                (),
                "unknown",
                Design(),
                Eligibility(),
                type(one.sharing)(),
                type(one.expanded_access)(),
            ):
                assert _shown(view, name, one), name


def _shown(view: Merged, name: str, one: Trial) -> bool:
    datum, mine = view.data[name], Record(one.registry, one.registry_id)
    return mine in datum.records or any(who == mine for who, _ in datum.others)


def test_every_field_is_in_one_group() -> None:
    names = [name for group in TOGETHER for name in group]
    assert len(set(names)) == len(names)
    assert set(names) <= {one.name for one in fields(Trial)}
