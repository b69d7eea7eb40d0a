"""The language of the search box: what each text asks, and what is said of one that cannot be meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.trials.finding.asking import Meaning, compose, texts
from actors.trials.finding.language import And, BadText, Node, Not, Or, Value, Words, parse


def written(node: Node | None) -> str:
    """A short form, to compare."""
    match node:
        case None:
            return ""
        case Words(text, field, exact):
            return (f"{field}:" if field else "") + (f'"{text}"' if exact else text)
        case Value(field, text):
            return f"{field}={text}"
        case Not(part):
            return f"!{written(part)}"
        case And(parts):
            return f"({' & '.join(map(written, parts))})"
        case Or(parts):
            return f"({' | '.join(map(written, parts))})"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("heart attack", "(heart & attack)"),
        ('"heart attack" aspirin', '("heart attack" & aspirin)'),
        ("heart -attack", "(heart & !attack)"),
        ("heart NOT (attack OR failure)", "(heart & !(attack | failure))"),
        ("stroke or diabetes", "(stroke | diabetes)"),
        ("a b OR c d", "((a & b) | (c & d))"),
        ("a AND (b OR c)", "(a & (b | c))"),
        ("rock and roll", "(rock & and & roll)"),
        ("or", ""),
        ("title:stroke condition:(a OR b)", "(title:stroke & (condition:a | condition:b))"),
        ('title:"heart attack"', 'title:"heart attack"'),
        ("-status:completed phase:3", "(!status=completed & phase=3)"),
        ('country:"United States"', "country=United States"),
        ("drug:aspirin", "intervention:aspirin"),
        ("note: http://x.example a:b", "(note: & http://x.example & a:b)"),
        ("covid-19 -", "covid-19"),
        ("a - b", "(a & b)"),
        ('a -"b c" -(d e)', '(a & !"b c" & !(d & e))'),
        ("\u201cheart attack\u201d", '"heart attack"'),
    ],
)
def test_a_text_asks_what_its_signs_say(text: str, expected: str) -> None:
    assert written(parse(text)) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("(heart", 'position 1: expected a ")" up to position 7'),
        ("heart)", 'position 6: this ")" closes nothing: expected a word or the end'),
        ('a "heart', "position 3: these quotation marks are not closed"),
        ("heart AND", "position 10: expected a word after AND"),
        ("OR heart", "position 1: expected a word before OR"),
        ("heart NOT", "position 10: expected a word after NOT"),
        ("phase:(1)", 'position 7: expected a word or a "phrase" after phase:'),
        ("title:(sponsor:x)", "position 8: expected a word: sponsor: cannot stand within title:"),
        ("(" * 30 + "a" + ")" * 30, "expected at most 20 parentheses"),
        ("a " * 300, "a search has 200 words and signs at most"),
    ],
)
def test_what_cannot_be_meant_is_said_with_its_place(text: str, message: str) -> None:
    with pytest.raises(BadText) as told:
        parse(text)
    assert message in str(told.value)


@given(st.text(alphabet='ab "()-:\u201cORANDNOTtitle', max_size=40))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    try:
        parse(text)
    except BadText as error:
        assert 1 <= error.position <= len(text) + 1


LEXEMES = {"heart": "'heart'", "attack": "'attack'", "the": "", "vienna": "'vienna'"}
ATTACK = Meaning("heart attack", "D009203", "Myocardial Infarction", "entry")


@pytest.mark.parametrize(
    ("text", "whole", "titled"),
    [
        ("heart attack", "(('heart') & ('attack'))", "(('heart') & ('attack'))"),
        ("title:heart the", "(('heart':A))", "(('heart'))"),
        ("condition:heart attack", "(('heart':B) & ('attack'))", "(('attack'))"),
        ("heart -attack", "(('heart') & !(('attack')))", "(('heart'))"),
        ("heart phase:3", "(('heart') & '=phase:phase_3')", "(('heart') & '=phase:phase_3')"),
        ("heart mesh:D009203", "(('heart') & '=mesh:d009203')", "(('heart') & '=mesh:d009203')"),
        ("status:completed", "'=status:completed'", ""),
        ("the", "", ""),
    ],
)
def test_a_text_becomes_a_question_of_the_trial_and_of_its_title(text: str, whole: str, titled: str) -> None:
    question = compose(parse(text), LEXEMES)
    assert (question.all, question.titled) == (whole, titled)
    assert question.nothing == (not whole)


def test_words_that_name_a_heading_find_what_is_coded_with_it_too() -> None:
    """G23: heart attack finds Myocardial Infarction; the words beside it are still asked."""
    question = compose(parse("heart attack vienna"), LEXEMES, [ATTACK])
    assert question.all == "(((('heart') & ('attack')) | '=mesh:d009203') & ('vienna'))"
    assert question.used == (ATTACK,)
    assert compose(parse("attack vienna"), LEXEMES, [ATTACK]).used == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("phase:7", "position 7: phase: '7' is none of early_phase_1, phase_1"),
        ("status:open", "status: 'open' is none of not_yet_recruiting"),
        ("mesh:heart", "mesh: no descriptor is named 'heart'"),
        ("sponsor:—", "sponsor: expected a word"),
    ],
)
def test_a_value_that_a_field_cannot_have_is_refused(text: str, message: str) -> None:
    with pytest.raises(BadText) as told:
        compose(parse(text), {})
    assert message in str(told.value)


def test_each_word_is_turned_into_lexemes_once() -> None:
    assert texts(parse('heart "heart" OR attack NOT heart phase:2')) == ("heart", "attack")
