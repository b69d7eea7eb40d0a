"""Mail by SMTP: TLS or none at all, who we are, and what may go wrong."""

import asyncio
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest

from actors.notices.alerts.letter import Envelope, letter
from actors.notices.alerts.telling import Episode, Item
from actors.runtime.mail import Mailer, Security, Server
from actors.runtime.post import NotAccepted, Withheld
from tests.notices.mailbox import mailbox, make_certificate, serving

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
ALERT = Item(Episode(1, "disk_full", "/data", "critical", "91 % of the disk is in use", AT), "opened")
MAIL = letter([ALERT], Envelope("triald@example.org", ("ops@example.org", "night@example.org")), send_id=1, at=AT)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"))


def server(port: int, security: Security = "none", trusted: Path | None = None, password: str = "a password") -> Server:  # noqa: S107
    context = ssl.create_default_context(cafile=str(trusted)) if trusted else None
    return Server("localhost", port, security, "triald", password, context, timeout_s=5.0)


async def test_a_mail_arrives_as_it_was_written_for_all_whom_it_is_for() -> None:
    """N24."""
    async with mailbox() as box:
        answer = await Mailer(Server("127.0.0.1", box.port, "none"))(MAIL)
    [mail], [envelope] = box.mails, box.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("triald@example.org", ["ops@example.org", "night@example.org"])
    assert (mail["Subject"], answer.status, answer.excerpt) == (MAIL["Subject"], 250, "it is kept")
    assert "91 % of the disk is in use" in mail.get_content()


async def test_a_login_is_told_within_tls_alone(certificate: Path) -> None:
    """N24: STARTTLS, and a certificate that is believed; without TLS the password stays here."""
    async with mailbox(tls=serving(certificate), needs_login=True) as box:
        await Mailer(server(box.port, "starttls", certificate))(MAIL)
        assert (box.was_tls, box.logins) == ([True], [("triald", "a password")])
        with pytest.raises(NotAccepted, match="cannot be reached"):  # a certificate that nobody we know has signed
            await Mailer(server(box.port, "starttls"))(MAIL)
        with pytest.raises(NotAccepted, match="refuses the login") as refused:
            await Mailer(server(box.port, "starttls", certificate, "wrong"))(MAIL)
        assert (refused.value.status, "wrong" in str(refused.value)) == (535, False)
    async with mailbox() as plain:
        await Mailer(server(plain.port))(MAIL)
        assert (plain.logins, len(plain.mails)) == ([], 1)
        with pytest.raises(NotAccepted):  # it was to be asked for TLS, and has none
            await Mailer(server(plain.port, "starttls", certificate))(MAIL)
        assert len(plain.mails) == 1


async def test_tls_may_be_there_from_the_start(certificate: Path) -> None:
    """N24: port 465."""
    async with mailbox(around=serving(certificate)) as box:
        await Mailer(server(box.port, "tls", certificate))(MAIL)
    assert len(box.mails) == 1


@pytest.mark.parametrize("said", ["451 try later", "554 5.7.1 we do not want it", "552 too large\r\n"])
async def test_what_the_server_does_not_take_is_told_with_its_words(said: str) -> None:
    """N24."""
    async with mailbox() as box:
        box.refuses = said.strip()
        with pytest.raises(NotAccepted, match=said.split()[1]) as refused:
            await Mailer(Server("127.0.0.1", box.port, "none"))(MAIL)
    assert refused.value.status == int(said[:3])


async def test_a_server_that_is_silent_or_away_is_not_waited_for() -> None:
    """N24."""
    gone = asyncio.Event()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        gone.set()

    silent = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    with pytest.raises(NotAccepted, match="did not answer within"):
        await Mailer(Server("127.0.0.1", port, "none", timeout_s=0.2))(MAIL)
    await gone.wait()
    silent.close()
    await silent.wait_closed()
    with pytest.raises(NotAccepted, match="cannot be reached"):
        await Mailer(Server("127.0.0.1", port, "none", timeout_s=2.0))(MAIL)


async def test_nothing_is_sent_while_the_service_may_not_send() -> None:
    """N24: not even a connection is made."""
    with pytest.raises(Withheld):
        await Mailer(Server("127.0.0.1", 1, "none"), may_send=lambda: False)(MAIL)


def test_a_password_is_not_printed() -> None:
    """N24."""
    assert "a password" not in repr(server(25))
