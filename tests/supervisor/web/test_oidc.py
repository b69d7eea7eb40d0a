"""Logging in by an OpenID Connect issuer: a real one, over sockets, that checks what it is asked and lies on demand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
import yarl

from actors.errors import Unavailable
from actors.governance.accounts import store
from actors.governance.accounts.passwords import Passwords
from demo.oidc import Fault, Issuer, Person, issuing
from demo.oidc_keys import Key, Trick
from supervisor.oidc import CLOSED_S, KEYS_AGAIN_S, Attempt, Client, NotVouched
from supervisor.oidc import Issuer as Asked
from supervisor.web.door import COOKIE
from supervisor.web.routes.oidc import ATTEMPT, CALLBACK
from tests.supervisor.clock import Clock
from tests.supervisor.web.asking import Api
from tests.supervisor.web.browsing import WAIT_MS, chromium
from tests.supervisor.web.site import RealSite, real_site

if TYPE_CHECKING:
    import asyncpg

    Pool = asyncpg.Pool[Any]

JO = Person("subject-jo", "jo@example.org", name="Jo Example")
NOBODYS = Person("subject-nobody", "nobody@example.org")


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with issuing(JO, NOBODYS) as one:
        one.automatic = JO
        yield one


@pytest.fixture
def new_role() -> str:
    return "none"


@pytest.fixture
async def site(db: "Pool", dsn: str, issuer: Issuer, new_role: str) -> AsyncIterator[RealSite]:
    """Jo was added by an admin, with the address that the issuer knows as login."""
    await store.add_user(db, 1, "Jo@example.org", "researcher")
    async with real_site(db, dsn) as one:
        one.oidc = Client(issuer.url, issuer.client, issuer.client_secret, new_role)
        yield one


@pytest.fixture
def api(api: Api, issuer: Issuer) -> Api:
    issuer.back_to.add(api.url + CALLBACK)
    return api


@dataclass(slots=True)
class Browser:
    """Keeps cookies, as a browser does; goes where it is sent only when told to."""

    url: str
    http: aiohttp.ClientSession

    async def get(self, url: str) -> tuple[int, str, str]:
        """Status, where it is sent, and the text."""
        asked = url if url.startswith("http") else self.url + url
        async with self.http.get(asked, allow_redirects=False, headers={"Accept": "text/html"}) as response:
            return response.status, response.headers.get("Location", ""), await response.text()

    async def sent(self, path: str = "/auth/oidc") -> str:
        """To the issuer, who sends it back: there."""
        status, there, text = await self.get(path)
        assert status == 303, text
        status, back, text = await self.get(there)
        assert status == 303, text
        return back

    async def comes_in(self, path: str = "/auth/oidc") -> tuple[int, str]:
        """The whole way; status and text of the last page."""
        status, _, text = await self.get(await self.sent(path))
        return status, text

    def cookie(self, name: str = COOKIE) -> str | None:
        return next((one.value for one in self.http.cookie_jar if one.key == name and one.value), None)

    def put(self, value: str, name: str = ATTEMPT) -> None:
        self.http.cookie_jar.update_cookies({name: value}, response_url=_url(self.url))

    async def me(self) -> dict[str, Any]:
        async with self.http.get(f"{self.url}/api/v1/me") as response:
            return {**await response.json(), "status": response.status}


def _url(text: str) -> yarl.URL:
    return yarl.URL(text)


@asynccontextmanager
async def browsing(api: Api) -> AsyncIterator[Browser]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        yield Browser(api.url, http)


@pytest.fixture
async def browser(api: Api) -> AsyncIterator[Browser]:
    async with browsing(api) as one:
        yield one


# ── who comes in ──


async def test_whom_an_admin_added_comes_in_and_is_known_by_the_subject_from_then_on(
    api: Api, browser: Browser, issuer: Issuer
) -> None:
    """R04: bound by the verified address once; what the issuer calls them later is no matter."""
    status, text = await browser.comes_in("/auth/oidc?next=/trials%3Fq%3Da%3Bb")
    assert status == 200 and "/trials?q=a;b" in text
    me = await browser.me()
    assert (me["login"], me["role"], me["name"]) == ("Jo@example.org", "researcher", "Jo Example")
    assert browser.cookie(ATTEMPT) is None
    issuer.automatic = replace(JO, email="jo.married@example.org")
    async with browsing(api) as other:
        assert (await other.comes_in())[0] == 200
        assert (await other.me())["login"] == "Jo@example.org"
        assert other.cookie() != browser.cookie()
    assert (issuer.refusals, api.failed) == ([], [])


@pytest.mark.parametrize("new_role", ["viewer", "researcher"])
async def test_whom_nobody_added_gets_the_role_of_the_setting(
    browser: Browser, issuer: Issuer, db: "Pool", new_role: str
) -> None:
    issuer.automatic = NOBODYS
    assert (await browser.comes_in())[0] == 200
    me = await browser.me()
    assert (me["login"], me["role"]) == ("nobody@example.org", new_role)
    assert await db.fetchval("select password is null and tenant_id = 1 from users where login = 'nobody@example.org'")


@pytest.mark.parametrize("new_role", ["viewer"])
async def test_a_name_that_no_line_can_show_is_left_out(browser: Browser, issuer: Issuer) -> None:
    issuer.automatic = replace(NOBODYS, name="No\x1b[31mbody\0")
    assert (await browser.comes_in())[0] == 200
    assert (await browser.me())["name"] is None


async def _stays_outside(browser: Browser, path: str = "/auth/oidc") -> None:
    status, text = await browser.comes_in(path)
    assert (status, browser.cookie(), browser.cookie(ATTEMPT)) == (401, None, None)
    assert "Nobody was let in" in text
    assert (await browser.me())["status"] == 401


async def test_whom_nobody_added_stays_outside_where_the_setting_says_none(
    browser: Browser, issuer: Issuer, db: "Pool"
) -> None:
    issuer.automatic = NOBODYS
    await _stays_outside(browser)
    assert await db.fetchval("select count(*) from users where login = 'nobody@example.org'") == 0


@pytest.mark.parametrize("new_role", ["viewer"])
async def test_an_address_that_can_be_no_login_makes_no_user(
    api: Api, browser: Browser, issuer: Issuer, db: "Pool"
) -> None:
    before = await db.fetchval("select count(*) from users")
    for email in ("jo+trials@example.org", "@", "x" * 110 + "@example.org", "admin\n", "zero\0@example.org"):
        issuer.automatic = Person("subject-odd", email)
        await _stays_outside(browser)
    for subject in ("", "zero\0", "half \ud800", "two\nlines"):
        issuer.automatic = Person(subject, "odd@example.org")
        await _stays_outside(browser)
    assert await db.fetchval("select count(*) from users") == before
    assert api.failed == []


@pytest.mark.parametrize("new_role", ["none", "viewer"])
async def test_an_address_that_the_issuer_has_not_verified_binds_nobody(
    browser: Browser, issuer: Issuer, db: "Pool"
) -> None:
    """R04: else whoever may name an address at the issuer would be whom they name."""
    issuer.automatic = Person("subject-thief", "jo@example.org", email_verified=False)
    await _stays_outside(browser)
    assert await db.fetchval("select count(*) from users where subject is not null") == 0


async def test_who_is_bound_to_one_subject_is_not_bound_to_another(browser: Browser, issuer: Issuer, api: Api) -> None:
    assert (await browser.comes_in())[0] == 200
    issuer.automatic = Person("subject-other", "jo@example.org")
    async with browsing(api) as other:
        await _stays_outside(other)


async def test_who_is_switched_off_or_no_person_stays_outside(browser: Browser, db: "Pool") -> None:
    await db.execute("update users set disabled_at = now() where login = 'Jo@example.org'")
    await _stays_outside(browser)
    await db.execute("update users set disabled_at = null, kind = 'program' where login = 'Jo@example.org'")
    await _stays_outside(browser)
    assert await db.fetchval("select count(*) from users where subject is not null") == 0


# ── what may come between ──


async def test_a_callback_that_this_browser_did_not_begin_is_refused_and_asks_nobody(
    api: Api, browser: Browser, issuer: Issuer
) -> None:
    """Login CSRF: nobody is logged in as somebody else by a link."""
    back = await browser.sent()
    async with browsing(api) as victim:
        assert (await victim.get(back))[0] == 400
        await victim.sent()
        assert (await victim.get(back))[0] == 400, "it has an attempt of its own"
        assert victim.cookie() is None
    assert issuer.asked["token"] == 0


async def test_a_callback_with_another_state_is_refused(browser: Browser, issuer: Issuer) -> None:
    await browser.sent()
    for state in ("", "state=", "state=x", "state=x&state=y", "state=%00", "state=%C3%A9", "error=access_denied"):
        assert (await browser.get(f"{CALLBACK}?code=x&{state}"))[0] == 400, state
    assert (browser.cookie(), issuer.asked["token"]) == (None, 0)


async def test_an_attempt_that_is_none_is_refused(api: Api) -> None:
    for kept in ("", "|||", "||||", "a|b", "|nonce|verifier|/", "é|b|c|d"):
        headers = {"Cookie": f"{ATTEMPT}={kept}"}
        status, _ = await api.ask("GET", f"{CALLBACK}?code=x&state=", role=None, headers=headers)
        assert (status, api.failed) == (400, []), kept


async def test_a_code_is_worth_something_once(browser: Browser, issuer: Issuer) -> None:
    back = await browser.sent()
    attempt = browser.cookie(ATTEMPT) or ""
    assert (await browser.get(back))[0] == 200
    first = browser.cookie()
    browser.put(attempt)
    assert (await browser.get(back))[0] == 401
    assert browser.cookie() == first
    assert issuer.refusals == ["invalid_grant: the code was used before"]


async def test_a_stolen_code_is_worth_nothing_without_the_verifier(browser: Browser, issuer: Issuer, api: Api) -> None:
    """PKCE: a thief who saw the way back has not seen what the way there was proven with."""
    back = await browser.sent()
    state = parse_qs(urlsplit(back).query)["state"][0]
    async with browsing(api) as thief:
        thief.put(f"{state}|nonce|{'v' * 64}|/")
        assert (await thief.get(back))[0] == 401
    assert issuer.refusals == ["invalid_grant: the verifier does not fit the challenge"]


async def test_a_code_of_another_login_fits_no_nonce(browser: Browser, api: Api) -> None:
    """A code that was put into somebody's own attempt was asked for with another challenge, and another nonce."""
    async with browsing(api) as thief:
        stolen = parse_qs(urlsplit(await thief.sent()).query)["code"][0]
    state = parse_qs(urlsplit(await browser.sent()).query)["state"][0]
    assert (await browser.get(f"{CALLBACK}?code={stolen}&state={state}"))[0] == 401
    assert browser.cookie() is None


