"""Duplicates over HTTP and in the browser."""

from pathlib import Path
from typing import Any

import pytest

from actors.trials.duplicates.reviewing.reviews import Knot, knots
from supervisor.roles import Role
from tests.supervisor.web.asking import Api
from tests.supervisor.web.browsing import WAIT_MS, chromium, visiting
from tests.supervisor.web.reviewed import DRKS, ISRCTN, hold, review
from tests.trials.pages import nct


@pytest.fixture
async def reviewed(api: Api, tmp_path: Path) -> Api:
    """A trial in two records, and others that are much alike."""
    await review(api.site.all_tenants, tmp_path)
    return api


async def done(api: Api, path: str, **more: Any) -> Any:
    status, body = await api.ask("POST", path, role=Role.STEWARD, **more)
    assert status == 200, (path, body, api.failed)
    return body


async def test_two_records_are_compared_confirmed_split_and_let_go(reviewed: Api) -> None:
    """N04: action → state, audit, undo; each once, however often it is sent."""
    path = f"/api/v1/duplicates/{nct(5)}/{ISRCTN}"
    before = await reviewed.get(path)
    assert (before["decision"], before["together"]) == ("review", False)
    given: dict[str, Any] = {"json": {"note": "same protocol"}, "headers": {"Idempotency-Key": "one"}}
    said = await done(reviewed, f"{path}/confirm", **given)
    assert said == await done(reviewed, f"{path}/confirm", **given)
    assert [one["event"] for one in said["moves"]] == ["merged"]
    confirmed = await reviewed.get(path)
    assert (confirmed["decision"], confirmed["together"], len(confirmed["cluster"])) == ("confirmed", True, 2)
    [decision] = confirmed["decisions"]
    assert (decision["by"], decision["note"]) == ("steward", "same protocol")
    await done(reviewed, f"{path}/split")
    parted = await reviewed.get(path)
    assert (parted["decision"], parted["together"]) == ("split", False)
    await done(reviewed, f"{path}/undo")
    after = await reviewed.get(path)
    assert {k: after[k] for k in ("decision", "score", "type")} == {k: before[k] for k in ("decision", "score", "type")}
    told = (await reviewed.get("/api/v1/duplicates/decisions"))["decisions"]
    assert [(one["verdict"], one["undone_by"]) for one in told] == [("different", "steward"), ("same", "steward")]
    events = (await reviewed.get("/api/v1/duplicates/events"))["events"]
    assert [(one["event"], one["by"]) for one in events][:2] == [("unmerged", "steward"), ("merged", "steward")]


async def test_what_cannot_be_decided_is_refused(reviewed: Api) -> None:
    """N04: who may only look decides nothing; a trial is no duplicate of itself; nothing is undone twice."""
    path = f"/api/v1/duplicates/{nct(5)}"
    asked = [
        await reviewed.ask("POST", f"{path}/{ISRCTN}/confirm", role=Role.VIEWER),
        await reviewed.ask("POST", f"{path}/{nct(5)}/confirm"),
        await reviewed.ask("POST", f"{path}/{ISRCTN}/undo"),
        await reviewed.ask("POST", f"{path}/NCT09999999/split"),
        await reviewed.ask("GET", "/api/v1/duplicates?cursor=9_1_1"),
    ]
    assert [status for status, _ in asked] == [403, 400, 404, 404, 400]
    assert (await reviewed.get("/api/v1/duplicates/decisions"))["decisions"] == []


async def test_pairs_wait_with_their_reason_page_by_page(reviewed: Api) -> None:
    """N04: what waits is told once each, the surest first, and may be asked for by state and type."""
    first = await reviewed.get("/api/v1/duplicates?limit=1")
    told, cursor = list(first["pairs"]), first["next"]
    while cursor:
        page_ = await reviewed.get(f"/api/v1/duplicates?limit=1&cursor={cursor}")
        told, cursor = told + page_["pairs"], page_["next"]
    whole = (await reviewed.get("/api/v1/duplicates"))["pairs"]
    assert told == whole
    assert len(whole) > 1
    assert all(one["because"] and one["parts"] for one in whole)
    states = [one["state"] for one in whole]
    assert states == sorted(states, key=["held", "proposed", "possible"].index)
    summary = await reviewed.get("/api/v1/duplicates/summary")
    assert (summary["records"], summary["clusters"], summary["waiting"], summary["sweeping"]) == (2, 1, 0, False)


async def test_pairs_that_hang_together_are_one_question(api: Api, tmp_path: Path) -> None:
    """N04: four pairs of a cluster that is held wait as one, with the pairs inside; one decision answers all."""
    await hold(api.site.all_tenants, tmp_path)
    pairs = (await api.get("/api/v1/duplicates"))["pairs"]
    assert [one["state"] for one in pairs] == ["held"] * 4
    [one] = (await api.get("/api/v1/duplicates/reviews"))["reviews"]
    assert (one["pairs"], one["count"]) == (pairs, 4)
    trials = [[record["registry_id"] for record in records] for records in one["trials"]]
    assert sorted(trials) == sorted([[nct(71), ISRCTN], [nct(72)], [DRKS]])
    page_ = (await api.get(f"/duplicates/{pairs[0]['a']['id']}/{pairs[0]['b']['id']}")).decode()
    assert "4 pairs between these 3 trials" in (await api.get("/duplicates")).decode()
    assert "Whether these are one trial" in page_
    next_ = f'data-key="n" aria-keyshortcuts="n" href="/duplicates/{pairs[1]["a"]["id"]}/{pairs[1]["b"]["id"]}"'
    assert next_ in page_, "the next of these, as there are more than two trials"
    await done(api, f"/api/v1/duplicates/{nct(71)}/{DRKS}/split")
    assert len((await api.get("/api/v1/duplicates?state=held"))["pairs"]) == 2
    assert (await api.get("/api/v1/duplicates/reviews"))["reviews"] == [], "the two trials were told apart"
    await done(api, f"/api/v1/duplicates/{nct(71)}/{DRKS}/undo")
    assert (await api.get("/api/v1/duplicates/reviews"))["reviews"] == [one]


