"""What each way says of the alerts that go on: decided, as tables."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from actors.notices.alerts.silence import Silence
from actors.notices.alerts.telling import CHANNELS, SEVERITIES, Episode, Rule, Told, Ways, decide

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
RULE = Rule()
EVERYWHERE = Ways(dict.fromkeys(SEVERITIES, frozenset(CHANNELS)), frozenset(CHANNELS))
MAIL = Ways(EVERYWHERE.routes, frozenset({"mail"}))
PAGER = Ways(EVERYWHERE.routes, frozenset({"pagerduty"}))


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def episode(number: int = 1, *, since_s: float = 60, **more: object) -> Episode:
    fresh = Episode(number, "disk_full", "/data", "critical", "91 % of the disk is in use", ago(since_s))
    return replace(fresh, **more)  # type: ignore[arg-type]


def silence(**more: object) -> Silence:
    made = Silence(1, None, None, "critical", "works", "eve", ago(600), NOW + timedelta(hours=1))
    return replace(made, **more)  # type: ignore[arg-type]


def said(*episodes: Episode, ways: Ways = MAIL, silences: tuple[Silence, ...] = ()) -> list[tuple[str, list[str]]]:
    sends = decide(episodes, silences, ways, RULE, NOW).sends
    return [(channel, [f"{item.what} {item.episode.id}" for item in items]) for channel, items in sends]


@pytest.mark.parametrize(
    ("since_s", "expected"), [(29.9, []), (30, [("mail", ["opened 1"])]), (9000, [("mail", ["opened 1"])])]
)
def test_an_alert_is_told_once_others_had_time_to_join_it(since_s: float, expected: list[object]) -> None:
    """N24: grouping."""
    assert said(episode(since_s=since_s)) == expected


def test_one_mail_lists_what_opened_within_the_window_and_a_pager_hears_of_each() -> None:
    """N24: one notice a window; PagerDuty groups by itself."""
    three = (episode(1, since_s=31), episode(2, since_s=20), episode(3, since_s=1))
    assert said(*three) == [("mail", ["opened 1", "opened 2", "opened 3"])]
    assert said(*three, ways=PAGER) == [("pagerduty", [f"opened {n}"]) for n in (1, 2, 3)]


def test_what_was_told_is_not_told_again_before_it_is_time_for_a_reminder() -> None:
    """N24: one notice an episode; a reminder each four hours while nobody has acknowledged it."""
    for last_s, expected in ((60.0, []), (14_399.0, []), (14_400.0, [("mail", ["repeated 1"])])):
        assert said(episode(since_s=99_999, told={"mail": Told(ago(last_s))})) == expected
    assert said(episode(told={"pagerduty": Told(ago(99_999))}), ways=PAGER) == []
    reminded = decide([episode(told={"mail": Told(ago(99_999), 4)})], (), MAIL, RULE, NOW)
    assert reminded.sends[0][1][0].number == 5


def test_acknowledging_stops_mails_and_is_told_to_the_pager_once() -> None:
    """G13, N24."""
    seen: dict[str, Any] = {"acknowledged_at": ago(5), "acknowledged_by": "eve"}
    assert said(episode(**seen), ways=EVERYWHERE) == []  # before anybody was told: nobody need be
    told = dict.fromkeys(CHANNELS, Told(ago(99_999)))
    assert said(episode(told=told, **seen), ways=EVERYWHERE) == [
        ("pagerduty", ["acknowledged 1"]), ("webhooks", ["acknowledged 1"]),
    ]  # fmt: skip
    heard = dict.fromkeys(CHANNELS, Told(ago(99_999), 0, True))
    assert said(episode(told=heard, **seen), ways=EVERYWHERE) == []


@pytest.mark.parametrize(("closed_s", "ended"), [(0, ()), (299, ()), (300, ()), (329, ()), (330, (1,)), (9000, (1,))])
def test_an_episode_is_over_once_it_was_closed_for_minutes(closed_s: float, ended: tuple[int, ...]) -> None:
    """N24: flapping: who was told that it is over would not be told that it is not."""
    one = episode(since_s=10_000, closed_at=ago(closed_s), told={"mail": Told(ago(9000))})
    decided = decide([one], (), MAIL, RULE, NOW)
    assert decided.ended == ended
    assert bool(decided.sends) == bool(ended)


def test_what_ends_together_is_told_together() -> None:
    """N24: grouping."""
    told = {"mail": Told(ago(9000))}
    two = (episode(1, closed_at=ago(331), told=told), episode(2, closed_at=ago(301), told=told))
    assert said(*two) == [("mail", ["closed 1", "closed 2"])]


def test_who_was_not_told_of_the_beginning_is_not_told_of_the_end() -> None:
    """N24: an alert that closed while others were gathered is on the page, and wakes nobody."""
    decided = decide([episode(closed_at=ago(331))], (), EVERYWHERE, RULE, NOW)
    assert (decided.sends, decided.ended) == ((), (1,))
    assert said(episode(closed_at=ago(1))) == []


def test_a_silence_keeps_back_what_begins_and_reminders_and_not_the_end() -> None:
    """N24: and what still lasts when it ends is told."""
    assert said(episode(), silences=(silence(),)) == []
    assert said(episode(told={"mail": Told(ago(99_999))}), silences=(silence(),)) == []
    over = episode(closed_at=ago(331), told={"mail": Told(ago(9000))})
    assert said(over, silences=(silence(),)) == [("mail", ["closed 1"])]
    for ended in (silence(until_at=NOW), silence(ended_at=ago(1))):
        assert said(episode(), silences=(ended,)) == [("mail", ["opened 1"])]


@pytest.mark.parametrize(
    ("matcher", "matches"),
    [
        ({"name": "disk_full"}, True), ({"name": "disk"}, False), ({"name": "disk*"}, True), ({"name": "*"}, True),
        ({"subject": "/data"}, True), ({"subject": "/da"}, False), ({"subject": "*ta"}, True),
        ({"subject": "/.ata"}, False),
        ({"severity": "critical"}, True), ({"severity": "high"}, False),
        ({"name": "disk_full", "severity": "low"}, False), ({"name": "disk_full", "subject": "/data"}, True),
    ],
)  # fmt: skip
def test_a_silence_matches_by_name_subject_and_severity(matcher: dict[str, str], matches: bool) -> None:
    """N24: all that it names must fit; * stands for anything, and nothing else does."""
    one = replace(silence(severity=None), **matcher)  # type: ignore[arg-type]
    assert one.matches(name="disk_full", subject="/data", severity="critical") is matches


def test_routes_say_which_severity_goes_by_which_way() -> None:
    """N24."""
    ways = Ways({"critical": frozenset({"pagerduty", "mail"}), "low": frozenset()}, frozenset({"mail"}))
    assert said(episode(), episode(2, severity="low"), episode(3, severity="high"), ways=ways) == [
        ("mail", ["opened 1"])
    ]
