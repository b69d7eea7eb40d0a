"""A file of MeSH taken into a database: whole or not at all, with exact counts, year after year."""

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from actors.mesh import habits
from actors.mesh import store as mesh
from actors.mesh.importing import NotMesh, TooManyGone
from actors.mesh.importing import store as imports
from actors.mesh.importing.store import Busy
from actors.mesh.lookup import SCOPES, Ask
from actors.mesh.mapping import Mapper
from actors.mesh.reading import Reader, here
from actors.mesh.xml import UnreadableMesh
from tests.mesh import real
from tests.mesh.made import HEADINGS, descriptor_xml, file_xml, vocabulary
from tests.mesh.real import needs
from tests.mesh.taken import MADE, made, supp, take
from tests.postgres import Postgres, Stock

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

YEAR = "mesh/desc2024_reconstructed.xml.zst"


@pytest.fixture
def stock(request: pytest.FixtureRequest) -> Stock | None:
    return MADE if "mesh_db" in request.fixturenames else None


@pytest.fixture
def mesh_db(connection: "Connection") -> "Connection":
    """The made vocabulary is there."""
    return connection


async def held(db: "Connection") -> dict[str, int]:
    names = ("records", "terms", "places", "concepts", "imports")
    return {name: await db.fetchval(f"select count(*) from mesh_{name}") for name in names}  # noqa: S608 - ours


async def test_a_file_is_taken_over_with_exact_counts(any_postgres: Postgres, tmp_path: Path) -> None:
    """G16: descriptors, terms and places, on both versions of PostgreSQL; the view refreshes concurrently."""
    db = await asyncpg.connect(any_postgres.dsn)
    found = await take(db, tmp_path / "desc2024.xml.gz", gzip.compress(made()))
    numbers = sum(len(one[2]) for one in HEADINGS)
    strings = sum(1 + len(one[3]) for one in HEADINGS)
    assert (found.year, found.counts["descriptors"], found.counts["tree_numbers"]) == (2024, len(HEADINGS), numbers)
    assert await held(db) == {
        "records": len(HEADINGS), "terms": strings, "places": numbers, "concepts": len(HEADINGS), "imports": 1,
    }  # fmt: skip
    await take(db, tmp_path / "supp2024.xml", supp())
    await db.execute("refresh materialized view concurrently mv_mesh_with_synonyms")
    row = await db.fetchrow("select * from mv_mesh_with_synonyms where ui = 'D009203'")
    assert row is not None
    assert (row["name"], row["synonyms"], row["depth"]) == (
        "Myocardial Infarction",
        ["Heart Attack", "Heart Attacks"],
        3,
    )
    await db.close()


async def test_the_same_file_again_changes_nothing(mesh_db: "Connection", tmp_path: Path) -> None:
    """G16: idempotent by what the file holds, whatever it is called."""
    before = await held(mesh_db)
    found = await take(mesh_db, tmp_path / "desc2024-again.xml", made())
    assert found.already
    assert await held(mesh_db) == before


async def test_a_new_year_is_told_by_what_it_changes(mesh_db: "Connection", tmp_path: Path) -> None:
    """G16: added, gone and renamed records; what is gone stays by name and leads on."""
    body = made(without=("D013577",), renamed={"D006331": "Cardiac Disorders"})
    body = body.replace(
        b"</DescriptorRecordSet>", descriptor_xml("D999001", "Newness").encode() + b"</DescriptorRecordSet>"
    )
    body = body.replace(b"<String>Diseases</String>", b"<String>Syndrome</String>")
    found = await take(mesh_db, tmp_path / "desc2025.xml", body)
    assert {name: found.changes[name] for name in ("added", "removed", "renamed")} == {
        "added": 1, "removed": 1, "renamed": 1,
    }  # fmt: skip
    assert found.changes["listed"]["removed"] == [{"ui": "D013577", "name": "Syndrome", "now": "D004194"}]
    assert found.changes["listed"]["renamed"] == [
        {"ui": "D006331", "before": "Heart Diseases", "after": "Cardiac Disorders"}
    ]
    assert (await mesh.stands(mesh_db, ["D013577"]))["D013577"].ui == "D004194"
    last = await imports.latest(mesh_db, "descriptors")
    assert last is not None
    assert (last.year, last.changes) == (2025, found.changes)
    back = await take(mesh_db, tmp_path / "desc2024.xml", made())
    assert not back.already
    assert await mesh_db.fetchval("select count(*) from mesh_records where gone") == 1


