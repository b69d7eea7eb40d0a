"""Which pairs are worth a comparison, and which records a number joins."""

import random
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.trials.blocking import LARGEST, SMALL, Blocks, block_keys, code_pairs, count_words, rare_words
from actors.trials.comparable import Comparable, Record
from actors.trials.identity import Claim, RegistryId
from actors.trials.shared_numbers import MANY, UMBRELLA, Shared, shared_numbers
from tests.trials.comparables import RARE, TITLE, made

NCT, OTHER_NCT, ISRCTN, DRKS = "NCT00000101", "NCT00000102", "ISRCTN83971151", "DRKS00021300"
DE, FR = "EUCTR2020-001209-22-DE", "EUCTR2020-001209-22-FR"


# ── by words ──


def test_the_rarest_words_are_taken_from_each_title_by_itself() -> None:
    """An Italian title, each word of which is rare, does not crowd out the English one beside it."""
    italian = "Studio multicentrico aperto per valutare efficacia della somministrazione precoce"
    one = made(ISRCTN, titles=(TITLE, italian))
    assert {"zalutumab", "multicentrico"} <= set(rare_words(one, RARE))
    assert "zalutumab" in rare_words(made(NCT), RARE)
    assert rare_words(made(NCT, titles=()), RARE) == ()


def test_a_key_stands_for_two_words_whatever_their_order_and_the_process() -> None:
    assert block_keys(["zalutumab", "heart"]) == block_keys(["heart", "zalutumab"]) == [5_177_542_407_908_803_558]
    assert len(block_keys(["a", "b", "c", "d"])) == 6
    assert block_keys(["a"]) == []


def chosen(*records: tuple[str, str]) -> list[tuple[int, int]]:
    """The pairs of records of (register, words)."""
    blocks = Blocks()
    for register, words in records:
        blocks.add(register, words.split())
    return list(blocks.pairs())


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([("nct", "a b c"), ("isrctn", "a b x")], [(0, 1)]),
        ([("nct", "a b c"), ("isrctn", "a x y")], []),  # one word is not enough
        ([("nct", "a b c"), ("nct", "a b c")], []),  # of one register: sister trials
        ([("nct", "a b"), ("drks", "a b"), ("ctri", "a b")], [(0, 1), (0, 2), (1, 2)]),
        ([], []),
    ],
)
def test_two_records_of_different_registers_that_share_two_rare_words(
    records: list[tuple[str, str]], expected: list[tuple[int, int]]
) -> None:
    assert chosen(*records) == expected


def test_two_words_that_several_share_are_not_enough_but_three_are() -> None:
    few = [(f"r{at}", f"a b own{at}") for at in range(SMALL)]
    assert len(chosen(*few)) == SMALL * (SMALL - 1) // 2
    several = [(f"r{at}", f"a b own{at}") for at in range(SMALL + 1)]
    assert chosen(*several) == []
    assert chosen(*several, ("x", "a b c d"), ("y", "a b c e")) == [(SMALL + 1, SMALL + 2)]


def test_words_that_very_many_share_choose_nobody() -> None:
    assert len(chosen(*[(f"r{at}", "a b c") for at in range(LARGEST)])) == LARGEST * (LARGEST - 1) // 2
    assert chosen(*[(f"r{at}", "a b c") for at in range(LARGEST + 1)]) == []


@given(
    st.lists(
        st.tuples(st.sampled_from(["nct", "isrctn"]), st.lists(st.sampled_from("abcdef"), max_size=5, unique=True)),
        max_size=SMALL,
    )
)
def test_every_pair_is_chosen_once_and_in_order(records: list[tuple[str, list[str]]]) -> None:
    blocks = Blocks()
    for register, words in records:
        blocks.add(register, words)
    expected = [
        (one, other)
        for one, other in combinations(range(len(records)), 2)
        if records[one][0] != records[other][0] and len(set(records[one][1]) & set(records[other][1])) >= 2
    ]
    assert list(blocks.pairs()) == expected


@pytest.mark.parametrize(
    ("holders", "expected"),
    [
        ([(0, "nct", ["A1234"]), (1, "isrctn", ["A1234", "B9999"])], [(0, 1)]),
        ([(0, "nct", ["A1234"]), (1, "nct", ["A1234"])], []),
        ([(at, f"r{at}", ["GRANT1"]) for at in range(7)], []),  # a grant
        ([(1, "nct", ["A1", "B1"]), (0, "drks", ["B1", "A1"])], [(0, 1)]),
    ],
)
def test_a_sponsors_code_chooses_its_few_holders(
    holders: list[tuple[int, str, list[str]]], expected: list[tuple[int, int]]
) -> None:
    assert code_pairs(holders) == expected


def test_words_are_counted_once_for_each_record() -> None:
    titles, sponsors, records = count_words([made(NCT, titles=("Heart, heart!", "heart")), made(ISRCTN)])
    assert (titles["heart"], titles["zalutumab"], sponsors["innsbruck"], records) == (2, 2, 2, 2)


# ── by numbers ──


