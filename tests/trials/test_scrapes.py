"""How a scrape went, as tables: what it proves, what it may mark, what it warns of."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from actors.trials.scrapes import (
    Met,
    Removed,
    Scrape,
    TooManyVanished,
    covers_to,
    may_remove,
    missing,
    too_many,
    warning,
)

START = datetime(2026, 3, 10, 14, tzinfo=UTC)
FULL = Scrape(
    id=1, registry="ctgov", mode="full", since=None, state="running", job_id=7, started_at=START, ended_at=None,
    page_at=START, pages=2, requests=2, total=2000, records=2000, new=0, changed=0, unchanged=2000, refused=0,
    removed=0, reached_on=date(2026, 3, 9), error=None,
)  # fmt: skip
SINCE = replace(FULL, mode="incremental", since=date(2026, 3, 1))
ALL = Met(2000, 0)


@pytest.mark.parametrize(
    ("scrape", "before", "missed", "expected"),
    [
        (FULL, None, 0, date(2026, 3, 9)),
        (FULL, date(2026, 3, 1), 0, date(2026, 3, 9)),
        (FULL, None, 1, None),
        (replace(FULL, reached_on=date(2099, 1, 1)), None, 0, date(2026, 3, 10)),  # a date that is wrong at the source
        (replace(FULL, reached_on=None), None, 0, date(2026, 3, 10)),
        (SINCE, date(2026, 3, 3), 0, date(2026, 3, 9)),
        (SINCE, date(2026, 3, 1), 0, date(2026, 3, 9)),  # it begins where the others end
        (SINCE, date(2026, 2, 28), 0, None),  # a day lies between
        (SINCE, None, 0, None),  # of a registry that was never mirrored as a whole
        (SINCE, date(2026, 3, 3), 1, None),
        (replace(SINCE, reached_on=date(2026, 3, 2)), date(2026, 3, 3), 0, date(2026, 3, 3)),
        (replace(SINCE, reached_on=None), date(2026, 3, 3), 0, date(2026, 3, 3)),  # nothing had changed
    ],
)
def test_a_scrape_covers_what_lies_before_it_only_without_a_gap(
    scrape: Scrape, before: date | None, missed: int, expected: date | None
) -> None:
    assert covers_to(scrape, before, missed=missed) == expected


@pytest.mark.parametrize(
    ("scrape", "met", "expected"),
    [
        (FULL, ALL, 0),
        (FULL, Met(1999, 0), 1),
        (FULL, Met(2001, 0), 0),
        (replace(FULL, total=None), Met(5, 0), 0),
        (replace(FULL, missed=3), ALL, 3),
        (replace(FULL, missed=3), Met(1990, 0), 10),
    ],
)
def test_what_was_counted_and_not_met_is_missing(scrape: Scrape, met: Met, expected: int) -> None:
    assert missing(scrape, met) == expected


@pytest.mark.parametrize(
    ("scrape", "met", "expected"),
    [(FULL, ALL, True), (FULL, Met(1999, 0), False), (FULL, Met(2000, 1), False), (SINCE, ALL, False)],
)
def test_only_a_full_scrape_that_met_everything_by_its_number_may_mark(
    scrape: Scrape, met: Met, expected: bool
) -> None:
    assert may_remove(scrape, met) is expected


@pytest.mark.parametrize(
    ("vanished", "present", "expected"),
    [
        (0, 0, False), (1, 9, False), (25, 30, False), (26, 30, True), (25, 250, False), (26, 250, True),
        (30, 300, False), (31, 300, True), (1, 1, True), (25, 25, True),
    ],
)  # fmt: skip
def test_a_few_or_a_tenth_may_vanish_but_never_all(vanished: int, present: int, expected: bool) -> None:
    assert too_many(vanished, present) is expected


@pytest.mark.parametrize(
    ("scrape", "met", "gone", "words"),
    [
        (FULL, ALL, Removed(4), None),
        (SINCE, Met(2000, 3), None, None),
        (FULL, Met(1960, 0), None, "40 records that the source counted did not come, asked twice, so none"),
        (SINCE, Met(1960, 0), None, "40 records that the source counted did not come, asked twice; the next one"),
        (FULL, Met(2000, 3), None, "3 refused records have no readable number, so none"),
        (FULL, ALL, TooManyVanished(60, 300), "triald scrape ctgov --full --accept-removed"),
    ],
)
def test_a_scrape_that_could_not_do_everything_says_so(
    scrape: Scrape, met: Met, gone: Removed | TooManyVanished | None, words: str | None
) -> None:
    told = warning(scrape, met, gone)
    assert told == words if words is None else words in (told or "")