async def test_a_file_that_lacks_much_is_taken_over_only_if_that_is_meant(
    mesh_db: "Connection", tmp_path: Path
) -> None:
    few = file_xml(descriptor_xml("D009203", "Myocardial Infarction"))
    before = await held(mesh_db)
    with pytest.raises(TooManyGone, match="--accept-removed"):
        await take(mesh_db, tmp_path / "desc2025.xml", few)
    assert await held(mesh_db) == before
    found = await take(mesh_db, tmp_path / "desc2025.xml", few, accept_removed=True)
    assert found.changes["removed"] == len(HEADINGS) - 1


@pytest.mark.parametrize(
    "body",
    [
        b"not XML at all",
        b"",
        made()[:-200],
        gzip.compress(made())[:-20],
        file_xml(descriptor_xml(), doctype='<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa">]>'),
        file_xml(descriptor_xml(), doctype='<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
        file_xml(),
    ],
    ids=["text", "empty", "cut", "cut gzip", "entity", "external entity", "no record"],
)
async def test_what_is_no_file_of_mesh_changes_nothing(mesh_db: "Connection", tmp_path: Path, body: bytes) -> None:
    """G16: entity tricks, cut files and other files are refused, and MeSH stays as it is."""
    before = await held(mesh_db)
    with pytest.raises((UnreadableMesh, NotMesh)):
        await take(mesh_db, tmp_path / "desc2025.xml", body)
    assert await held(mesh_db) == before


async def test_records_that_cannot_be_kept_are_counted_and_named(connection: "Connection", tmp_path: Path) -> None:
    body = file_xml(
        descriptor_xml("D009203", "Myocardial Infarction", numbers=("C14.280.647.500",)),
        descriptor_xml("D009203", "Twice"), descriptor_xml("nonsense", "Bad id"),
        descriptor_xml("D000001", "Long", terms=("x" * 3000,)),
    )  # fmt: skip
    found = await take(connection, tmp_path / "desc2024.xml", body)
    assert (found.counts["descriptors"], found.counts["refused"], found.counts["without_parent"]) == (1, 3, 1)
    assert len(found.problems) == 4


async def test_two_imports_at_once_do_not_mix(any_postgres: Postgres, tmp_path: Path) -> None:
    one, two = await asyncpg.connect(any_postgres.dsn), await asyncpg.connect(any_postgres.dsn)
    await imports.lock(one)
    with pytest.raises(Busy):
        await take(two, tmp_path / "desc2024.xml", made())
    await imports.unlock(one)
    await take(two, tmp_path / "desc2024.xml", made())
    for db in (one, two):
        await db.close()


@pytest.mark.parametrize("table", ["records", "terms", "words", "places"])
async def test_an_import_that_is_killed_leaves_what_was_there(postgres: Postgres, tmp_path: Path, table: str) -> None:
    """G16: its connection is cut at any step; the next import takes everything over."""
    db = await asyncpg.connect(postgres.dsn)
    await take(db, tmp_path / "desc2024.xml", made())
    before = await held(db)
    execute = db.execute

    async def cut(*given: Any) -> str:
        if f"mesh_{table} " in given[0] and given[0].startswith(("insert", "delete")):
            db.terminate()
        return str(await execute(*given))

    body = made(renamed={"D006331": "Cardiac Disorders"})
    killed = _Cut(db, cut)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await take(killed, tmp_path / "desc2025.xml", body)  # type: ignore[arg-type]
    again = await asyncpg.connect(postgres.dsn)
    assert await held(again) == before
    async with asyncio.timeout(20):
        while True:  # the server notices that its client has gone
            try:
                found = await take(again, tmp_path / "desc2025.xml", body)
                break
            except Busy:
                await asyncio.sleep(0.01)
    assert found.changes["renamed"] == 1
    await again.close()


class _Cut:
    """A connection that is cut by what it is asked."""

    def __init__(self, db: "Connection", execute: Callable[..., Awaitable[str]]) -> None:
        self._db = db
        self.execute = execute

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)


