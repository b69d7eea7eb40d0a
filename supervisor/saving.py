"""A search as somebody saves it: what its words mean and where its place lies is looked up once, now."""

from collections.abc import Sequence
from urllib.parse import parse_qsl, urlencode

from actors.trials import search as ask
from actors.trials.finding import store
from actors.trials.finding.asking import Meaning, compose, texts
from actors.trials.finding.describing import is_description
from actors.trials.finding.language import BadText, parse
from actors.trials.watching.asked import Asked
from supervisor import finding

NOT_KEPT = frozenset({"cursor", "limit", "facets", "order", "back"})  # parts of a page, not of what is looked for
LONGEST = 20_000  # characters


async def asked(db: store.Database, wanted: finding.Wanted) -> Asked:
    """What the index is asked for from now on. Raises BadSearch."""
    if wanted.by_likeness:
        raise ask.BadSearch(
            "mode", f"{wanted.mode}: likeness ranks trials, it leaves none out, so none would ever be new; save the "
            "search by its words: leave mode out, or say mode=text",
        )  # fmt: skip
    if is_description(wanted.search.text):
        raise ask.BadSearch("text", "expected few words: a description of a patient ranks trials, it leaves none out")
    search, meanings = await finding.settled(db, wanted)
    plan = ask.ask(search)
    question = await _question(db, plan, meanings)
    age_days, with_removed = plan.limits.numbers
    return Asked(
        question, plan.limits.days, age_days, bool(with_removed), plan.limits.near, plan.limits.inside, plan.numbers
    )


async def _question(db: store.Database, plan: ask.Plan, meanings: Sequence[Meaning]) -> str:
    """Words and filters as one; empty where nothing is asked. Raises BadSearch."""
    try:
        node = parse(plan.text)
        words = compose(node, await store.lexemes(db, texts(node)), meanings)
    except BadText as error:
        raise ask.BadSearch("text", str(error)) from error
    if words.nothing:
        raise ask.BadSearch("text", "expected words that are not so common that every text has them")
    return f"({words.all}) & {plan.facets}" if words.all and plan.facets else words.all or plan.facets


def pairs(written: str) -> list[tuple[str, str]]:
    """The parameters of a search as an address holds it, in order, without those of one page. No I/O.

    Raises ValueError.
    """
    if len(written) > LONGEST:
        raise ValueError(f"{len(written)} characters are more than {LONGEST}")
    given = parse_qsl(written.removeprefix("/trials").removeprefix("?"), keep_blank_values=False, max_num_fields=250)
    return sorted((name, value) for name, value in given if name not in NOT_KEPT)


def written(given: Sequence[tuple[str, str]]) -> str:
    """The same search is always written the same way. No I/O."""
    return urlencode(sorted(given))
