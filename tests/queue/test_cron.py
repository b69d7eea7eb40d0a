"""When schedules are due, in their own time zones."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from actors.errors import Refusal
from actors.queue import cron
from actors.queue.cron import MOST_MISSED, Due, Missed

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def times(expression: str, zone: str, start: str, count: int) -> list[str]:
    found, moment = [], utc(start)
    for _ in range(count):
        moment = cron.next_after(expression, zone, moment)
        found.append(f"{moment:%Y-%m-%d %H:%M}")
    return found


# ── what is no schedule ──


@pytest.mark.parametrize(
    ("expression", "zone", "message"),
    [
        ("", "UTC", r"^cron: expected five fields"),
        ("* * * *", "UTC", r"^cron: expected five fields"),
        ("0 * * * * *", "UTC", r"^cron: expected five fields"),
        ("60 * * * *", "UTC", r"^cron: .*minute"),
        ("* 24 * * *", "UTC", r"^cron: .*hour"),
        ("* * 0 * *", "UTC", r"^cron: .*day-of-month"),
        ("* * * 13 *", "UTC", r"^cron: .*month"),
        ("* * * * 8", "UTC", r"^cron: .*day-of-week"),
        ("*/0 * * * *", "UTC", r"^cron: .*minute"),
        ("5-1 * * * *", "UTC", r"^cron: .*minute"),
        ("x * * * *", "UTC", r"^cron: .*minute"),
        ("0 2 30 2 *", "UTC", r"^cron: .*(never comes|day-of-month)"),
        ("0 2 31 4,6,9,11 *", "UTC", r"^cron: .*(never comes|day-of-month)"),
        ("0 2 */30 2 MON#5", "UTC", r"^cron: '0 2 \*/30 2 MON#5' never comes"),
        ("0 2 * * *", "Mars/Base", r"^zone: .*'Mars/Base'"),
        ("0 2 * * *", "", r"^zone: "),
        ("0 2 * * *", "../../etc/passwd", r"^zone: "),
        ("0 2 * * *", "Europe", r"^zone: "),
    ],
)
def test_what_is_no_schedule_is_refused_by_the_name_of_its_field(expression: str, zone: str, message: str) -> None:
    with pytest.raises(Refusal, match=message):
        cron.check(expression, zone)
    with pytest.raises(Refusal, match=r"^(cron|zone): "):
        cron.next_after(expression, zone, utc("2026-01-01"))
    with pytest.raises(Refusal, match=r"^(cron|zone): "):
        cron.due(expression, zone, next_due_at=utc("2026-01-01"), now=utc("2026-01-02"), missed="once")


@pytest.mark.parametrize("expression", ["* * * * *", "0 2 29 2 *", "*/5 8-18 * * MON-FRI", "0 2 L * *", "0 2 * * 7"])
def test_what_comes_however_rarely_is_a_schedule(expression: str) -> None:
    cron.check(expression, BERLIN)


# ── both changes of the clock ──


@pytest.mark.parametrize(
    ("expression", "zone", "start", "expected"),
    [
        # 29 March 2026, 02:00 → 03:00 in Berlin; 8 March 2026, 02:00 → 03:00 in New York
        ("30 2 * * *", BERLIN, "2026-03-28 00:00", ["2026-03-28 01:30", "2026-03-29 01:00", "2026-03-30 00:30"]),
        ("30 2 * * *", NEW_YORK, "2026-03-07 00:00", ["2026-03-07 07:30", "2026-03-08 07:00", "2026-03-09 06:30"]),
        ("0 2 * * *", BERLIN, "2026-03-28 00:00", ["2026-03-28 01:00", "2026-03-29 01:00", "2026-03-30 00:00"]),
        # 25 October 2026, 03:00 → 02:00 in Berlin; 1 November 2026, 02:00 → 01:00 in New York
        ("30 2 * * *", BERLIN, "2026-10-24 00:00", ["2026-10-24 00:30", "2026-10-25 00:30", "2026-10-26 01:30"]),
        ("30 1 * * *", NEW_YORK, "2026-10-31 00:00", ["2026-10-31 05:30", "2026-11-01 05:30", "2026-11-02 06:30"]),
        # by the hour: each hour that passes, the doubled one twice
        ("0 * * * *", BERLIN, "2026-03-29 00:00", ["2026-03-29 01:00", "2026-03-29 02:00"]),
        ("0 * * * *", BERLIN, "2026-10-24 23:00", ["2026-10-25 00:00", "2026-10-25 01:00", "2026-10-25 02:00"]),
        ("*/30 * * * *", NEW_YORK, "2026-11-01 05:00", ["2026-11-01 05:30", "2026-11-01 06:00", "2026-11-01 06:30"]),
        ("0 2 * * *", "UTC", "2026-03-28 00:00", ["2026-03-28 02:00", "2026-03-29 02:00"]),
        ("0 0 * * *", "Asia/Kathmandu", "2026-01-01 00:00", ["2026-01-01 18:15", "2026-01-02 18:15"]),
    ],
)
def test_both_changes_of_the_clock(expression: str, zone: str, start: str, expected: list[str]) -> None:
    """A time that is skipped fires at once after the gap, one that comes twice fires once."""
    assert times(expression, zone, start, len(expected)) == expected


@given(
    day=st.dates(datetime(2020, 1, 1).date(), datetime(2035, 1, 1).date()),
    hour=st.integers(0, 23), minute=st.integers(0, 59), zone=st.sampled_from([BERLIN, NEW_YORK, "Australia/Lord_Howe"]),
)  # fmt: skip
def test_a_daily_schedule_fires_once_on_each_day_of_its_zone(day: datetime, hour: int, minute: int, zone: str) -> None:
    start = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC) - timedelta(seconds=1)
    expression, found = f"{minute} {hour} * * *", []
    for _ in range(4):
        start = cron.next_after(expression, zone, start)
        found.append(start.astimezone(ZoneInfo(zone)).date())
    assert all(after - before == timedelta(days=1) for before, after in pairwise(found))


# ── late, missed, early ──

DAILY = "0 2 * * *"


@pytest.mark.parametrize(
    ("missed", "late_s", "fires", "misses"),
    [
        ("skip", 0, 1, 0),
        ("skip", 60, 1, 0),
        ("skip", 61, 0, 1),
        ("once", 0, 1, 0),
        ("once", 60, 1, 0),
        ("once", 61, 1, 0),
        ("all", 61, 1, 0),
        ("skip", 3 * 86400, 1, 3),
        ("once", 3 * 86400, 1, 3),
        ("all", 3 * 86400, 4, 0),
        ("skip", 3 * 86400 + 61, 0, 4),
        ("once", 3 * 86400 + 61, 1, 3),
        ("all", 3 * 86400 + 61, 4, 0),
    ],
)
def test_what_was_missed_is_left_out_or_made_up_for_as_asked(
    missed: Missed, late_s: int, fires: int, misses: int
) -> None:
    due_at = utc("2026-05-01 02:00")
    due = cron.due(DAILY, "UTC", next_due_at=due_at, now=due_at + timedelta(seconds=late_s), missed=missed)
    assert (len(due.fire), len(due.missed)) == (fires, misses)
    assert due.next_at == due_at + timedelta(days=late_s // 86400 + 1)
    assert sorted({*due.fire, *due.missed}) == [due_at + timedelta(days=n) for n in range(fires + misses)]


def test_once_makes_up_by_the_latest() -> None:
    due = cron.due(DAILY, "UTC", next_due_at=utc("2026-05-01 02:00"), now=utc("2026-05-04 07:00"), missed="once")
    assert due.fire == (utc("2026-05-04 02:00"),)
    assert due.missed == tuple(utc(f"2026-05-0{day} 02:00") for day in (1, 2, 3))


@pytest.mark.parametrize("missed", ["skip", "once", "all"])
def test_a_clock_that_went_back_fires_nothing(missed: Missed) -> None:
    due_at = utc("2026-05-02 02:00")
    due = cron.due(DAILY, "UTC", next_due_at=due_at, now=utc("2026-05-01 12:00"), missed=missed)
    assert due == Due((), (), due_at)


def test_after_a_long_absence_the_latest_firings_are_looked_back_over_and_no_more() -> None:
    began, now = utc("2026-01-01 00:00"), utc("2026-01-03 00:00:30")
    minutes = {missed: cron.due("* * * * *", "UTC", next_due_at=began, now=now, missed=missed) for missed in MISSED}
    latest = utc("2026-01-03 00:00")
    assert minutes["skip"].fire == (latest,)
    assert minutes["once"].fire == (latest,)
    assert len(minutes["all"].fire) == MOST_MISSED
    assert minutes["all"].fire[-1] == latest
    assert minutes["all"].fire == tuple(sorted(minutes["all"].fire))
    assert minutes["once"].next_at == utc("2026-01-03 00:01")


MISSED: tuple[Missed, ...] = ("skip", "once", "all")


@pytest.mark.parametrize(
    ("due_at", "now", "fired"),
    [
        ("2026-03-28 01:30", "2026-03-30 12:00", ["2026-03-28 01:30", "2026-03-29 01:00", "2026-03-30 00:30"]),
        ("2026-10-24 00:30", "2026-10-26 12:00", ["2026-10-24 00:30", "2026-10-25 00:30", "2026-10-26 01:30"]),
    ],
)
def test_what_was_missed_over_a_change_of_the_clock_is_made_up_for(due_at: str, now: str, fired: list[str]) -> None:
    due = cron.due("30 2 * * *", BERLIN, next_due_at=utc(due_at), now=utc(now), missed="all")
    assert [f"{moment:%Y-%m-%d %H:%M}" for moment in due.fire] == fired


@settings(max_examples=50)
@given(
    day=st.sampled_from(["2026-03-07", "2026-03-28", "2026-10-24", "2026-10-31", "2026-12-31"]),
    minute=st.integers(0, 2880), minutes=st.integers(0, 4000),
    expression=st.sampled_from(["*/20 * * * *", "30 2 * * *", "15 1-3 * * *", "0 * * * *", "0 12 * * SUN"]),
    zone=st.sampled_from([BERLIN, NEW_YORK, "UTC"]),
)  # fmt: skip
@example(day="2026-10-24", minute=75, minutes=210, expression="15 1-3 * * *", zone=BERLIN)
def test_no_firing_is_lost_between_two_looks_and_none_comes_twice(
    day: str, minute: int, minutes: int, expression: str, zone: str
) -> None:
    """However a stretch of time is cut into looks, the same firings come of it."""
    first = cron.next_after(expression, zone, utc(day) + timedelta(minutes=minute))
    end = first + timedelta(minutes=minutes)
    at_once = cron.due(expression, zone, next_due_at=first, now=end, missed="all").fire
    middle = first + timedelta(minutes=minutes // 2)
    before = cron.due(expression, zone, next_due_at=first, now=middle, missed="all")
    after = cron.due(expression, zone, next_due_at=before.next_at, now=end, missed="all")
    assert (*before.fire, *after.fire)[-MOST_MISSED:] == at_once