TEXTS = (
    "heart attack", "NSCLC", "Recurrent Breast Cancer", "Tumours of the Breast", "Chrohn's disease", "hart attack",
    "diabetes", "Type II diabetes", "myelodysplastic", "Sicle cell anaemia", "Cluster headaches", "no such thing", "",
    "Head and Neck Cancer", "non-small cell lung cancer, small cell lung cancer", "Aspirin 100 mg",
    "Leucovorin calcium",
    "pembrolizumab", "trimethoprim sulfamethoxazole", "radiation therapy", "ALL", "all", "Stage IV breast canser",
)  # fmt: skip


async def test_texts_read_with_the_database_say_what_they_say_with_all_of_mesh_in_memory(mesh_db: "Connection") -> None:
    """G17: the same answers, whether the vocabulary is in memory or only the terms that are asked for."""
    whole = vocabulary()
    asks = [Ask(about, text) for about in SCOPES for text in TEXTS]
    found = await Reader({}, here).answers(mesh_db, asks)
    for about, scope in SCOPES.items():
        mapper = Mapper(whole, scope, evidence=habits.evidence(about))
        assert {text: found[Ask(about, text)] for text in TEXTS} == {text: mapper.answers(text) for text in TEXTS}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("heart attack", [("D009203", "entry")]),
        ("recruiting trials of heart attack in Vienna", [("D009203", "entry")]),
        ("breast cancer radiation therapy", [("D001943", "entry"), ("D011878", "entry")]),
        ("cancer", [("D009369", "entry")]),
        ("chronic disease in women", []),
        ("NSCLC pembrolizumab", [("D002289", "said"), ("C582435", "exact")]),
        ("", []),
        ("'; drop table trials --", []),
    ],
)
async def test_a_search_names_the_terms_that_stand_in_it(mesh_db: "Connection", text: str, told: list[Any]) -> None:
    """G17: lay terms find trials."""
    assert [(one.ui, one.how) for one in await mesh.expand(mesh_db, text)] == told


async def test_beginnings_of_words_are_completed(mesh_db: "Connection") -> None:
    found = await mesh.suggest(mesh_db, "heart a")
    assert [(one.name, one.term) for one in found] == [("Myocardial Infarction", "Heart Attack")]
    assert (await mesh.suggest(mesh_db, "Heart"))[0].name in (
        "Heart Diseases",
        "Heart Failure",
        "Myocardial Infarction",
    )
    assert await mesh.suggest(mesh_db, "%") == []
    assert await mesh.suggest(mesh_db, "heart ", 1) != []


@needs(YEAR, "mesh/mesh2022_terms.tsv.zst")
async def test_real_years_are_taken_over_with_exact_counts_and_changes(
    connection: "Connection", tmp_path: Path
) -> None:
    """G16: from 2022 to 2024, 573 came, 3 went, 52 were renamed; every place has its parent."""
    by_ui: dict[str, tuple[str, list[str]]] = {}
    for line in real.lines("mesh/mesh2022_terms.tsv.zst")[1:]:
        row = line.split("\t")
        by_ui.setdefault(row[0], (row[1], []))[1].append(row[4])
    older = file_xml(*(descriptor_xml(ui, name, terms=terms[:1]) for ui, (name, terms) in by_ui.items()))
    first = await take(connection, tmp_path / "desc2022.xml", older)
    assert first.counts["descriptors"] == 30_194
    with real.unpacked(YEAR) as source:
        found = await take(connection, tmp_path / "desc2024.xml", source.read())
    assert {name: found.changes[name] for name in ("added", "removed", "renamed")} == {
        "added": 573, "removed": 3, "renamed": 52,
    }  # fmt: skip
    assert found.counts == {
        "descriptors": 30_764, "concepts": 61_048, "terms": 132_802, "strings": 263_936, "permuted": 131_134,
        "tree_numbers": 64_457, "actions": 5_054, "refused": 0, "without_parent": 0,
    }  # fmt: skip
    assert await connection.fetchval("select count(*) from mesh_terms") == 263_936
    assert await connection.fetchval("select count(*) from mv_mesh_with_synonyms") == 30_764
    assert [one.ui for one in await mesh.expand(connection, "trials on heart attack")] == ["D009203"]
