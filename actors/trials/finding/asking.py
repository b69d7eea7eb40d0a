"""What a text asks, as questions to the text index. No I/O.

PostgreSQL turns each word or phrase into lexemes (store.lexemes); here they are put together, with the words of fields
and of meanings, to one question as text. Nothing that somebody typed stands in it but as a quoted lexeme.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from actors.trials import facets
from actors.trials.finding.language import And, BadText, Field, Node, Not, Or, Value, Words, leaves
from actors.trials.record import Phase, Status, StudyType

WEIGHTS: Mapping[Field, str] = {"title": "A", "condition": "B", "intervention": "C"}
MESH_UI = re.compile(r"[DC][0-9]{6,9}", re.IGNORECASE)
_CLOSED: Mapping[Field, tuple[str, ...]] = {
    "phase": get_args(Phase),
    "status": get_args(Status),
    "type": get_args(StudyType),
    "sex": ("female", "male"),
}
_LEXEME = re.compile(r"('(?:[^']|'')*')")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What words of the text name: a descriptor, found in trials that are coded with it or with one below it."""

    words: str  # as they stand in the text
    ui: str
    name: str
    how: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """A text as questions: what must be answered, what a title answers, what ranks, which words are marked.

    Each is a tsquery as text, empty where nothing is asked; `nothing`: the text has words, but none that is indexed.
    `titled_says_all`: what answers `titled` answers `all` too.
    """

    all: str = ""
    titled: str = ""
    ranked: str = ""
    marked: str = ""
    nothing: bool = False
    titled_says_all: bool = False
    used: tuple[Meaning, ...] = ()


Lexemes = Mapping[str, str]  # of each word or phrase, as a tsquery; empty for words that are too common


def texts(node: Node | None) -> tuple[str, ...]:
    """What must be turned into lexemes."""
    return tuple(dict.fromkeys(leaf.text for leaf in leaves(node) if isinstance(leaf, Words)))


def compose(node: Node | None, lexemes: Lexemes, meanings: Sequence[Meaning] = ()) -> Question:
    """Raises BadText where the value of a field is none."""
    if node is None:
        return Question()
    used: list[Meaning] = []
    meant = _with_meanings(node, meanings, used)
    named = {one.words.casefold(): one for one in meanings}
    whole = _query(meant, lexemes, named, titled=False)
    positive = [lexemes[leaf.text] for leaf in _positive(node) if lexemes.get(leaf.text)]
    return Question(
        all=whole,
        titled=_query(meant, lexemes, named, titled=True) if positive else "",
        ranked=_query(_without_not(meant), lexemes, named, titled=False) if positive else "",
        marked=" | ".join(f"({one})" for one in dict.fromkeys(positive)),
        nothing=not whole,
        titled_says_all=all(_is_plain(leaf) for leaf in leaves(node)) and not _has_not(node),
        used=tuple(dict.fromkeys(used)),
    )


@dataclass(frozen=True, slots=True)
class _Meant:
    """Words that name a descriptor: they, or its code."""

    words: Node
    ui: str


def _with_meanings(node: Node, meanings: Sequence[Meaning], used: list[Meaning]) -> "Node | _Meant | _Group":
    """The same, with runs of plain words that have a meaning put together with it, the longest runs first."""
    match node:
        case Words(field=None | "condition" | "intervention") as words:
            return _run((words,), meanings, used) or words
        case Not(part):
            inner = _with_meanings(part, meanings, used)
            return _Group("not", (inner,))
        case And(parts):
            return _Group("and", tuple(_runs(parts, meanings, used)))
        case Or(parts):
            return _Group("or", tuple(_with_meanings(part, meanings, used) for part in parts))
    return node


@dataclass(frozen=True, slots=True)
class _Group:
    sign: str
    parts: "tuple[Node | _Meant | _Group, ...]"


def _runs(
    parts: Sequence[Node], meanings: Sequence[Meaning], used: list[Meaning]
) -> "Iterable[Node | _Meant | _Group]":
    at = 0
    while at < len(parts):
        for end in range(len(parts), at, -1):
            run = parts[at:end]
            if all(isinstance(one, Words) and one.field != "title" for one in run) and (
                found := _run(run, meanings, used)
            ):
                yield found
                at = end
                break
        else:
            yield _with_meanings(parts[at], meanings, used)
            at += 1


