"""Records of one trial from all pairs together: whatever the order, never two numbers of one register unasked."""

import random
from collections.abc import Iterable, Sequence
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.trials.clusters import Clusters, Decided, Kind, Link, Member, cluster
from actors.trials.comparable import Record, own_number
from actors.trials.dedupe import Decision, Type, Verdict
from actors.trials.pairs import pairs

NCT1, NCT2, NCT3 = "NCT00000101", "NCT00000102", "NCT00000103"
ISRCTN, DRKS, UMIN, JRCT = "ISRCTN83971151", "DRKS00021300", "JPRN-UMIN000039686", "JPRN-jRCTs031180183"
DE, FR, OTHER = "EUCTR2020-001209-22-DE", "EUCTR2020-001209-22-FR", "EUCTR2020-001366-11-DE"
ORDERS = 20
LEAST: tuple[tuple[Type, float], ...] = (("exact", 0.95), ("fuzzy", 0.9), ("probable", 0.85), ("possible", 0.5))


def record(number: str) -> Record:
    return Record("made", number)


def members(numbers: Iterable[str]) -> list[Member]:
    return [Member(record(number), *own_number("made", number)) for number in numbers]


def link(a: str, b: str, kind: Kind = "text", value: float = 0.99) -> Link:
    """As `dedupe.score` would find it."""
    type_ = next((name for name, least in LEAST if value >= least), None)
    decision: Decision = "automatic" if value >= 0.95 else "review"
    return Link(record(a), record(b), kind, value, type_, decision)


def found(
    links: Sequence[Link], decided: Sequence[Decided] = (), numbers: Iterable[str] = ()
) -> tuple[list[set[str]], list[set[str]], Clusters]:
    """Merged and proposed clusters by their numbers; in every order the same."""
    named = {one.id for link in links for one in (link.a, link.b)} | set(numbers)
    named |= {one.id for item in decided for one in (item.a, item.b)}
    every = members(sorted(named))
    first = cluster(every, links, decided)
    for seed in range(ORDERS):
        dice = random.Random(seed)  # noqa: S311 - no secret
        shuffled = [list(every), list(links), list(decided)]
        for one in shuffled:
            dice.shuffle(one)  # type: ignore[arg-type]
        assert cluster(*shuffled) == first  # type: ignore[arg-type]
    as_sets = [[{one.id for one in group} for group in groups] for groups in (first.merged, first.proposed)]
    return as_sets[0], as_sets[1], first


def said(a: str, b: str, verdict: Verdict, at: int = 0) -> Decided:
    return Decided(record(a), record(b), verdict, at)


def test_what_hangs_together_is_one_cluster() -> None:
    """Results equal for 20 orders of import."""
    merged, proposed, all_ = found([link(NCT1, ISRCTN, "number"), link(ISRCTN, DRKS, "number"), link(UMIN, JRCT)])
    assert merged == proposed == [{NCT1, ISRCTN, DRKS}, {UMIN, JRCT}]
    assert all_.held == ()


def test_country_records_are_folded_whatever_they_are_linked_with() -> None:
    """N03: EUCTR-…-DE and -FR are one trial."""
    merged, _, _ = found([link(DE, FR, "same", 1.0), link(FR, NCT1)])
    assert merged == [{DE, FR, NCT1}]


def test_an_obsolete_number_is_of_the_same_trial_though_both_are_of_one_register() -> None:
    merged, _, _ = found([link(NCT1, NCT2, "same", 1.0), link(NCT2, ISRCTN, "number")])
    assert merged == [{NCT1, NCT2, ISRCTN}]


@pytest.mark.parametrize("kind", ["number", "numbers", "text"])
def test_two_numbers_of_one_register_never_join_unasked(kind: Kind) -> None:
    """N03: a conflict goes to review, and is not merged."""
    merged, _, all_ = found([link(NCT1, ISRCTN, kind), link(NCT2, ISRCTN, kind)])
    assert merged == []
    assert [(one.link.a.id, one.link.b.id) for one in all_.held] == [(ISRCTN, NCT1), (ISRCTN, NCT2)]
    assert "two numbers of the register nct" in all_.held[0].because


def test_two_eudract_numbers_never_join_unasked() -> None:
    merged, _, all_ = found([link(DE, FR, "same", 1.0), link(FR, NCT1, "number"), link(OTHER, NCT1, "number")])
    assert merged == [{DE, FR}]
    assert len(all_.held) == 2


