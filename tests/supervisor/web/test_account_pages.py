"""Accounts, users, projects and settings in a real headless Chromium, as each role."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Browser

from actors.governance.accounts import HOME, store
from actors.governance.accounts.passwords import Passwords
from supervisor.roles import PEOPLE, Role
from supervisor.web.app import all_routes
from supervisor.web.navigation import MORE, OWN, ROW
from tests.supervisor.web.asking import Api
from tests.supervisor.web.browsing import WAIT_MS, Visit, chromium, visiting

PASSWORD = "seven green bicycles"
OTHER = "eleven blue umbrellas"


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A Chromium, or a visible skip."""
    async with chromium() as one:
        yield one


async def person(api: Api, login: str, role: Role = Role.RESEARCHER, *, tenant: int = HOME, fresh: bool = False) -> int:
    hashed = await Passwords().hash(PASSWORD)
    return await store.add_user(
        api.site.all_tenants, tenant, login, role.word, name=login.title(), email=f"{login}@example.org",
        password=hashed, must_change=fresh,
    )  # fmt: skip


@asynccontextmanager
async def somebody(
    browser: Browser, api: Api, login: str, password: str = PASSWORD, **options: Any
) -> AsyncIterator[Visit]:
    """A tab in which somebody has logged in by their password."""
    context = await browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | options))
    context.set_default_timeout(WAIT_MS)
    visit = Visit(await context.new_page(), api.url)
    try:
        await log_in(visit, login, password)
        yield visit
    finally:
        await context.close()


async def log_in(visit: Visit, login: str, password: str) -> None:
    await visit.go("/login")
    await visit.page.fill("#login", login)
    await visit.page.fill("#password", password)
    await visit.page.press("#password", "Enter")
    await visit.page.wait_for_url(lambda url: "/login" not in url, timeout=WAIT_MS)


async def test_a_one_time_password_leads_to_its_change_and_nowhere_else(api: Api, browser: Browser) -> None:
    """R04: whatever else is opened before leads there; afterwards the new password holds, and the old one does not."""
    await person(api, "jo", fresh=True)
    async with somebody(browser, api, "jo") as visit:
        assert visit.page.url == f"{api.url}/account"
        await visit.go("/trials")
        assert visit.page.url == f"{api.url}/account"
        assert await visit.page.locator("nav[aria-label=Main] a").count() == 0
        await change(visit, PASSWORD, OTHER, "something else entirely")
        assert "Again: expected the new password once more." in await visit.text("#wrong")
        await change(visit, "not the password", OTHER, OTHER)
        assert "Before: expected the password so far." in await visit.text("#wrong")
        await change(visit, PASSWORD, OTHER, OTHER)
        assert "The password was changed" in await visit.text("[role=status]")
        await visit.go("/trials")
        assert visit.page.url == f"{api.url}/trials"
    async with somebody(browser, api, "jo", OTHER) as visit:
        assert visit.page.url == f"{api.url}/"


async def change(visit: Visit, before: str, after: str, again: str) -> None:
    for name, text in (("before", before), ("after", after), ("again", again)):
        await visit.page.fill(f"[name={name}]", text)
    await visit.page.click("text=Change it")
    await visit.page.wait_for_load_state()


async def test_a_token_is_shown_once_and_revoked(api: Api, browser: Browser) -> None:
    await person(api, "jo")
    async with somebody(browser, api, "jo") as visit:
        await visit.go("/account")
        assert [await one.inner_text() for one in await visit.page.query_selector_all("[name=role] option")] == [
            "viewer", "researcher",
        ]  # fmt: skip
        await visit.page.fill("[name=name]", "laptop")
        await visit.page.fill("[name=scopes]", "everything")
        await visit.page.click("text=Make the token")
        assert "Scopes: expected read, write or such as trials:read" in await visit.text("#wrong")
        await visit.page.fill("[name=scopes]", "trials:read")
        await visit.page.click("text=Make the token")
        token = await visit.text("#shown")
        assert (await ask(api, "/api/v1/trials", token))[0] == 200
        assert (await ask(api, "/api/v1/jobs", token))[0] == 403
        await visit.go("/account")
        assert token not in await visit.page.content()
        await visit.page.click("text=Revoke laptop")
        assert "opens nothing any more" in await visit.text("[role=status]")
        assert await visit.page.locator(".state[data-state=revoked]").count() == 1


async def ask(api: Api, path: str, token: str) -> tuple[int, Any]:
    return await api.ask("GET", path, headers={"Authorization": f"Bearer {token}"})


