"""Texts that would become lines of a log, headers, or colours of a terminal; and secrets, which are never there."""

import io
import json
import logging
import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from actors.governance.accounts import HOME
from actors.governance.accounts import store as accounts
from actors.governance.accounts.passwords import Passwords
from actors.runtime.telemetry import emit
from supervisor import logs
from supervisor.roles import Role
from supervisor.web.app import all_routes
from supervisor.web.door import COOKIE
from tests.attacks.raw import ask
from tests.supervisor.web.asking import Api

MARK = "injected-4711"
BREAKS = (
    "\r\n",
    "\n",
    "\r",
    "\x0b",
    "\x0c",
    "\x1c",
    "\x85",
    "\u2028",
    "\u2029",
    "\x1b[2J\x1b[31m",
    "\x9b31m",
    "\x00",
    "\x7f",
    "\u202e",
)
NASTY = [f'x{one}{{"event":"{MARK}","level":"error"}}' for one in BREAKS]
CANARY = "canary-3f9c2d81-never-to-be-seen"
GETS = [route for _, route in all_routes() if route.method == "GET" and not route.stays_open]


@pytest.fixture(params=["json", "console"])
def log(request: pytest.FixtureRequest) -> Iterator[io.BytesIO]:
    """All that is logged meanwhile."""
    file = io.BytesIO()
    end = logs.set_up(form=request.param, level="debug", file=file, is_terminal=False)
    yield file
    end()


def lines_of(log: io.BytesIO) -> list[str]:
    """One for each event, however a reader breaks lines, and nothing moves a terminal's cursor.

    A traceback on a terminal has lines of its own, which begin with blanks as no event does.
    """
    text = log.getvalue().decode()
    assert text.splitlines() == text.split("\n")[:-1], "something within an event ends a line"
    lines = [line for line in text.splitlines() if not line.startswith(" ")]
    assert [one for one in text if not one.isprintable() and one != "\n"] == []
    if lines and lines[0].startswith("{"):
        events = [json.loads(line) for line in lines]
        assert MARK not in {one["event"] for one in events}
    assert not any(line.lstrip("\\").startswith('{"event":"' + MARK) for line in lines)
    return lines


def test_whatever_an_event_or_a_library_tells_is_one_line(log: io.BytesIO) -> None:
    for nasty in NASTY:
        emit("request.failed", path=nasty, error=nasty)
        logging.getLogger("library").error("it said %s", nasty)
        try:
            raise ValueError(nasty)
        except ValueError:
            logging.getLogger("library").exception("it broke: %s", nasty)
    assert len(lines_of(log)) == 3 * len(NASTY)


PATHS = (
    "/{}", "/api/v1/trials/{}", "/login?next=/{}", "/login?next={}", "/trials?q={}", "/jobs?state={}&{}=1",
    "/auth/oidc/callback?error={}&state={}",
)  # fmt: skip
HEADERS = "X-Request-Id", "traceparent", "User-Agent", f"Cookie: {COOKIE}=", "X-Forwarded-For", "Accept-Language"
BODIES = {
    "/api/v1/auth/login": ("login", "password"), "/api/v1/auth/refresh": ("refreshToken",),
    "/api/v1/projects": ("name",), "/api/v1/me/tokens": ("name",), "/api/v1/webhooks": ("url",),
    "/api/v1/me/password": ("before", "after"),
}  # fmt: skip


@pytest.mark.parametrize("log", ["json"], indirect=True)
async def test_no_text_of_a_request_becomes_a_line_or_a_header(api: Api, log: io.BytesIO) -> None:
    """Header and log injection: in paths, queries, headers, bodies; whoever asks."""
    for nasty in NASTY[::3] + NASTY[-1:]:
        text = quote(nasty, safe="")
        raw = re.sub("[\r\n\0]", " ", nasty.encode().decode("latin-1"))
        headers = "".join(f"\n{name}{'' if '=' in name else ': '}{raw}" for name in HEADERS)
        for path in PATHS:
            head = f"GET {path.replace('{}', text)} HTTP/1.1\nHost: localhost\nAccept: text/html{headers}"
            for one in await ask(api.url, head):
                names = [line.partition(":")[0].lower() for line in one.head.split("\r\n")[1:]]
                assert not any(MARK in name or " " in name for name in names), one.head
                assert one.head.isascii()
        for path, fields in BODIES.items():
            status, _ = await api.ask("POST", path, json=dict.fromkeys(fields, nasty))
            assert status < 500, (path, nasty)
    assert api.failed == []
    assert len(lines_of(log)) > 50


@pytest.mark.parametrize("log", ["json"], indirect=True)
async def test_a_user_agent_that_a_session_keeps_is_shown_as_text_and_no_more(api: Api, log: io.BytesIO) -> None:
    agent = "<script>alert(1)</script>\x85\u2028\x9b".encode().decode("latin-1") + "\x01"
    given = {"User-Agent": agent, "Content-Type": "application/x-www-form-urlencoded"}
    head = "".join(f"\n{name}: {value}" for name, value in given.items())
    body = f"token={api.site.tokens[Role.VIEWER]}".encode()
    told = await ask(api.url, f"POST /login HTTP/1.1\nHost: localhost\nContent-Length: {len(body)}{head}", body)
    assert told[0].status in (303, 400)
    lines_of(log)


@pytest.mark.parametrize("log", ["json"], indirect=True)
async def test_no_secret_that_was_shown_is_ever_told(api: Api, log: io.BytesIO) -> None:
    """N35: canaries in every place for a secret; none in the log, none in an answer, none in the database."""
    hashed = await Passwords().hash(CANARY)
    await accounts.add_user(api.site.all_tenants, HOME, "anna", "admin", password=hashed)
    asked = [
        await api.ask("POST", "/api/v1/auth/login", json={"login": login, "password": CANARY}, role=None)
        for login in ("anna", "nobody", CANARY[:5])
    ]
    token = asked[0][1]["accessToken"]
    for headers in (
        {"Authorization": f"Bearer {CANARY}"}, {"Authorization": f"Basic {CANARY}"}, {"Cookie": f"{COOKIE}={CANARY}"},
        {"Authorization": f"Bearer {token}", "Idempotency-Key": CANARY}, {"Authorization": f"Bearer {token[:-2]}"},
    ):  # fmt: skip
        for route in GETS[::20]:
            asked.append(await api.ask("GET", route.path.replace("{", "").replace("}", ""), role=None, headers=headers))
    for body in ({"refreshToken": CANARY}, {"refreshToken": {CANARY: 1}}, {"refreshToken": CANARY, "more": 1}):
        asked.append(await api.ask("POST", "/api/v1/auth/refresh", json=body, role=None))
    for body in ({"before": CANARY, "after": CANARY}, {"before": CANARY, "after": "short" + CANARY * 9}):
        asked.append(
            await api.ask(
                "POST", "/api/v1/me/password", json=body, role=None, headers={"Authorization": f"Bearer {token}"}
            )
        )
    told = log.getvalue().decode() + repr([answer for _, answer in asked[1:]])
    assert CANARY not in told and token not in told
    for table in await api.site.all_tenants.fetch(
        "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
    ):
        rows = await api.site.all_tenants.fetch(f"select t::text from {table['relname']} t")  # noqa: S608 - our own tables
        assert not any(CANARY in row["t"] or token in row["t"] for row in rows), table
