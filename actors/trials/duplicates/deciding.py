"""What people decide of two records, and what follows of it at once; in the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

from actors.errors import NotFound, Refusal
from actors.trials.dedupe import Verdict
from actors.trials.duplicates import store, stored
from actors.trials.duplicates.alone import store as alone
from actors.trials.duplicates.alone.renewing import renew
from actors.trials.duplicates.rows import Move
from actors.trials.duplicates.settling import By, announce, settle
from actors.trials.identity import parse


@dataclass(frozen=True, slots=True)
class Became:
    """The decision, and the clusters that came about, grew or came apart by it."""

    decision_id: int
    moves: tuple[Move, ...]


async def find(db: store.Database, text: str) -> int:
    """Which record is meant: by our id, or by its number as its registry writes it. Raises NotFound."""
    if text.isascii() and text.isdigit() and len(text) < 19 and await store.records_of(db, [int(text)]):
        return int(text)
    number = parse(text)
    found = await store.find(db, text, ":".join(number.key) if number else f"other:{text}")
    found = found or await store.find_trials(db, text)
    if not found:
        raise NotFound(f"there is no trial {text}")
    return found[0]


async def find_two(db: store.Database, a: str, b: str) -> tuple[int, int]:
    """Two records; of two copies of one record, which are written alike, both. Raises NotFound, Refusal."""
    one, other = await find(db, a), await find(db, b)
    if one == other:
        others = [id_ for id_ in await store.find_trials(db, b) if id_ != one]
        if a != b or not others:
            raise Refusal(f"b: expected another trial than {a}", field="b")
        other = others[0]
    return min(one, other), max(one, other)


async def decide(db: store.Database, a: int, b: int, verdict: Verdict, *, by: str, note: str | None = None) -> Became:
    """Two records are one trial, or are two, because somebody says so; what was said of them before is undone."""
    await store.lock(db)
    await kept(db, (a, b))
    decision = await store.decide(db, a, b, verdict, by=by, note=note)
    return await _settled(db, (a, b), decision, by)


async def undo(db: store.Database, a: int, b: int, *, by: str) -> Became:
    """What was said of the two holds no more. Raises NotFound where nothing did."""
    await store.lock(db)
    decision = await store.release(db, a, b, by)
    if decision is None:
        raise NotFound("nobody decided anything of these two, or it is undone already")
    return await _settled(db, (a, b), decision, by)


async def kept(db: store.Database, trial_ids: Sequence[int]) -> None:
    """What is compared of them is there, be it that nothing followed them yet. Raises NotFound."""
    missing = set(trial_ids) - set(await alone.known(db, trial_ids))
    if missing:
        found, _ = stored.kept(await store.bodies(db, sorted(missing)))
        if len(found) < len(missing):
            raise NotFound(f"there is no trial {min(missing - {one.trial_id for one in found})} that can be compared")
        await store.keep(db, found)


async def _settled(db: store.Database, two: tuple[int, int], decision: int, by: str) -> Became:
    state = await store.state(db)
    became = await settle(db, await renew(db, two, state.counted), By(by, decision))
    announce(became)
    return Became(decision, tuple(became))