async def test_a_login_by_the_issuer_leads_nowhere_else(browser: Browser) -> None:
    for there in ("//evil.example", "https://evil.example", "/\\evil.example", "/" + "a" * 5000):
        status, text = await browser.comes_in(f"/auth/oidc?next={there}")
        assert (status, "evil" in text, "aaaa" in text) == (200, False, False)


async def test_a_session_that_somebody_put_into_the_browser_is_not_the_one_that_opens(
    browser: Browser, api: Api
) -> None:
    """Session fixation: the cookie of a login is of our own making, each time."""
    browser.put("fixed" * 8, COOKIE)
    assert (await browser.comes_in())[0] == 200
    assert browser.cookie() != "fixed" * 8
    status, _ = await api.ask("GET", "/api/v1/me", role=None, headers={"Cookie": f"{COOKIE}={'fixed' * 8}"})
    assert status == 401


# ── what the issuer may say ──

LIES = [one for one in get_args(Trick) if one not in ("", "no_kid")]


async def test_an_id_token_that_is_not_the_issuers_for_us_now_lets_nobody_in(
    api: Api, browser: Browser, issuer: Issuer
) -> None:
    for trick in LIES:
        issuer.trick = trick
        await _stays_outside(browser)
        assert api.failed == [], trick
    issuer.trick = ""
    assert (await browser.comes_in())[0] == 200


