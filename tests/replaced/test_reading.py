"""Rows of dumps, read without a database."""

from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest

from actors.replaced import Item, NotTaken, Person, SavedSearch, TrialFound, dump, sql
from actors.replaced.dump import BadDump
from actors.replaced.systems.globaltrials import lay_terms, search, trial
from actors.replaced.values import words
from actors.trials.record import Site, When
from supervisor.taking_over import known_systems

ROW: dict[str, Any] = {
    "id": "7d1f", "trial_id": "NCT01234567", "title": "Heart attack at night", "description": "A summary",
    "conditions": ["Heart attack", "Angina"], "interventions": '{Aspirin,"Placebo, oral"}', "sponsor": "Charité",
    "status": "RECRUITING", "phase": "Phase 1/Phase 2", "start_date": "2027-02",
    "completion_date": "2028-05-01T00:00:00Z",
    "eligibility_criteria": {"criteria": "Adults", "minAge": "18 Years", "maxAge": None, "gender": "FEMALE"},
    "locations": [
        {"facility": "Clinic", "city": "Berlin", "country": "Germany", "coordinates": {"lat": 40.7, "lng": -74.1}}
    ],
    "compensation": {"amount": 1500, "currency": "USD"}, "layman_description": "A placeholder", "urgency_level": "low",
    "data_quality_score": 0.8, "contact_info": {"name": "Dr X", "phone": "1"}, "risk_score": None,
}  # fmt: skip


def read(row: dict[str, Any]) -> TrialFound:
    [item] = trial(row, {}).items
    assert isinstance(item, TrialFound)
    return item


def test_a_trial_is_what_its_row_says_and_nothing_that_was_invented() -> None:
    """N38: compensation, coordinates, placeholders and scores are counted by field, and not even kept as bytes."""
    told, one = trial(ROW, {}), read(ROW)
    assert told.left_out == (
        "compensation (invented)", "layman_description (invented)", "urgency_level (made anew here)",
        "data_quality_score (made anew here)", "locations.coordinates (invented)",
    )  # fmt: skip
    assert (one.trial.registry, one.trial.registry_id, one.trial.status) == ("import", "NCT01234567", "recruiting")
    assert one.trial.phases == ("phase_1", "phase_2")
    assert one.trial.start == When(date(2027, 2, 1), "month")
    assert one.trial.completion == When(date(2028, 5, 1), "day")
    assert [item.name for item in one.trial.interventions] == ["Aspirin", "Placebo, oral"]
    assert one.trial.sites == (Site(facility="Clinic", city="Berlin", country="Germany"),)
    assert (one.trial.eligibility.sex, one.trial.eligibility.min_age_days) == ("female", 6574)
    kept = one.raw.decode()
    assert [word for word in ("1500", "placeholder", "40.7", "compensation", "0.8") if word in kept] == []


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"trial_id": None}, "trial_id: expected a value, got none"),
        ({"trial_id": "x" * 101}, "trial_id: expected at most 100 characters, got 101"),
        ({"start_date": "soon"}, "start_date: 'soon' is not a date"),
        ({"completion_date": "2027-13-01"}, "completion_date: '2027-13-01' is not a date"),
        ({"locations": "nowhere"}, "locations: expected JSON, got 'nowhere'"),
        ({"locations": [1]}, "locations: expected a list of objects"),
        ({"conditions": {"a": 1}}, "conditions: expected a list"),
        ({"eligibility_criteria": "[1]"}, "eligibility_criteria: expected an object"),
        ({"enrollment_target": "many"}, "enrollment_target: expected a whole number, got 'many'"),
    ],
)
def test_a_row_that_cannot_be_read_is_refused_with_its_field(changed: dict[str, Any], reason: str) -> None:
    """N38: the report of refused rows."""
    with pytest.raises(NotTaken) as refused:
        trial(ROW | changed, {})
    assert str(refused.value).startswith(reason)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("recruiting", "recruiting"),
        ("active", "active_not_recruiting"),
        ("ACTIVE_NOT_RECRUITING", "active_not_recruiting"),
        ("Not yet recruiting", "not_yet_recruiting"),
        ("odd", "unknown"),
        (None, "unknown"),
    ],
)
def test_statuses_are_theirs_or_the_registrys(word: str | None, status: str) -> None:
    assert read(ROW | {"status": word}).trial.status == status


def test_numbers_of_other_registries_come_from_the_table_beside() -> None:
    beside = {
        "trial_sources": {"7d1f": [{"registry": "EUCTR", "source_id": "2010-020000-11", "url": "https://x.example/1"}]}
    }
    [item] = trial(ROW, beside).items
    assert isinstance(item, TrialFound)
    assert [(one.scheme, one.value) for one in item.trial.ids] == [
        ("nct", "NCT01234567"),
        ("eudract", "2010-020000-11"),
    ]
    assert read(ROW | {"trial_id": "X-1"}).trial.url == "import:globaltrials/X-1"


def test_searches_keep_what_can_be_asked_here_and_others_are_refused() -> None:
    """N38: one that would find other trials here is no saved search of theirs."""
    filters = {"status": ["recruiting"], "phase": ["Phase 2"], "gender": "female", "compensationMin": 500}
    row = {"user_id": "u1", "name": "Mine", "query": "heart", "filters": filters}
    beside = {"users": {"u1": [{"id": "u1", "email": "A@x.example"}]}}
    told = search(row, beside)
    expected: tuple[Item, ...] = (
        SavedSearch("a@x.example", "Mine", "phase=phase_2&q=heart&sex=female&status=recruiting"),
    )
    assert told.items == expected
    assert told.left_out == ("filters.compensationMin (invented)",)
    for other, reason in (
        ({"location": "Berlin"}, "filters.location: no place yet"),
        ({"status": ["odd"]}, "filters.status: expected one of"),
        ({"ageMin": 18, "ageMax": 65}, "filters.ageMin: no place yet"),
    ):
        with pytest.raises(NotTaken, match=reason):
            search(row | {"filters": other}, beside)
    with pytest.raises(NotTaken, match="query: expected words or a filter"):
        search({"user_id": "u1"}, beside)


