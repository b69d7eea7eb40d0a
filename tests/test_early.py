"""What is fetched ahead: in the registries' own words, and as the scraper does it."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from actors.early import MOST_BYTES, Early
from actors.reading import ReadPage, joined, known_registries, question_of, read_on
from actors.registries import Ended, Request
from actors.runtime.ask import Answer
from actors.runtime.politeness import SourceUnavailable
from actors.trials import store
from demo.process import running as demo_running
from tests.registries import ctis_source, euctr_source
from tests.test_mirror_registries import Pool, mirrored, settings_for

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def asked(number: int) -> Request:
    return Request(f"https://example.org/{number}")


class Source:
    """Answers when it is let, and counts how many wait for it."""

    def __init__(self, *, size: int = 1) -> None:
        self.size = size
        self.open = asyncio.Event()
        self.seen: list[str] = []
        self.waiting = self.most = 0

    async def fetch(self, request: Request) -> Answer:
        self.seen.append(request.url)
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        try:
            await self.open.wait()
        finally:
            self.waiting -= 1
        if request.url.endswith("/13"):
            raise SourceUnavailable("away")
        return Answer(404 if request.url.endswith("/4") else 200, b"x" * self.size, request.url, NOW, 0.0, 1)


async def later() -> float:
    return asyncio.get_running_loop().time() + 10


async def test_what_is_wanted_is_fetched_a_few_at_once_and_once_only() -> None:
    source = Source()
    early = Early(source.fetch, 3)
    requests = [asked(number) for number in range(20, 30)]
    early.want(requests)
    early.want(requests)
    await asyncio.sleep(0)
    assert not early.here()
    source.open.set()
    assert all([await early.comes(one, await later()) for one in requests])
    assert [*early.here()] == [question_of(one) for one in requests]
    assert [(await early.take(one)).url for one in requests] == [one.url for one in requests]
    assert sorted(source.seen) == [one.url for one in requests]
    assert source.most == 3
    await early.close()


async def test_what_is_no_longer_wanted_is_forgotten_and_closing_ends_all() -> None:
    source = Source()
    early = Early(source.fetch, 4)
    early.want([asked(1), asked(2)])
    await asyncio.sleep(0)
    early.want([asked(2)])
    await asyncio.sleep(0)
    assert source.waiting == 1
    await early.close()
    assert source.waiting == 0


async def test_a_refusal_is_no_answer_to_read_and_a_failure_comes_up_where_it_is_needed() -> None:
    source = Source()
    source.open.set()
    early = Early(source.fetch, 4)
    early.want([asked(4), asked(13)])
    assert await early.comes(asked(4), await later()) and await early.comes(asked(13), await later())
    assert not early.here()
    assert (await early.take(asked(4))).status == 404
    with pytest.raises(SourceUnavailable):
        await early.take(asked(13))
    assert not await early.comes(asked(5), await later())  # nobody has asked for it
    early.want([asked(13)])
    assert await early.comes(asked(13), await later())
    early.want([])  # forgotten, failure and all
    await early.close()


async def test_large_answers_are_not_heaped_up() -> None:
    source = Source(size=MOST_BYTES + 1)
    source.open.set()
    early = Early(source.fetch, 1)
    early.want([asked(1)])
    assert await early.comes(asked(1), await later())
    early.want([asked(1), asked(2)])
    await asyncio.sleep(0)
    assert source.seen == [asked(1).url]
    await early.close()


# ── of each registry ──


def sweep(name: str, source: Any, first: Iterable[Request]) -> tuple[set[str], set[str]]:
    """What was fetched ahead, and what was asked for, by address and body."""
    registry, pending = known_registries()[name], list(first)
    ahead: set[str] = set()
    while pending:
        ahead |= {f"{one.address} {one.body}" for one in registry.ahead(pending)}
        request = pending.pop(0)
        answer = source.answer(request)
        status, body = answer if isinstance(answer, tuple) else (200, answer)
        follow = registry.read(request, body).follow if status == 200 else registry.instead(request, status)
        pending = [*follow, *pending]
    return ahead, {f"{one.address} {one.body}" for one in source.asked}


def test_of_ctis_records_and_the_search_behind_them_are_fetched_ahead_and_nothing_else() -> None:
    source = ctis_source.Source(ctis_source.trials(250))
    ahead, all_asked = sweep("ctis", source, known_registries()["ctis"].first(None))
    assert ahead <= all_asked
    assert sum("/retrieve/" in one for one in ahead) == 250


@pytest.mark.parametrize("count", [1, 20, 21, 130])
def test_of_eu_ctr_the_pages_that_a_query_still_has_are_fetched_ahead_and_nothing_else(count: int) -> None:
    source = euctr_source.Source(euctr_source.trials([date(2010, 1, 1)] * count))
    ahead, all_asked = sweep("euctr", source, known_registries()["euctr"].first(None))
    assert ahead <= all_asked
    assert len(all_asked - ahead) == 1  # the first list, which tells how many there are


def test_of_isrctn_the_last_window_is_never_fetched_ahead_of_those_before_it() -> None:
    """Whatever is edited meanwhile moves there."""
    registry = known_registries()["isrctn"]
    closed, last = (Request("u", state=state) for state in ((("start", "2020"), ("end", "2021")), (("start", "2021"),)))
    assert registry.ahead([closed, closed, last]) == (closed, closed)
    assert registry.ahead([last]) == ()


# ── pages as one ──

RECORDS = ctis_source.trials(9)


def retrieve(number: int, query: str = "q") -> Request:
    return Request(f"u/{number}", state=(("ask", "record"), ("query", query), ("number", RECORDS[number].number)))


def page(number: int, query: str = "q", *, status: int = 200) -> ReadPage:
    """Of one record; one that another number has is refused."""
    other = RECORDS[number if status == 200 else number + 1]
    request = retrieve(number, query)
    given = (ctis_source.record(other), f"u/{number}", NOW + timedelta(seconds=number))
    [(_, read)] = read_on("ctis", [request], {question_of(request): given})
    return read


def numbers(pages: Iterable[ReadPage]) -> list[list[str]]:
    return [[one.registry_id for one in page.packed.trials] for page in pages]


def test_pages_of_one_query_are_written_as_one_up_to_its_end() -> None:
    ended = replace(page(2), ended=Ended(3), total=3)
    one, other, last = joined([page(1), page(0), ended, page(3), page(4, "r")])
    assert numbers([one, other, last]) == [[RECORDS[at].number[:14] for at in run] for run in ((1, 0, 2), (3,), (4,))]
    assert (one.ended, one.total, one.query) == (Ended(3), 3, "q")
    assert one.packed.source.fetched_at == NOW  # of the earliest: nothing is newer than it is


def test_a_page_that_sets_aside_or_brings_a_record_again_is_written_alone() -> None:
    refused = page(5, status=404)
    assert refused.packed.refused
    assert [len(one) for one in numbers(joined([page(1), refused, page(2), page(3), page(2)]))] == [1, 0, 2, 1]


def test_what_is_here_is_read_in_its_order_up_to_what_is_not_or_cannot_be_read() -> None:
    given = {question_of(retrieve(at)): (ctis_source.record(RECORDS[at]), f"u/{at}", NOW) for at in (0, 1, 3)}
    todo = [retrieve(at) for at in range(4)]
    assert [one.url for one, _ in read_on("ctis", todo, dict(given))] == ["u/0", "u/1"]
    given[question_of(retrieve(1))] = (ctis_source.record(RECORDS[1])[:20], "u/1", NOW)
    assert [one.url for one, _ in read_on("ctis", todo, dict(given))] == ["u/0"]


def test_what_follows_a_page_is_read_on_with_it() -> None:
    source = euctr_source.Source(euctr_source.trials([date(2010, 1, 1)] * 45))
    registry = known_registries()["euctr"]
    [start] = registry.first(None)
    [text] = registry.read(start, source.answer(start)).follow
    given = {question_of(one): (source.answer(one), one.url, NOW) for one in (text, *registry.ahead([text]))}
    assert [len(page.packed.trials) for _, page in read_on("euctr", [text], given)] == [20, 0, 20, 0, 5]


# ── the whole ──


async def test_records_that_come_one_by_one_are_written_many_at_a_time_and_asked_for_once(
    dsn: str, db: Pool, tmp_path: Path
) -> None:
    async with demo_running(trials=4000, switches={"ctis": {"latency_ms": 20}}) as world:
        ended = await mirrored(dsn, tmp_path, settings_for(world, ("ctis",)))
        seen = [(one["method"], one["path"]) for one in await world.registry("ctis").requests()]
    assert ended.code == 0, ended.error
    [scrape] = await store.scrapes(db, "ctis")
    retrieved = [path for method, path in seen if method == "GET"]
    assert len(retrieved) == len(set(retrieved)) >= scrape.records >= 80
    assert scrape.pages <= scrape.records / 4
    assert scrape.requests == len(seen)