def _run(parts: Sequence[Node], meanings: Sequence[Meaning], used: list[Meaning]) -> _Meant | None:
    text = _plain(" ".join(one.text for one in parts if isinstance(one, Words)))
    for one in meanings:
        if _plain(one.words) == text and text:
            used.append(one)
            return _Meant(And(tuple(parts)), one.ui)
    return None


def _plain(text: str) -> str:
    return " ".join(facets.words(text)) or text.casefold()


Part = Node | _Meant | _Group


def _query(node: Part, lexemes: Lexemes, named: Mapping[str, Meaning], *, titled: bool) -> str:
    match node:
        case Words(text, field):
            found = _compound(text, lexemes.get(text, ""))
            if titled and field in ("condition", "intervention"):
                return ""
            return _in(found if titled or field is None else _LEXEME.sub(rf"\1:{WEIGHTS[field]}", found))
        case Value() as value:
            return _value(value, named)
        case _Meant(words, ui):
            return _joined(" | ", (_query(words, lexemes, named, titled=titled), _mesh(ui)))
        case Not(part) | _Group("not", (part,)):
            inner = "" if titled else _query(part, lexemes, named, titled=titled)
            return f"!({inner})" if inner else ""
        case And(parts) | _Group("and", parts):
            return _joined(" & ", (_query(part, lexemes, named, titled=titled) for part in parts))
        case Or(parts) | _Group("or", parts):
            return _joined(" | ", (_query(part, lexemes, named, titled=titled) for part in parts))
    raise AssertionError(node)


def _compound(word: str, found: str) -> str:
    """Of a word with hyphens the whole alone, where it is indexed as such: to ask for its parts too reads every row."""
    first = _LEXEME.match(found)
    dashes = word.count("-")
    return first[1] if first and 0 < dashes == first[1].count("-") and not any(map(str.isspace, word)) else found


def _in(found: str) -> str:
    return f"({found})" if found else ""


def _joined(sign: str, parts: Iterable[str]) -> str:
    return _in(sign.join(part for part in parts if part))


def _value(value: Value, named: Mapping[str, Meaning]) -> str:
    text = value.text.strip()
    if value.field == "sponsor":
        if not (found := facets.words(text)):
            raise BadText(value.position, f"sponsor: expected a word, not {text!r}")
        return _in(facets.question(all_of=(facets.facet("sponsor", word) for word in found)))
    if value.field == "mesh":
        return _mesh(_descriptor(value, text, named))
    if value.field in _CLOSED:
        text = _closed(value, text)
    return facets.question(all_of=(facets.facet(value.field, text),))


def _descriptor(value: Value, text: str, named: Mapping[str, Meaning]) -> str:
    if MESH_UI.fullmatch(text):
        return text
    if (known := named.get(text.casefold())) is None:
        raise BadText(
            value.position, f"mesh: no descriptor is named {text!r}: expected a number such as D009203, or a name"
        )
    return known.ui


def _closed(value: Value, text: str) -> str:
    known = _CLOSED[value.field]
    word = "_".join(facets.words(text.replace("_", " ")))
    if value.field == "phase" and word.isdigit():
        word = f"phase_{word}"
    if word not in known:
        raise BadText(value.position, f"{value.field}: {text!r} is none of {', '.join(known)}")
    return word


def _mesh(ui: str) -> str:
    return facets.question(all_of=(facets.facet("mesh", ui),))


def _positive(node: Node) -> Iterable[Words]:
    match node:
        case Words():
            yield node
        case And(parts) | Or(parts):
            for part in parts:
                yield from _positive(part)


def _is_plain(leaf: Node) -> bool:
    return not (isinstance(leaf, Words) and leaf.field in ("condition", "intervention"))


def _has_not(node: Node) -> bool:
    match node:
        case Not():
            return True
        case And(parts) | Or(parts):
            return any(map(_has_not, parts))
    return False


def _without_not(node: Part) -> Part:
    match node:
        case _Group(sign, parts) if sign != "not":
            kept = tuple(_without_not(one) for one in parts if not (isinstance(one, _Group) and one.sign == "not"))
            return _Group(sign, tuple(one for one in kept if not isinstance(one, Value)))
        case _:
            return node
