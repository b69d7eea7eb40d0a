"""Alerts as a mail. It holds what is said of them and a link, and nothing of what they are about. No I/O."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from actors.notices.alerts.telling import SEVERITIES, Episode, Item

LONGEST_SUBJECT = 160
LONGEST_LINE = 500
MOST_ITEMS = 50
WORDS = {"opened": "New", "repeated": "Still open, and nobody has acknowledged", "closed": "Over"}
ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who writes to whom; `link` is where the service is reached, None where that is not known."""

    sender: str
    to: tuple[str, ...]
    link: str | None = None


def address(text: str) -> str:
    """A plain mail address, with nothing in it that could be a second one, or a header. Raises ValueError."""
    if not ADDRESS.fullmatch(text) or ".." in text:
        raise ValueError(f"expected a mail address such as ops@example.org, got {text[:100]!r}")
    local, _, domain = text.rpartition("@")
    Address(username=local, domain=domain)
    return text


def letter(items: Sequence[Item], envelope: Envelope, *, send_id: int, at: datetime) -> EmailMessage:
    """The same number in every attempt, so that a mail which came twice is known for one."""
    domain = envelope.sender.rpartition("@")[2]
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"] = envelope.sender, ", ".join(envelope.to)
    mail["Subject"] = subject(items)
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<alerts-{send_id}-{int(at.timestamp())}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    if any(item.episode.severity == "critical" and item.what != "closed" for item in items):
        mail["Importance"] = "high"
    mail.set_content(text(items, envelope.link), charset="utf-8", cte="quoted-printable")
    return mail


def subject(items: Sequence[Item]) -> str:
    """The gravest first: `[triald] critical: disk_full (/data), and 2 more`."""
    first = _sorted(items)[0]
    more = f", and {len(items) - 1} more" if len(items) > 1 else ""
    head = "over" if first.what == "closed" else first.episode.severity
    line = plain(f"[triald] {head}: {_named(first.episode)}", LONGEST_SUBJECT - len(more)) + more
    return line.replace("=?", "= ?")  # an encoded word is decoded when a header is set, line ends and all


def text(items: Sequence[Item], link: str | None) -> str:
    lines: list[str] = []
    shown = _sorted(items)[:MOST_ITEMS]
    for what, words in WORDS.items():
        mine = [item.episode for item in shown if item.what == what]
        if mine:
            lines += [f"{words}:", "", *(line for one in mine for line in _said(one, link)), ""]
    if len(items) > len(shown):
        lines += [f"and {len(items) - len(shown)} more.", ""]
    if link:
        lines.append(f"All alerts, and what to be told of: {link}/alerts")
    return "\n".join(lines) + "\n"


def plain(given: str, longest: int) -> str:
    """One line: whatever ends lines or hides is a blank."""
    line = " ".join("".join(one if one.isprintable() else " " for one in given).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _said(one: Episode, link: str | None) -> list[str]:
    since = f"since {one.opened_at:%Y-%m-%d %H:%M:%S} UTC"
    until = f", over {one.closed_at:%Y-%m-%d %H:%M:%S} UTC" if one.closed_at else ""
    said = [f"* {one.severity}  {_named(one)}", f"  {plain(one.message, LONGEST_LINE)}", f"  {since}{until}"]
    return [*said, f"  {link}/alerts#episode-{one.id}"] if link else said


def _named(one: Episode) -> str:
    return plain(f"{one.name} ({one.subject})" if one.subject else one.name, LONGEST_LINE)


def _sorted(items: Sequence[Item]) -> list[Item]:
    rank: dict[str, int] = {severity: at for at, severity in enumerate(SEVERITIES)}
    return sorted(items, key=lambda item: (item.what == "closed", rank.get(item.episode.severity, 9), item.episode.id))
