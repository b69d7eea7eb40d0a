"""The settings: file < credentials of systemd < environment < command line, read once, all problems told at once.

A setting `slots` is `slots = 8` in a TOML file, TRIALD_SLOTS=8 in the environment and --slots 8 on the command line.
A secret may also stand in a file: TRIALD_DATABASE_URL_FILE=/run/secrets/url, or a credential of systemd. Empty
variables and credentials count as not given. A name that is not known stops the start: it would have no effect.
"""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, get_origin, get_type_hints

from actors import retention
from actors.errors import Refusal
from actors.governance.limits import DEFAULTS as DEFAULT_LIMITS
from actors.governance.limits import Limit
from actors.runtime.catalog import names
from supervisor import setting_kinds as kinds
from supervisor.setting_kinds import Known, Secret, host_and_port
from supervisor.setting_sources import (
    DEFAULT_FILE,
    Given,
    content,
    default_data_dir,
    from_command_line,
    from_credentials,
    from_environment,
    from_file,
    nearest,
    settings_file,
)

SHORTEST_TOKEN = 32  # characters; tokens are kept by an unsalted hash, so they must be long and random
NOTHING: Mapping[str, Any] = MappingProxyType({})
PAGERDUTY = "https://events.pagerduty.com/v2/enqueue"
OPEN = ("ctgov", "ctis", "euctr", "isrctn")  # registries that anybody may ask; the WHO hands its files out on request


