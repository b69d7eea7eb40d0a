"""Alerts as mails and as events of a pager: what is in them, and what cannot get into them."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.notices.alerts.letter import Envelope, address, letter, subject
from actors.notices.alerts.pager import dedup_key, event
from actors.notices.alerts.telling import Episode, Item
from demo.events_sink import wrong

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
ENVELOPE = Envelope("triald@example.org", ("ops@example.org", "night@example.org"), "https://triald.example.org")


def item(number: int = 1, what: str = "opened", **more: str) -> Item:
    told = {"name": "disk_full", "subject": "/data", "severity": "critical", "message": "91.0 % is in use"} | more
    return Item(Episode(number, opened_at=AT, **told), what)  # type: ignore[arg-type]


def test_a_mail_lists_the_alerts_the_gravest_first_with_a_link_to_each() -> None:
    """N24: name, subject, severity, message, link."""
    items = [item(2, severity="low", name="trials_stale", subject=""), item(1), item(3, "closed", name="queue_deep")]
    mail = letter(items, ENVELOPE, send_id=7, at=AT)
    text = mail.get_content()
    assert mail["Subject"] == "[triald] critical: disk_full (/data), and 2 more"
    assert text.index("disk_full") < text.index("trials_stale") < text.index("Over:") < text.index("queue_deep")
    assert "https://triald.example.org/alerts#episode-1" in text and "91.0 % is in use" in text
    assert mail["To"] == "ops@example.org, night@example.org"
    again = letter(items, ENVELOPE, send_id=7, at=AT)
    assert mail["Message-ID"] == again["Message-ID"] and mail["Auto-Submitted"] == "auto-generated"


NASTY = [
    "x\r\nBcc: eve@evil.example",
    "x\nSubject: free",
    "\r\n\r\nbody",
    "x\x00y",
    "x\u2028Bcc: e@v",
    "=?utf-8?q?=0ABcc:_e@v?=",
]


@pytest.mark.parametrize("text", NASTY)
def test_no_text_of_an_alert_becomes_a_header(text: str) -> None:
    """N24: whatever a name, a subject or a message holds."""
    mail = letter([item(name=text, subject=text, message=text)], ENVELOPE, send_id=1, at=AT)
    read = message_from_bytes(mail.as_bytes(), policy=default)
    assert sorted(read.keys()) == sorted(mail.keys()) and "Bcc" not in read
    assert read["To"] == mail["To"] and len(read.get_all("Subject", [])) == 1
    assert read["Subject"].strip().startswith("[triald] critical: ")


@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=2000))
def test_any_text_makes_a_mail_that_reads_back_as_one(name: str, about: str, message: str) -> None:
    """N24."""
    texts = [text.encode("utf-8", "replace").decode() for text in (name, about, message)]
    told = item(name=texts[0], subject=texts[1], message=texts[2])
    mail = letter([told], ENVELOPE, send_id=1, at=AT)
    read = message_from_bytes(mail.as_bytes(), policy=default)
    assert len(read.keys()) == len(set(read.keys())) == 10
    assert len(subject([told])) <= 170


@pytest.mark.parametrize(
    "text",
    ["", "ops", "ops@", "@example.org", "a@b\r\nBcc: c@d", "a@b, c@d", "Ops <a@b>", "a b@c", "a@b c", "a..b@c",
     "ä@example.org", "a@-", "a@example.org\n", '"a"@b'],
)  # fmt: skip
def test_what_is_no_plain_address_is_refused(text: str) -> None:
    """N24."""
    with pytest.raises(ValueError, match="mail address"):
        address(text)


def test_an_event_of_a_pager_is_one_that_the_interface_takes() -> None:
    """N24: trigger, acknowledge and resolve by one key."""
    key, keys = "r" * 32, set()
    for what, action in (("opened", "trigger"), ("acknowledged", "acknowledge"), ("closed", "resolve")):
        told = orjson.loads(
            event(item(what=what, message="m" * 2000), routing_key=key, source="here", link=ENVELOPE.link)
        )
        assert (wrong(told, key), told["event_action"]) == ([], action)
        keys.add(told["dedup_key"])
    assert keys == {dedup_key(item().episode)}