async def test_keys_of_either_kind_are_believed_and_new_ones_at_once(browser: Browser, issuer: Issuer) -> None:
    """N35: the issuer changes its key between two logins, and nobody is kept outside for it."""
    assert (await browser.comes_in())[0] == 200
    issuer.rotate("ES256")
    assert (await browser.comes_in())[0] == 200
    assert (await browser.comes_in())[0] == 200
    assert issuer.asked["keys"] == 2


async def test_a_token_that_names_no_key_is_believed_where_there_is_but_one(
    api: Api, browser: Browser, issuer: Issuer
) -> None:
    issuer.trick = "no_kid"
    assert (await browser.comes_in())[0] == 200


async def test_a_token_that_names_no_key_of_two_is_not(browser: Browser, issuer: Issuer) -> None:
    issuer.rotate()
    issuer.trick = "no_kid"
    await _stays_outside(browser)


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")  # the issuer is warned
async def test_a_key_that_is_too_short_is_not_believed(browser: Browser, issuer: Issuer) -> None:
    issuer.keys = [Key.fresh("RS256", bits=1024)]
    await _stays_outside(browser)


async def test_a_public_client_proves_itself_by_the_verifier_alone(
    site: RealSite, issuer: Issuer, browser: Browser
) -> None:
    issuer.client_secret = None
    assert site.oidc is not None
    await _stays_outside(browser)


