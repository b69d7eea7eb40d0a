"""What a service consists of, once it is built: its database, its desks and tools, and who keeps it running."""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from actors.governance.approvals import Policy
from actors.governance.approvals import Rule as ApprovalRule
from actors.governance.limits import Limit
from actors.governance.mode.watch import ModeWatch
from actors.jobs import Kinds
from actors.monitoring.lately import Lately
from actors.queue.beat import Beat
from actors.queue.desk import Desk
from actors.queue.rescuer import rescue_now
from actors.queue.retry import RetryRule
from actors.registries import Registry
from actors.runtime.files import LocalFiles
from actors.storage import GB, MB
from actors.storage import Rules as StorageRules
from actors.tools import Tools
from supervisor.auditing import key_file
from supervisor.embedded import Embedded
from supervisor.hub import Hub
from supervisor.logins import Rules
from supervisor.looplag import LoopLag
from supervisor.metrics import Metrics
from supervisor.movement import Movement
from supervisor.oidc import Client
from supervisor.setting_kinds import Network
from supervisor.settings import Effective, Settings, effective
from supervisor.supervisor import Supervisor


@dataclass(slots=True)
class Service:
    """`crew.man` gives it those who keep it running: beat, movement, supervisor."""

    settings: Settings
    pool: "asyncpg.Pool[Any]"  # of requests
    all_tenants: "asyncpg.Pool[Any]"  # of the actors
    database_url: str
    listen_url: str
    worker: UUID
    desks: dict[str, Desk]
    kinds: Kinds
    registries: Mapping[str, Registry]
    tools: Tools
    metrics: Metrics
    hub: Hub
    lag: LoopLag
    lately: Lately
    mode: ModeWatch
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    draining: bool = False
    server: Embedded | None = None  # the database's, where it is ours to keep running
    beat: Beat = field(init=False)
    movement: Movement = field(init=False)
    supervisor: Supervisor = field(init=False)

    @property
    def public_urls(self) -> Collection[str]:
        return self.settings.public_urls

    @property
    def pools(self) -> "Mapping[str, asyncpg.Pool[Any]]":
        """Each by what it is for."""
        return {"requests": self.pool, "actors": self.all_tenants}

    @property
    def login_rules(self) -> Rules:
        settings = self.settings
        given = (settings.jwt_secret, settings.jwt_secret_before)
        return Rules(
            access=timedelta(minutes=settings.access_token_minutes),
            refresh=timedelta(days=settings.refresh_days),
            session=timedelta(hours=settings.session_hours),
            masters=tuple(one.reveal() for one in given if one is not None),
        )

    @property
    def audit_key(self) -> Path:
        return key_file(self.settings)

    @property
    def approval_rule(self) -> ApprovalRule:
        settings = self.settings
        policy = Policy(settings.approval_policy.upper())
        return ApprovalRule(settings.approval_rows, policy, timedelta(hours=settings.approval_hours))

    @property
    def limits(self) -> Mapping[str, Limit]:
        return self.settings.limits

    @property
    def at_once(self) -> int:
        return self.settings.requests_at_once

    @property
    def request_within_s(self) -> float:
        return self.settings.request_within_s

    @property
    def files(self) -> LocalFiles:
        return self.tools.files

    @property
    def storage_rules(self) -> StorageRules:
        settings = self.settings
        return StorageRules(
            settings.upload_most_mb * MB, round(settings.storage_quota_gb * GB), round(settings.project_quota_gb * GB)
        )

    @property
    def oidc(self) -> Client | None:
        settings = self.settings
        if settings.oidc_issuer is None or settings.oidc_client_id is None:
            return None
        secret = settings.oidc_client_secret
        return Client(
            settings.oidc_issuer, settings.oidc_client_id, None if secret is None else secret.reveal(),
            settings.oidc_new_role,
        )  # fmt: skip

    @property
    def trusted_proxies(self) -> Collection[Network]:
        return self.settings.trusted_proxies

    @property
    def settings_in_force(self) -> list[Effective]:
        return effective(self.settings)

    @property
    def webhook_hosts(self) -> Collection[tuple[str, int]]:
        return self.settings.webhook_hosts

    @property
    def told_by(self) -> Collection[str]:
        """The ways by which people are told of alerts."""
        return self.settings.ways_to_tell

    @property
    def retry(self) -> RetryRule:
        return RetryRule(self.settings.retry_first_s, self.settings.retry_longest_s)

    def stuck_s(self) -> float:
        """For how long a claim loop has not come round; while it drains none has to."""
        return 0.0 if self.draining else self.movement.stuck_s(time.monotonic())

    async def rescue(self) -> tuple[list[UUID], list[Any]]:
        """Takes jobs back from dead processes now; answers with those and with the jobs."""
        settings = self.settings
        return await rescue_now(
            self.all_tenants, dead_after_s=settings.dead_after_s, beat_every_s=settings.beat_every_s
        )
