"""What of a trial is compared when two records may be the same trial: small, and alike for every registry. No I/O.

A datum that a record does not state is None or empty, and speaks neither for nor against.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from types import MappingProxyType
from typing import Any, NamedTuple, get_type_hints

import msgspec

from actors.trials.identity import Claim, RegistryId, Where, claims_of, parse, sponsor_codes
from actors.trials.record import StudyType, Trial
from actors.trials.words import words

Words = tuple[str, ...]

MOST_SPONSORS = 6  # the lead and some collaborators
MOST_WORDS = 40  # of conditions and interventions: some records put a whole protocol there
PHASES: Mapping[str, int] = MappingProxyType(
    {"early_phase_1": 1, "phase_1": 1, "phase_2": 2, "phase_3": 3, "phase_4": 4}
)

# Registers name some countries otherwise than the others; where several people live there, by its plainest name.
_COUNTRIES = {
    "united states of america": "united states",
    "usa": "united states",
    "us": "united states",
    "uk": "united kingdom",
    "great britain": "united kingdom",
    "the netherlands": "netherlands",
    "holland": "netherlands",
    "czechia": "czech republic",
    "viet nam": "vietnam",
    "russian federation": "russia",
    "turkiye": "turkey",
    "turkey (turkiye)": "turkey",
    "iran (islamic republic of)": "iran",
    "iran, islamic republic of": "iran",
    "islamic republic of iran": "iran",
    "korea, republic of": "south korea",
    "republic of korea": "south korea",
    "korea, south": "south korea",
    "korea": "south korea",
    "korea, democratic people's republic of": "north korea",
    "korea, north": "north korea",
    "taiwan, province of china": "taiwan",
    "tanzania, united republic of": "tanzania",
    "moldova, republic of": "moldova",
    "macedonia, the former yugoslav republic of": "north macedonia",
    "syrian arab republic": "syria",
    "lao people's democratic republic": "laos",
    "bolivia, plurinational state of": "bolivia",
    "venezuela, bolivarian republic of": "venezuela",
    "cote d'ivoire": "ivory coast",
    "hong kong sar": "hong kong",
    "chinese": "china",
}
_NO_COUNTRY = frozenset({"", "europe", "asia", "africa", "america", "oceania", "worldwide", "other", "??"})


class Record(NamedTuple):
    """Which record of which registry; the id is written as the registry does."""

    registry: str
    id: str

    def __str__(self) -> str:
        return self.id


@dataclass(frozen=True, slots=True)
class Comparable:
    """`trial` is equal for all records of one number.

    So it is for EudraCT's country records, for CTIS's resubmissions, and for copies of a record in two registries.
    """

    record: Record
    register: str  # the scheme of its own number
    trial: str
    titles: tuple[Words, ...] = ()  # public first, then scientific, then those of further languages
    acronym: Words = ()
    sponsors: tuple[Words, ...] = ()  # the lead first
    registered: date | None = None
    start: date | None = None
    countries: tuple[str, ...] = ()
    conditions: Words = ()
    interventions: Words = ()
    enrolment: int | None = None
    phases: tuple[int, ...] = ()
    study_type: StudyType = "unknown"
    claims: tuple[Claim, ...] = ()
    codes: tuple[str, ...] = ()

    title_words: tuple[frozenset[str], ...] = field(init=False, repr=False, compare=False)
    words: frozenset[str] = field(init=False, repr=False, compare=False)  # of all titles and the acronym

    def __post_init__(self) -> None:
        sets = tuple(map(frozenset, self.titles))
        object.__setattr__(self, "title_words", sets)
        object.__setattr__(self, "words", frozenset(self.acronym).union(*sets))


SHAPE = 1  # to be raised when what is packed changes, or what its words are
_HINTS = get_type_hints(Comparable)
_FIELDS = tuple(one.name for one in fields(Comparable) if one.init and one.name != "claims")
_CLAIMS_AT = next(at for at, one in enumerate(fields(Comparable)) if one.name == "claims")
_ENCODER = msgspec.msgpack.Encoder()
_DECODER: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(
    tuple[int, *(_HINTS[name] for name in _FIELDS), tuple[tuple[str, str, str, bool, Where], ...]]  # type: ignore[misc]  # made at run time
)


def comparable_of(trial: Trial) -> Comparable:
    """What is compared of a mirrored trial."""
    register, number = own_number(trial.registry, trial.registry_id)
    titles = (trial.title, trial.official_title, *(title for _, title in trial.titles))
    sponsors = (trial.sponsor, *(party.name for party in trial.collaborators))
    began = trial.first_submitted or trial.first_posted
    return Comparable(
        record=Record(trial.registry, trial.registry_id),
        register=register,
        trial=number,
        titles=distinct(words(title) for title in titles),
        acronym=words(trial.acronym),
        sponsors=distinct(words(name) for name in sponsors[:MOST_SPONSORS]),
        registered=began.day if began else None,
        start=trial.start.day if trial.start else None,
        countries=countries(trial.countries),
        conditions=some_words(trial.conditions),
        interventions=some_words(one.name for one in trial.interventions),
        enrolment=trial.enrolment or None,  # 0 is that of a withdrawn trial, whatever it meant to enrol
        phases=tuple(sorted({PHASES[phase] for phase in trial.phases if phase in PHASES})),
        study_type=trial.study_type,
        claims=claims_of(trial),
        codes=tuple(sorted(sponsor_codes(one.value for one in trial.ids if one.scheme == "other"))),
    )


def packed(one: Comparable) -> bytes:
    """In some 400 bytes, to be kept beside the record. `unpacked` raises ValueError for those of another shape."""
    fields = (getattr(one, name) for name in _FIELDS)
    claims = tuple(
        (claim.id.scheme, claim.id.value, claim.id.part, claim.id.sound, claim.where) for claim in one.claims
    )
    return _ENCODER.encode((SHAPE, *fields, claims))


def unpacked(body: bytes) -> Comparable:
    try:
        shape, *stated, claims = _DECODER.decode(body)
    except msgspec.ValidationError as error:
        raise ValueError(f"packed otherwise: {error}") from error
    if shape != SHAPE:
        raise ValueError(f"packed as shape {shape}, not {SHAPE}")
    said = tuple(Claim(RegistryId(scheme, value, part, sound), where) for scheme, value, part, sound, where in claims)
    return Comparable(*stated[:_CLAIMS_AT], said, *stated[_CLAIMS_AT:])  # type: ignore[call-arg]  # in the order of fields


def own_number(registry: str, record: str) -> tuple[str, str]:
    """The register that a record is of, and its trial there."""
    if number := parse(record):
        return number.scheme, ":".join(number.key)
    return registry, f"{registry}:{record}"


def distinct(texts: Iterable[Words]) -> tuple[Words, ...]:
    return tuple(dict.fromkeys(text for text in texts if text))


def some_words(texts: Iterable[str]) -> Words:
    """Each word once, in order, no more than are compared."""
    found: dict[str, None] = {}
    for text in texts:
        found.update(dict.fromkeys(words(text)))
        if len(found) >= MOST_WORDS:
            break
    return tuple(found)[:MOST_WORDS]


def countries(given: Iterable[str]) -> tuple[str, ...]:
    """Each country once, by one name for all registers."""
    plain = (name.strip().casefold().replace("\u00fc", "u") for name in given)
    return tuple(sorted({_COUNTRIES.get(name, name) for name in plain} - _NO_COUNTRY))
