"""What the web needs of the running service."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from actors.governance.approvals import Rule as ApprovalRule
from actors.governance.limits import Limit
from actors.governance.mode.watch import ModeWatch
from actors.jobs import JobKind
from actors.queue.desk import Desk
from actors.registries import Registry
from actors.runtime.files import LocalFiles
from actors.storage import Rules as StorageRules
from supervisor.hub import Hub
from supervisor.life import ActorState
from supervisor.logins import Rules
from supervisor.looplag import Lag
from supervisor.oidc import Client
from supervisor.setting_kinds import Network
from supervisor.settings import Effective

if TYPE_CHECKING:
    import asyncpg


class Actors(Protocol):
    """The supervisor, as the web sees it."""

    def snapshot(self) -> Sequence[ActorState]: ...
    @property
    def wanted(self) -> Mapping[str, int]: ...
    @property
    def zombies(self) -> int: ...


class Metrics(Protocol):
    def exposition(self) -> bytes: ...
    def watch(self, name: str, read: Callable[[], Mapping[tuple[str, ...], float]]) -> Callable[[], None]: ...


class LoopLate(Protocol):
    def read(self) -> Lag: ...


class Site(Protocol):
    """The service, as the web sees it."""

    @property
    def pool(self) -> "asyncpg.Pool[Any]":
        """Requests': of what is a tenant's it sees nothing, but in a transaction that acts for one."""

    @property
    def all_tenants(self) -> "asyncpg.Pool[Any]":
        """The service's own."""

    @property
    def login_rules(self) -> Rules: ...
    @property
    def limits(self) -> Mapping[str, Limit]: ...
    @property
    def trusted_proxies(self) -> Collection[Network]:
        """Whose X-Forwarded-For is believed."""

    @property
    def oidc(self) -> Client | None:
        """The issuer by which people may log in."""

    @property
    def at_once(self) -> int:
        """Requests of one caller that this process answers at the same time, at most."""

    @property
    def request_within_s(self) -> float:
        """How long a client may take for the head of a request, for its body, and for a part of an answer."""

    @property
    def files(self) -> LocalFiles: ...
    @property
    def storage_rules(self) -> StorageRules:
        """How much of files there may be."""

    @property
    def worker(self) -> UUID: ...
    @property
    def started_at(self) -> datetime: ...
    @property
    def desks(self) -> Mapping[str, Desk]: ...
    @property
    def supervisor(self) -> Actors: ...
    @property
    def kinds(self) -> Mapping[str, JobKind[Any]]: ...
    @property
    def registries(self) -> Mapping[str, Registry]: ...
    @property
    def metrics(self) -> Metrics: ...
    @property
    def hub(self) -> Hub: ...
    @property
    def mode(self) -> ModeWatch: ...
    @property
    def audit_key(self) -> Path:
        """The file of the key that exports of the audit are signed with."""

    @property
    def approval_rule(self) -> ApprovalRule: ...
    @property
    def lag(self) -> LoopLate: ...
    @property
    def draining(self) -> bool: ...
    @property
    def public_urls(self) -> Collection[str]: ...
    @property
    def settings_in_force(self) -> Sequence[Effective]:
        """Secrets as stars."""

    @property
    def webhook_hosts(self) -> Collection[tuple[str, int]]: ...
    @property
    def told_by(self) -> Collection[str]: ...

    def stuck_s(self) -> float: ...
    async def rescue(self) -> tuple[list[UUID], list[Any]]: ...
