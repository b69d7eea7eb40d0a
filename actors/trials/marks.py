"""Where the words of a search stand in a text that is shown. No I/O.

A word is marked where its stem is one that was asked for. Words that may be, by their first letters, are looked for in
a copy of the text that is folded letter for letter (no accents), so a place in the copy is the same place in the text;
PostgreSQL says what their stems are. The text stays in pieces, and whoever makes HTML escapes each of them.
"""

import html
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

SNIPPET = 240  # characters
LEAD = 40  # characters shown before the first mark of a snippet
CUT = "…"

_FOLDED = str.maketrans(  # as fold() of PostgreSQL has it
    "ÀÁÂÃÄÅĀĂĄÇĆČĎÐÈÉÊËĒĖĘĚĞÌÍÎÏĪİŁÑŃŇÒÓÔÕÖØŌŐŘŚŞŠȘŤȚÙÚÛÜŪŮŰÝŸŹŻŽàáâãäåāăąçćčďðèéêëēėęěğìíîïīıłñńňòóôõöøōőřśşšșťțùúûüūůűýÿźżž’‐‑‒–",
    "AAAAAAAAACCCDDEEEEEEEEGIIIIIILNNNOOOOOOOORSSSSTTUUUUUUUYYZZZaaaaaaaaacccddeeeeeeeegiiiiiilnnnoooooooorssssttuuuuuuuyyzzz'----",
)
_LEXEME = re.compile(r"'((?:[^']|'')*)'")
_WORD = re.compile(r"[^\W_]+")
_APART = {code: " " for code in range(128) if not chr(code).isalnum()}  # quicker than a pattern, for ASCII alone
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")


@dataclass(frozen=True, slots=True)
class Span:
    text: str
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Sought:
    """The stems that a search asks for, and the letters with which words begin that may have one of them."""

    stems: frozenset[str]
    begins: tuple[str, ...]


def sought(question: str) -> Sought | None:
    """What a tsquery, as text, asks for; None where that is no word."""
    stems = frozenset(one.replace("''", "'") for one in _LEXEME.findall(question))
    # A stem begins as its word does, but for short ones: dying has the stem die.
    begins = {one[: 2 if len(one) > 3 else 1] for one in stems if one[:1].isalnum()}
    if not begins:
        return None
    return Sought(stems, tuple(sorted(begins)))


def may_be(what: Sought, texts: Iterable[str]) -> set[str]:
    """The words of these texts, in small letters, whose stems must be known to mark them."""
    found = {word for text in texts for word in _words(_small(text))}
    return {word for word in found if word.startswith(what.begins)}


def _words(small: str) -> list[str]:
    return small.translate(_APART).split() if small.isascii() else _WORD.findall(small)


def marked(text: str, words: Collection[str]) -> tuple[Span, ...]:
    """The text in pieces, with these of the words that may be sought marked."""
    small = _small(text) if words else ""
    places = sorted(place for word in words if word in small for place in _places(small, word))
    return tuple(_pieces(text, places)) if places else (Span(text),) if text else ()


def _places(small: str, word: str) -> Iterator[tuple[int, int]]:
    """Where the whole word stands. Quicker than a pattern of all words: most texts hold none of them."""
    start = small.find(word)
    while start >= 0:
        end = start + len(word)
        if not (small[start - 1 : start].isalnum() or small[end : end + 1].isalnum()):
            yield start, end
        start = small.find(word, end)


def _pieces(text: str, places: Iterable[tuple[int, int]]) -> Iterator[Span]:
    at = 0
    for start, end in places:
        if start > at:
            yield Span(text[at:start])
        yield Span(text[start:end], marked=True)
        at = end
    if at < len(text):
        yield Span(text[at:])


@lru_cache(maxsize=2_048)  # each text is asked for its words, then for their places
def _small(text: str) -> str:
    """The text in small letters without accents, letter for letter."""
    small = (text if text.isascii() else text.translate(_FOLDED)).lower()
    return small if len(small) == len(text) else "".join(one.lower()[:1] for one in text.translate(_FOLDED))


def plain(text: str) -> str:
    """A text as it is meant: registries that keep Markdown write `\\>` for `>`."""
    return _ESCAPE.sub(r"\1", text) if "\\" in text else text


def unescaped(pieces: Sequence[Span]) -> tuple[Span, ...]:
    """The pieces, each as it is meant."""
    return tuple(Span(plain(piece.text), piece.marked) for piece in pieces)


def snippet(pieces: Sequence[Span], length: int = SNIPPET) -> tuple[Span, ...]:
    """The part of a text that shows the most different marked words, cut at words, `…` where it was cut."""
    text = "".join(piece.text for piece in pieces)
    if len(text) <= length:
        return tuple(pieces)
    marks = _marks(pieces)
    starts = [_word_start(text, max(0, at - LEAD)) for at, _ in marks] or [0]
    start = max(starts, key=lambda low: (_different(marks, low, low + length), -low))
    end = _word_end(text, start, start + length)
    cut = _between(pieces, start, end)
    return (*([Span(CUT)] if start else []), *cut, *([Span(CUT)] if end < len(text) else []))


def words(pieces: Sequence[Span]) -> str:
    """The text itself."""
    return "".join(piece.text for piece in pieces)


def to_html(pieces: Sequence[Span]) -> str:
    """Escaped, with <mark> around what is marked: nothing of the text itself can be read as markup."""
    return "".join(
        f"<mark>{html.escape(piece.text)}</mark>" if piece.marked else html.escape(piece.text) for piece in pieces
    )


def _marks(pieces: Sequence[Span]) -> list[tuple[int, str]]:
    found, at = [], 0
    for piece in pieces:
        if piece.marked:
            found.append((at, piece.text.lower()))
        at += len(piece.text)
    return found


def _different(marks: Sequence[tuple[int, str]], low: int, high: int) -> int:
    return len({word for at, word in marks if low <= at and at + len(word) <= high})


def _word_start(text: str, at: int) -> int:
    """The first start of a word from `at` on, if one is near."""
    if at == 0 or text[at - 1].isspace():
        return at
    space = text.find(" ", at, at + LEAD)
    return space + 1 if space >= 0 else at


def _word_end(text: str, start: int, at: int) -> int:
    if at >= len(text):
        return len(text)
    space = text.rfind(" ", max(start, at - LEAD), at + 1)
    return space if space > start else at


def _between(pieces: Sequence[Span], start: int, end: int) -> list[Span]:
    found, at = [], 0
    for piece in pieces:
        part = piece.text[max(0, start - at) : max(0, end - at)]
        if part:
            found.append(Span(part, piece.marked))
        at += len(piece.text)
    return found
