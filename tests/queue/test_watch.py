"""Who is dead: told by counts of beats, on one clock."""

from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from actors.queue.watch import AWAY, Watch, look

EVERY_S, DEAD_AFTER_S = 2.0, 10.0
ONE, TWO = uuid4(), uuid4()


class Observer:
    """Looks with the limits of the service, keeping its watch between looks."""

    def __init__(self, at_s: float = 0.0) -> None:
        self.watch = Watch(at_s, {})

    def look(self, at_s: float, **counts: int) -> list[UUID]:
        beats = {{"one": ONE, "two": TWO}[name]: count for name, count in counts.items()}
        self.watch, dead = look(self.watch, beats, now_s=at_s, every_s=EVERY_S, dead_after_s=DEAD_AFTER_S)
        return dead


def test_whose_count_stands_still_for_ten_seconds_is_dead() -> None:
    observer = Observer()
    assert [observer.look(at_s, one=5) for at_s in (2, 4, 6, 8, 10)] == [[]] * 5
    assert observer.look(11.9, one=5) == []
    assert observer.look(12.0, one=5) == [ONE]
    assert observer.look(14.0, one=5) == [ONE]


def test_a_count_that_moves_is_life_also_when_it_moves_back() -> None:
    observer = Observer()
    for at_s, count in ((2, 5), (6, 5), (10, 6), (14, 6), (18, 6), (19.9, 6)):
        assert observer.look(at_s, one=count) == []
    assert observer.look(20, one=6) == [ONE]
    assert observer.look(22, one=1) == []


def test_only_the_silent_one_is_dead() -> None:
    observer = Observer()
    deaths = [observer.look(2.0 * n, one=n, two=0) for n in range(1, 7)]
    assert deaths == [[], [], [], [], [], [TWO]]


def test_who_looked_away_itself_starts_counting_afresh() -> None:
    observer = Observer()
    for at_s in (2, 4, 6, 8):
        observer.look(at_s, one=5)
    woke_at_s = 8 + AWAY * EVERY_S + 100
    assert observer.look(woke_at_s, one=5) == []
    assert observer.look(woke_at_s + 6, one=5) == []
    assert observer.look(woke_at_s + 10, one=5) == [ONE]


def test_a_look_that_is_a_little_late_changes_nothing() -> None:
    observer = Observer()
    observer.look(2, one=5)
    observer.look(2 + AWAY * EVERY_S, one=5)
    assert observer.look(12, one=5) == [ONE]


def test_who_is_gone_from_the_table_is_forgotten() -> None:
    observer = Observer()
    observer.look(2, one=5)
    observer.look(4)
    assert observer.look(6, one=5) == []
    assert observer.look(12, one=5) == []
    assert observer.look(16, one=5) == [ONE]


@given(start_s=st.floats(-1e9, 1e9))
def test_where_the_clock_starts_makes_no_difference(start_s: float) -> None:
    observer = Observer(start_s)
    observer.look(start_s + 2, one=5)
    for n in range(3, 11):
        assert observer.look(start_s + n, one=5) == []
    assert observer.look(start_s + 12.5, one=5) == [ONE]