async def test_a_login_elsewhere_is_ended(api: Api, browser: Browser) -> None:
    """R04: also one's own, which leads to the page that lets people in."""
    await person(api, "jo")
    async with somebody(browser, api, "jo") as visit, somebody(browser, api, "jo") as elsewhere:
        await visit.go("/account")
        assert await visit.page.locator("text=End the login of").count() == 2
        await visit.page.click("tr:not(:has(.flag)) >> text=End the login of")
        assert "That login has ended" in await visit.text("[role=status]")
        await visit.page.click("text=End the login of")
        assert visit.page.url == f"{api.url}/login?next=%2Faccount"
        await elsewhere.page.wait_for_url("**/login?next=%2F")  # its dashboard is told that it is not in any more
    ended = "select count(*) from sessions where why_ended = 'ended by its user'"
    assert await api.site.all_tenants.fetchval(ended) == 2


def forgive(visit: Visit) -> None:
    """A browser tells of every answer that is a refusal."""
    assert all("the server responded with a status of 400" in told for told in visit.wrong)
    visit.wrong.clear()


async def test_an_admin_adds_somebody_gives_them_a_role_and_switches_them_off(api: Api, browser: Browser) -> None:
    async with visiting(browser, api) as visit:
        await visit.go("/users")
        await visit.page.fill("section [name=login]", "jo@example.org")
        await visit.page.select_option("[name=role]", "steward")
        await visit.page.click("text=Add them")
        password = await visit.text("#shown")
        await visit.page.fill("section [name=login]", "JO@example.org")
        await visit.page.click("text=Add them")
        assert "somebody has 'JO@example.org' already" in await visit.text("#wrong")
        forgive(visit)
        await visit.page.fill("[name=q]", "jo@")
        await visit.page.click("text=Find")
        assert await visit.page.locator("tbody tr").first.locator("th").inner_text() == "jo@example.org"
        assert "Never logged in" in await visit.text("main")
        await visit.page.click("text=jo@example.org")
        assert await visit.page.input_value("[name=role]") == "steward"
        await visit.page.select_option("[name=role]", "viewer")
        await visit.page.click("text=Save")
        await visit.page.wait_for_load_state()
        assert await visit.page.input_value("[name=role]") == "viewer"
        await visit.page.click("text=Give them another password…")
        await visit.page.click("button:text('Give another password')")
        assert await visit.text("#shown") != password
        await visit.page.click("text=Switch off…")
        await visit.page.click("button:text('Switch off')")
        assert "Off since" in await visit.text("main")
        await visit.page.click("text=Switch on")
        await visit.until(".state[data-state=on]")


async def test_an_organisation_is_added_whole_or_not_at_all(api: Api, browser: Browser) -> None:
    """R04: the first admin's password is shown once; where their login is taken no organisation is left behind."""
    await person(api, "jo")
    async with visiting(browser, api) as visit:
        await visit.go("/users")
        for login, number in (("jo", 1), ("mary", 2)):
            await visit.page.fill("[name=tenant]", "St. Mary")
            await visit.page.fill("[name=admin]", login)
            await visit.page.click("text=Add the organisation")
            await visit.page.wait_for_load_state()
            assert await api.site.all_tenants.fetchval("select count(*) from tenants") == number
        forgive(visit)
        password = await visit.text("#shown")
        assert "mary" not in await visit.text('[aria-label="Users"]'), "nobody of another tenant is listed"
    async with somebody(browser, api, "mary", password) as theirs:
        await change(theirs, password, OTHER, OTHER)
        await theirs.go("/users")
        assert await theirs.page.locator('[aria-label="Users"] tbody tr').count() == 1
        assert "Organisations" not in await theirs.text("main")
        assert "operator" not in await theirs.text("[name=role]")
        for path, status in (("/users/jo", 404), ("/settings", 403)):
            answer = await theirs.page.goto(api.url + path)
            assert answer is not None and answer.status == status


async def test_somebody_is_erased_only_when_off_and_meant(api: Api, browser: Browser) -> None:
    """N36: the login is typed once more; their page is gone afterwards."""
    await person(api, "jo")
    async with visiting(browser, api) as visit:
        await visit.go("/users/jo")
        assert "Switch them off first" in await visit.text("main")
        assert await visit.page.locator("button.bad:text('Erase')").count() == 0
        await api.site.all_tenants.execute(
            "update users set disabled_at = now() - interval '1 minute' where login = 'jo'"
        )
        await visit.go("/users/jo")
        await visit.page.click("text=Erase everything that is held of them…")
        await visit.page.fill("section [name=login]", "joe")
        await visit.page.click("text=Erase jo")
        assert "expected 'jo' once more" in await visit.text("#wrong")
        forgive(visit)
        await visit.page.click("text=Erase everything that is held of them…")
        await visit.page.fill("section [name=login]", "jo")
        await visit.page.click("text=Erase jo")
        assert "Everything that was held of them is gone" in await visit.text("[role=status]")
        assert "jo" not in await visit.text('[aria-label="Users"]')


