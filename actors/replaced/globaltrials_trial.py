"""A row of GlobalTrials' clinical_trials as a trial. No I/O."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from actors.replaced import NotTaken, Read, Row, TrialFound
from actors.replaced.values import left, needed, says, text, thing, things, words
from actors.trials.normalise import NotReadable, age_days, scheme_of, when
from actors.trials.reading.ctgov.words import STATUSES
from actors.trials.record import Contact, Eligibility, Identifier, Intervention, Phase, Sex, Site, Status, Trial, When

REGISTRY = "import"
# Guessed or drawn at random by that system, and shown to patients as if they were so.
INVENTED = ("compensation", "locations_geocoded", "layman_description", "risk_score", "risk_prediction", "risk_level")
# Made of the record by rules; triald makes its own, and says by which.
MADE = (
    "urgency_level", "data_quality_score", "is_active", "eligibility_parsed", "eligibility_simple", "mesh_terms",
    "featured", "embedding", "search_vector",
)  # fmt: skip
LEFT = (*((name, "invented") for name in INVENTED), *((name, "made anew here") for name in MADE))
OWN_STATUSES: dict[str, Status] = {
    "recruiting": "recruiting", "active": "active_not_recruiting", "completed": "completed", "suspended": "suspended",
    "terminated": "terminated", "withdrawn": "withdrawn",
}  # fmt: skip
PHASES: dict[str, Phase] = {"1": "phase_1", "2": "phase_2", "3": "phase_3", "4": "phase_4"}
ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4"}
SEXES: dict[str, Sex] = {"all": "all", "both": "all", "female": "female", "male": "male"}
_NUMBER = re.compile(r"[1-4]|\b(?:iv|i{1,3})\b")


def read_trial(row: Row, further: Sequence[Row]) -> Read:
    """`further`: the rows of trial_sources that are about it. Raises NotTaken."""
    number = needed(row, "trial_id")
    if len(number) > 100:
        raise NotTaken(f"trial_id: expected at most 100 characters, got {len(number)}")
    places = things(row, "locations")
    try:
        trial = _trial(row, number, places, further)
    except NotReadable as error:
        raise NotTaken(str(error)) from error
    drawn = ("locations.coordinates (invented)",) if any(says(one.get("coordinates")) for one in places) else ()
    return Read((TrialFound(trial, _kept(row, places)),), (*left(row, LEFT), *drawn))


def _trial(row: Row, number: str, places: Sequence[Row], further: Sequence[Row]) -> Trial:
    status = text(row, "status")
    who = thing(row, "eligibility_criteria")
    sites = tuple(_sites(places))
    return Trial(
        registry=REGISTRY,
        registry_id=number,
        url=_url(number, further),
        title=text(row, "title"),
        status=_status(status),
        status_raw=status,
        ids=tuple(_ids(number, further)),
        summary=text(row, "description"),
        phases=_phases(text(row, "phase")),
        phases_raw=tuple(one for one in (text(row, "phase"),) if one),
        start=_when(row, "start_date"),
        completion=_when(row, "completion_date"),
        last_updated=_when(row, "registry_last_updated"),
        enrolment=_whole(row, "enrollment_actual") or _whole(row, "enrollment_target"),
        enrolment_actual=True if _whole(row, "enrollment_actual") else None,
        sponsor=text(row, "sponsor"),
        conditions=words(row, "conditions"),
        interventions=tuple(Intervention(one) for one in words(row, "interventions")),
        eligibility=_eligibility(who),
        countries=tuple(dict.fromkeys(one.country for one in sites if one.country)),
        sites=sites,
        contacts=tuple(_contacts(thing(row, "contact_info"))),
    )


def _status(word: str | None) -> Status:
    """Their word, or the registry's, which many of their rows have."""
    if word is None:
        return "unknown"
    return OWN_STATUSES.get(word.lower()) or STATUSES.get(word.upper().replace(" ", "_"), "unknown")


def _phases(word: str | None) -> tuple[Phase, ...]:
    plain = (word or "").lower()
    if plain in ("na", "n/a", "not applicable"):
        return ("not_applicable",)
    if plain.startswith("early"):
        return ("early_phase_1",)
    numbers = (ROMAN.get(one, one) for one in _NUMBER.findall(plain))
    return tuple(dict.fromkeys(PHASES[one] for one in numbers))


def _when(row: Row, name: str) -> When | None:
    """A date; of a moment its day. Raises NotTaken."""
    word = text(row, name)
    if word is None:
        return None
    try:
        return when(re.split(r"[T ]", word)[0])
    except NotReadable as error:
        raise NotTaken(f"{name}: {error}") from error


def _whole(row: Row, name: str) -> int | None:
    word = text(row, name)
    if word is None:
        return None
    if not (word.isascii() and word.isdigit() and len(word) <= 9):
        raise NotTaken(f"{name}: expected a whole number, got {word[:40]!r}")
    return int(word) or None


def _eligibility(told: dict[str, Any]) -> Eligibility:
    least, most, sex = text(told, "minAge"), text(told, "maxAge"), text(told, "gender")
    return Eligibility(
        criteria=text(told, "criteria"), sex=SEXES.get((sex or "").lower()), sex_raw=sex,
        min_age_days=age_days(least), max_age_days=age_days(most), min_age_raw=least, max_age_raw=most,
    )  # fmt: skip


def _sites(places: Sequence[Row]) -> Iterator[Site]:
    """Without coordinates: many were drawn at random."""
    for one in places:
        yield Site(
            facility=text(one, "facility"), city=text(one, "city"), region=text(one, "state"),
            postcode=text(one, "zip"), country=text(one, "country"), status_raw=text(one, "status"),
        )  # fmt: skip


def _contacts(told: dict[str, Any]) -> Iterator[Contact]:
    one = Contact(
        name=text(told, "name"), role=text(told, "role"), phone=text(told, "phone"), email=text(told, "email")
    )
    if one != Contact():
        yield one


def _ids(number: str, further: Sequence[Row]) -> Iterator[Identifier]:
    known = scheme_of(number.removeprefix("EU-"))
    yield Identifier(*known, "alias") if known else Identifier("other", number, "alias")
    for row in further:
        if (source := text(row, "source_id")) and source != number:
            found = scheme_of(source.removeprefix("EU-")) or ("other", source)
            yield Identifier(*found, "alias", text(row, "registry"), text(row, "url"))


def _url(number: str, further: Sequence[Row]) -> str:
    links = (text(row, "url") for row in further)
    link = next((one for one in links if one and one.startswith(("https://", "http://"))), None)
    known = scheme_of(number)
    if known and known[0] == "nct":
        return f"https://clinicaltrials.gov/study/{known[1]}"
    return link or f"import:globaltrials/{number}"


def _kept(row: Row, places: Sequence[Row]) -> bytes:
    """The row without what was invented and what is made anew."""
    gone = {name for name, _ in LEFT}
    kept = {name: value for name, value in row.items() if name not in gone and says(value)}
    if places:
        kept["locations"] = [{name: value for name, value in one.items() if name != "coordinates"} for one in places]
    return orjson.dumps(kept, option=orjson.OPT_SORT_KEYS, default=str)
