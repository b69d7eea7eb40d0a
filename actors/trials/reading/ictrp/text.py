"""Texts of ICTRP as people meant them: without markup, padding and the traces of spreadsheets; lists cut up. No I/O."""

import html
import re
from collections.abc import Iterator

NOTHING = frozenset(
    {"", "null", "na", "n/a", "n.a.", "n a", "none", "nil", "-", "--", "??", "?", "nd", "not available", "not stated",
     "no information", "not reported", "1900-01-01"}
)  # fmt: skip
LONGEST_NOTHING = max(map(len, NOTHING))
NO_NUMBER = frozenset(
    {"nil known", "none known", "nil", "not applicable", "not appliable", "no secondary id", "nothing", "pending", "no",
     "not assigned", "not yet", "non applicable", "unknown", "not known", "not registered"}
)  # fmt: skip

_RETURN = re.compile(r"_x000[Dd]_|\r\n?|&#x0*[Dd];|&#13;")
_BREAK = re.compile(r"<\s?/?\s?(?:br|p|li|ul|ol|div|tr)\b[^<>]{0,200}>", re.IGNORECASE)
_MARK = re.compile(
    r"<\s?/?\s?(?:b|i|u|em|strong|sup|sub|span|font|td|table|tbody|a)(?:\s[^<>]{0,300})?/?>", re.IGNORECASE
)
_LINES = re.compile(r"\n{3,}")


def said(value: str | None) -> str | None:
    """A text in its lines; None where nothing is said."""
    if value is None:
        return None
    text = value
    if "\r" in text or "_x000" in text or "&#" in text:
        text = _RETURN.sub("\n", text)
    if "&" in text:
        text = html.unescape(text)
    if "<" in text:
        text = _MARK.sub("", _BREAK.sub("\n", text))
    if "\n" not in text:
        text = " ".join(text.split())
    else:
        text = _LINES.sub("\n\n", "\n".join([" ".join(line.split()) for line in text.split("\n")])).strip()
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    return None if len(text) <= LONGEST_NOTHING and text.lower() in NOTHING else text


def line(value: str | None) -> str | None:
    """A text on one line."""
    text = said(value)
    return " ".join(text.split()) if text else None


def listed(value: str | None, signs: str = ";\n") -> tuple[str, ...]:
    """What is joined by semicolons, or by line breaks, each once. A semicolon within an item cannot be told apart."""
    text = said(value)
    found: dict[str, str] = {}
    for part in re.split(f"[{signs}]", text) if text else ():
        if (item := " ".join(part.split())) and item.lower() not in NOTHING:
            found.setdefault(item.lower(), item)
    return tuple(found.values())


def labelled(value: str | None, labels: tuple[str, ...]) -> dict[str, str]:
    """The parts of a text under labels such as `Main Objective:`, in whatever order."""
    text = said(value) or ""
    marks = list(re.finditer("|".join(rf"(?:{re.escape(label)})\s*:" for label in labels), text))
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    found: dict[str, str] = {}
    for mark, end in zip(marks, ends, strict=False):
        part = text[mark.end() : end].strip(" ;\n")
        if part:
            found.setdefault(mark[0].rstrip(": \n"), part)
    return found


def blocks(value: str | None, opens: tuple[str, ...]) -> Iterator[str]:
    """Runs of lines, each beginning with one of these labels, once the label before has come again."""
    held: list[str] = []
    seen: set[str] = set()
    for one in (said(value) or "").split("\n"):
        label = one.partition(":")[0].strip()
        if label in opens and (label in seen or (held and not seen & set(opens))):
            yield "\n".join(held)
            held, seen = [], set()
        if label:
            seen.add(label)
        held.append(one)
    if any(one.strip() for one in held):
        yield "\n".join(held)