def test_a_conflict_far_away_in_a_chain_is_seen() -> None:
    """OpenTrials: 14 trials became one through a number that each shared with the next."""
    chain = [NCT1, ISRCTN, DRKS, UMIN, NCT2]
    merged, _, all_ = found([link(a, b, "number") for a, b in pairwise(chain)])
    assert merged == []
    assert len(all_.held) == 4


def test_what_hangs_on_a_conflict_by_one_number_and_is_at_odds_with_nothing_stays() -> None:
    links = [link(NCT1, ISRCTN, "number"), link(NCT2, ISRCTN, "number"), link(NCT1, DRKS, "number")]
    merged, _, all_ = found(links)
    assert merged == [{DRKS, NCT1}]
    assert len(all_.held) == 2


def test_two_registers_of_japan_are_two_registers() -> None:
    merged, _, _ = found([link(UMIN, JRCT), link(UMIN, NCT1)])
    assert merged == [{UMIN, JRCT, NCT1}]


def test_two_records_that_name_each_other_outweigh_one_that_names_another() -> None:
    merged, _, all_ = found([link(NCT1, ISRCTN, "numbers"), link(NCT2, ISRCTN, "number")])
    assert merged == [{ISRCTN, NCT1}]
    assert [one.link.a.id for one in all_.held] == [ISRCTN]


def test_a_number_that_texts_support_outweighs_one_that_they_do_not() -> None:
    merged, _, _ = found([link(NCT1, ISRCTN, "number", 0.999), link(NCT2, ISRCTN, "number", 0.96)])
    assert merged == [{ISRCTN, NCT1}]


def test_text_yields_to_numbers() -> None:
    merged, _, all_ = found([link(NCT1, ISRCTN, "number", 0.96), link(NCT2, ISRCTN, "text", 1.0)])
    assert merged == [{ISRCTN, NCT1}]
    assert [one.link.b.id for one in all_.held] == [NCT2]


def test_text_merges_nothing_where_a_weaker_likeness_leaves_a_doubt() -> None:
    """Sister trials: each would find a brother."""
    merged, proposed, all_ = found([link(NCT1, DE, value=0.99), link(NCT2, DE, value=0.86)])
    assert merged == []
    assert proposed == [{DE, NCT1}]
    assert len(all_.held) == 1
    merged, _, _ = found([link(NCT1, DE, value=0.99), link(NCT2, DE, value=0.84)])
    assert merged == [{DE, NCT1}]


def test_an_umbrella_protocol_merges_nothing_and_keeps_its_trials_apart() -> None:
    """One protocol in many countries: each record is alike to each, and nobody is merged."""
    group = [ISRCTN, DRKS, DE, OTHER, NCT1, NCT2, "CTRI/2020/04/024773", "LBCTR2020043495"]
    alike = [link(a, b, value=0.97) for a, b in combinations(group, 2) if own_number("", a)[0] != own_number("", b)[0]]
    merged, proposed, _ = found(alike)
    assert merged == []
    registers = [[own_number("", number)[0] for number in one] for one in proposed]
    assert all(len(set(one)) == len(one) for one in registers)


def test_the_best_match_is_proposed_and_a_tie_is_broken_by_name() -> None:
    _, proposed, _ = found([link(NCT1, DE, value=0.87), link(NCT2, DE, value=0.88)])
    assert proposed == [{DE, NCT2}]
    _, proposed, _ = found([link(NCT1, DE, value=0.88), link(NCT2, DE, value=0.88)])
    assert proposed == [{DE, NCT1}]


# ── decisions ──


def test_what_a_reviewer_confirmed_joins_even_two_numbers_of_one_register() -> None:
    """N04: confirm."""
    merged, _, all_ = found([link(NCT1, ISRCTN, "number"), link(NCT2, ISRCTN, "number")], [said(NCT1, NCT2, "same")])
    assert merged == [{ISRCTN, NCT1, NCT2}]
    assert all_.held == ()


def test_what_a_reviewer_parted_stays_apart_whatever_joins_it() -> None:
    """N04: split; it survives every run and every detour."""
    parted = [said(NCT1, ISRCTN, "different")]
    merged, proposed, all_ = found([link(NCT1, ISRCTN, "numbers", 1.0)], parted)
    assert merged == proposed == []
    assert all_.held[0].because == "a reviewer said that two of them are two trials"
    merged, proposed, _ = found([link(NCT1, DRKS, "number"), link(DRKS, ISRCTN, "number")], parted)
    assert merged == []
    assert not any({NCT1, ISRCTN} <= one for one in proposed)


