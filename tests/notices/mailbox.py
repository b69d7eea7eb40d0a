"""A mail server on this machine that keeps what it takes, with switches; by aiosmtpd."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(slots=True)
class Mailbox:
    """`refuses`: what it answers instead of taking a mail; `hangs_up`: it takes it and says nothing."""

    port: int = 0
    refuses: str | None = None
    hangs_up: bool = False
    mails: list[EmailMessage] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    was_tls: list[bool] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Envelope) -> str:
        if self.refuses:
            return self.refuses
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.envelopes.append(envelope)
        self.was_tls.append(session.ssl is not None)
        if self.hangs_up and server.transport is not None:
            server.transport.abort()  # type: ignore[attr-defined]  # a transport that writes
        return "250 it is kept"

    def login(self, server: SMTP, session: Any, envelope: Envelope, mechanism: str, given: Any) -> AuthResult:
        assert isinstance(given, LoginPassword)
        pair = (given.login.decode(), given.password.decode())
        self.logins.append(pair)
        return AuthResult(success=pair == ("triald", "a password"), handled=False)


@asynccontextmanager
async def mailbox(
    *, tls: ssl.SSLContext | None = None, around: ssl.SSLContext | None = None, needs_login: bool = False
) -> AsyncIterator[Mailbox]:
    """Listens on 127.0.0.1; with `tls` it asks for STARTTLS, with `around` it speaks TLS from the start."""
    one = Mailbox()

    def serve() -> SMTP:
        return SMTP(
            one, hostname="mail.test", tls_context=tls, require_starttls=tls is not None, authenticator=one.login,
            auth_required=needs_login, auth_require_tls=tls is not None, enable_SMTPUTF8=False,
        )  # fmt: skip

    server = await asyncio.get_running_loop().create_server(serve, "127.0.0.1", 0, ssl=around)
    one.port = server.sockets[0].getsockname()[1]
    try:
        yield one
    finally:
        server.close()
        await server.wait_closed()


def make_certificate(folder: Path) -> Path:
    """Of localhost, signed by itself, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / "both.pem"
    file.write_bytes(secret + made.public_bytes(pem))
    return file


def serving(certificate: Path) -> ssl.SSLContext:
    """For a server that shows this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context
