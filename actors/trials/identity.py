"""Which trial a number names: typed registry identifiers, read whole from fields and texts. No I/O.

A number is known by its whole form alone, never by a part of it: NCT01230000 and NCT12300000 are two trials, and the
digits of an IRCT number are no EudraCT number. It is kept as its register writes it. Country records (EudraCT …-DE)
and resubmissions (EU CT …-01) are parts of one number: `key` leaves the part out.

How a record says a number decides what that is worth (`STRENGTH`): its own number is certain, one in a field for
numbers nearly so, one in running text may well be another trial's.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

from actors.trials.identity_patterns import MISSING, NO_CODE, OTHER_TRIAL, SCHEMES, Scheme
from actors.trials.record import Trial

Where = Literal["main", "alias", "listed", "inside", "mentioned", "other_trial"]

# From 0 to 1. `listed`: an id field holds the number alone; `inside`: within other words of an id field; `mentioned`:
# in a title or another text; `other_trial`: the words beside it say that it is another trial's ("extension of …").
STRENGTH: Mapping[Where, float] = MappingProxyType(
    {"main": 1.0, "alias": 1.0, "listed": 0.9, "inside": 0.6, "mentioned": 0.3, "other_trial": 0.0}
)
LONGEST_FIELD = 2_000  # an id field longer than this is a text that was put in the wrong place
LONGEST_NUMBER = 60
LONGEST_CODE = 40
SHORTEST_CODE = 5  # with a letter; digits alone say little below one more

_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u30fc\ufe58\ufe63\uff0d"), "-")
_UNSEEN = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))
_SPACES = re.compile(r"\s+")
_BETWEEN = re.compile(r"[;,|\n]| / | AND | & ")
_LIST = re.compile(r"[\s,;/&]*(?:AND|OR)?\s*")
_BARE = re.compile(r"[0-9A-Z-]{5,14}")
_ODD = re.compile(r"[^0-9A-Z]+")
# Most ids are a sponsor's own: one look tells them from those that are worth trying scheme by scheme.
_ANY = re.compile("|".join(scheme.hint.pattern for scheme in SCHEMES))


@dataclass(frozen=True, slots=True)
class RegistryId:
    """`value` as the register writes it, without `part`: a country, or the count of a resubmission.

    `sound` is False where the form is right but the register cannot have given it: check digits, year, month.
    """

    scheme: str
    value: str
    part: str = ""
    sound: bool = True

    @property
    def key(self) -> tuple[str, str]:
        """Equal for all numbers of one trial in one register."""
        return self.scheme, self.value

    def __str__(self) -> str:
        return f"{self.value}-{self.part}" if self.part else self.value


@dataclass(frozen=True, slots=True)
class Claim:
    """A record says that a number is its trial's."""

    id: RegistryId
    where: Where

    @property
    def strength(self) -> float:
        return STRENGTH[self.where]


def plain(text: str) -> str:
    """Upper case, with full-width letters, odd dashes, invisible signs and runs of spaces as their plain twins."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.translate(_UNSEEN).translate(_DASHES))
    return _SPACES.sub(" ", text).strip().upper()


def is_missing(text: str | None) -> bool:
    """Whether a field says that there is nothing to say: "Nil known", "N/A", "-"."""
    if text is None:
        return True
    letters = _ODD.sub("", plain(text))
    return letters in MISSING or not any(map(str.isalnum, text))


@lru_cache(maxsize=65_536)
def parse(text: str, label: str = "") -> RegistryId | None:
    """The number that `text` is as a whole, or None.

    `label`: what the source calls it; a number without its register's letters is read if the label names that.
    """
    bare = plain(text).strip(" .:;,()[]#\"'")
    if len(bare) > LONGEST_NUMBER:
        return None
    for scheme in SCHEMES if _ANY.search(bare) else ():
        if scheme.hint.search(bare) and (match := scheme.whole.fullmatch(bare)):
            return _read(scheme, match)
    return _labelled(bare, plain(label)) if label and _BARE.fullmatch(bare) else None


def _labelled(bare: str, label: str) -> RegistryId | None:
    for scheme in (one for one in SCHEMES if one.labels and one.labels.search(label)):
        if match := scheme.whole.fullmatch(f"{scheme.bare}{bare}"):
            return _read(scheme, match)
    return None


def found_in(text: str) -> tuple[RegistryId, ...]:
    """The numbers within a longer text, each once, in the order of the text."""
    return tuple(dict.fromkeys(number for _, _, number in _spans(plain(text))))


def read_field(text: str | None, label: str = "") -> tuple[Claim, ...]:
    """What one id field says, which may hold several numbers or none."""
    return tuple(dict.fromkeys(_field(text, label)))


def mentions(text: str | None) -> tuple[Claim, ...]:
    """What a title or another running text says."""
    if not text:
        return ()
    return tuple(dict.fromkeys(_said(plain(text), "mentioned")))


def claims_of(trial: Trial) -> tuple[Claim, ...]:
    """Every number that a trial's record says, each once, the strongest first."""
    found = [Claim(own, "main") for own in (parse(trial.registry_id),) if own]
    for one in trial.ids:
        where: Where | None = "main" if one.place == "main" else "alias" if one.place == "alias" else None
        if where and (number := parse(one.value)):
            found.append(Claim(number, where))
        elif one.place == "text":
            found += [Claim(number, "inside") for number in (parse(one.value),) if number]
        else:
            found += _field(one.value, one.label or "")
    for text in (trial.title, trial.official_title, trial.summary, trial.description):
        found += mentions(text)
    return strongest(found)


