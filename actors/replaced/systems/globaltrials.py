"""GlobalTrials: its trials, saved searches, lay terms and people. No I/O."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from actors.replaced import Beside, LayTerm, NotTaken, Read, Row, SavedSearch, System
from actors.replaced.globaltrials_trial import OWN_STATUSES, PHASES, read_trial
from actors.replaced.people import read_person
from actors.replaced.values import login_of, needed, says, text, thing, words

USERS = ("users", "profiles")
UNKNOWN_FILTERS = {"location", "locationRadius", "source"}  # what they meant by it cannot be asked here in the same way
INVENTED_FILTERS = ("compensationMin", "compensationMax")


def trial(row: Row, beside: Beside) -> Read:
    return read_trial(row, beside.get("trial_sources", {}).get(text(row, "id") or "", ()))


def search(row: Row, beside: Beside) -> Read:
    """Filters by pay find nothing that is true; one that would find other trials than there is refused."""
    filters = thing(row, "filters") or thing(row, "search_params")
    strange = sorted(name for name in filters.keys() & UNKNOWN_FILTERS if says(filters[name]))
    if strange:
        raise NotTaken(f"filters.{strange[0]}: no place yet: it would find other trials here")
    given = [("q", asked)] if (asked := text(row, "query") or text(filters, "query")) else []
    given += list(_filters(filters))
    if not given:
        raise NotTaken("query: expected words or a filter: a search for everything cannot be watched")
    name = (text(row, "name") or text(row, "title") or asked or "search")[:200]
    pay = tuple(f"filters.{one} (invented)" for one in INVENTED_FILTERS if says(filters.get(one)))
    owner = login_of(beside, USERS, text(row, "user_id"))
    return Read((SavedSearch(owner, name, urlencode(sorted(given))),), pay)


def _filters(filters: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for one in words(filters, "status"):
        if one.lower() not in OWN_STATUSES:
            raise NotTaken(f"filters.status: expected one of {', '.join(OWN_STATUSES)}, got {one[:40]!r}")
        yield "status", OWN_STATUSES[one.lower()]
    for one in words(filters, "phase"):
        number = one[-1:]
        if number not in PHASES:
            raise NotTaken(f"filters.phase: expected a phase from 1 to 4, got {one[:40]!r}")
        yield "phase", PHASES[number]
    if sponsor := text(filters, "sponsor"):
        yield "sponsor", sponsor[:200]
    sex = (text(filters, "gender") or "all").lower()
    if sex in ("female", "male"):
        yield "sex", sex
    least, most = text(filters, "ageMin"), text(filters, "ageMax")
    if least != most:
        raise NotTaken("filters.ageMin: no place yet: a search here is for one age, not from one to another")
    if least:
        yield "age", least


def lay_terms(row: Row, beside: Beside) -> Read:
    """Each of the words that patients say means the MeSH records that the row names."""
    uis = words(row, "mesh_codes")
    if not uis:
        raise NotTaken("mesh_codes: expected the number of a MeSH record at least, got none")
    note = f"GlobalTrials: {', '.join(words(row, 'medical_terms'))}"[:500]
    codes = ("icd_codes (no place yet)",) if words(row, "icd_codes") else ()
    said = words(row, "patient_terms")
    if not said:
        needed(row, "patient_terms")
    return Read(tuple(LayTerm(one, uis, note) for one in said), codes)


SYSTEM = System(
    "globaltrials",
    "GlobalTrials",
    tables={
        "users": read_person,
        "profiles": read_person,
        "clinical_trials": trial,
        "medical_term_mappings": lay_terms,
        "saved_searches": search,
    },
    beside={"users": ("id",), "profiles": ("id", "user_id"), "trial_sources": ("trial_id", "trial")},
    no_place={
        "trial_sources": "the numbers in it are kept with their trials; registries are mirrored from themselves",
        "patients": "patients have no place yet",
        "patient_profiles": "patients have no place yet",
        "patient_trial_matches": "patients have no place yet",
        "mesh_lay_mappings": "explanations of terms have no place yet",
        "mesh_descriptors": "MeSH is imported from its own files: triald mesh import",
        "mesh_synonyms": "MeSH is imported from its own files: triald mesh import",
        "mesh_hierarchy": "MeSH is imported from its own files: triald mesh import",
        "mesh_cache": "a cache",
        "trial_duplicates": "duplicates are found anew: many of these pairs were wrong",
        "scraping_jobs": "what was running there ended there",
        "scraping_checkpoints": "what was running there ended there",
        "job_queue": "what was running there ended there",
        "job_queue_archive": "what was running there ended there",
        "daily_reports": "of another service's days",
        "api_rate_limits": "of another service's days",
        "system_metrics": "of another service's days",
        "system_alerts": "of another service's days",
        "search_analytics": "what people searched for is not kept here",
        "popular_searches": "what people searched for is not kept here",
        "location_cache": "invented: places were drawn at random",
    },
)
