"""Which register has which trial, and the truth that is written of it."""

import re
from collections import Counter
from itertools import combinations

import orjson
import pytest

from demo.ctgov_record import record
from demo.ctis_server import from_world as ctis
from demo.elsewhere import Trap, foreign, foreign_indexes, near
from demo.euctr_server import from_world as euctr
from demo.holdings import entries, holdings, truth_for
from demo.ictrp_server import from_world as ictrp
from demo.isrctn_server import from_world as isrctn
from demo.registers import ELSEWHERE, NATIONAL
from demo.telling import telling_of
from demo.truth import clusters, traps
from demo.world import World

WORLD = World(3_000)


def test_the_truth_holds_every_record_that_is_served_once() -> None:
    """N32: what the five servers show is what the written truth says."""
    told = Counter((one.registry, one.id) for cluster in clusters(WORLD) for one in cluster.records)
    assert set(told.values()) == {1}
    served = {("ctis", one.number) for one in ctis(WORLD).records}
    served |= {("euctr", one.number) for one in euctr(WORLD).records}
    served |= {("isrctn", one.number) for one in isrctn(WORLD).records}
    served |= {("ictrp", one.number) for one in ictrp(WORLD).records}
    assert {key for key in told if key[0] != "ctgov"} == served
    assert sum(registry == "ctgov" for registry, _ in told) == WORLD.trials


def test_many_trials_are_in_several_registers_and_some_only_elsewhere() -> None:
    found = list(clusters(WORLD))
    together = Counter(tuple(sorted({one.registry for one in cluster.records})) for cluster in found)
    assert sum(count for names, count in together.items() if len(names) > 1) > 300
    for name in ("ctis", "euctr", "isrctn", "ictrp"):
        assert together[("ctgov", name)] > 0
        assert together[(name,)] > 0
    assert any(len(cluster.records) > 2 for cluster in found)


def test_numbers_have_the_form_that_their_register_gives() -> None:
    patterns = {
        "drks": r"DRKS\d{8}",
        "chictr": r"ChiCTR\d{10}",
        "ctri": r"CTRI/20\d\d/\d\d/\d{6}",
        "actrn": r"ACTRN126\d{11}",
        "jprn": r"jRCTs\d{9}|UMIN0000\d{5}",
        "irct": r"IRCT20\d{12}N1",
        "cris": r"KCT00\d{5}",
        "ntr": r"NL\d{5}",
        "rebec": r"RBR-[2-9][2-9bcdfghjkmnp-tv-z]{5}",
        "tctr": r"TCTR20\d{9}",
        "pactr": r"PACTR20\d{13}",
    }
    held = holdings(WORLD)
    assert set(patterns) == {one.name for one in NATIONAL}
    for name, pattern in patterns.items():
        assert all(re.fullmatch(pattern, one.id) for one in held.get(name, ())), name


def test_records_of_clinicaltrials_gov_are_told_with_its_titles() -> None:
    for entry in holdings(WORLD)["isrctn"]:
        if entry.index < ELSEWHERE and truth_for(WORLD, entry.index).outline.status != "WITHHELD":
            named = orjson.loads(record(WORLD, entry.index))["protocolSection"]["identificationModule"]
            told = telling_of(WORLD, entry)
            assert (told.public, told.scientific) == (named["briefTitle"], named["officialTitle"])


def test_a_record_states_numbers_of_its_own_trial_and_in_a_trap_one_that_nobody_has() -> None:
    given = {one.id for index in range(WORLD.trials) for one in entries(WORLD, index)}
    stated, misleading = 0, 0
    for held in holdings(WORLD).values():
        for entry in held:
            own = {one.id for one in entries(WORLD, entry.index)}
            stated += bool(own & set(entry.states))
            for number in set(entry.states) - own:
                misleading += 1
                assert foreign(WORLD, entry.index).trap is Trap.NEAR_NUMBER
                assert number not in given
    assert stated > 100
    assert misleading > 0
    assert near("NCT08000123") == "NCT80001230"


@pytest.mark.parametrize("trap", list(Trap))
def test_traps_are_two_trials_that_look_like_one(trap: Trap) -> None:
    together = {one.id: cluster.trial for cluster in clusters(WORLD) for one in cluster.records}
    found = [one for one in traps(WORLD) if one.trap == trap]
    assert found
    for one in found:
        assert one.trial != one.like
        assert together.get(one.trial, one.trial) != together.get(one.like, one.like)


def test_an_umbrella_is_one_number_of_three_trials_and_a_same_title_has_another_phase() -> None:
    shared: Counter[str] = Counter()
    for index in foreign_indexes(WORLD):
        found = foreign(WORLD, index)
        if found.like is None:
            continue
        other = truth_for(WORLD, found.like)
        if found.trap is Trap.UMBRELLA:
            assert (found.truth.code, found.truth.sponsor) == (other.code, other.sponsor)
            shared[found.truth.code] += 1
        if found.trap is Trap.OTHER_PHASE:
            assert found.truth.phases != other.phases
            assert found.truth.treatments == other.treatments
    assert max(shared.values()) == 2


def test_records_change_on_other_days_and_their_date_tells_it() -> None:
    before = {one.number: one for one in isrctn(WORLD).records}
    after = {one.number: one for one in isrctn(WORLD).on(20).records}
    changed = [number for number in before if number in after and before[number].body() != after[number].body()]
    assert changed
    for number in changed:
        assert after[number].edited > before[number].edited
    assert all(a <= b for a, b in combinations(sorted(before), 2))
