"""The language of the search box: words, "phrases", AND, OR, NOT or -, ( ), and fields such as title:stroke. No I/O.

A plain text means what it means to websearch_to_tsquery: all of its words must be there, `or` between two words asks
for one of them, a word behind - must not be there. AND, OR and NOT are operators in capitals; `or` also is one in
small letters, as everywhere on the web, while `and` and `not` are words. NOT binds tightest, then AND, then OR.

    text    = all { OR all }
    all     = one { [AND] one }
    one     = [NOT | -] ( "(" text ")" | field ":" value | "phrase" | word )
    value   = word | "phrase" | "(" text ")"       the last one only for fields of text: title:(heart OR cardiac)

A word before a colon that is no field stays a word. What cannot be meant is refused with its place and what was
expected.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Field = Literal["title", "condition", "intervention", "sponsor", "country", "city", "id", "phase", "status", "type",
                "registry", "mesh", "sex", "class"]  # fmt: skip

FIELDS: Mapping[str, Field] = MappingProxyType({
    "title": "title", "condition": "condition", "intervention": "intervention", "drug": "intervention",
    "sponsor": "sponsor", "country": "country", "city": "city", "id": "id", "phase": "phase", "status": "status",
    "type": "type", "registry": "registry", "mesh": "mesh", "sex": "sex", "class": "class",
})  # fmt: skip
OF_TEXT: frozenset[Field] = frozenset({"title", "condition", "intervention"})
DEEPEST = 20  # parentheses within parentheses
MOST_PARTS = 200

_TOKEN = re.compile(
    r'(?P<space>\s+)|(?P<open>\()|(?P<close>\))|(?P<quote>["\u201c\u201d])|(?P<field>[A-Za-z]{2,12}):(?=\S)|(?P<word>[^\s()"\u201c\u201d]+)'
)
_WORD_END = re.compile(r'[\s()"\u201c\u201d]')
_OPENING = ("(", '"', "\u201c")
_QUOTES = '"\u201c\u201d'


class BadText(Exception):
    """The text cannot be meant; `position` counts characters from 1."""

    def __init__(self, position: int, problem: str) -> None:
        super().__init__(f"position {position}: {problem}")
        self.position = position


@dataclass(frozen=True, slots=True)
class Words:
    """A word or a phrase, looked for in the whole trial or in one of its fields of text."""

    text: str
    field: Field | None = None
    exact: bool = False  # stood in quotation marks
    position: int = 0


@dataclass(frozen=True, slots=True)
class Value:
    """What a field that is no text must hold."""

    field: Field
    text: str
    position: int


@dataclass(frozen=True, slots=True)
class Not:
    part: "Node"


@dataclass(frozen=True, slots=True)
class And:
    parts: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Or:
    parts: "tuple[Node, ...]"


Node = Words | Value | Not | And | Or


_SIGNS: Mapping[str, Literal["and", "or", "not"]] = {"AND": "and", "OR": "or", "NOT": "not"}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: Literal["open", "close", "field", "word", "phrase", "and", "or", "not", "minus", "end"]
    text: str
    position: int


def parse(text: str) -> Node | None:
    """What a text asks for; None where it asks nothing. Raises BadText."""
    tokens = list(_tokens(text))
    if len(tokens) > MOST_PARTS:
        raise BadText(tokens[MOST_PARTS].position, f"a search has {MOST_PARTS} words and signs at most")
    reader = _Reader(tokens)
    node = reader.text(0)
    end = reader.next()
    if end.kind != "end":
        raise BadText(end.position, 'this ")" closes nothing: expected a word or the end')
    return node


def leaves(node: Node | None) -> Iterator[Words | Value]:
    """The words and values of a text, from left to right."""
    match node:
        case Words() | Value():
            yield node
        case Not(part):
            yield from leaves(part)
        case And(parts) | Or(parts):
            for part in parts:
                yield from leaves(part)


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:  # no sign is left out above
            raise BadText(at + 1, "expected a word")
        kind, piece, place = match.lastgroup, match.group(), at + 1
        at = match.end()
        if kind == "quote":
            end = min((found for mark in _QUOTES if (found := text.find(mark, at)) >= 0), default=-1)
            if end < 0:
                raise BadText(place, "these quotation marks are not closed")
            yield _Token("phrase", text[at:end], place)
            at = end + 1
        elif kind == "field":
            if (name := match["field"].lower()) in FIELDS:
                yield _Token("field", name, place)
            else:  # a word with a colon in it
                stop = _WORD_END.search(text, at)
                at = stop.start() if stop else len(text)
                yield _Token("word", text[place - 1 : at], place)
        elif kind == "word" and piece.strip("-"):
            yield from _word(piece, place)
        elif kind == "word" and text[at : at + 1] in _OPENING:  # a dash by itself asks nothing
            yield _Token("minus", "-", place)
        elif kind in ("open", "close"):
            yield _Token("open" if kind == "open" else "close", piece, place)
    yield _Token("end", "", len(text) + 1)


def _word(piece: str, place: int) -> Iterator[_Token]:
    if piece in _SIGNS:
        yield _Token(_SIGNS[piece], piece, place)
    elif piece.lower() == "or":
        yield _Token("or", piece, place)
    elif piece.startswith("-"):
        yield _Token("minus", "-", place)
        rest = piece.lstrip("-")
        name, colon, value = rest.partition(":")
        if colon and name.lower() in FIELDS:
            yield _Token("field", name.lower(), place + 1)
            if value:
                yield _Token("word", value, place + 2 + len(name))
        elif rest:
            yield _Token("word", rest, place + 1)
    else:
        yield _Token("word", piece, place)


class _Reader:
    """Reads tokens one after the other."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def peek(self) -> _Token:
        return self._tokens[self._at]

    def next(self) -> _Token:
        token = self.peek()
        self._at += token.kind != "end"
        return token

    def text(self, depth: int, field: Field | None = None) -> Node | None:
        """Up to the end, or to what closes the parentheses."""
        if depth > DEEPEST:
            raise BadText(self.peek().position, f"expected at most {DEEPEST} parentheses within one another")
        parts = [self._all(depth, field)]
        while self.peek().kind == "or":
            sign = self.next()
            if self._is_operator(sign) and parts[-1] is None:
                raise BadText(sign.position, "expected a word before OR")
            parts.append(self._all(depth, field))
            if self._is_operator(sign) and parts[-1] is None:
                raise BadText(self.peek().position, "expected a word after OR")
        found = tuple(part for part in parts if part is not None)
        return None if not found else found[0] if len(found) == 1 else Or(found)

    @staticmethod
    def _is_operator(sign: _Token) -> bool:
        return sign.text.isupper()  # a small `or` at an end is a word that asks nothing, as on the web

    def _all(self, depth: int, field: Field | None) -> Node | None:
        parts: list[Node] = []
        while (token := self.peek()).kind not in ("or", "close", "end"):
            if token.kind == "and":
                self.next()
                if not parts:
                    raise BadText(token.position, "expected a word before AND")
                if self.peek().kind in ("or", "close", "end", "and"):
                    raise BadText(self.peek().position, "expected a word after AND")
                continue
            if (part := self._one(depth, field)) is not None:
                parts.append(part)
        return None if not parts else parts[0] if len(parts) == 1 else And(tuple(parts))

    def _one(self, depth: int, field: Field | None) -> Node | None:
        token = self.next()
        match token.kind:
            case "not" | "minus":
                if self.peek().kind in ("or", "and", "close", "end"):
                    if token.kind == "not":
                        raise BadText(self.peek().position, "expected a word after NOT")
                    return None  # a dash between two words
                part = self._one(depth, field)
                return None if part is None else Not(part)
            case "open":
                inner = self.text(depth + 1, field)
                if (end := self.next()).kind != "close":
                    raise BadText(token.position, f'expected a ")" up to position {end.position}')
                return inner
            case "field":
                return self._field(token, depth, field)
            case _:
                return Words(token.text, field, exact=token.kind == "phrase", position=token.position)

    def _field(self, token: _Token, depth: int, outer: Field | None) -> Node | None:
        if outer:
            raise BadText(token.position, f"expected a word: {token.text}: cannot stand within {outer}:( )")
        field, value = FIELDS[token.text], self.peek()
        if value.kind == "open" and field in OF_TEXT:
            return self._one(depth, field)
        if value.kind not in ("word", "phrase"):
            wanted = 'a word, a "phrase" or (…)' if field in OF_TEXT else 'a word or a "phrase"'
            raise BadText(value.position, f"expected {wanted} after {token.text}:")
        self.next()
        if field in OF_TEXT:
            return Words(value.text, field, exact=value.kind == "phrase", position=value.position)
        return Value(field, value.text, value.position)