def joined(*records: Comparable) -> list[tuple[str, str, str, str]]:
    """What numbers join, the same in any order of the records."""
    first = shared_numbers(records)
    for seed in range(20):
        shuffled = list(records)
        random.Random(seed).shuffle(shuffled)  # noqa: S311 - no secret
        assert shared_numbers(shuffled) == first
    return [(link.a.id, link.b.id, link.number, link.how) for link in first.shared]


def test_a_claim_joins_its_record_with_the_one_that_bears_the_number() -> None:
    """N03: secondary ids."""
    assert joined(made(NCT, says=(ISRCTN,)), made(ISRCTN)) == [(ISRCTN, NCT, ISRCTN, "claimed")]
    assert joined(made(NCT, says=(ISRCTN,)), made(ISRCTN, says=(NCT,))) == [(ISRCTN, NCT, ISRCTN, "mutual")]
    assert joined(made(NCT, says=(ISRCTN,)), made(DRKS)) == []


def test_claims_that_cross_are_mutual_whatever_else_both_claim() -> None:
    utn = "U1111-1114-1564"
    assert joined(made(NCT, says=(ISRCTN, utn)), made(ISRCTN, says=(NCT, utn))) == [(ISRCTN, NCT, ISRCTN, "mutual")]


def test_two_claims_of_one_side_are_not_mutual() -> None:
    alias = (Claim(RegistryId("isrctn", "ISRCTN12345678"), "alias"),)
    records = made(NCT, says=(ISRCTN, "ISRCTN12345678")), made(ISRCTN, mentions=alias)
    assert [how for *_, how in joined(*records)] == ["claimed"]


def test_a_number_that_nobody_bears_joins_those_that_claim_it() -> None:
    utn = "U1111-1114-1564"
    assert joined(made(NCT, says=(utn,)), made(ISRCTN, says=(utn,))) == [(ISRCTN, NCT, utn, "third")]


def test_country_records_and_obsolete_numbers_are_the_same() -> None:
    """N03: country suffixes and obsolete ids."""
    assert joined(made(DE), made(FR)) == [(DE, FR, "2020-001209-22", "same")]
    old = (Claim(RegistryId("nct", NCT), "alias"),)
    assert joined(made(OTHER_NCT, mentions=old), made(NCT)) == [(NCT, OTHER_NCT, NCT, "same")]
    assert joined(made(OTHER_NCT, mentions=old), made(ISRCTN, says=(NCT,))) == [(ISRCTN, OTHER_NCT, NCT, "claimed")]


def test_copies_of_a_record_in_two_registries_are_the_same() -> None:
    one = made(NCT)
    copy = Comparable(Record("ictrp", NCT), one.register, one.trial)
    (link,) = shared_numbers([one, copy]).shared
    assert link == Shared(Record("ictrp", NCT), Record("made", NCT), NCT, "same", 1.0)


def test_one_number_of_many_trials_of_a_register_joins_nothing() -> None:
    """OpenTrials #627: an umbrella's number; 3 trials of one register."""
    utn = "U1111-1114-1564"
    trials = [made(f"NCT0000010{at}", says=(utn,)) for at in range(UMBRELLA)]
    assert joined(*trials, made(ISRCTN, says=(utn,))) == []
    numbers = shared_numbers([*trials, made(ISRCTN, says=(utn,))])
    assert numbers.umbrellas == {
        utn: ("isrctn:ISRCTN83971151", "nct:NCT00000100", "nct:NCT00000101", "nct:NCT00000102")
    }
    assert len(joined(*trials[:-1], made(ISRCTN, says=(utn,)))) == 3


def test_country_records_of_one_trial_are_no_umbrella() -> None:
    countries = [made(f"EUCTR2020-001209-22-{one}", says=(NCT,)) for one in ("DE", "FR", "IT", "ES")]
    assert ("claimed" in {how for *_, how in joined(*countries, made(NCT))}) is True
    assert shared_numbers([*countries, made(NCT)]).umbrellas == {}


def test_a_number_that_very_many_claim_joins_nothing_whatever_their_registers() -> None:
    utn = "U1111-1114-1564"
    claimants = [
        Comparable(Record("made", f"r{at}"), f"r{at}", f"r{at}:1", claims=(Claim(RegistryId("utn", utn), "listed"),))
        for at in range(MANY + 1)
    ]
    assert joined(*claimants) == []


def test_a_number_that_cannot_have_been_given_joins_only_with_the_record_that_bears_it() -> None:
    wrong = "ACTRN12612345678901"  # its check digits are wrong
    assert joined(made(NCT, says=(wrong,)), made(ISRCTN, says=(wrong,))) == []
    assert joined(made(NCT, says=(wrong,)), made(wrong)) == [(wrong, NCT, wrong, "claimed")]


def test_the_trial_that_is_extended_is_not_joined() -> None:
    assert joined(made(NCT, says=(f"Extension of {OTHER_NCT}",)), made(OTHER_NCT)) == []


def test_the_strongest_of_several_claims_counts() -> None:
    said = (Claim(RegistryId("isrctn", ISRCTN), "mentioned"),)
    (link,) = shared_numbers([made(NCT, mentions=said), made(ISRCTN)]).shared
    assert (link.how, link.strength) == ("claimed", 0.3)
    (link,) = shared_numbers([made(NCT, mentions=said, says=(ISRCTN,)), made(ISRCTN)]).shared
    assert link.strength == 0.9
