"""By which ways people are told of alerts here: what the settings name, and nothing else."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from socket import gethostname
from typing import TYPE_CHECKING

from yarl import URL

from actors.notices.alerts.letter import Envelope
from actors.notices.alerts.telling import Rule
from actors.notifier import By, Notifier, by_mail, by_pager
from actors.runtime.life import Life
from actors.runtime.mail import Mailer, Security, Server
from actors.runtime.politeness import user_agent
from actors.runtime.post import Post
from supervisor.settings import Settings
from supervisor.version import VERSION

if TYPE_CHECKING:
    from supervisor.service import Service

SECURITY: Mapping[str, Security] = {"starttls": "starttls", "tls": "tls", "none": "none"}


def link(settings: Settings) -> str:
    """Where people reach the service: its first public URL, else as it is reached on its own machine."""
    return settings.public_urls[0] if settings.public_urls else f"http://{settings.listen}"


def rule(settings: Settings) -> Rule:
    return Rule(group=timedelta(seconds=settings.alert_group_s), repeat=timedelta(hours=settings.alert_repeat_hours))


async def run(service: "Service", life: Life) -> None:
    """One life of the notifier."""
    async with notifier(service) as one:
        await one.run(life)


@asynccontextmanager
async def notifier(service: "Service") -> AsyncIterator[Notifier]:
    """A pager may stand in our own network: whoever runs the service has named it."""
    settings = service.settings
    url = URL(settings.pagerduty_url)
    async with Post(agent=user_agent(VERSION, settings.contact or "no contact given"), own=[_host(url)]) as post:
        ways: dict[str, By] = {}
        if settings.smtp_host is not None and settings.mail_from is not None:
            envelope = Envelope(settings.mail_from, settings.alerts_to, link(settings))
            ways["mail"] = by_mail(Mailer(_server(settings, settings.smtp_host)), envelope)
        if settings.pagerduty_key is not None:
            ways["pagerduty"] = by_pager(
                post, str(url), routing_key=settings.pagerduty_key.reveal(), source=gethostname(), link=link(settings)
            )
        yield Notifier(service.all_tenants, ways, rule(settings), may_send=lambda: service.mode.now.sends)


def _host(url: URL) -> tuple[str, int]:
    return url.host or "", url.port or 443


def _server(settings: Settings, host: str) -> Server:
    password = None if settings.smtp_password is None else settings.smtp_password.reveal()
    return Server(host, settings.smtp_port, SECURITY[settings.smtp_tls], settings.smtp_user, password)