def test_country_records_can_be_parted_too() -> None:
    merged, _, _ = found([link(DE, FR, "same", 1.0)], [said(DE, FR, "different")])
    assert merged == []


def test_the_later_of_two_decisions_holds() -> None:
    """N04: undo."""
    both = [said(NCT1, ISRCTN, "same", at=1), said(NCT1, ISRCTN, "different", at=2)]
    assert found([], both)[0] == []
    both = [said(NCT1, ISRCTN, "same", at=3), said(NCT1, ISRCTN, "different", at=2)]
    assert found([], both)[0] == [{ISRCTN, NCT1}]


def test_a_confirmed_chain_stops_before_what_was_parted_later() -> None:
    decided = [said(NCT1, DRKS, "same", 1), said(DRKS, ISRCTN, "same", 2), said(NCT1, ISRCTN, "different", 3)]
    assert found([], decided)[0] == [{DRKS, ISRCTN}]


def test_what_is_said_of_records_that_are_not_there_is_passed_over() -> None:
    clusters = cluster(members([NCT1, ISRCTN]), [link(NCT1, DRKS)], [said(NCT1, UMIN, "same")])
    assert clusters == Clusters((), (), ())


_NUMBERS = (NCT1, NCT2, NCT3, ISRCTN, DRKS, UMIN, JRCT, DE, FR, OTHER)
_TWO = st.sampled_from(list(combinations(_NUMBERS, 2)))
_LINKS = st.lists(
    st.builds(
        lambda two, kind, value: link(two[0], two[1], kind, value),
        _TWO,
        st.sampled_from(["numbers", "number", "text"]),
        st.sampled_from([0.6, 0.86, 0.95, 0.96, 0.99, 0.995]),
    ),
    max_size=14,
    unique_by=lambda one: (one.a, one.b),
)


@settings(max_examples=150)
@given(
    _LINKS,
    st.lists(
        st.builds(
            lambda two, verdict, at: said(two[0], two[1], verdict, at),
            _TWO,
            st.sampled_from(["same", "different"]),
            st.integers(0, 50),
        ),
        max_size=3,
        unique_by=lambda one: one.at,
    ),
)
def test_whatever_is_linked_and_decided(links: list[Link], decided: list[Decided]) -> None:
    """No cluster has two trials of a register that no reviewer joined, nor two records that one parted last."""
    merged, proposed, _ = found(links, decided, _NUMBERS)
    joined = {number for one in decided if one.verdict == "same" for number in (one.a.id, one.b.id)}
    for group in (*merged, *proposed):
        trials = {own_number("", number) for number in group - joined}
        assert len({register for register, _ in trials}) == len(trials)
    last = max(decided, key=lambda one: one.at, default=None)
    if last and last.verdict == "different":
        assert not any({last.a.id, last.b.id} <= group for group in (*merged, *proposed))
    if last and last.verdict == "same":
        assert any({last.a.id, last.b.id} <= group for group in merged)
    assert all(any(group <= wider for wider in proposed) for group in merged)


# ── every pair ──


def test_a_pair_that_follows_is_as_sure_as_the_weaker_of_its_links() -> None:
    links = [link(NCT1, ISRCTN, "number", 0.99), link(ISRCTN, DRKS, "number", 0.96), link(NCT1, DRKS, value=0.3)]
    _, _, all_ = found(links)
    listed = {(pair.a.id, pair.b.id): pair for pair in pairs(all_, links)}
    assert set(listed) == {(ISRCTN, NCT1), (DRKS, ISRCTN), (DRKS, NCT1)}
    follows = listed[DRKS, NCT1]
    assert (follows.value, follows.type, follows.decision) == (0.96, "exact", "automatic")
    assert follows.through == (record(DRKS), record(ISRCTN))
    assert listed[ISRCTN, NCT1].through is None


def test_a_pair_says_what_became_of_it() -> None:
    links = [
        link(NCT1, ISRCTN, "number"),
        link(NCT2, ISRCTN, "number"),
        link(UMIN, JRCT, value=0.6),
        link(DRKS, NCT3, value=0.2),
    ]
    _, _, all_ = found(links)
    assert {(pair.a.id, pair.b.id): (pair.type, pair.decision) for pair in pairs(all_, links)} == {
        (ISRCTN, NCT1): ("exact", "review"),
        (ISRCTN, NCT2): ("exact", "review"),
        (UMIN, JRCT): ("possible", "review"),
    }
