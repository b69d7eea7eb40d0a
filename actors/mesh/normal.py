"""A term in the forms under which it is looked up, from what was written to what it is about. No I/O.

    "Tumours of the Breast"   tokens    Tumours, of, the, Breast   each with its place in the text
                              spelled   "tumours of the breast"    without case, accents, hyphens, possessives
                              stems     tumor of the breast        American, singular, Arabic numbers
                              bag       "breast tumor"             in any order, without small words
                              kin       "breast neoplasm"          one word for those that mean the same

MeSH's terms and what people write go through the same steps, so a stem need not be English: it must only be the same
for the same word. Each step loses something, so a looser form is asked only where a stricter one found nothing.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ζ": "zeta", "η": "eta", "θ": "theta",
    "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi", "ο": "omicron", "π": "pi", "ρ": "rho",
    "σ": "sigma", "ς": "sigma", "τ": "tau", "υ": "upsilon", "φ": "phi", "χ": "chi", "ψ": "psi", "ω": "omega",
}  # fmt: skip
LETTERS = {"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ı": "i"}  # what no decomposition takes apart

SMALL = frozenset(
    ("an", "and", "as", "at", "by", "due", "for", "from", "in", "into", "nos", "of", "on", "or", "the", "to", "with",
     "without")
)  # fmt: skip
JOINING = frozenset(("and", "or"))  # what they join are two things, unless MeSH itself names both at once
PARTING = re.compile(r"[;()\[\]{}/&+|]")

# What looks like a plural and is none, or would become another word.
NO_PLURAL = frozenset(
    ("aids", "always", "caries", "less", "mers", "mumps", "news", "pots", "rabies", "sars", "scabies", "series",
     "species")
)  # fmt: skip
# The end of a plural, what stands instead, and how long the word must be at least; the first that fits.
PLURALS = (
    ("ies", "y", 5), ("sses", "ss", 5), ("itides", "itis", 7), ("omata", "oma", 7), ("yses", "ysis", 6),
    ("tases", "tasis", 7), ("oses", "osis", 7), ("ices", "ix", 7), ("xes", "x", 5), ("ches", "ch", 6),
    ("shes", "sh", 6), ("ss", "ss", 2), ("us", "us", 2), ("is", "is", 2), ("s", "", 4),
)  # fmt: skip

ROMAN = {"ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9"}
PREFIXES = frozenset(("anti", "non", "post", "pre"))  # written apart, with a hyphen or together: they mean the same
COUNTED = frozenset(("type", "stage", "grade", "class", "phase", "factor"))  # after these an "i" is a number

# British to American within a word: the rules that medical words need, in this order.
AMERICAN = tuple(
    (re.compile(pattern), american)
    for pattern, american in (
        (r"haem", "hem"), (r"(?<=.)aem(?=i|o|$)", "em"), (r"oedem", "edem"), (r"oesoph", "esoph"), (r"oestr", "estr"),
        (r"rrhoe", "rrhe"), (r"foet", "fet"), (r"coeli", "celi"), (r"anaes", "anes"), (r"paed", "ped"),
        (r"gynaec", "gynec"), (r"caesar", "cesar"), (r"faec", "fec"), (r"aetiol", "etiol"), (r"naev", "nev"),
        (r"pnoe", "pne"), (r"homoeo", "homeo"), (r"amoeb", "ameb"), (r"sulph", "sulf"), (r"leuc(?=[aeo])", "leuk"),
        (r"(?<=tum|col|lab|hum|vap)our", "or"), (r"(?<=od)our", "or"), (r"behaviour", "behavior"),
        (r"(?<=fib|ent|lit)re(?=s?$)", "er"), (r"(?<=[a-z]{3})is(?=ation|ing$|ed$)", "iz"),
        (r"(?<=[a-z]{3})yse(?=[drs]?$)", "yze"), (r"programme", "program"), (r"ageing", "aging"),
        (r"(?<=[a-z]{3})ll(?=ing$|ed$)", "l"),
    )
)  # fmt: skip

# Words that mean the same as a part of a name. General medicine, not read off any trial.
KIN = {
    word: group.split()[0]
    for group in (
        "allergy hypersensitivity allergic", "artery arterial", "bladder vesical", "blood hematologic hematological",
        "bone osseous", "bowel intestinal intestine", "brain cerebral", "breast mammary", "cervix cervical",
        "child childhood pediatric", "colon colonic", "dependence addiction", "disease disorder illness",
        "esophagus esophageal", "eye ocular", "failure insufficiency", "heart cardiac",
        "hemorrhage bleeding hemorrhagic", "hypertension hypertensive", "infection infectious",
        "injury trauma traumatic",
        "kidney renal", "larynx laryngeal", "liver hepatic", "lung pulmonary", "mouth oral", "muscle muscular",
        "neoplasm cancer tumor malignancy malignant", "nerve neural", "obstruction obstructive", "ovary ovarian",
        "pancreas pancreatic", "pharynx pharyngeal", "prostate prostatic", "rectum rectal", "skin cutaneous dermal",
        "spine spinal", "stenosis stricture", "stomach gastric", "testis testicular testicle", "thyroid thyroidal",
        "uterus uterine", "vein venous",
    )
    for word in group.split()
}  # fmt: skip

LONGEST_KEY = 500  # letters

_WORD = re.compile(r"([^\W_]+)(?:['\u2019\u02bc\u00b4`][sS]?(?![^\W_]))?")  # a possessive's end is not in the word
_MARKED = re.compile("|".join(GREEK | LETTERS))


@dataclass(frozen=True, slots=True)
class Token:
    """A word, where it stands in the text, and in which piece of it: words of one piece speak of one thing."""

    word: str
    start: int
    end: int
    piece: int


def plain(text: str) -> str:
    """Lower case, without accents or width, Greek letters spelled out."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return _MARKED.sub(lambda match: (GREEK | LETTERS)[match[0]], bare)


