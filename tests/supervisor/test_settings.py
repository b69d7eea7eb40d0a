"""Settings: where they come from, which one wins, and what is told when they are wrong."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import orjson
import pytest

from supervisor.settings import KNOWN, BadSettings, Settings, effective, read

ROOT = Path(__file__).parents[2]
HOME = {"HOME": "/home/somebody"}
PASSWORD = "canary-password"
URL = f"postgresql://triald:{PASSWORD}@db.example.org/triald"
# For each setting a value that is not the default, as text.
OTHERS: Mapping[str, str] = {
    "data_dir": "/srv/triald", "database_url": URL, "listen_url": URL, "database_pooler": "true", "pool_most": "7",
    "pool_wait_s": "0.5", "request_within_s": "12", "statement_limit_s": "5", "listen": "[::1]:9090", "role": "api",
    "public_urls": "https://triald.example.org", "metrics_listen": "127.0.0.1:9090", "contact": "trials@example.org",
    "registries": "ctgov", "registry_bases": "clinicaltrials.gov=http://127.0.0.1:9000", "registry_per_min": "ctgov=30",
    "scrape_cron": "30 1 * * *", "reconcile_cron": "0 5 * * *", "full_scrape_cron": "0 4 1 * *",
    "scrape_zone": "Europe/Berlin", "workers_least": "1", "workers_most": "3",
    "slots": "9", "scrapers": "1", "wait_target_s": "2.5", "shrink_after_s": "60",
    "compute_processes": "0", "beat_every_s": "1", "dead_after_s": "15", "drain_s": "5",
    "max_attempts": "4", "retry_first_s": "2", "retry_longest_s": "90", "history_days": "7",
    "events_days": "8", "reports_days": "9", "clusters_days": "10", "backup_dir": "/backups",
    "backup_cron": "5 4 * * *",
    "backup_days": "20", "backup_files_days": "10", "alert_backup_hours": "48", "alert_depth": "5",
    "alert_failure_percent": "50", "alert_silent_s": "60",
    "alert_rate_percent": "70", "alert_disk_percent": "95", "alert_eta_hours": "2", "alert_lag_s": "0.5",
    "alert_stale_trials": "7", "report_cron": "30 7 * * *", "webhook_hosts": "10.0.0.5:8080, [::1]:9000",
    "smtp_host": "mail.example.org", "smtp_port": "465", "smtp_tls": "tls", "smtp_user": "triald",
    "smtp_password": "a password",
    "mail_from": "triald@example.org", "alerts_to": "ops@example.org, night@example.org", "pagerduty_key": "r" * 32,
    "pagerduty_url": "http://127.0.0.1:9009/v2/enqueue", "alert_group_s": "5", "alert_repeat_hours": "1",
    "mode": "standby", "audit_key_file": "/run/audit-key.pem", "approval_rows": "5", "approval_policy": "approve_phase",
    "approval_hours": "2.5", "governance_days": "400",
    "pool_idle_s": "90", "otlp_url": "http://collector:4318/v1/traces", "trace_percent": "5",
    "sentry_dsn": "https://key@sentry.example.org/7",
    "trusted_proxies": "10.0.0.0/8", "limits": "viewer=90/min", "requests_at_once": "7", "upload_most_mb": "5",
    "storage_quota_gb": "0.5", "project_quota_gb": "0.1", "jwt_secret": "j" * 32,
    "jwt_secret_before": "k" * 32, "access_token_minutes": "5", "refresh_days": "3", "session_hours": "4",
    "oidc_issuer": "https://id.example.org", "oidc_client_id": "triald", "oidc_client_secret": "a secret",
    "oidc_new_role": "viewer", "semantic": "off", "log_format": "json", "log_level": "debug",
    "token_file": "/run/token",
}  # fmt: skip


def problems(
    overrides: Mapping[str, str], environ: Mapping[str, str] | None = None, file: Path | None = None
) -> list[str]:
    with pytest.raises(BadSettings) as raised:
        read(overrides, HOME | dict(environ or {}), file)
    return list(raised.value.problems)


def command(*words: str, environ: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "supervisor", *words],
        cwd=ROOT, env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"} | dict(environ or {}),
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def test_each_source_wins_over_the_one_before_it(tmp_path: Path) -> None:
    """N39: file, credential, environment, command line; `origins` tells which one it was."""
    file = tmp_path / "triald.toml"
    file.write_text(f'slots = 1\npool_most = 11\ncontact = "a@example.org"\ndatabase_url = "{URL}?from=file"\n')
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "database_url").write_text(f"{URL}?from=credential\n")
    environ = HOME | {"CREDENTIALS_DIRECTORY": str(credentials), "TRIALD_SLOTS": "2", "TRIALD_POOL_MOST": "12"}
    settings = read({"slots": "3"}, environ, file)
    assert (settings.slots, settings.pool_most, settings.contact) == (3, 12, "a@example.org")
    assert settings.database_url is not None
    assert settings.database_url.reveal() == f"{URL}?from=credential"
    assert {name: settings.origins[name] for name in ("slots", "pool_most", "contact", "database_url")} == {
        "slots": "command line --slots",
        "pool_most": "environment TRIALD_POOL_MOST",
        "contact": f"file {file}",
        "database_url": "credential database_url",
    }
    environ["TRIALD_DATABASE_URL"] = f"{URL}?from=environment"
    settings = read({}, environ, file)
    assert settings.database_url is not None
    assert settings.database_url.reveal() == f"{URL}?from=environment"


# What some settings need beside them.
ALONG: Mapping[tuple[str, ...], Mapping[str, str]] = {
    ("database_pooler", "listen_url", "role"): {"listen_url": URL, "database_url": URL},
    ("oidc_issuer", "oidc_client_id"): {"oidc_issuer": "https://a.example.org", "oidc_client_id": "another"},
    ("smtp_host",): {"mail_from": "a@example.org", "alerts_to": "b@example.org"},
    ("smtp_user", "smtp_password"): {
        "smtp_host": "mail.example.org", "mail_from": "a@example.org", "alerts_to": "b@example.org",
        "smtp_user": "another", "smtp_password": "another",
    },
}  # fmt: skip


@pytest.mark.parametrize("name", KNOWN)
def test_every_setting_can_be_changed_by_file_environment_and_command_line(name: str, tmp_path: Path) -> None:
    """N39: each setting takes another value than its default, from each source alike."""
    (tmp_path / "token").write_text("t" * 40)
    text = str(tmp_path / "token") if name == "token_file" else OTHERS[name]
    along = dict(next((needed for names, needed in ALONG.items() if name in names), {}))
    along.pop(name, None)
    default = getattr(read({}, HOME), name)
    file = tmp_path / "triald.toml"
    file.write_text(f'{name} = "{text}"\n')
    from_file = getattr(read(along, HOME, file), name)
    from_environment = getattr(read(along, HOME | {KNOWN[name].variable: text}), name)
    from_command_line = getattr(read({**along, name: text}, HOME), name)
    assert from_file == from_environment == from_command_line
    assert (from_file != default) or name == "registries"  # of which there is one so far


def test_the_table_of_other_values_names_every_setting() -> None:
    assert OTHERS.keys() == KNOWN.keys()
    assert {one.name for one in fields(Settings)} == KNOWN.keys() | {"origins"}


def test_a_file_may_hold_numbers_lists_and_tables(tmp_path: Path) -> None:
    file = tmp_path / "triald.toml"
    file.write_text(
        'slots = 6\npool_wait_s = 1.5\ndatabase_pooler = false\nregistries = ["ctgov"]\n'
        "[registry_per_min]\nctgov = 25\n"
    )
    settings = read({}, HOME, file)
    assert (settings.slots, settings.pool_wait_s, settings.database_pooler) == (6, 1.5, False)
    assert (settings.registries, dict(settings.registry_per_min)) == (("ctgov",), {"ctgov": 25.0})


def test_all_problems_are_told_at_once_by_name_with_what_was_expected(tmp_path: Path) -> None:
    """N39: five wrong settings from three sources are five lines."""
    file = tmp_path / "triald.toml"
    file.write_text('log_level = "loud"\nslot = 3\n')
    told = problems({"listen": "0.0.0.0:80"}, {"TRIALD_POOL_MOST": "1000000", "TRIALD_SCRAPE_CRON": "61 * * * *"}, file)
    assert told == [
        f"{file}: there is no setting slot; the nearest is slots",
        f"log_level: expected one of debug, info, warning, error, got 'loud' (file {file})",
        "pool_most: expected a whole number from 6 to 500, got '1000000' (environment TRIALD_POOL_MOST)",
        "scrape_cron: expected five fields: minute hour day month weekday, "
        "got '61 * * * *' (environment TRIALD_SCRAPE_CRON)",
        "listen: expected HOST:PORT with a loopback host where no public_urls say how others reach it",
    ]


@pytest.mark.parametrize(
    ("setting", "text"),
    [
        ("listen", "127.0.0.1"), ("listen", "example.org:80"), ("listen", "127.0.0.1:65536"),
        ("listen", "192.168.1.4:80"),
        ("listen", "[::]:80"), ("listen", ":8080"), ("slots", "0"), ("slots", "2.5"), ("slots", "many"),
        ("slots", "1001"), ("pool_wait_s", "nan"), ("pool_wait_s", "inf"), ("pool_wait_s", "-1"),
        ("database_url", "mysql://db/triald"), ("database_url", "postgresql:db"), ("database_pooler", "perhaps"),
        ("contact", "nobody"), ("contact", "a@b.org\nX: y"), ("registries", "ctgov,Bad Name"), ("registries", ","),
        ("registry_bases", "clinicaltrials.gov"), ("registry_bases", "a=ftp://127.0.0.1"),
        ("registry_bases", "a=b,a=b"),
        ("registry_per_min", "ctgov=0"), ("registry_per_min", "ctgov=fast"), ("webhook_hosts", "hooks.internal"),
        ("webhook_hosts", "hooks.internal:0"), ("webhook_hosts", "https://hooks.internal:80"),
        ("report_cron", "6 o'clock"),
        ("scrape_zone", "Europe/Atlantis"),
        ("scrape_cron", "@daily"), ("role", "boss"), ("public_urls", "triald.example.org"),
        ("public_urls", "https://t.example.org/path"), ("metrics_listen", "9090"), ("log_format", "xml"),
        ("token_file", "/nonexistent/token"),
    ],
)  # fmt: skip
def test_a_value_of_the_wrong_kind_is_refused_by_the_settings_name(setting: str, text: str) -> None:
    """N39: an impossible value stops the start."""
    assert [line.startswith(f"{setting}: ") for line in problems({setting: text})] == [True]


@pytest.mark.parametrize(
    ("setting", "text"),
    [
        ("listen", "localhost:0"), ("listen", "127.8.9.1:65535"), ("listen", "[::1]:8080"), ("slots", "1"),
        ("slots", "1000"), ("database_url", "postgres:///triald?host=/run/postgresql"),
        ("contact", "https://example.org"),
        ("compute_processes", "0"), ("drain_s", "0"), ("log_level", "DEBUG"),
    ],
)  # fmt: skip
def test_what_is_just_allowed_is_taken(setting: str, text: str) -> None:
    read({setting: text}, HOME)


@pytest.mark.parametrize(
    ("overrides", "names"),
    [
        ({"workers_least": "5", "workers_most": "4"}, "workers_least"),
        ({"beat_every_s": "3", "dead_after_s": "8.9"}, "dead_after_s"),
        ({"listen_url": URL}, "listen_url"),
        ({"role": "worker"}, "role"),
        ({"database_url": URL, "database_pooler": "yes"}, "listen_url"),
        ({"registries": "ctgow"}, "registries: there is no registry ctgow; the nearest is ctgov"),
        ({"registry_per_min": "ctgof=3"}, "registry_per_min: there is no registry ctgof; the nearest is ctgov"),
    ],
)
def test_settings_that_contradict_one_another_are_refused(overrides: dict[str, str], names: str) -> None:
    """N39: what each setting allows, but not together."""
    told = problems(overrides)
    assert len(told) == 1
    assert told[0].startswith(names)


def test_settings_that_just_agree_are_taken() -> None:
    read({"workers_least": "4", "workers_most": "4", "beat_every_s": "3", "dead_after_s": "9"}, HOME)
    read({"database_url": URL, "database_pooler": "yes", "listen_url": URL}, HOME)


def test_an_unknown_variable_names_the_nearest_known_one() -> None:
    """N39: a typo never goes unnoticed."""
    assert problems({}, {"TRIALD_WORKER_MOST": "3", "TRIALD_DATABASE_URI_FILE": "x"}) == [
        "there is no setting TRIALD_DATABASE_URI_FILE; the nearest is TRIALD_DATABASE_URL_FILE",
        "there is no setting TRIALD_WORKER_MOST; the nearest is TRIALD_WORKERS_MOST",
    ]
    assert problems({"SLOTS": "3"}) == ["there is no setting SLOTS; the nearest is slots"]
    assert problems({"slot": "3"}) == ["there is no setting slot; the nearest is slots"]


def test_an_empty_variable_or_credential_counts_as_not_given(tmp_path: Path) -> None:
    (tmp_path / "database_url").write_text("\n")
    (tmp_path / "token").write_text("\n")
    settings = read({}, HOME | {"TRIALD_CONTACT": "", "DATABASE_URL": " ", "CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert (settings.contact, settings.database_url, settings.token_file) == (None, None, None)


def test_secrets_come_from_files_too(tmp_path: Path) -> None:
    """N39: a variable ending in _FILE, a credential of systemd, and the operator's token as one."""
    (tmp_path / "url").write_text(f"{URL}\n")
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "listen_url").write_text(f"{URL}?direct\n")
    (credentials / "token").write_text("t" * 32)
    settings = read(
        {}, HOME | {"TRIALD_DATABASE_URL_FILE": str(tmp_path / "url"), "CREDENTIALS_DIRECTORY": str(credentials)}
    )
    assert settings.database_url is not None
    assert settings.listen_url is not None
    assert (settings.database_url.reveal(), settings.listen_url.reveal()) == (URL, f"{URL}?direct")
    assert settings.token_file == credentials / "token"


