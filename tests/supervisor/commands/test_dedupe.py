"""`triald dedupe`: pairs, why, and what people decided."""

import asyncio
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from actors.jobs.dedupe import JOB, Payload
from actors.queue import operating, store
from actors.trials.duplicates import deciding
from actors.trials.record import Identifier, Intervention, Trial
from tests.queue.house import house, tools_at
from tests.supervisor.commands.running import Triald
from tests.trials.pages import begin, nct, on, page, trial, write

if TYPE_CHECKING:
    import asyncpg

    Pool = asyncpg.Pool[Any]

TITLE = "Zalutumab in adults with cardiac sarcoidosis after rituximab"


def twins() -> list[Trial]:
    """A trial with a copy under an older number, another that names it, and one that is like none."""
    told: dict[str, Any] = {
        "title": TITLE, "sponsor": "University Hospital Innsbruck", "enrolment": 328, "start": on(date(2020, 4, 1)),
        "countries": ("Austria",), "conditions": ("Cardiac sarcoidosis",),
        "interventions": (Intervention("Zalutumab"),),
    }  # fmt: skip
    older = Identifier("nct", nct(2), "alias")
    return [
        trial(1, **told, ids=(Identifier("nct", nct(1), "main"), older)),
        trial(2, **told),
        trial(3, **told | {"title": f"{TITLE}, part 2", "enrolment": 50}),
        trial(4, title="Walking for asthma"),
    ]


async def followed(db: "Pool", folder: Path, *payloads: Payload) -> list[Any]:
    """What jobs of the kind gave, one after the other."""
    async with tools_at(db, folder) as tools, house(db, tools, JOB, slots=1) as one:
        results = []
        for number, payload in enumerate(payloads, start=1):
            [job] = await store.enqueue(db, [JOB.new(payload)])
            await one.heard.until_settled(number, "done")
            results.append((await operating.show(db, job))["result"])
        return results


async def test_every_pair_is_told_and_why(
    triald: Triald, db: "Pool", connection: "asyncpg.Connection[asyncpg.Record]", tmp_path: Path
) -> None:
    """G12, G14: pairs as lines of JSON, ids as the registries write them; why, also of two that were never a pair."""
    await write(connection, page(twins()), await begin(connection))
    await followed(db, tmp_path, Payload())
    pairs, shown, why, never, missing = await asyncio.gather(
        triald("dedupe", "pairs", "--json"),
        triald("dedupe", "pairs"),
        triald("dedupe", "explain", nct(2), nct(1), "--json"),
        triald("dedupe", "explain", nct(1), nct(4), "--json"),
        triald("dedupe", "explain", nct(1), "NCT09999999"),
    )
    assert (pairs.code, pairs.err) == (0, "")
    lines = [orjson.loads(line) for line in pairs.out.splitlines()]
    assert lines == [{"a": nct(1), "b": nct(2), "score": 1.0, "type": "exact", "decision": "automatic"}]
    assert nct(2) in shown.out
    told = why.json
    assert (told["a"], told["b"], told["decision"], told["number"]) == (nct(1), nct(2), "automatic", nct(2))
    assert told["evidence"][0]["name"] == "number"
    assert {one["registry_id"] for one in told["cluster"]} == {nct(1), nct(2)}
    assert (never.json["decision"], never.json["type"], never.json["together"]) == ("none", None, False)
    assert never.json["because"] == "too little is alike"
    assert (missing.code, "NCT09999999" in missing.err) == (3, True)


async def test_everything_is_asked_for_and_decisions_are_told(triald: Triald, db: "Pool", connection: Any) -> None:
    """G12, N04: `dedupe` asks the service; what people decided comes with what weights can learn of it."""
    await write(connection, page(twins()), await begin(connection))
    asked = await triald("dedupe", "--json")
    assert (await operating.show(db, asked.json["job"]))["kind"] == "dedupe"
    async with db.acquire() as one, one.transaction():
        await deciding.decide(one, *await deciding.find_two(one, nct(1), nct(3)), "different", by="ann", note="part 2")
    [said] = (await triald("dedupe", "decisions", "--json")).json
    assert (said["a"], said["b"], said["verdict"], said["by"], said["note"]) == (
        nct(1), nct(3), "different", "ann", "part 2",
    )  # fmt: skip
    assert said["features"]["other_size"] > 0


async def test_who_waits_is_told_what_was_found(
    triald: Triald, db: "Pool", connection: "asyncpg.Connection[asyncpg.Record]", tmp_path: Path
) -> None:
    """G12: exit codes and JSON; a second run adds nothing."""
    await write(connection, page(twins()), await begin(connection))
    async with tools_at(db, tmp_path) as tools, house(db, tools, JOB, slots=1):
        first = await triald("dedupe", "--wait", "--json")
        again = await triald("dedupe", "--wait")
    assert (first.code, first.json["state"], first.json["result"]["swept"]["new"]) == (0, "done", 1)
    assert (again.code, again.out) == (
        0,
        "4 records compared: 1 pairs, 0 of them new, 1 trials of several records, 0 pairs held for review\n",
    )
