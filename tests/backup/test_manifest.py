"""What a set says that it holds, and which sets go."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from actors.backup.keeping import Held, Rule, Verdict, judge
from actors.backup.manifest import DUMP, FORMAT, BadSet, Entry, Manifest, decode, encode
from actors.backup.place import database_of, for_programs, with_database
from actors.backup.runs import Kind, Run, standing

NOW = datetime(2026, 11, 26, 2, tzinfo=UTC)
DUMPED = Entry(DUMP, 10, "a" * 64)
MANIFEST = Manifest(
    FORMAT, "0.1", NOW, 23, 180_004, 18, "0/1", "x", {"trials": 3}, [DUMPED, Entry("files/a/b.pdf", 3, "b" * 64)]
)


def test_a_manifest_is_read_as_it_was_written() -> None:
    again = decode(encode(MANIFEST), "here")
    assert msgspec.structs.replace(again, sha256="") == MANIFEST
    assert (again.dump, [one.path for one in again.files], again.size_bytes) == (DUMPED, ["files/a/b.pdf"], 13)


@pytest.mark.parametrize(
    ("was", "becomes", "message"),
    [
        (b'"size_bytes": 10', b'"size_bytes": 11', "was changed after it was made"),
        (b'"rows": {', b'"rows": {"more": 1, ', "was changed after it was made"),
        (b'"format": 1', b'"format": 2', "it is of format 2, and this triald reads 1"),
        (b'"format": 1', b'"format": 0', "its format 0 is unknown here"),
        (b'"triald"', b'"Triald"', "cannot be read"),
        (b"{", b"[", "cannot be read"),
    ],
)
def test_a_manifest_that_is_not_what_it_was_is_refused(was: bytes, becomes: bytes, message: str) -> None:
    with pytest.raises(BadSet, match=message):
        decode(encode(MANIFEST).replace(was, becomes, 1), "here")


@pytest.mark.parametrize(
    "path",
    ["../../etc/passwd", "/etc/passwd", "files/../x", "files/a/../../x", "files//x", "files", "other.dump",
     "files/a\\b", "files/.", "files/..", "files/a/", "manifest.json", "files/x\n"],
)  # fmt: skip
def test_a_set_names_no_file_outside_of_itself(path: str) -> None:
    """N36: path traversal, in a manifest that somebody else has made."""
    evil = msgspec.structs.replace(MANIFEST, entries=[DUMPED, Entry(path, 1, "c" * 64)])
    with pytest.raises(BadSet, match="which no set holds"):
        decode(encode(evil), "here")


def held(*ages: float, without: tuple[float, ...] = ()) -> list[Held]:
    return [Held(f"{age}", NOW - timedelta(days=age), age not in without) for age in ages]


@pytest.mark.parametrize(
    ("sets", "remove", "remove_files"),
    [
        (held(), (), ()),
        (held(0, 13, 15, 29, 31), ("31",), ("15", "29")),
        (held(14, 30), (), ("30",)),  # on the border: kept; the newer one stays whole
        (held(400), (), ()),  # the last good one, however old
        (held(400, 500), ("500",), ()),
        (held(20, 25, without=(20,)), (), ()),  # the newest, and the newest with files
        (held(40, 50, 60, without=(40,)), ("60",), ()),
        (held(1, 20, without=(20,)), (), ()),
    ],
)
def test_old_sets_go_and_never_the_last_good_one(
    sets: list[Held], remove: tuple[str, ...], remove_files: tuple[str, ...]
) -> None:
    """A22: 30 days for databases, 14 for files."""
    assert judge(sets, Rule(), NOW) == Verdict(remove, remove_files)


def test_passwords_are_no_arguments_of_programs() -> None:
    """Others on the machine see arguments; the environment they do not."""
    url, secret = for_programs("postgresql://triald:s%40cret@db:5433/tri%20ald?sslmode=require&options=-c%20x%3D1")
    assert secret == {"PGPASSWORD": "s@cret"}
    assert url == "postgresql://triald@db:5433/tri%20ald?sslmode=require&options=-c%20x%3D1%20-c%20triald.tenant%3D%2A"
    assert for_programs("postgresql://u@/d?host=/s&password=p")[1] == {"PGPASSWORD": "p"}
    assert for_programs("postgresql:///d?host=/s") == ("postgresql:///d?host=%2Fs&options=-c%20triald.tenant%3D%2A", {})


def test_a_url_leads_to_another_database_of_the_same_server() -> None:
    assert database_of("postgresql://u:p@h/tri%20ald?x=1") == "tri ald"
    assert database_of("postgresql://u:p@h") == "u"
    assert with_database("postgresql:///a?host=/s", "b") == "postgresql:///b?host=/s"
    assert with_database("postgresql://u:p@h/a?x=1", "b c/d") == "postgresql://u:p@h/b%20c%2Fd?x=1"


def run(kind: Kind, hours_ago: float, *, error: str | None = None) -> Run:
    at = NOW - timedelta(hours=hours_ago)
    return Run(at, at, 1, 1, 1, 1, kind, "failed" if error else "done", "h", "/b", "x", error)


def test_a_drill_is_a_backup_too_and_a_failure_counts_until_its_kind_goes_well() -> None:
    backup, drill, failed = run("backup", 5), run("drill", 3), run("backup", 4, error="x")
    assert standing([backup, drill]).backup == drill
    assert standing([backup, drill, failed]).failed == failed
    assert standing([run("backup", 1), failed]).failed is None
    assert standing([]).backup is None