class BadSettings(Exception):
    """Something is wrong with the settings; `problems` has a line for each."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Settings:
    data_dir: Annotated[Path, kinds.PATH, "Where the embedded PostgreSQL and stored files live."]
    database_url: Annotated[
        Secret | None,
        kinds.POSTGRES_URL,
        "The PostgreSQL to use (15 or later); without one triald runs its own in data_dir.",
    ] = None
    listen_url: Annotated[
        Secret | None,
        kinds.POSTGRES_URL,
        "A direct way to the same database for LISTEN, where database_url leads to a pooler.",
    ] = None
    database_pooler: Annotated[
        bool, kinds.BOOLEAN, "Whether database_url leads to a pooler in transaction mode: no prepared statements then."
    ] = False
    pool_most: Annotated[
        int,
        kinds.whole(6, 500),
        "Connections of this process's pool at most; three more beat, listen and watch the mode.",
    ] = 20
    pool_wait_s: Annotated[float, kinds.number(0.1, 300), "How long a request waits for a free connection."] = 2.0
    pool_idle_s: Annotated[
        float, kinds.number(1, 86_400), "How long a connection beyond the first few of a pool stays open unused."
    ] = 30.0
    statement_limit_s: Annotated[float, kinds.number(0.1, 86_400), "How long one SQL statement may take."] = 30.0
    listen: Annotated[str, kinds.ADDRESS, "Where the web pages and the HTTP interface are served."] = "127.0.0.1:8080"
    public_urls: Annotated[
        tuple[str, ...],
        kinds.PUBLIC_URLS,
        "URLs that people reach it by, through a proxy that speaks TLS; only with one may listen be open to others.",
    ] = ()
    trusted_proxies: Annotated[
        tuple[kinds.Network, ...],
        kinds.NETWORKS,
        "Proxies in front of us, whose X-Forwarded-For is believed.",
    ] = ()
    limits: Annotated[
        Mapping[str, Limit],
        kinds.LIMITS,
        "How often a caller of each role, a tenant, or a caller in a group of routes may ask, over all processes.",
    ] = field(default_factory=lambda: DEFAULT_LIMITS)
    requests_at_once: Annotated[
        int, kinds.whole(1, 10_000), "Requests of one caller that a process answers at the same time at most."
    ] = 30
    request_within_s: Annotated[
        float,
        kinds.number(0.1, 3600),
        "How long a client may take to send the head of a request, to send its body, or to take a part of an answer.",
    ] = 30.0
    upload_most_mb: Annotated[
        int, kinds.whole(1, 1000), "The largest file that may be brought, in MB (10^6 bytes)."
    ] = 50
    storage_quota_gb: Annotated[
        float,
        kinds.number(0, 1_000_000),
        "What all files of an organisation may take, in GB (10^9 bytes), where it has no quota of its own.",
    ] = 10.0
    project_quota_gb: Annotated[float, kinds.number(0, 1_000_000), "What the files of one project may take, in GB."] = (
        10.0
    )
    jwt_secret: Annotated[
        Secret | None,
        kinds.KEY,
        "What access tokens are signed with, together with keys in the database; all processes have the same.",
    ] = None
    jwt_secret_before: Annotated[
        Secret | None, kinds.KEY, "The jwt_secret before this one: what it signed is believed until it ends."
    ] = None
    access_token_minutes: Annotated[
        int, kinds.whole(1, 1440), "How long an access token of a program's login opens the interface."
    ] = 15
    refresh_days: Annotated[int, kinds.whole(1, 365), "How long a program stays logged in."] = 7
    oidc_issuer: Annotated[
        str | None, kinds.ISSUER, "The OpenID Connect issuer by which people may log in: https://id.example.org."
    ] = None
    oidc_client_id: Annotated[str | None, kinds.TEXT, "What the issuer knows triald by."] = None
    oidc_client_secret: Annotated[
        Secret | None, kinds.SECRET, "What triald proves that by; a public client has none."
    ] = None
    oidc_new_role: Annotated[
        str,
        kinds.one_of("none", "viewer", "researcher"),
        "What people may whom the issuer vouches for and nobody added; none lets in whom an admin added.",
    ] = "none"
    session_hours: Annotated[int, kinds.whole(1, 720), "How long a browser stays logged in."] = 12
    metrics_listen: Annotated[
        str | None,
        kinds.ADDRESS,
        "A further address for /metrics, /health, /ready and /live without a login, for a network of monitoring alone.",
    ] = None
    role: Annotated[
        str,
        kinds.one_of("all", "api", "worker"),
        "What this process does: api answers, worker runs jobs, all does both.",
    ] = "all"
    contact: Annotated[
        str | None, kinds.CONTACT, "Whom a registry may write to: a mail address or URL, told in the User-Agent."
    ] = None
    registries: Annotated[tuple[str, ...], kinds.WORDS, "The registries that are mirrored."] = OPEN
    registry_bases: Annotated[
        Mapping[str, str], kinds.BASES, "Stand-ins for registries' hosts: clinicaltrials.gov=http://127.0.0.1:9000."
    ] = field(default_factory=lambda: NOTHING)
    registry_per_min: Annotated[
        Mapping[str, float], kinds.RATES, "Requests a minute, by registry; without one the registry's own terms decide."
    ] = field(default_factory=lambda: NOTHING)
    scrape_cron: Annotated[str, kinds.CRON, "When what changed is fetched from each registry."] = "0 2 * * *"
    reconcile_cron: Annotated[
        str, kinds.CRON, "When numbers and dates are compared, to notice what was missed, and what was removed."
    ] = "0 3 * * 1-6"
    full_scrape_cron: Annotated[
        str, kinds.CRON, "When everything is fetched again, to notice what changed without a new date."
    ] = "0 3 * * 0"
    scrape_zone: Annotated[str, kinds.ZONE, "The time zone of the times at which registries are asked."] = "UTC"
    report_cron: Annotated[str, kinds.CRON, "When the daily report is made, in scrape_zone."] = "0 6 * * *"
    semantic: Annotated[
        str, kinds.one_of("auto", "off"), "Search by likeness: auto is on where PostgreSQL has the extension pgvector."
    ] = "auto"
    webhook_hosts: Annotated[
        tuple[tuple[str, int], ...],
        kinds.HOSTS,
        "Hosts of our own network that webhooks may go to, also without TLS: hooks.internal:8080.",
    ] = ()
    smtp_host: Annotated[str | None, kinds.HOST, "The mail server that alerts are sent by; without one none is."] = None
    smtp_port: Annotated[int, kinds.whole(1, 65_535), "Its port."] = 587
    smtp_tls: Annotated[
        str,
        kinds.one_of("starttls", "tls", "none"),
        "How it is talked to: TLS that is asked for, TLS from the start (port 465), or none, then without a login.",
    ] = "starttls"
    smtp_user: Annotated[str | None, kinds.TEXT, "Who we are to it; without one there is no login."] = None
    smtp_password: Annotated[Secret | None, kinds.SECRET, "The password of smtp_user."] = None
    mail_from: Annotated[str | None, kinds.MAIL, "Whom mails of alerts come from."] = None
    alerts_to: Annotated[tuple[str, ...], kinds.MAILS, "Whom they go to."] = ()
    pagerduty_key: Annotated[
        Secret | None, kinds.SECRET, "The routing key of a pager that takes PagerDuty's Events API v2."
    ] = None
    pagerduty_url: Annotated[str, kinds.EVENTS_URL, "Where that pager takes events."] = PAGERDUTY
    alert_group_s: Annotated[
        float, kinds.number(0, 3600), "How long alerts are gathered before people are told of them, together."
    ] = 30.0
    alert_repeat_hours: Annotated[
        float, kinds.number(0.1, 8760), "How often mails remind of an alert that nobody has acknowledged."
    ] = 4.0
    workers_least: Annotated[int, kinds.whole(1, 1000), "Workers that always run."] = 2
    workers_most: Annotated[int, kinds.whole(1, 1000), "Workers that run at most, however much waits."] = 20
    slots: Annotated[int, kinds.whole(1, 1000), "Jobs that one worker runs side by side."] = 8
    scrapers: Annotated[int, kinds.whole(1, 100), "Scrapers, each of which scrapes one registry at a time."] = 2
    wait_target_s: Annotated[float, kinds.number(0.1, 86_400), "How long a job may wait before workers are added."] = (
        10.0
    )
    shrink_after_s: Annotated[float, kinds.number(0, 86_400), "How long fewer workers must do before one goes."] = 180.0
    compute_processes: Annotated[int, kinds.whole(0, 256), "Processes for heavy computation; 0 uses a thread."] = 1
    beat_every_s: Annotated[float, kinds.number(0.05, 60), "How often this process says that it is alive."] = 3.0
    dead_after_s: Annotated[
        float, kinds.number(0.2, 3600), "A process silent for so long loses its jobs to others."
    ] = 10.0
    drain_s: Annotated[float, kinds.number(0, 3600), "How long running jobs may go on after a stop was asked for."] = (
        30.0
    )
    max_attempts: Annotated[
        int, kinds.whole(1, 1000), "Attempts at a job whose kind does not say how many, before it is a dead letter."
    ] = 3
    retry_first_s: Annotated[
        float, kinds.number(0.01, 86_400), "Wait after a job's first failed attempt; it doubles."
    ] = 60.0
    retry_longest_s: Annotated[float, kinds.number(0.01, 864_000), "The longest wait between two attempts."] = 3600.0
    history_days: Annotated[int, kinds.whole(1, 36_500), "How long ended jobs and firings of schedules are kept."] = 30
    events_days: Annotated[int, kinds.whole(1, 36_500), "How long events of jobs, and notices, are kept."] = 90
    reports_days: Annotated[int, kinds.whole(1, 36_500), "How long daily reports are kept."] = 730
    clusters_days: Annotated[
        int, kinds.whole(1, 36_500), "How long it is kept what became of clusters; what people decided stays for good."
    ] = 730
    backup_dir: Annotated[
        Path | None,
        kinds.PATH,
        "A folder for backups: a job makes one by backup_cron then, and triald backup needs no DIR.",
    ] = None
    backup_cron: Annotated[str, kinds.CRON, "When backups are made, in UTC, where there is a backup_dir."] = "0 1 * * *"
    backup_days: Annotated[int, kinds.whole(1, 36_500), "How long backups are kept; the last good one always is."] = 30
    backup_files_days: Annotated[
        int, kinds.whole(1, 36_500), "How long the files of backups are kept; after that their database alone."
    ] = 14
    mode: Annotated[
        str,
        kinds.one_of("live", "demo", "standby"),
        "The mode of the very first start; later the one that was chosen holds.",
    ] = "live"
    audit_key_file: Annotated[
        Path | None,
        kinds.PATH,
        "The key that exports of the audit are signed with; one is made in data_dir without it.",
    ] = None
    approval_rows: Annotated[
        int, kinds.whole(0, 10**12), "An export of more rows waits until somebody else has agreed to it."
    ] = 100_000
    approval_policy: Annotated[
        str,
        kinds.one_of("require_each", "approve_phase", "approve_session"),
        "What one approval is for: itself, its requester's phase of work, or their session of eight hours.",
    ] = "require_each"
    approval_hours: Annotated[
        float, kinds.number(0.01, 8760), "How long an approval waits for somebody to decide, before it expires."
    ] = 72.0
    governance_days: Annotated[
        int,
        kinds.whole(1, 36_500),
        "How long approvals and access requests are kept that have ended; the audit always is.",
    ] = 730
    alert_depth: Annotated[int, kinds.whole(1, 10**9), "Waiting jobs of a queue that open an alert."] = 10_000
    alert_failure_percent: Annotated[
        float, kinds.number(0.1, 100), "Failed jobs of the last hour that open an alert."
    ] = 10.0
    alert_silent_s: Annotated[float, kinds.number(1, 86_400), "Silence of a process that opens an alert."] = 300.0
    alert_rate_percent: Annotated[float, kinds.number(1, 100), "Use of a registry's rate that opens an alert."] = 90.0
    alert_disk_percent: Annotated[
        float, kinds.number(1, 100), "Use of the data directory's disk that opens an alert."
    ] = 85.0
    alert_eta_hours: Annotated[
        float, kinds.number(0.1, 10_000), "Time that a scrape still needs that opens an alert."
    ] = 24.0
    alert_backup_hours: Annotated[
        float, kinds.number(0.1, 10_000), "Age of the last good backup that opens an alert."
    ] = 36.0
    alert_lag_s: Annotated[float, kinds.number(0.01, 3600), "Delay of the event loop that opens an alert."] = 1.0
    alert_stale_trials: Annotated[
        int, kinds.whole(1, 10**9), "Active trials not updated at their source for 30 days that open an alert."
    ] = 100
    log_format: Annotated[
        str, kinds.one_of("auto", "json", "console"), "How log lines look; auto is console on a terminal, else json."
    ] = "auto"
    log_level: Annotated[
        str, kinds.one_of("debug", "info", "warning", "error"), "Log lines of lower importance are left out."
    ] = "info"
    otlp_url: Annotated[
        str | None, kinds.URL, "Where traces go, in OTLP over HTTP: http://collector:4318/v1/traces."
    ] = None
    trace_percent: Annotated[float, kinds.number(0, 100), "Traces that are told, of a hundred that begin here."] = 100.0
    sentry_dsn: Annotated[Secret | None, kinds.SECRET, "Where errors are reported, as Sentry names it."] = None
    token_file: Annotated[
        Path | None,
        kinds.PATH,
        "A file with the operator's token; without one triald makes a token at its first start.",
    ] = None
    origins: Mapping[str, str] = field(default_factory=lambda: NOTHING, repr=False, compare=False)

    @property
    def kept_days(self) -> dict[str, int]:
        """The settings that rules of actors/retention name."""
        return {name: getattr(self, name) for name in retention.DAYS}

    @property
    def ways_to_tell(self) -> frozenset[str]:
        """By which ways people can be told of alerts."""
        ways = {"mail": self.smtp_host is not None, "pagerduty": self.pagerduty_key is not None}
        return frozenset(name for name, is_there in ways.items() if is_there)

    @property
    def host(self) -> str:
        return host_and_port(self.listen)[0]

    @property
    def port(self) -> int:
        return host_and_port(self.listen)[1]


@dataclass(frozen=True, slots=True)
class Effective:
    """One setting as it is in force; a secret's value is stars."""

    name: str
    value: object
    origin: str
    says: str


