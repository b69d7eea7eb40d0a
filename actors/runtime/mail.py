"""Sends a mail by SMTP, to the one server that the settings name: a connection for each, closed soon."""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from time import monotonic
from typing import Literal

import aiosmtplib

from actors.runtime.post import Answer, NotAccepted, Withheld

TIMEOUT_S = 20.0  # from the connection to the answer that the mail was taken
QUIT_S = 1.0
EXCERPT_CHARS = 500

Security = Literal["starttls", "tls", "none"]


@dataclass(frozen=True, slots=True)
class Server:
    """`security`: TLS from the start (`tls`), asked for before anything is said (`starttls`), or not at all.

    Without TLS neither user nor password is told.
    """

    host: str
    port: int = 587
    security: Security = "starttls"
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    context: ssl.SSLContext | None = None  # whose certificates are believed; None: those of the system
    timeout_s: float = TIMEOUT_S


@dataclass(frozen=True, slots=True)
class Mailer:
    """`may_send` says whether anything may leave the house just now."""

    server: Server
    may_send: Callable[[], bool] = lambda: True

    async def __call__(self, mail: EmailMessage) -> Answer:
        """What the server said when it took the mail for all who are named. Raises NotAccepted and Withheld."""
        if not self.may_send():
            raise Withheld("nothing is sent to the outside in the mode that the service is in")
        began_s, server = monotonic(), self.server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.security == "tls",
            start_tls=server.security == "starttls",
            tls_context=server.context,
            timeout=server.timeout_s,
        )
        try:
            async with asyncio.timeout(server.timeout_s):
                said = await self._send(client, mail)
        except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as error:
            raise _refused(server, error, monotonic() - began_s) from error
        finally:
            await _quit(client)
        return Answer(250, monotonic() - began_s, said[:EXCERPT_CHARS])

    async def _send(self, client: aiosmtplib.SMTP, mail: EmailMessage) -> str:
        server = self.server
        await client.connect()
        if server.user is not None and server.password is not None and server.security != "none":
            await client.login(server.user, server.password)
        refused, said = await client.send_message(mail)
        if refused:
            status = next(iter(refused.values())).code
            raise aiosmtplib.SMTPResponseException(status, f"it refuses {len(refused)} of those it should go to")
        return said


async def _quit(client: aiosmtplib.SMTP) -> None:
    """The mail was taken or refused by now: how the farewell goes says nothing of it."""
    with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
        if client.is_connected:
            async with asyncio.timeout(QUIT_S):
                await client.quit()
    client.close()


def _refused(server: Server, error: Exception, took_s: float) -> NotAccepted:
    """In words that hold no password: what a server says to a login may repeat it."""
    name = f"{server.host}:{server.port}"
    match error:
        case aiosmtplib.SMTPAuthenticationError():
            return NotAccepted(f"{name} refuses the login ({error.code})", error.code, took_s=took_s)
        case aiosmtplib.SMTPRecipientsRefused():
            code = error.recipients[0].code if error.recipients else None
            return NotAccepted(f"{name} refuses those it should go to ({code})", code, took_s=took_s)
        case aiosmtplib.SMTPResponseException():
            said = "".join(one if one.isprintable() else " " for one in error.message)[:EXCERPT_CHARS]
            return NotAccepted(f"{name} answered {error.code}: {said}", error.code, excerpt=said, took_s=took_s)
        case TimeoutError() | aiosmtplib.SMTPTimeoutError():
            return NotAccepted(f"{name} did not answer within {server.timeout_s:g} s", took_s=took_s)
        case _:
            return NotAccepted(f"{name} cannot be reached: {type(error).__name__}", took_s=took_s)