UNUSABLE: list[Fault] = ["error", "not_json", "wrong_shape", "huge", "redirect", "drop"]


async def test_an_issuer_that_says_nothing_usable_is_unavailable_and_passwords_open_still(
    api: Api, browser: Browser, issuer: Issuer
) -> None:
    faults: list[Fault] = [*UNUSABLE, "somebody_else", "elsewhere"]
    for fault in faults:
        issuer.faults["discovery"] = fault
        status, there, text = await browser.get("/auth/oidc")
        assert (status, there) == (503, ""), fault
        assert "does not answer just now" in text and 'name="password"' in text
    await _opens_by_password(api, browser)
    assert api.failed == []


@pytest.mark.parametrize("endpoint", ["token", "keys"])
async def test_an_issuer_that_cannot_be_asked_for_tokens_or_keys_lets_nobody_in(
    api: Api, browser: Browser, issuer: Issuer, endpoint: Literal["token", "keys"]
) -> None:
    for fault in UNUSABLE:
        issuer.faults[endpoint] = fault
        status, _ = await browser.comes_in()
        assert status in (401, 503), fault
        assert (browser.cookie(), api.failed) == (None, []), fault
    issuer.faults.clear()
    assert (await browser.comes_in())[0] == 200, "it goes on once the issuer does"


async def _opens_by_password(api: Api, browser: Browser) -> None:
    hashed = await Passwords().hash("correct horse battery")
    await api.site.all_tenants.execute(
        "update users set password = $1, password_set_at = now() where login = 'Jo@example.org'", hashed
    )
    form = {"login": "jo@example.org", "password": "correct horse battery"}
    async with browser.http.post(f"{api.url}/login", data=form, allow_redirects=False) as response:
        assert response.status == 303
    assert (await browser.me())["login"] == "Jo@example.org"