KNOWN: Mapping[str, Known] = MappingProxyType(
    {
        name: Known(name, *hint.__metadata__)
        for name, hint in get_type_hints(Settings, include_extras=True).items()
        if get_origin(hint) is Annotated
    }
)


def effective(settings: Settings) -> list[Effective]:
    """Every setting with its value and where that came from."""
    return [
        Effective(name, _shown(known, getattr(settings, name)), settings.origins.get(name, "default"), known.says)
        for name, known in KNOWN.items()
    ]


def _shown(known: Known, value: object) -> object:
    return None if value is None else known.kind.show(value)


def read(
    overrides: Mapping[str, str],
    environ: Mapping[str, str],
    file: Path | None = None,
    *,
    defaults: Mapping[str, str] = NOTHING,
    default_file: Path | None = DEFAULT_FILE,
) -> Settings:
    """The settings of this process. Raises BadSettings with every problem there is.

    `overrides` are the command line's words by name, `file` one that must be there,
    `default_file` one that may; `defaults` stand in for ours.
    """
    problems: list[str] = []
    given = {"data_dir": Given(default_data_dir(environ), "default")}
    given |= {name: Given(value, "default") for name, value in defaults.items()}
    given |= from_file(settings_file(environ, file, default_file), KNOWN, problems)
    given |= from_credentials(environ, KNOWN, problems)
    given |= from_environment(environ, KNOWN, problems)
    given |= from_command_line(overrides, KNOWN, problems)
    values = _values(given, problems)
    problems += _contradictions(values)
    if problems:
        raise BadSettings(tuple(problems))
    return Settings(**values, origins=MappingProxyType({name: one.origin for name, one in given.items()}))