def test_lay_terms_need_the_number_of_a_mesh_record() -> None:
    row = {"patient_terms": ["heart attack", "coronary"], "medical_terms": ["MI"], "mesh_codes": '{"D009203"}'}
    assert [getattr(one, "text", "") for one in lay_terms(row, {}).items] == ["heart attack", "coronary"]
    with pytest.raises(NotTaken, match="mesh_codes"):
        lay_terms(row | {"mesh_codes": []}, {})


def test_people_come_without_passwords_and_with_no_more_rights_than_they_had() -> None:
    """N38: passwords are never taken over; a role that is unknown here may look."""
    reader = known_systems()["researchflow"].tables["users"]
    told = reader({"id": 1, "email": "S@x.example", "role": "STEWARD", "password_hash": "$2b$12$abc"}, {})
    assert told.items == (Person("s@x.example", "steward", None, "S@x.example"),)
    assert told.left_out == ("password_hash (secret)",)
    assert reader({"email": "t@x.example", "role": "root"}, {}).items == (
        Person("t@x.example", "viewer", None, "t@x.example"),
    )
    with pytest.raises(NotTaken, match="email: expected letters"):
        reader({"email": "<script>@x"}, {})


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, ()), ("{}", ()), ('{a,"b, c","d \\"e\\"",NULL}', ("a", "b, c", 'd "e"')), ('["a", "a", null]', ("a",)),
     ("plain", ("plain",)), (["a", 1], ("a", "1"))],
)  # fmt: skip
def test_lists_are_read_as_json_and_as_postgresql_writes_them(value: object, expected: tuple[str, ...]) -> None:
    assert words({"x": value}, "x") == expected


SQL = """-- PostgreSQL database dump
SET statement_timeout = 0;
COPY public.users (id, email, bio) FROM stdin;
1\ta@x.example\tline one\\nline\\ttwo \\\\ end
2\t\\N\t\\N
\\.
INSERT INTO public."clinical_trials" (id, title, n) VALUES (1, 'It''s; (a) title, with
two lines', NULL), (2, E'plain', 3);
INSERT INTO other (a) VALUES ('x'::text);
DROP TABLE users;
"""


def test_rows_of_sql_dumps_are_read_and_nothing_is_run() -> None:
    found = [(table, row) for table, _, row in sql.rows(SQL.splitlines(keepends=True))]
    assert found == [
        ("users", {"id": "1", "email": "a@x.example", "bio": "line one\nline\ttwo \\ end"}),
        ("users", {"id": "2", "email": None, "bio": None}),
        ("clinical_trials", {"id": "1", "title": "It's; (a) title, with\ntwo lines", "n": None}),
        ("clinical_trials", {"id": "2", "title": "plain", "n": "3"}),
        ("other", {"a": "x"}),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("COPY users (id) FROM stdin;\n1\t2\n\\.\n", "line 2: users has 1 columns, and the line 2"),
        ("COPY users (id) FROM stdin;\n1\n", "users: the file ends within its rows"),
        ("INSERT INTO users (id) VALUES (1, 2);\n", "line 1: users has 1 columns, and the row 2"),
        ("INSERT INTO users (id) VALUES (f(1));\n", "line 1: expected values between"),
        ("INSERT INTO users (id) VALUES ('a\n", "line 1: the statement has no end"),
    ],
)
def test_sql_that_is_cut_short_or_odd_is_refused_by_its_line(text: str, message: str) -> None:
    with pytest.raises(sql.NotSql, match=message.replace("(", r"\(")):
        list(sql.rows(text.splitlines(keepends=True)))


def test_a_dump_is_a_file_or_a_folder_in_any_of_the_forms(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(orjson.dumps({"users": [{"id": 1}], "projects": []}))
    (tmp_path / "images.json").write_bytes(orjson.dumps([{"id": 2}]))
    (tmp_path / "cells.jsonl").write_text('{"id": 3}\n\n{"id": 4}\n')
    (tmp_path / "users.csv").write_text('id,name\n5,"x, y"\n6,\n')
    (tmp_path / "z.sql").write_text(SQL)
    (tmp_path / "readme.txt").write_text("no dump")
    found = [(one.file, one.table, one.row.get("id")) for one in dump.rows(tmp_path)]
    assert found[:6] == [
        ("a.json", "users", 1), ("cells.jsonl", "cells", 3), ("cells.jsonl", "cells", 4), ("images.json", "images", 2),
        ("users.csv", "users", "5"), ("users.csv", "users", "6"),
    ]  # fmt: skip
    assert len(found) == 11


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.json", "{", "expected JSON"),
        ("x.json", "3", "expected a list of rows"),
        ("x.json", '{"users": 3}', "expected a list of rows"),
        ("x.json", '{"users": [3]}', "row 1: expected an object"),
        ("x.jsonl", "{}\n[]\n", "row 2: expected an object"),
        ("x.jsonl", "{}\n{\n", "line 2: expected JSON"),
        ("x.csv", "a\n1,2\n", "line 2: it has more cells than the header"),
        ("x.txt", "", "expected a file that ends in .json"),
    ],
)
def test_a_file_that_is_no_dump_is_refused_by_its_name(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(BadDump) as refused:
        list(dump.rows(tmp_path / name))
    assert message in str(refused.value)
    assert name in str(refused.value)
