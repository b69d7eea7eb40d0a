"""Names that lead out of a folder, and URLs that lead into our own network."""

import re
from pathlib import Path
from typing import get_type_hints

import msgspec
import pytest
from yarl import URL

from supervisor.roles import Role
from supervisor.web.app import all_routes
from supervisor.web.route import shape_of
from tests.attacks.raw import ask
from tests.supervisor.web.asking import Api
from tests.survive.processes import command

OUT = [
    "../../../../etc/passwd", "..%2f..%2f..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/%2e%2e/etc/passwd", "/etc/passwd",
    "%2fetc%2fpasswd", "..%5c..%5c..%5cetc%5cpasswd", "..%252f..%252f..%252fetc%252fpasswd", "....//....//etc/passwd",
    "%c0%ae%c0%ae%c0%afetc%c0%afpasswd", "..;/..;/etc/passwd", "%2e%2e%00", "triald.css%00.html", ".", "..",
    "triald.css%2f..%2f..%2fsite.py",
    "..%2f..%2f..%2fpyproject.toml", "file:%2f%2f%2fetc%2fpasswd", "~root", "$(id)", "%7b%7b7*7%7d%7d", "con.txt",
]  # fmt: skip
ROUTES = [route for _, route in all_routes() if "{" in route.path and not route.stays_open]
SECRETS = (b"root:", b"[project]", b"def build", b"daemon:")


async def test_no_name_in_a_path_leads_out_of_anything(api: Api) -> None:
    """Path traversal in every part of every path: pages, records, files, exports, commands."""
    headers = {"Authorization": f"Bearer {api.site.tokens[Role.ADMIN]}"}
    found = []
    for at, route in enumerate(ROUTES):
        for name in OUT if at % 12 == 0 else OUT[at % 6 :: 6]:
            path = "".join(name if "{" in part else part for part in re.split(r"(\{\w+\})", route.path))
            url = URL(api.url + path, encoded=True)
            async with api.http.request(route.method, url, headers=headers, allow_redirects=False) as answer:
                body = await answer.read()
            if answer.status >= 500 or any(secret in body for secret in SECRETS):
                found.append((route.method, path, answer.status))
    assert (found, api.failed) == ([], [])
    assert len(ROUTES) > 50


async def test_static_files_are_known_by_name_and_never_looked_up(api: Api) -> None:
    assert (await ask(api.url, "GET /static/triald.css HTTP/1.1\nHost: localhost"))[0].status == 200
    for name in OUT:
        told = await ask(api.url, f"GET /static/{name} HTTP/1.1\nHost: localhost")
        assert told[0].status in (400, 401, 404), name


# What a browser, a resolver or a proxy may take for an address of our own, or of the machine's host.
INSIDE = [
    "https://127.0.0.1/", "https://127.1/", "https://2130706433/", "https://0x7f000001/",
    "https://0x7f.0x0.0x0.0x1/", "https://0177.0.0.1/", "https://00000177.1/", "https://0/", "https://[::]/",
    "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/",
    "https://[0:0:0:0:0:ffff:a9fe:a9fe]/", "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/",
    "https://[fe80::1%25eth0]/", "https://[fd00:ec2::254]/", "https://169.254.169.254/latest/meta-data/",
    "https://2852039166/", "https://0xa9fea9fe/", "https://metadata.google.internal/", "https://100.100.100.200/",
    "https://10.0.0.1/", "https://172.16.0.1/", "https://192.168.0.1/", "https://224.0.0.1/",
    "https://255.255.255.255/", "https://localhost/", "https://LOCALHOST./", "https://db.localhost/",
    "https://printer.local/", "https://example.org@127.0.0.1/", "https://127.0.0.1:443@example.org/",
    "https://user:password@example.org/", "https://example.org:0/", "https://example.org:99999/",
    "https://example.org:-1/", "https://127。0。0。1/", "https://①②⑦.⓪.⓪.①/", "https://１２７.0.0.1/",
    "https://127.0.0.1%00.example.org/", "https://example.org\\@127.0.0.1/", "https:///127.0.0.1/", "https://",
    "//127.0.0.1/", "http://example.org/", "ftp://example.org/", "gopher://127.0.0.1:6379/_FLUSHALL",
    "file:///etc/passwd", "dict://127.0.0.1/", "javascript:alert(1)", "data:text/html,x",
    "unix:///var/run/docker.sock", "jar:https://example.org!/", "https://example.org/\r\nHost: evil",
    "https://example.org/#f", "http://hooks.test/", "http://hooks.test:8080@127.0.0.1/",
    "http://hooks.test.evil.example:8080/",
]  # fmt: skip


async def test_no_url_that_somebody_gives_leads_into_our_own_network(api: Api) -> None:
    """SSRF: where people give URLs (webhooks) each is refused by name before anything is asked."""
    taken = []
    for url in INSIDE:
        status, told = await api.ask("POST", "/api/v1/webhooks", json={"url": url})
        page, _ = await api.ask("POST", "/webhooks", data={"url": url}, headers={"Origin": api.url})
        if (status, page) != (400, 400) or told["details"].get("field") != "url":
            taken.append((url, status, page, told))
    assert taken == []
    assert await api.site.all_tenants.fetchval("select count(*) from webhooks") == 0
    assert api.failed == []
    for url in ("https://example.org/hook", "http://hooks.test:8080/hook"):
        assert (await api.ask("POST", "/api/v1/webhooks", json={"url": url}))[0] == 200


def test_webhooks_are_all_that_takes_a_url() -> None:
    """Whoever adds another field of that name finds this list."""
    found = set()
    for _, route in all_routes():
        shape = shape_of(route)
        for kind in (shape.query, shape.body):
            if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
                names = get_type_hints(kind)
                found |= {(route.path, name) for name in names if re.search("url|uri|host|link|target", name, re.I)}
    assert {path for path, _ in found} <= {"/api/v1/webhooks", "/webhooks"}, found


@pytest.mark.parametrize("words", [("import", "ictrp"), ("mesh", "import"), ("restore",)], ids=lambda words: words[0])
async def test_a_command_that_is_given_a_file_of_something_else_says_so(
    dsn: str, tmp_path: Path, words: tuple[str, ...]
) -> None:
    """Told in a line, wherever the way to it leads."""
    other = tmp_path / "other"
    other.write_text("root:x:0:0:a line\n" * 100)
    ended = await command(dsn, *words, str(tmp_path / ".." / tmp_path.name / "other"))
    assert ended.code in (1, 2, 3), ended
    assert ended.error.startswith("triald: ") and ended.error.count("\n") == 1
