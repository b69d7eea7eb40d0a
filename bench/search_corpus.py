"""Real ClinicalTrials.gov records as a corpus to search: as they are, or resampled to as many as a mirror holds.

A resampled trial keeps a title with its conditions and interventions whole, and takes summary, criteria, sites, status
and dates from others; one of twenty has the number of another register. The same seed gives the same trials.
"""

import random
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from struct import Struct
from typing import Any, Literal, get_args
from xml.etree import ElementTree

from actors.jobs.learn_search import places
from actors.mesh.importing import import_file
from actors.mesh.reading import here
from actors.trials import wire
from actors.trials.facets import facet
from actors.trials.finding import store as finding
from actors.trials.mirroring import rows
from actors.trials.mirroring.copying import copy
from actors.trials.mirroring.rows import Placed
from actors.trials.normalise import NotReadable, age_days
from actors.trials.pack import ID_COLUMNS, TRIAL_COLUMNS, PackedPage, Source, pack_page
from actors.trials.reading.ctgov.study import read_study
from actors.trials.record import (
    Eligibility,
    Identifier,
    Intervention,
    MeshTerm,
    Phase,
    Sex,
    Site,
    Status,
    Trial,
    When,
)

AT = datetime(2026, 3, 1, tzinfo=UTC)
OTHERS = (("isrctn", "ISRCTN{:08}"), ("ctis", "2024-5{:05}-11-00"), ("drks", "DRKS{:08}"))
PAGE = 1_000
ABOUT: tuple[Literal["condition"], Literal["intervention"]] = ("condition", "intervention")
NEWEST = date(2026, 2, 27)
_SPREAD_DAYS = 583.0  # 0.8 % in the last week, as at ClinicalTrials.gov (5,000 of 600,000), 29 % in the last year
INDEXES = {"trials_words": "words", "trials_title_words": "(ts_filter(words, '{a}') || facets || mesh)"}


def studies(folder: Path) -> list[Trial]:
    """Every study there is, in either format, each once."""
    found = {one.registry_id: one for one in _legacy(folder / "ctgov_xml" / "legacy_xml.tar.zst")}
    for line in unpacked(folder / "ctgov_v2" / "studies.ndjson.zst").splitlines():
        try:
            one = read_study(line)
        except NotReadable:
            continue
        found[one.registry_id] = one
    return [found[number] for number in sorted(found)]


def unpacked(file: Path) -> bytes:
    return subprocess.run(["zstd", "--long=27", "-dc", str(file)], capture_output=True, check=True).stdout


