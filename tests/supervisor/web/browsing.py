"""A real headless Chromium on a site, and what is looked for on every page."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright

from supervisor.roles import Role
from tests.browser import find_browser
from tests.supervisor.web.asking import Api

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
WAIT_MS = 15_000

# Every text's contrast with what is behind it, where that is less than WCAG AA asks for.
PALE = """() => {
  const parse = (text) => {
    const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number);
    return text.startsWith("color(srgb") ? [r * 255, g * 255, b * 255, a] : [r, g, b, a];
  };
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const color = parse(getComputedStyle(one).backgroundColor);
      if (color[3] > 0.99) return color;
    }
    return [255, 255, 255, 1];
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !element.checkVisibility()) continue;
    if (["SCRIPT", "STYLE", "TEMPLATE", "OPTION"].includes(element.tagName)) continue;
    const style = getComputedStyle(element);
    const color = element.namespaceURI.endsWith("svg") ? style.fill : style.color;
    const [one, other] = [light(parse(color)), light(behind(element))].sort((a, b) => b - a);
    const ratio = (one + 0.05) / (other + 0.05);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) found.push([walker.currentNode.textContent.trim().slice(0, 40), ratio, color]);
  }
  return found;
}"""

# What a screen reader would stumble over.
STUMBLES = """() => {
  const found = [];
  const all = (selector) => [...document.querySelectorAll(selector)];
  if (!document.documentElement.lang) found.push("no language");
  if (!document.title) found.push("no title");
  for (const [selector, n] of [["main", 1], ["h1", 1], ["header.top", 1]]) {
    if (all(selector).length !== n) found.push(`${all(selector).length} of ${selector}`);
  }
  let level = 0;
  for (const heading of all("h1, h2, h3, h4, h5, h6")) {
    const next = Number(heading.tagName[1]);
    if (next > level + 1) found.push(`a heading of level ${next} after ${level}: ${heading.textContent.trim()}`);
    level = next;
  }
  const ids = all("[id]").map((element) => element.id);
  ids.filter((id, at) => ids.indexOf(id) !== at).forEach((id) => found.push(`twice the id ${id}`));
  for (const input of all("input:not([type=hidden]), select, textarea")) {
    if (!input.labels.length && !input.getAttribute("aria-label")) found.push(`no label: ${input.outerHTML}`);
  }
  for (const element of all("a, button, summary")) {
    if (!element.closest("template") && !element.textContent.trim() && !element.getAttribute("aria-label"))
      found.push(`no name: ${element.outerHTML}`);
  }
  for (const table of all("table")) {
    if (!table.caption) found.push("a table without a caption");
    for (const head of table.querySelectorAll("th")) if (!head.scope) found.push(`no scope: ${head.outerHTML}`);
  }
  for (const element of all("[aria-labelledby], [aria-describedby]")) {
    const id = element.getAttribute("aria-labelledby") ?? element.getAttribute("aria-describedby");
    if (!document.getElementById(id)) found.push(`nothing has the id ${id}`);
  }
  for (const element of all("main button, main .button, main label:not(.box)")) {
    const range = document.createRange();
    range.selectNode(element.firstChild);
    const lines = new Set([...range.getClientRects()].map((box) => Math.round(box.top)));
    if (lines.size > 1) found.push(`broken over lines: ${element.textContent.trim()}`);
  }
  for (const svg of all("svg")) if (!svg.getAttribute("aria-label")) found.push("a picture without a text");
  return found;
}"""


@dataclass(slots=True)
class Visit:
    """One tab, logged in; what goes wrong in it is collected."""

    page: Page
    url: str
    wrong: list[str] = field(default_factory=list)

    async def go(self, path: str) -> None:
        await self.page.goto(self.url + path, timeout=WAIT_MS)

    async def text(self, selector: str) -> str:
        return " ".join((await self.page.inner_text(selector, timeout=WAIT_MS)).split())

    async def until(self, selector: str) -> None:
        """Waits until there is such an element (a condition in JavaScript would need `eval`: the policy forbids it)."""
        await self.page.wait_for_selector(selector, state="attached", timeout=WAIT_MS)

    async def is_wide(self) -> bool:
        """Whether there is something to scroll to sideways."""
        return bool(
            await self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        )

    async def pale(self) -> list[Any]:
        return list(await self.page.evaluate(PALE))

    async def stumbles(self) -> list[str]:
        return list(await self.page.evaluate(STUMBLES))


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    program = find_browser()
    if program is None:
        pytest.skip("no Chromium runs here")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(program), args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def visiting(
    browser: Browser, api: Api, *, role: Role = Role.ADMIN, port: int | None = None, **options: Any
) -> AsyncIterator[Visit]:
    """A tab that is logged in; nothing may go wrong in it: no error, no breach of policy, no foreign host."""
    options.setdefault("viewport", {"width": 1280, "height": 900})
    context = await browser.new_context(**options)
    page = await context.new_page()
    url = f"http://127.0.0.1:{port}" if port else api.url
    visit = Visit(page, url)
    page.on("console", lambda told: visit.wrong.append(told.text) if told.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: visit.wrong.append(str(error)))
    page.on("request", lambda asked: None if asked.url.startswith(url) else visit.wrong.append(asked.url))
    await visit.go("/login")
    await page.click("text=With a token")
    await page.fill("#token", api.site.tokens[role])
    await page.press("#token", "Enter")
    await page.wait_for_url(url + "/", timeout=WAIT_MS)
    try:
        yield visit
        assert visit.wrong == []
    finally:
        await context.close()