async def test_an_issuer_that_is_away_is_told_and_comes_back_by_itself(
    api: Api, browser: Browser, issuer: Issuer
) -> None:
    await issuer.close()
    status, _, text = await browser.get("/auth/oidc")
    assert status == 503 and "Log in by password" in text
    await _opens_by_password(api, browser)
    await issuer.open()
    async with browsing(api) as other:
        assert (await other.comes_in())[0] == 200


# ── as people see it ──


async def test_somebody_logs_in_at_the_issuer_in_a_real_browser(api: Api, issuer: Issuer, tmp_path: Path) -> None:
    """R04: the button, the issuer's form, and back; no script, no breach of policy."""
    issuer.automatic = None
    async with chromium() as program:
        page = await program.new_page(viewport={"width": 1280, "height": 900})
        wrong: list[str] = []
        page.on("console", lambda told: wrong.append(told.text) if told.type in ("error", "warning") else None)
        await page.goto(f"{api.url}/login?next=/trials", timeout=WAIT_MS)
        await page.screenshot(path=tmp_path / "login.png")
        await page.click("text=Log in by 127.0.0.1")
        await page.fill("#login", "jo@example.org", timeout=WAIT_MS)
        await page.fill("#password", "open sesame")
        await page.click("button")
        await page.wait_for_url(f"{api.url}/trials", timeout=WAIT_MS)
        assert "Jo@example.org" in await page.inner_text("header.top")
        await page.screenshot(path=tmp_path / "in.png")
    assert (wrong, issuer.refusals) == ([], [])


# ── an issuer that does not answer ──


async def test_an_issuer_that_hangs_is_left_alone_and_asked_again_later(issuer: Issuer) -> None:
    """Three failures in a row spare it half a minute; one more spares it again, and an answer ends that."""
    clock = Clock()
    ours = Asked(Client(issuer.url, issuer.client, issuer.client_secret, "none"), within_s=0.1, clock=clock.now)
    issuer.faults["discovery"] = "hang"
    for failures, asked in ((1, 1), (2, 2), (3, 3), (4, 3), (5, 3)):
        with pytest.raises(Unavailable):
            await ours.begin(Attempt.fresh("/"), "http://here/")
        assert (failures, issuer.asked["discovery"], ours.is_away) == (failures, asked, failures >= 3)
    clock.now_s += CLOSED_S
    with pytest.raises(Unavailable):
        await ours.begin(Attempt.fresh("/"), "http://here/")
    assert (issuer.asked["discovery"], ours.is_away) == (4, True)
    clock.now_s += CLOSED_S
    issuer.faults.clear()
    assert (await ours.begin(Attempt.fresh("/"), "http://here/")).startswith(issuer.url)
    assert not ours.is_away


async def test_codes_in_plenty_do_not_make_us_ask_for_keys_in_plenty(issuer: Issuer) -> None:
    """A key that it does not have is looked for once in a while."""
    clock = Clock()
    ours = Asked(Client(issuer.url, issuer.client, issuer.client_secret, "none"), clock=clock.now)
    issuer.trick = "unknown_kid"
    for codes, keys in ((1, 2), (2, 2), (3, 2)):
        await _refused(ours, issuer)
        assert (issuer.asked["token"], issuer.asked["keys"]) == (codes, keys)
    clock.now_s += KEYS_AGAIN_S
    await _refused(ours, issuer)
    assert issuer.asked["keys"] == 3


async def _refused(ours: Asked, issuer: Issuer) -> None:
    attempt, here = Attempt.fresh("/"), "http://here/"
    issuer.back_to.add(here)
    url = await ours.begin(attempt, here)
    async with aiohttp.ClientSession() as http, http.get(url, allow_redirects=False) as response:
        code = parse_qs(urlsplit(response.headers["Location"]).query)["code"][0]
    with pytest.raises(NotVouched):
        await ours.end(attempt, code, here)