def _values(given: Mapping[str, Given], problems: list[str]) -> dict[str, Any]:
    """What could be read; settings that nobody gave are left out."""
    values: dict[str, Any] = {}
    for name, one in given.items():
        kind = KNOWN[name].kind
        try:
            values[name] = kind.read(one.value)
        except (ValueError, Refusal):
            got = "something else (it is a secret)" if kind.secret else repr(one.value)
            problems.append(f"{name}: expected {kind.expected}, got {got} ({one.origin})")
    return values


def _contradictions(given: Mapping[str, Any]) -> list[str]:
    """What each setting allows, but not together."""
    values = {one.name: one.default for one in fields(Settings) if one.default is not MISSING} | dict(given)
    found: list[str] = []
    if values["workers_least"] > values["workers_most"]:
        found.append(f"workers_least: expected at most workers_most ({values['workers_most']})")
    if values["dead_after_s"] < 3 * values["beat_every_s"]:
        found.append(f"dead_after_s: expected at least three times beat_every_s ({3 * values['beat_every_s']:g})")
    if values["retry_first_s"] > values["retry_longest_s"]:
        found.append(f"retry_first_s: expected at most retry_longest_s ({values['retry_longest_s']:g})")
    if values["oidc_issuer"] and not values["oidc_client_id"]:
        found.append("oidc_client_id: expected with oidc_issuer")
    if values["listen_url"] and not values["database_url"]:
        found.append("listen_url: expected none where there is no database_url")
    if values["database_pooler"] and not values["listen_url"]:
        found.append("listen_url: expected a direct URL, for LISTEN does not pass through a database_pooler")
    if values["role"] != "all" and not values["database_url"]:
        found.append("role: expected all where there is no database_url: nobody else can use the embedded PostgreSQL")
    host = values["listen"].rpartition(":")[0]
    if values["role"] != "worker" and not values["public_urls"] and not kinds.is_loopback(host):
        found.append("listen: expected HOST:PORT with a loopback host where no public_urls say how others reach it")
    return [*found, *_mail(values), *_unknown_registries(values), *_weak_token(values["token_file"])]


