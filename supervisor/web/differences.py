"""What differs between two texts: both in pieces, the words that changed marked, cut around them. No I/O."""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import takewhile

from actors.trials.marks import CUT, Span

MOST_WORDS = 500  # compared one by one, after what both begin and end with; of more, all are marked: 50 ms at most
SHORT = 300  # characters; such a text is shown whole
AROUND = 90  # characters shown on either side of what changed
LONGEST = 2_000  # characters shown of a text
MOST_MARKED = 0.7  # of a text; of more it is plain that it changed

Pieces = tuple[Span, ...]

_WORD = re.compile(r"[^\s;,]+\s*|[;,]\s*|\s+")


def compared(before: str, after: str) -> tuple[Pieces, Pieces]:
    """Both texts, the words of each that the other has not marked."""
    old, new = _spans(before, after)
    is_short = max(len(before), len(after)) <= SHORT
    return _told(old, is_short=is_short), _told(new, is_short=is_short)


def cut(text: str) -> Pieces:
    """One text, of which nothing is marked."""
    return (Span(text),) if len(text) <= LONGEST else (Span(_start(text, LONGEST)), Span(CUT))


def _spans(before: str, after: str) -> tuple[list[Span], list[Span]]:
    olds, news = _WORD.findall(before), _WORD.findall(after)
    first = _alike(olds, news)
    last = _alike(olds[first:][::-1], news[first:][::-1])
    old, new = olds[first : len(olds) - last], news[first : len(news) - last]
    start, end = olds[:first], olds[len(olds) - last :]
    found: tuple[list[Span], list[Span]] = ([_span(start)], [_span(start)])
    for kind, a, b, c, d in _steps(old, new):
        found[0].append(_span(old[a:b], marked=kind != "equal"))
        found[1].append(_span(new[c:d], marked=kind != "equal"))
    return ([*found[0], _span(end)], [*found[1], _span(end)])


def _alike(some: Sequence[str], others: Sequence[str]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(some, others, strict=False)))


def _steps(old: Sequence[str], new: Sequence[str]) -> list[tuple[str, int, int, int, int]]:
    if max(len(old), len(new)) > MOST_WORDS:
        return [("replace", 0, len(old), 0, len(new))]
    return list(SequenceMatcher(None, old, new).get_opcodes())


def _span(words: Sequence[str], *, marked: bool = False) -> Span:
    return Span("".join(words), marked)


def _told(pieces: Sequence[Span], *, is_short: bool) -> Pieces:
    pieces = [piece for piece in pieces if piece.text]
    length = sum(len(piece.text) for piece in pieces)
    if sum(len(piece.text) for piece in pieces if piece.marked) > MOST_MARKED * length:
        return cut("".join(piece.text for piece in pieces))
    if is_short:
        return tuple(pieces)
    told: list[Span] = []
    for number, piece in enumerate(pieces):
        told += [piece] if piece.marked else _between(piece.text, first=number == 0, last=number == len(pieces) - 1)
    return _within(told)


def _between(text: str, *, first: bool, last: bool) -> list[Span]:
    """What stands between two changes, before the first or after the last."""
    if len(text) <= (AROUND if first or last else 2 * AROUND) + AROUND // 2:
        return [Span(text)]
    head, tail = ("" if first else _start(text, AROUND)), ("" if last else _end(text, AROUND))
    return [Span(part) for part in (head, CUT, tail) if part]


def _within(pieces: Sequence[Span]) -> Pieces:
    told: list[Span] = []
    left = LONGEST
    for piece in pieces:
        if len(piece.text) > left:
            return (*told, Span(_start(piece.text, left), piece.marked), Span(CUT))
        told.append(piece)
        left -= len(piece.text)
    return tuple(told)


def _start(text: str, length: int) -> str:
    """Its first words."""
    space = text.rfind(" ", length // 2, length + 1)
    return text[: space if space > 0 else length]


def _end(text: str, length: int) -> str:
    """Its last words."""
    space = text.find(" ", len(text) - length, len(text) - length // 2)
    return text[space + 1 if space >= 0 else len(text) - length :]