def tokens(text: str) -> tuple[Token, ...]:
    """The words of a text in order, plain; hyphens and other signs part words."""
    found: list[Token] = []
    piece, end = 0, 0
    for match in _WORD.finditer(text):
        if PARTING.search(text, end, match.start()):
            piece += 1
        end = match.end()
        for word in _WORD.findall(plain(match[1])):
            if word in JOINING:
                piece += 1
            found.append(Token(word, match.start(1), match.end(1), piece))
            if word in JOINING:
                piece += 1
    return tuple(found)


def words(text: str) -> tuple[str, ...]:
    if text.isascii():  # nearly every term: what is below, in a third of the time
        return tuple(_WORD.findall(text.lower()))
    return tuple(token.word for token in tokens(text))


def spelled(of: Sequence[str]) -> str:
    """The words in a row: two spellings of one term are equal at first sight."""
    return " ".join(of)


def american(word: str) -> str:
    """The word without British spelling."""
    for pattern, instead in AMERICAN:
        word = pattern.sub(instead, word)
    return word


def singular(word: str) -> str:
    """The word without the end of a plural, English, Greek or Latin."""
    if len(word) < 4 or word in NO_PLURAL:
        return word
    for end, instead, least in PLURALS:
        if word.endswith(end) and len(word) >= least:
            return word[: len(word) - len(end)] + instead
    return word


@lru_cache(maxsize=65_536)  # each word of the language of medicine comes back all the time
def stem(word: str) -> str:
    return singular(american(word))


def stems(of: Sequence[str]) -> tuple[str, ...]:
    """The words without British spelling, plurals and Roman numbers, prefixes joined to what they stand before."""
    found: list[str] = []
    before = ""
    for word in of:
        if before in PREFIXES and found:
            found.pop()
            found.append(before + stem(word))
        else:
            found.append(_number(word, before) or stem(word))
        before = word
    return tuple(found)


def bag(of: Iterable[str]) -> str:
    """Stems in an order that does not depend on how they stood, each once, without small words."""
    return " ".join(sorted({one for one in of if one not in SMALL}))


def kin(of: Iterable[str]) -> str:
    """The bag, with one word for all that mean the same."""
    return bag(KIN.get(one, one) for one in of)


def forms(text: str) -> tuple[str, str, str]:
    """The keys under which a term is looked up: as spelled, as a bag of stems, as a bag of kindred words."""
    of = words(text)
    found = stems(of)
    return spelled(of), bag(found), kin(found)


def key(text: str) -> str:
    """What texts that say the same have in common: their bag of stems, as far as an index takes it."""
    return bag(stems(words(text)))[:LONGEST_KEY].strip()


def _number(word: str, before: str) -> str | None:
    return "1" if word == "i" and before in COUNTED else ROMAN.get(word)
