"""Where the words of a search stand in a text that is shown. No I/O.

PostgreSQL marks the words in a copy of the text that is folded letter for letter (no accents, no `<`, no `&`), so a
place in the copy is the same place in the text. The text itself is never given out as HTML by the database: it stays in
pieces, and whoever makes HTML escapes each of them.
"""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

MARK, UNMARK = "\x02", "\x03"
SNIPPET = 240  # characters
LEAD = 40  # characters shown before the first mark of a snippet
CUT = "…"

_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")


@dataclass(frozen=True, slots=True)
class Span:
    text: str
    marked: bool = False


def spans(text: str, marked: str | None) -> tuple[Span, ...]:
    """The text in pieces, by the marks of its folded copy; in one piece where the copy is not letter for letter."""
    if not text:
        return ()
    if marked is None or len(marked) - marked.count(MARK) - marked.count(UNMARK) != len(text):
        return (Span(text),)
    found: list[Span] = []
    at = 0
    for number, part in enumerate(marked.replace(UNMARK, MARK).split(MARK)):
        if part:
            found.append(Span(text[at : at + len(part)], marked=number % 2 == 1))
        at += len(part)
    return tuple(found)


def parted(pieces: Sequence[Span], separator: str) -> tuple[tuple[Span, ...], ...]:
    """The texts that were joined by a separator of one letter, each in its pieces."""
    if not pieces:
        return ()
    texts: list[list[Span]] = [[]]
    for piece in pieces:
        first, *others = piece.text.split(separator)
        texts[-1] += [Span(first, piece.marked)] if first else []
        texts += [[Span(part, piece.marked)] if part else [] for part in others]
    return tuple(tuple(text) for text in texts)


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