async def test_a_project_keeps_an_owner_whatever_is_clicked(api: Api, browser: Browser) -> None:
    """A21: owners say who belongs to it, the last one stays; a member sees it, a stranger does not."""
    for login in ("ann", "bob", "eve"):
        await person(api, login)
    async with somebody(browser, api, "ann") as visit:
        await visit.go("/projects")
        await visit.page.fill("[name=name]", "Sepsis <b>2027</b>")
        await visit.page.click("text=Begin the project")
        assert await visit.text("h1") == "Sepsis <b>2027</b>"
        path = visit.page.url.removeprefix(api.url)
        for button in ("text=Remove ann", "text=Make a member: ann"):
            await visit.page.click(button)
            assert "The last owner stays; make somebody else one first." in (await visit.text("#wrong")).replace(
                "Login: the", "The"
            )
        await visit.page.fill("[name=login]:not([type=hidden])", "nobody")
        await visit.page.click("button:text-is('Add')")
        assert "there is nobody 'nobody'" in await visit.text("#wrong")
        await visit.page.fill("[name=login]:not([type=hidden])", "bob")
        await visit.page.click("button:text-is('Add')")
        await visit.until("text=Make an owner: bob")
        async with somebody(browser, api, "bob") as member, somebody(browser, api, "eve") as stranger:
            await member.go(path)
            assert await member.page.locator("main button").all_inner_texts() == ["Bring it in"]
            answer = await stranger.page.goto(api.url + path)
            assert answer is not None and answer.status == 404
        await visit.page.click("text=Make an owner: bob")
        await visit.page.click("text=Make a member: ann")
        await visit.until("h1")
        buttons = await visit.page.locator("main button").all_inner_texts()
        assert buttons == ["Bring it in"], "who is no owner brings files and changes nothing else"


async def test_settings_show_no_secret(api: Api, browser: Browser) -> None:
    """N35: each setting in force is there, secrets as stars."""
    async with visiting(browser, api, role=Role.OPERATOR) as visit:
        await visit.go("/settings")
        text = await visit.text("main")
        assert "database_url ********" in text and "hidden" not in await visit.page.content()
        assert all(one.name in text for one in api.site.settings_in_force)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
async def test_every_role_sees_what_it_may_and_no_more_at_any_width(
    api: Api, browser: Browser, width: int, scheme: str
) -> None:
    """R04: what the menus lead to opens; nothing scrolls sideways, is pale, or has no name."""
    await store.add_tenant(api.site.all_tenants, "St. Mary")
    await api.site.all_tenants.execute("insert into projects (tenant_id, name) values (1, 'Sepsis')")
    for role in PEOPLE:
        async with visiting(
            browser, api, role=role, viewport={"width": width, "height": 800}, color_scheme=scheme
        ) as visit:
            await visit.page.click(".menu.mine > summary")
            links = await visit.page.locator(".top a:not(.brand, .narrow-only)").evaluate_all(
                "all => all.map(one => one.pathname)"
            )
            assert ("/users" in links, "/settings" in links) == (role is Role.ADMIN, role.may(Role.OPERATOR))
            await visit.page.click("nav .menu > summary")
            assert not await visit.is_wide() and await visit.pale() == []
            for path in links:
                answer = await visit.page.goto(visit.url + path, timeout=WAIT_MS)
                assert answer is not None and answer.status == 200, path
                if path in OURS:
                    assert (await visit.is_wide(), await visit.pale(), await visit.stumbles()) == (False, [], []), path


OURS = ("/account", "/users", "/projects", "/settings")


async def test_menus_open_and_close_by_the_keyboard(api: Api, browser: Browser) -> None:
    async with visiting(browser, api) as visit:
        page = visit.page
        await page.focus("nav .menu > summary")
        await page.keyboard.press("Enter")
        await visit.until("nav .menu[open]")
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.textContent") == MORE[0].name
        await page.keyboard.press("Escape")
        await visit.until("nav .menu:not([open])")
        assert await page.evaluate("document.activeElement.tagName") == "SUMMARY"
        await page.keyboard.press("Enter")
        await page.click("h1")
        await visit.until("nav .menu:not([open])")


def test_what_the_menus_lead_to_is_there_for_the_same_role() -> None:
    routes = {route.path: route for _, route in all_routes() if route.method == "GET"}
    for link in (*ROW, *MORE, *OWN):
        assert (routes[link.path].role, routes[link.path].at_home) == (link.role, link.at_home), link.path