def strongest(claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """Each number once, as its strongest claim says it; in an order that does not depend on that of `claims`.

    "Extension of NCT01234567" takes the number away, wherever else but in its own field it stands.
    """
    best: dict[RegistryId, Claim] = {}
    given = list(claims)
    others = {claim.id.key for claim in given if claim.where == "other_trial"}
    for claim in given:
        known = best.get(claim.id)
        if claim.id.key in others and claim.where in ("inside", "mentioned"):
            continue
        if known is None or claim.strength > known.strength:
            best[claim.id] = claim
    return tuple(sorted(best.values(), key=lambda claim: (-claim.strength, claim.id.key, claim.id.part)))


def sponsor_code(text: str | None) -> str | None:
    """A sponsor's own code for a trial, reduced to letters and digits; None where it names nothing by itself.

    A weak id: two sponsors may use the same, and one protocol may be several trials.
    """
    if text is None or is_missing(text) or len(text) > LONGEST_CODE:
        return None
    whole = plain(text)
    code = _ODD.sub("", whole)
    least = SHORTEST_CODE + code.isdigit()
    if len(code) < least or NO_CODE.search(whole) or not any(map(str.isdigit, code)):
        return None
    return None if parse(whole) or next(_spans(whole), None) else code


def sponsor_codes(fields: Iterable[str]) -> frozenset[str]:
    """The codes that id fields hold, which may hold several."""
    pieces = (piece for text in fields for piece in _BETWEEN.split(plain(text[:LONGEST_FIELD])))
    return frozenset(code for piece in pieces if (code := sponsor_code(piece)))


def _field(text: str | None, label: str) -> Iterator[Claim]:
    if not text or len(text) > LONGEST_FIELD:
        return
    elsewhere = OTHER_TRIAL.search(plain(label)) is not None
    for piece in _BETWEEN.split(plain(text)):
        if number := parse(piece, label):
            yield Claim(number, "other_trial" if elsewhere else "listed")
            continue
        yield from _said(piece, "other_trial" if elsewhere else "inside")


def _said(whole: str, otherwise: Where) -> Iterator[Claim]:
    """The numbers in a text; the few words before one, back to the number before it, may make it another trial's.

    So they do for all of a list: "extension of NCT01234567 and NCT01234568".
    """
    end, last = 0, otherwise
    for start, stop, number in _spans(whole):
        if not (end and _LIST.fullmatch(whole, end, start)):
            last = "other_trial" if OTHER_TRIAL.search(whole, max(end, start - 40), start) else otherwise
        yield Claim(number, last)
        end = stop


def _spans(whole: str) -> Iterator[tuple[int, int, RegistryId]]:
    if not _ANY.search(whole):
        return
    found = [
        (match.start(), match.end(), _read(scheme, match))
        for scheme in SCHEMES
        if scheme.within and scheme.hint.search(whole)
        for match in scheme.within.finditer(whole)
    ]
    yield from sorted(found, key=lambda span: (span[0], -span[1]))


def _read(scheme: Scheme, match: re.Match[str]) -> RegistryId:
    groups = [(group or "").replace(" ", "") for group in match.groups()]
    sound = scheme.sound is None or scheme.sound(groups)
    part = groups.pop() if scheme.part else ""
    value = scheme.spelling.format(*(group.lower() if scheme.lower else group for group in groups))
    return RegistryId(scheme.name, value, "3RD" if part == "OUTSIDE-EU/EEA" else part, sound)