def test_a_credential_that_is_not_known_names_the_nearest(tmp_path: Path) -> None:
    """N39: it would have no effect, and triald would run on the database that it was to replace."""
    (tmp_path / "database_ur").write_text(URL)
    told = problems({}, {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert told == ["there is no credential database_ur; the nearest is database_url"]
    assert problems({}, {"CREDENTIALS_DIRECTORY": str(tmp_path / "none")}) == [
        f"CREDENTIALS_DIRECTORY: {tmp_path / 'none'} cannot be read: No such file or directory"
    ]


@pytest.mark.parametrize("password", ["s3cret/pw", "s3cret?pw", "s3cret#pw"])
def test_a_database_url_whose_password_is_not_escaped_is_refused_without_showing_it(password: str) -> None:
    """N39: a driver would take a part of the password for the port or the database."""
    [told] = problems({"database_url": f"postgresql://triald:{password}@db.example.org/triald"})
    assert told.startswith("database_url: expected a URL that begins with postgresql://")
    assert "s3cret" not in told


@pytest.mark.parametrize(
    "url",
    [
        "postgresql:///triald?host=/run/postgresql",
        "postgresql://triald@[::1]:5432/triald",
        "postgres://a.example.org:5432,b.example.org:5433/triald?target_session_attrs=primary",
        "postgresql://triald:s3%2Fcret@db.example.org",
    ],
)
def test_database_urls_as_drivers_take_them(url: str) -> None:
    settings = read({"database_url": url}, HOME)
    assert settings.database_url is not None
    assert settings.database_url.reveal() == url


def test_a_secret_that_is_given_twice_or_cannot_be_read_is_refused(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    assert problems({}, {"TRIALD_DATABASE_URL": URL, "TRIALD_DATABASE_URL_FILE": "x"}) == [
        "TRIALD_DATABASE_URL and TRIALD_DATABASE_URL_FILE are both given: expected one of them"
    ]
    assert problems({}, {"TRIALD_DATABASE_URL_FILE": str(missing)}) == [
        f"TRIALD_DATABASE_URL_FILE: {missing} cannot be read: No such file or directory"
    ]


def test_a_token_that_could_be_guessed_is_refused(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("t" * 31)
    [told] = problems({"token_file": str(tmp_path / "token")})
    assert told == f"token_file: expected at least 32 characters in {tmp_path / 'token'}, got 31"


def test_no_secret_is_shown_wherever_settings_are_printed() -> None:
    """N39: stars in repr, in an f-string, in the effective settings, and in what is told of a wrong one."""
    settings = read({"database_url": URL, "listen_url": URL}, HOME)
    shown = [repr(settings), str(settings), f"{settings.database_url}", repr(effective(settings))]
    shown += problems({"database_url": f"mysql://u:{PASSWORD}@h/d"})
    assert not any(PASSWORD in text for text in shown)
    assert all("********" in text for text in shown[:4])


def test_the_data_directory_is_systemds_or_in_the_home_directory() -> None:
    """N39: data_dir follows where the process runs."""
    assert read({}, HOME).data_dir == Path("/home/somebody/.local/share/triald")
    assert read({}, HOME | {"STATE_DIRECTORY": "/var/lib/triald:/x"}).data_dir == Path("/var/lib/triald")
    assert read({"data_dir": "~/t"}, HOME).data_dir == Path.home() / "t"


def test_every_setting_is_in_the_documentation_with_its_default_and_meaning() -> None:
    """N39: docs/settings.md has a row for each, and no other."""
    text = (ROOT / "docs" / "settings.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| .* \| (.*) \|$", text, re.M))
    assert rows == {name: known.says for name, known in KNOWN.items()}


def test_the_example_file_can_be_read() -> None:
    settings = read({}, HOME, ROOT / "systemd" / "triald.toml")
    assert settings.contact == "trials@example.org"


def test_a_misspelt_setting_ends_the_start_with_2_and_names_the_nearest(tmp_path: Path) -> None:
    """N39: typo → exit code 2, by variable, option and file."""
    file = tmp_path / "triald.toml"
    file.write_text("slot = 1\n")
    ends = [
        command("check", "--settings", environ={"TRIALD_SLOT": "3"}),
        command("check", "--settings", "--slot", "3"),
        command("check", "--settings", "--settings-file", str(file)),
    ]
    assert [end.returncode for end in ends] == [2, 2, 2]
    assert all("the nearest is" in end.stderr and "slots" in end.stderr.lower() for end in ends)
    assert all(end.stdout == "" for end in ends)


def test_check_shows_the_settings_in_force_and_where_each_came_from() -> None:
    """N39: the effective configuration is shown, secrets hidden."""
    ended = command("check", "--settings", "--json", "--slots", "7", environ={"DATABASE_URL": URL})
    assert ended.returncode == 0, ended.stderr
    assert PASSWORD not in ended.stdout
    shown = {row["name"]: row for row in orjson.loads(ended.stdout)}
    assert shown.keys() == KNOWN.keys()
    assert (shown["slots"]["value"], shown["slots"]["origin"]) == (7, "command line --slots")
    assert (shown["database_url"]["value"], shown["database_url"]["origin"]) == ("********", "environment DATABASE_URL")
    assert (shown["drain_s"]["value"], shown["drain_s"]["origin"]) == (30.0, "default")
    plain = command("check", "--settings", environ={"DATABASE_URL": URL})
    assert PASSWORD not in plain.stdout
    assert re.search(r"^database_url +\*{8} +environment DATABASE_URL$", plain.stdout, re.M)