def resampled(of: Sequence[Trial], count: int, seed: int) -> Iterator[Trial]:
    """So many trials made of these."""
    dice = random.Random(seed)  # noqa: S311 - no secret
    placed = [one for one in of if any(site.latitude is not None for site in one.sites)] or of
    for number in range(count):
        named, told, held = dice.choice(of), dice.choice(of), dice.choice(placed)
        registry, own = "ctgov", f"NCT{90_000_000 + number:08}"
        if number % 20 == 0:
            registry, shape = OTHERS[number // 20 % len(OTHERS)]
            own = shape.format(number)
        day = NEWEST - timedelta(days=int(_SPREAD_DAYS * (dice.paretovariate(0.7) - 1)) % 7_000)
        yield replace(
            named, registry=registry, registry_id=own, ids=(Identifier("other", own, "main"),),
            summary=told.summary, eligibility=told.eligibility, status=held.status, sites=held.sites[:40],
            countries=held.countries, phases=held.phases, last_updated=When(day, "day"), enrolment=held.enrolment,
            description=None, outcomes=(), contacts=(), officials=(), references=(), arms=(), results=None,
        )  # fmt: skip


def packed(trials: Iterable[Trial], at: datetime = AT) -> PackedPage:
    """Ready to be written; each with its codes among its filter words, as they are in the index."""
    source = Source("ctgov", "https://registry.example/studies", at, 1, "application/json")
    return pack_page([_Read(one) for one in trials], [], source)


class _Read:
    raw = b"{}"

    def __init__(self, trial: Trial) -> None:
        self.trial = trial


Codes = Mapping[str, Sequence[str]]  # the ids of each heading by its name, with those above it


async def load(db: Any, trials: Iterable[Trial], *, codes: Codes | None = None) -> int:
    """Write trials straight into their tables, and let the search learn of them; how many they were."""
    total, page = 0, list[Trial]()
    for name in INDEXES:
        await db.execute(f"drop index {name}")  # it is made at once at the end: that takes a fifth of the time
    for one in trials:
        page.append(one)
        if len(page) == PAGE:
            total += await _load_page(db, page, total, codes or {})
            page = []
    total += await _load_page(db, page, total, codes or {}) if page else 0
    await db.execute(
        """insert into registry_counts (registry, present, removed, newest_on, changed_at)
           select registry, count(*), 0, max(last_updated_on), now() from trials group by registry"""
    )
    for name, what in INDEXES.items():
        made = f"create index {name} on trials using gin ({what}) with (fastupdate = on, gin_pending_list_limit = 128)"
        await db.execute(made)
    await db.execute("select setval(pg_get_serial_sequence('trials', 'id'), (select max(id) from trials))")
    await db.execute("vacuum analyze trials")
    return total


async def _load_page(db: Any, page: Sequence[Trial], before: int, codes: Codes) -> int:
    ids = range(before + 1, before + len(page) + 1)
    made = packed(page).trials
    placed = [Placed(one, id_, 1, None) for one, id_ in zip(made, ids, strict=False)]
    columns = (*TRIAL_COLUMNS, "mesh")
    async with db.transaction():
        told = zip(placed, page, strict=False)
        await copy(db, "trials", columns, (_row(one, _coded(trial, codes)) for one, trial in told))
        await copy(db, "trial_ids", ID_COLUMNS, rows.ids(placed))
        await finding.learn(db, list(ids))
        await finding.learn_places(db, places(await finding.sites(db, list(ids))))
    return len(placed)


_head = Struct(">hiqii").pack


def _row(one: Placed, codes: Sequence[str]) -> bytes:
    """As rows.trials makes it, with the codes behind."""
    times = wire.instant(AT) * 2
    return _head(len(TRIAL_COLUMNS) + 1, 8, one.id, 4, one.version) + times + one.packed.trial + wire.index_words(codes)


def _coded(trial: Trial, codes: Codes) -> tuple[str, ...]:
    uis = {ui for one in trial.mesh for ui in ([one.ui] if one.ui else codes.get(one.term, ()))}
    return tuple(sorted(facet("mesh", ui) for ui in uis))


async def thesaurus(db: Any, data: Path) -> Codes:
    """MeSH, read into a database that has none; gives the ids of each heading by its name, with those above it."""
    with tempfile.TemporaryDirectory(prefix="triald-bench-") as folder:
        file = Path(folder) / "desc2024.xml"
        file.write_bytes(unpacked(data / "mesh" / "desc2024_reconstructed.xml.zst"))
        await import_file(db, file, run=here, after=_nothing)
    found = await db.fetch("select ui, name, numbers from mesh_records")
    at = {number: row["ui"] for row in found for number in row["numbers"]}
    return {row["name"]: tuple({row["ui"], *_above(row["numbers"], at)}) for row in found}


async def _nothing(_: object) -> None:
    """The codes of the corpus are its own."""


def _above(numbers: Sequence[str], at: Mapping[str, str]) -> Iterator[str]:
    for number in numbers:
        parts = number.split(".")
        yield from (at[up] for end in range(1, len(parts)) if (up := ".".join(parts[:end])) in at)


# ── the format before API v2 ──


def _legacy(file: Path) -> Iterator[Trial]:
    with tarfile.open(fileobj=BytesIO(unpacked(file))) as archive:
        for member in archive:
            if member.isfile() and (held := archive.extractfile(member)):
                yield legacy(ElementTree.fromstring(held.read()))  # noqa: S314 - our own files


def legacy(root: ElementTree.Element) -> Trial:
    """What a search needs of a record in the format before API v2."""
    number = _text(root, "id_info/nct_id") or ""
    kinds = {"Interventional": "interventional", "Observational": "observational", "Expanded Access": "expanded_access"}
    kind = kinds.get((_text(root, "study_type") or "").partition(" [")[0], "unknown")
    status = re.sub("[, ]+", "_", (_text(root, "overall_status") or "").lower()).replace("_status", "")
    phase = _text(root, "phase") or ""
    return Trial(
        registry="ctgov", registry_id=number, url=f"https://clinicaltrials.gov/study/{number}",
        title=_text(root, "brief_title"), official_title=_text(root, "official_title"), acronym=_text(root, "acronym"),
        status=status if status in get_args(Status) else "unknown",  # type: ignore[arg-type]  # one of them
        status_raw=_text(root, "overall_status"), study_type=kind,  # type: ignore[arg-type]  # one of them
        ids=(Identifier("nct", number, "main"), *_aliases(root)),
        summary=_text(root, "brief_summary/textblock"), description=_text(root, "detailed_description/textblock"),
        phases=tuple(one for one in get_args(Phase) if one.removeprefix("phase_") in re.findall("[1-4]", phase)),
        sponsor=_text(root, "sponsors/lead_sponsor/agency"),
        sponsor_class=_text(root, "sponsors/lead_sponsor/agency_class"),
        conditions=_texts(root, "condition"), keywords=_texts(root, "keyword"),
        interventions=tuple(
            Intervention(_text(one, "intervention_name") or "?", other_names=_texts(one, "other_name"))
            for one in root.findall("intervention")
        ),
        mesh=tuple(
            MeshTerm(None, term, about)
            for about in ABOUT
            for term in _texts(root, f"{about}_browse/mesh_term")
        ),
        eligibility=_eligibility(root), countries=_texts(root, "location_countries/country"),
        sites=tuple(
            Site(city=_text(one, "city"), country=_text(one, "country"))
            for one in root.findall("location/facility/address")
        ),
        enrolment=int(_text(root, "enrollment") or 0) or None,
        start=_when(_text(root, "start_date")), completion=_when(_text(root, "completion_date")),
        last_updated=_when(_text(root, "last_update_posted")),
    )  # fmt: skip


def _aliases(root: ElementTree.Element) -> tuple[Identifier, ...]:
    return tuple(Identifier("other", one, "secondary") for one in _texts(root, "id_info/secondary_id"))


def _eligibility(root: ElementTree.Element) -> Eligibility:
    sex: dict[str, Sex] = {"All": "all", "Female": "female", "Male": "male"}
    healthy = _text(root, "eligibility/healthy_volunteers")
    return Eligibility(
        criteria=_text(root, "eligibility/criteria/textblock"),
        sex=sex.get(_text(root, "eligibility/gender") or ""),
        min_age_days=age_days(_text(root, "eligibility/minimum_age")),
        max_age_days=age_days(_text(root, "eligibility/maximum_age")),
        healthy_volunteers=None if healthy is None else healthy.startswith("Accepts"),
    )


def _when(text: str | None) -> When | None:
    for form, precision in (("%B %d, %Y", "day"), ("%B %Y", "month")):
        try:
            return When(datetime.strptime(text or "", form).date(), precision)  # type: ignore[arg-type]  # of the table
        except ValueError:
            continue
    return None


def _text(root: ElementTree.Element, path: str) -> str | None:
    found = root.findtext(path)
    return " ".join(found.split()) or None if found else None


def _texts(root: ElementTree.Element, path: str) -> tuple[str, ...]:
    return tuple(" ".join(one.text.split()) for one in root.findall(path) if one.text and one.text.strip())