def _mail(values: Mapping[str, Any]) -> list[str]:
    """A mail needs somebody whom it comes from and somebody whom it goes to; a login both its parts, and TLS."""
    found: list[str] = []
    if values["smtp_host"]:
        found += [f"{name}: expected with smtp_host" for name in ("mail_from", "alerts_to") if not values[name]]
    if bool(values["smtp_user"]) != bool(values["smtp_password"]):
        found.append("smtp_password: expected with smtp_user, and only with it")
    if values["smtp_user"] and values["smtp_tls"] == "none":
        found.append(
            "smtp_tls: expected starttls or tls where there is a smtp_user: a password is not sent in the clear"
        )
    return found


def _unknown_registries(values: Mapping[str, Any]) -> list[str]:
    known = names("actors.registries")
    return [
        f"{setting}: there is no registry {name}; the nearest is {nearest(name, known)}"
        for setting in ("registries", "registry_per_min")
        for name in values.get(setting, ())
        if name not in known
    ]


def _weak_token(file: Path | None) -> list[str]:
    if file is None:
        return []
    problems: list[str] = []
    token = content(file, "token_file", problems)
    if not problems and len(token) < SHORTEST_TOKEN:
        problems.append(f"token_file: expected at least {SHORTEST_TOKEN} characters in {file}, got {len(token)}")
    return problems