async def test_reviews_come_page_by_page(reviewed: Api) -> None:
    """N04: each question once, in the order of its best pair, also where pages cut through what hangs together."""
    pool = reviewed.site.all_tenants
    ids = [row["id"] for row in await pool.fetch("select id from trials where registry = 'ctgov' order by id limit 40")]
    for at in range(0, 36, 3):  # twelve questions of three pairs each, and what was found before
        for a, b in ((0, 1), (0, 2), (1, 2)):
            await pool.execute(
                "insert into duplicate_links (a, b, waits, value, kind, type, decision, because, parts)"
                " values ($1, $2, 2, 0.9 + $3::int * 0.001, 'text', 'fuzzy', 'review', 'made up', '[]')"
                " on conflict (a, b) do nothing", ids[at + a], ids[at + b], at + a,
            )  # fmt: skip
    whole = (await reviewed.get("/api/v1/duplicates/reviews"))["reviews"]
    pairs = (await reviewed.get("/api/v1/duplicates?limit=200"))["pairs"]
    assert sum(one["count"] for one in whole) == len(pairs)
    assert 8 < len(whole) < len(pairs) / 2
    best = [one["pairs"][0] for one in whole]
    assert best == [one for one in pairs if one in best]
    told: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        page_ = await reviewed.get(f"/api/v1/duplicates/reviews?limit=5&cursor={cursor}")
        told, cursor = told + page_["reviews"], page_["next"]
    assert told == whole
    of_type = (await reviewed.get("/api/v1/duplicates/reviews?type=fuzzy"))["reviews"]
    assert {pair["type"] for one in of_type for pair in one["pairs"]} == {"fuzzy"}


def test_links_hang_together_through_trials() -> None:
    """Records of one trial count as one; the best pair comes first, of equals the one of smaller ids."""
    trial_of = {1: 1, 2: 1, 3: 3, 4: 4, 5: 5, 6: 5, 7: 7}
    links = [{"a": a, "b": b, "value": value} for a, b, value in ((1, 3, 0.5), (2, 4, 0.9), (5, 7, 0.6), (6, 7, 0.6))]
    assert knots(links, trial_of) == [
        Knot(frozenset({1, 3, 4}), ((2, 4), (1, 3))),
        Knot(frozenset({5, 7}), ((5, 7), (6, 7))),
    ]


async def test_a_trial_is_told_as_all_of_its_records_tell_it(reviewed: Api) -> None:
    """N01, G15: each datum of the merged view names its record."""
    merged = await reviewed.get(f"/api/v1/trials/{nct(1)}/merged")
    assert [one["registry_id"] for one in merged["records"]] == [nct(1), nct(2)]
    ids = {one["registry_id"]: one["id"] for one in merged["records"]}
    [title] = [one for one in merged["fields"] if one["name"] == "title"]
    assert set(title["records"]) == set(ids.values())
    [number] = [one for one in merged["fields"] if one["name"] == "registry_id"]
    assert number["records"] == [ids[merged["record"]["registry_id"]]]
    assert [one["records"] for one in number["others"]] == [[id_] for n, id_ in ids.items() if n != number["value"]]
    alone = await reviewed.get(f"/api/v1/trials/{nct(4)}/merged")
    assert (alone["cluster"], len(alone["records"])) == (None, 1)


async def test_a_reviewer_decides_with_the_keyboard(reviewed: Api, tmp_path: Path) -> None:
    """N04: from the queue to a decision and back, in a real browser; the picture says what speaks for and against."""
    async with chromium() as browser, visiting(browser, reviewed, role=Role.STEWARD) as visit:
        await visit.go("/duplicates")
        assert "2 records tell of 1 trial that is" in await visit.text("main")
        await visit.page.screenshot(path=tmp_path / "queue.png", full_page=True)
        assert await visit.stumbles() == []
        assert await visit.pale() == []
        await visit.page.click(".pair-waiting a.button >> nth=0")
        await visit.until(".parts svg rect")
        assert await visit.stumbles() == []
        assert await visit.pale() == []
        await visit.page.screenshot(path=tmp_path / "pair.png", full_page=True)
        await visit.page.keyboard.press("s")
        await visit.page.wait_for_selector('.state[data-state="split"]', timeout=WAIT_MS)
        await visit.page.keyboard.press("u")
        await visit.page.wait_for_selector('.state[data-state="review"]', timeout=WAIT_MS)
        await visit.go(f"/trials/{nct(1)}")
        await visit.page.click(".merged summary")
        assert nct(2) in await visit.text(".merged table")
        await visit.page.screenshot(path=tmp_path / "merged.png", full_page=True)
        assert await visit.stumbles() == []
        assert await visit.pale() == []
        assert not await visit.is_wide()
